"""What this process takes from its machine: processor, memory, descriptors. Looked at once a second; some 50 us a time.

Descriptors are counted by the size of /proc/self/fd, which Linux tells since 6.2 without walking through them; before that by
listing it, which is 10 ms with 20,000 connections, so it is listed again only after ten seconds when there are many.
"""

from __future__ import annotations

import os
import resource
from contextlib import suppress
from pathlib import Path
from time import perf_counter_ns as now_ns
from time import process_time_ns

from loadkit.units import NS_PER_S

LEAST_NS = NS_PER_S // 10
"""Less time than this has no share of a core worth telling."""

_DESCRIPTORS = "/proc/self/fd"
_MANY = 1000
_PATIENCE = 10
_SCHEDULED = Path("/proc/self/schedstat")
_STATM = Path("/proc/self/statm")


class Usage:
    """Measures between two calls of `take`. What a system does not tell is left out."""

    def __init__(self) -> None:
        self._at_ns = now_ns()
        self._cpu_ns = process_time_ns()
        self._waited_ns = _waited_ns()
        self._faults = _major_faults()
        self._descriptors = Descriptors()
        self._idle = self._descriptors.count()

    def take(self) -> dict[str, float]:
        """Return the values since the last call by name; nothing when that was less than a tenth of a second ago.

        cpu and cpu_wait are shares of a core: used, and wanted but not given while others ran. `ports` are the
        descriptors that came since the start: connections, each with a local port of its own.
        """
        now, cpu_ns, waited_ns, faults = now_ns(), process_time_ns(), _waited_ns(), _major_faults()
        passed_ns = now - self._at_ns
        if passed_ns < LEAST_NS:
            return {}
        seen = {
            "cpu": (cpu_ns - self._cpu_ns) / passed_ns,
            "rss_bytes": float(_resident_bytes()),
            "major_faults": float(faults - self._faults),
            "fds_limit": float(resource.getrlimit(resource.RLIMIT_NOFILE)[0]),
        }
        if waited_ns is not None and self._waited_ns is not None:
            seen["cpu_wait"] = (waited_ns - self._waited_ns) / passed_ns
        open_now = self._descriptors.count()
        if open_now is not None and self._idle is not None:
            seen["fds"] = float(open_now)
            seen["ports"] = float(max(0, open_now - self._idle))
        self._at_ns, self._cpu_ns, self._waited_ns, self._faults = now, cpu_ns, waited_ns, faults
        return seen


class Descriptors:
    """Counts the open descriptors of this process."""

    def __init__(self, directory: str = _DESCRIPTORS) -> None:
        self._directory = directory
        self._listed: int | None = None
        self._patience = 0

    def count(self) -> int | None:
        """Return how many are open, None where the system does not tell."""
        try:
            told = os.stat(self._directory).st_size
            if told:
                return told
            if self._patience:
                self._patience -= 1
            else:
                self._listed = len(os.listdir(self._directory)) - 1  # listing opens one
                self._patience = _PATIENCE - 1 if self._listed > _MANY else 0
        except OSError:
            return None
        return self._listed


def _waited_ns() -> int | None:
    """Return how long the main thread has waited for a core while it could run (Linux, sched-stats.rst), else None."""
    with suppress(OSError, ValueError, IndexError):
        return int(_SCHEDULED.read_bytes().split()[1])
    return None


def _major_faults() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_majflt


def _resident_bytes() -> int:
    try:
        return int(_STATM.read_bytes().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
