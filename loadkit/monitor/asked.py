"""What `loadkit watch` is asked to watch: a source for each process that is named, and this machine."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from loadkit import registry
from loadkit.errors import UsageError
from loadkit.slo.observed import Source

Asked = Mapping[str, Any]
"""The key of a process, such as {"pid": 4711}."""
HOST = "host"
"""The name of this machine among the sources."""
_OPTIONS = {"pid": "--pid", "process": "--process", "port": "--port", "command": "--command-line"}


def sources(asked: Sequence[Asked], *, host: bool) -> Iterator[Source]:
    """Yield what is to be watched. Raises UsageError."""
    if not asked and not host:
        raise UsageError(f"nothing to watch: give one of {', '.join(_OPTIONS.values())}, or --host")
    samplers = registry.plugins("sampler")
    machine: list[tuple[str, str, Asked]] = [(HOST, "host", {"host": True})] if host else []
    for name, plugin, keys in [*named(asked), *machine]:
        for fault in samplers[plugin].faults(keys):
            raise UsageError(f"{_OPTIONS.get(fault.key, fault.key)}: {fault.message}; {fault.hint}")
        yield Source(name=name, plugin=plugin, series=samplers[plugin].series(keys), options=keys)


def named(asked: Sequence[Asked]) -> Iterator[tuple[str, str, Asked]]:
    """Yield name, plugin and keys of each process: `process` where there is one, else `pid-4711`, `gunicorn`, `command-2`."""
    taken = {HOST}
    for number, keys in enumerate(asked, 1):
        ((key, value),) = keys.items()
        text = value if key == "process" else f"{key}-{number if key == 'command' else value}"
        name = re.sub(r"[^A-Za-z0-9_-]", "_", text) if len(asked) > 1 else "process"
        name = name if name not in taken else f"{name}-{number}"
        taken.add(name)
        yield name, "process", keys


def ends(asked: Sequence[Asked]) -> Callable[[], bool]:
    """Return what says that nobody who is asked for will come again: all of them are named by pid, and have ended."""
    import psutil

    def ended(process: psutil.Process) -> bool:
        try:
            return not process.is_running() or bool(process.status() == psutil.STATUS_ZOMBIE)
        except psutil.Error:
            return True

    if not asked or not all("pid" in keys for keys in asked):
        return lambda: False
    processes = []
    for keys in asked:
        with suppress(psutil.NoSuchProcess):
            processes.append(psutil.Process(keys["pid"]))
    return lambda: all(map(ended, processes))
