"""A control group of Linux (version 2), such as a container or a systemd unit: its memory, processor time and processes.

Memory is `memory.current` less `inactive_file`: the working set, since the kernel gives the page cache back when memory is short.
The files are those of the kernel's documentation, Documentation/admin-guide/cgroup-v2.rst.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import monotonic
from typing import Any

from loadkit.slo.metric import Kind
from loadkit.slo.observed import (
    LEAST_BYTES,
    LEAST_COUNT,
    Note,
    OptionFault,
    Options,
    Place,
    SamplerPlugin,
    Series,
    Unavailable,
)

ROOT = Path("/sys/fs/cgroup")
_US_PER_S = 1e6
_SHORTEST_ID = 4

SERIES = (
    Series(name="cpu", kind=Kind.RATIO, description="processor time, of one core: 250% is two and a half cores"),
    Series(
        name="throttled", kind=Kind.RATIO, description="time in which it was held back by its limit of processor time"
    ),
    Series(
        name="memory",
        kind=Kind.BYTES,
        description="the working set: memory without page cache that can be given back",
        least_growth=LEAST_BYTES,
        limit="memory_limit",
    ),
    Series(name="memory_limit", kind=Kind.BYTES, description="how much memory it may have, where that is limited"),
    Series(name="pids", kind=Kind.COUNT, description="processes and threads", least_growth=LEAST_COUNT),
    Series(
        name="oom_kills", kind=Kind.COUNT, description="processes that were ended for want of memory, since it exists"
    ),
)


class CgroupSampler:
    """Observes the group that `options` name, below the directory `root`."""

    def __init__(self, options: Options, place: Place, note: Note, root: Path = ROOT) -> None:
        self._note = note
        self._before: dict[str, float] = {}
        self._at_s = 0.0
        self._killed: float | None = None
        self._directory = _directory(options, root)

    def sample(self) -> Mapping[str, float]:
        """Return what the group takes. What its controllers do not tell is left out."""
        if not self._directory.is_dir():
            raise Unavailable(f"the group {self._directory} is gone")
        seen: dict[str, float] = {}
        held, stat = _number(self._directory / "memory.current"), _table(self._directory / "memory.stat")
        if held is not None:
            seen["memory"] = max(0.0, held - stat.get("inactive_file", 0.0))
        for name, file in (("memory_limit", "memory.max"), ("pids", "pids.current")):
            value = _number(self._directory / file)
            if value is not None:
                seen[name] = value
        self._add_kills(seen)
        return seen | self._shares()

    def interrupt(self) -> None:
        """Do nothing: a look takes no time."""

    def close(self) -> None:
        """Do nothing: nothing is held."""

    def _add_kills(self, seen: dict[str, float]) -> None:
        killed = _table(self._directory / "memory.events").get("oom_kill")
        if killed is None:
            return
        if self._killed is not None and killed > self._killed:
            self._note(f"{killed - self._killed:.0f} of its processes ended for want of memory (OOM kill)")
        seen["oom_kills"] = self._killed = killed

    def _shares(self) -> dict[str, float]:
        times, at_s, before = _table(self._directory / "cpu.stat"), monotonic(), self._before
        passed_s = at_s - self._at_s
        self._before, self._at_s = times, at_s
        names = {"cpu": "usage_usec", "throttled": "throttled_usec"}
        return {
            name: max(0.0, times[key] - before[key]) / _US_PER_S / passed_s
            for name, key in names.items()
            if key in times and key in before
        }


def _directory(options: Options, root: Path) -> Path:
    """Return the directory of the group. Raises Unavailable."""
    if not (root / "cgroup.controllers").is_file():
        raise Unavailable(f"there are no control groups of version 2 at {root} on this machine")
    if "cgroup" in options:
        path = str(options["cgroup"])
        path = path.removeprefix(str(ROOT))
        found = root / path.strip("/")
        if not found.is_dir():
            raise Unavailable(f"there is no control group {path}; `systemd-cgls` lists those that there are")
        return found
    return _of_container(str(options["container"]), root)


def _of_container(name: str, root: Path) -> Path:
    """Return the group whose directory has a container's ID in its name: docker-ID.scope, cri-containerd-ID.scope, docker/ID."""
    found = []
    for directory, below, _ in os.walk(root):
        match = [one for one in below if name in one]
        found += [Path(directory) / one for one in match]
        below[:] = [one for one in below if one not in match]  # what is inside belongs to it
    if not found:
        raise Unavailable(f"there is no control group of a container {name}; give the ID that `docker inspect` shows")
    if len(found) > 1:
        raise Unavailable(f"{len(found)} control groups have {name} in their names; give more of the container's ID")
    return found[0]


def _number(file: Path) -> float | None:
    """Return the number in a file; None for "max", and where there is no such file."""
    try:
        return float(file.read_text())
    except (OSError, ValueError):
        return None


def _table(file: Path) -> dict[str, float]:
    """Return the numbers of a file of lines such as `usage_usec 12`."""
    try:
        rows = [line.split() for line in file.read_text().splitlines()]
        return {row[0]: float(row[1]) for row in rows if len(row) == 2}
    except (OSError, ValueError):
        return {}


def _faults(options: Options) -> Iterator[OptionFault]:
    if "container" in options and len(str(options["container"])) < _SHORTEST_ID:
        yield OptionFault("container", "too short for a container's ID", "docker inspect --format {{.Id}} NAME")
    if ".." in str(options.get("cgroup", "")).split("/"):
        yield OptionFault(
            "cgroup",
            "`..` has no place in the path of a control group",
            "write it from the top: /system.slice/x.service",
        )


_KEYS: dict[str, Any] = {
    "cgroup": {
        "type": "string",
        "minLength": 1,
        "title": "Control group",
        "description": "The path of a control group of this machine (cgroup v2), as /proc/PID/cgroup shows it.",
        "examples": ["/system.slice/postgresql.service"],
    },
    "container": {
        "type": "string",
        "minLength": 1,
        "title": "Container",
        "description": "The ID of a container of this machine, or its beginning.",
        "examples": ["3f4e9c1d2b7a"],
    },
}

SAMPLERS = {
    "cgroup": SamplerPlugin(
        claims=tuple(_KEYS), keys=_KEYS, series=lambda options: SERIES, open=CgroupSampler, faults=_faults
    )
}
