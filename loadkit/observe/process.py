"""A process of this machine and all that it started: one source, found again when it is started anew.

It is found by its pid, by its name, by a regular expression on its command line, by the port that it listens on, or as the target
of the run. A process whose parent is found as well belongs to that one, so a server with workers is one source; of several that
have nothing to do with each other none is chosen.

A sample reads a few files of /proc for each process: 0.2 ms with one, 1 ms with nine (`python -m bench observe`). The unique set
size makes the kernel walk through all pages of a process, 23 ms for a gigabyte, so it is looked at every ten seconds, and where
that would be more than a thousandth of a core, less often. Which processes there are is looked up every five.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from time import monotonic, thread_time
from typing import TYPE_CHECKING, Any

from loadkit.observe.finding import described, find, form_of
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

if TYPE_CHECKING:
    import psutil

_USS_EVERY_S = 10.0
_USS_SHARE = 0.001
_FAMILY_EVERY_S = 5.0

SERIES = (
    Series(name="cpu", kind=Kind.RATIO, description="processor time, of one core: 100% is a core, 250% two and a half"),
    Series(
        name="rss",
        kind=Kind.BYTES,
        description="resident memory; shared pages count in each process",
        least_growth=LEAST_BYTES,
        limit="memory_total",
    ),
    Series(name="memory_total", kind=Kind.BYTES, description="memory that the machine has"),
    Series(name="uss", kind=Kind.BYTES, description="memory that no other process shares, every ten seconds"),
    Series(name="threads", kind=Kind.COUNT, description="threads", least_growth=LEAST_COUNT),
    Series(
        name="fds",
        kind=Kind.COUNT,
        description="open descriptors: files, sockets, pipes",
        least_growth=LEAST_COUNT,
        limit="fds_limit",
    ),
    Series(
        name="fds_limit", kind=Kind.COUNT, description="how many descriptors the process may have, where that is told"
    ),
    Series(
        name="processes", kind=Kind.COUNT, description="the process and those that it started", least_growth=LEAST_COUNT
    ),
    Series(
        name="restarts",
        kind=Kind.COUNT,
        description="how often another process took the place of one that had ended",
        begins_anew=True,
    ),
    Series(name="read", kind=Kind.BYTES, per_second=True, description="bytes read from disks, per second"),
    Series(name="written", kind=Kind.BYTES, per_second=True, description="bytes written to disks, per second"),
)


class ProcessSampler:
    """Observes the process that `options` describe."""

    def __init__(self, options: Options, place: Place, note: Note) -> None:
        self._options = options
        self._place = place
        self._note = note
        self._noted: set[str] = set()
        self._restarts = 0
        self._gone = ""  # the process that was observed and has ended
        self._family: dict[int, psutil.Process] = {}
        self._looked_up_s = -_FAMILY_EVERY_S
        self._uss_from_s = 0.0  # when the unique memory is looked at again
        self._spent: dict[int, float] = {}  # processor seconds of each process
        self._moved: dict[int, tuple[float, float]] = {}  # bytes read and written by each
        self._at_s = 0.0
        self._root = find(options, place)
        self._called = described(self._root)  # while it can be asked
        self._memory = _memory_bytes()

    def sample(self) -> Mapping[str, float]:
        """Return the sums over the process and those that it started."""
        import psutil

        if not self._root.is_running() or _is_dead(self._root):
            self._search_again()
        now_s = monotonic()
        self._look_up(now_s)
        totals: dict[str, float] = {}
        spent, moved = dict[int, float](), dict[int, tuple[float, float]]()
        for pid, process in list(self._family.items()):
            try:
                with process.oneshot():
                    times = process.cpu_times()
                    spent[pid] = times.user + times.system
                    _add(totals, rss=process.memory_info().rss, threads=process.num_threads(), processes=1)
                    self._add_owned(process, totals, moved)
            except (psutil.NoSuchProcess, psutil.ZombieProcess):
                del self._family[pid]
        if not totals:
            raise Unavailable(f"{self._called} has ended")
        self._add_unique(totals, now_s)
        self._add_rates(totals, spent, moved, now_s)
        self._add_limit(totals)
        totals |= {"memory_total": self._memory, "restarts": float(self._restarts)}
        return totals

    def interrupt(self) -> None:
        """Do nothing: a look takes no time."""

    def close(self) -> None:
        """Do nothing: nothing is held."""

    def _add_owned(
        self, process: psutil.Process, totals: dict[str, float], moved: dict[int, tuple[float, float]]
    ) -> None:
        """Add what only the owner of a process may see."""
        import psutil

        try:
            _add(totals, fds=process.num_fds())
            io = process.io_counters()
            moved[process.pid] = (float(io.read_bytes), float(io.write_bytes))
        except psutil.AccessDenied:
            self._note_once(f"descriptors and input and output of {described(process)} are not shown to this user")
        except (AttributeError, NotImplementedError):  # not on every system
            pass

    def _add_rates(
        self, totals: dict[str, float], spent: dict[int, float], moved: dict[int, tuple[float, float]], now_s: float
    ) -> None:
        """Add what was spent since the last sample; a process that was not there before has spent nothing yet."""
        passed_s = now_s - self._at_s
        if self._spent and passed_s > 0:
            totals["cpu"] = _risen(spent, self._spent) / passed_s
            if moved:
                for index, name in enumerate(("read", "written")):
                    now = {pid: each[index] for pid, each in moved.items()}
                    totals[name] = _risen(now, {pid: each[index] for pid, each in self._moved.items()}) / passed_s
        self._spent, self._moved, self._at_s = spent, moved, now_s

    def _add_unique(self, totals: dict[str, float], now_s: float) -> None:
        import psutil

        if now_s < self._uss_from_s or not self._at_s:
            return
        begun_s = thread_time()
        try:
            totals["uss"] = float(sum(process.memory_full_info().uss for process in self._family.values()))
        except psutil.AccessDenied:
            self._note_once(f"the unique memory of {self._called} is not shown to this user")
        except psutil.NoSuchProcess:
            pass  # one of them has ended just now
        self._uss_from_s = now_s + max(_USS_EVERY_S, (thread_time() - begun_s) / _USS_SHARE)

    def _add_limit(self, totals: dict[str, float]) -> None:
        import psutil

        if len(self._family) > 1 or "fds" not in totals:
            return  # each has a limit of its own
        try:
            totals["fds_limit"] = float(self._root.rlimit(psutil.RLIMIT_NOFILE)[0])
        except (psutil.Error, AttributeError, OSError):
            pass

    def _look_up(self, now_s: float) -> None:
        """Look up which processes there are, now and then."""
        import psutil

        if now_s - self._looked_up_s < _FAMILY_EVERY_S and self._family:
            return
        self._looked_up_s = now_s
        try:
            children = self._root.children(recursive=True)
        except psutil.Error:
            children = []
        known = self._family
        self._family = {one.pid: known.get(one.pid, one) for one in (self._root, *children)}

    def _search_again(self) -> None:
        """Find the process that took the place of the one that has ended. Raises Unavailable where there is none yet."""
        self._gone = self._gone or self._called
        if "pid" in self._options:
            raise Unavailable(f"{self._gone} has ended")  # who has its number now is another one
        try:
            self._root = find(self._options, self._place)
        except Unavailable as error:
            raise Unavailable(f"{self._gone} has ended, and {error}") from None
        self._family, self._spent, self._moved = {}, {}, {}
        self._restarts += 1
        self._called = described(self._root)
        self._note(f"{self._gone} has ended, and {self._called} took its place")
        self._gone = ""

    def _note_once(self, text: str) -> None:
        if text not in self._noted:
            self._noted.add(text)
            self._note(text)


def _memory_bytes() -> float:
    import psutil

    return float(psutil.virtual_memory().total)


def _is_dead(process: psutil.Process) -> bool:
    """Say whether a process has ended and only waits for its parent to take notice."""
    import psutil

    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return True


def _add(totals: dict[str, float], **values: float) -> None:
    for name, value in values.items():
        totals[name] = totals.get(name, 0.0) + value


def _risen(now: Mapping[int, float], before: Mapping[int, float]) -> float:
    """Return by how much the values of those rose that were there before."""
    return sum(max(0.0, value - before[key]) for key, value in now.items() if key in before)


def _faults(options: Options) -> Iterator[OptionFault]:
    if "command" in options:
        try:
            form_of(options)
        except re.error as error:
            yield OptionFault("command", f"it is no regular expression: {error}", "escape . ( ) + with a backslash")
    if options.get("pid") == os.getpid():
        yield OptionFault("pid", "that is loadkit itself", "name the process of the system under test")


_KEYS: dict[str, Any] = {
    "pid": {
        "type": "integer",
        "minimum": 1,
        "title": "Process",
        "description": "The number of a process of this machine. Those that it started count with it.",
        "examples": [4711],
    },
    "process": {
        "type": "string",
        "minLength": 1,
        "title": "Process name",
        "description": "The name of a process of this machine, as `ps` shows it. It is found again when it is started anew.",
        "examples": ["gunicorn"],
    },
    "port": {
        "type": "integer",
        "minimum": 1,
        "maximum": 65535,
        "title": "Port",
        "description": "The port that a process of this machine listens on.",
        "examples": [8000],
    },
    "command": {
        "type": "string",
        "minLength": 1,
        "title": "Command line",
        "description": "A regular expression, found in the command line of a process of this machine.",
        "examples": [r"python app\.py"],
    },
    "target": {
        "const": True,
        "title": "Target",
        "description": "The process of the run's own target: that of demo://, or whoever listens on the target's port, if that is "
        "on this machine.",
        "examples": [True],
    },
}

SAMPLERS = {
    "process": SamplerPlugin(
        claims=tuple(_KEYS), keys=_KEYS, series=lambda options: SERIES, open=ProcessSampler, faults=_faults
    )
}
