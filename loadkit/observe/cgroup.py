"""A control group of Linux (version 2), such as a container or a systemd unit: its memory, processor time and processes.

Memory is `memory.current` less `inactive_file`: the working set, since the kernel gives the page cache back when memory is short.
The files are those of the kernel's documentation, Documentation/admin-guide/cgroup-v2.rst.

Where a machine still has controllers of version 1, systemd keeps the hierarchy of version 2 beside them, in `unified`: it tells
processor time, and nothing of what those controllers count. What a group does not tell is left out, and said.
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
_BESIDE = "unified"
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
    Series(name="read", kind=Kind.BYTES, per_second=True, description="bytes read from disks, per second"),
    Series(name="written", kind=Kind.BYTES, per_second=True, description="bytes written to disks, per second"),
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
        self._hierarchy = _hierarchy(root)
        self._directory = _directory(options, self._hierarchy)
        self._note_lacking()

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

    def _note_lacking(self) -> None:
        """Say what is not seen of a group, since its controllers are not on. In the group of all, which has no events, none are."""
        files = {"memory": "memory.current", "processes": "pids.current"}
        lacking = [name for name, file in files.items() if not (self._directory / file).exists()]
        if lacking:
            whose = "it is the group of all, and only those below it count them"
            if self._directory != self._hierarchy or (self._directory / "cgroup.events").exists():
                controllers = _words(self._directory / "cgroup.controllers") or "none"
                whose = f"its controllers ({controllers}) are those that the group above lets it have, in cgroup.subtree_control"
            self._note(f"{' and '.join(lacking)} of the group {self._directory} are not counted: {whose}")

    def _shares(self) -> dict[str, float]:
        """Return what was used since the last look, per second."""
        now, at_s, before = _used(self._directory), monotonic(), self._before
        passed_s = at_s - self._at_s
        self._before, self._at_s = now, at_s
        return {name: max(0.0, used - before[name]) / passed_s for name, used in now.items() if name in before}


def _used(directory: Path) -> dict[str, float]:
    """Return what a group has used since it exists: seconds, and bytes of all devices."""
    times = _table(directory / "cpu.stat")
    names = {"cpu": "usage_usec", "throttled": "throttled_usec"}
    used = {name: times[key] / _US_PER_S for name, key in names.items() if key in times}
    moved = _fields(directory / "io.stat")
    if moved is not None:
        used |= {"read": moved.get("rbytes", 0.0), "written": moved.get("wbytes", 0.0)}
    return used


def _hierarchy(root: Path) -> Path:
    """Return where the groups of version 2 are. Raises Unavailable."""
    for found in (root, root / _BESIDE):
        if (found / "cgroup.controllers").is_file():
            return found
    raise Unavailable(f"there are no control groups of version 2 at {root} on this machine")


def _directory(options: Options, root: Path) -> Path:
    """Return the directory of the group. Raises Unavailable."""
    if "cgroup" in options:
        path = str(options["cgroup"])
        path = path.removeprefix(str(root)).removeprefix(str(ROOT))
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


def _words(file: Path) -> str:
    """Return the line of a file; "" where there is none."""
    try:
        return file.read_text().strip()
    except OSError:
        return ""


def _table(file: Path) -> dict[str, float]:
    """Return the numbers of a file of lines such as `usage_usec 12`."""
    try:
        rows = [line.split() for line in file.read_text().splitlines()]
        return {row[0]: float(row[1]) for row in rows if len(row) == 2}
    except (OSError, ValueError):
        return {}


def _fields(file: Path) -> dict[str, float] | None:
    """Return the sums of a file of lines such as `8:0 rbytes=12 wbytes=0`, over all lines; None where there is no such file."""
    sums: dict[str, float] = {}
    try:
        words = file.read_text().split()
    except OSError:
        return None
    for word in words:
        key, _, number = word.partition("=")
        if number.isdigit():
            sums[key] = sums.get(key, 0.0) + float(number)
    return sums


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
