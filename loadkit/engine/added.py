"""Arrivals that a higher rate adds between the planned ones of a phase."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from time import perf_counter_ns as now_ns

from loadkit.clock import Clock, Ticket

Start = Callable[[int, int], None]
"""Starts the arrival that is due at an instant; the second argument is the instant now."""


class AddedArrivals:
    """Starts them at their instants. Those of a phase end with it; `emptied` is called when none is left to come."""

    def __init__(self, clock: Clock, start: Start, emptied: Callable[[], None], *, end_ns: int) -> None:
        self._clock = clock
        self._start = start
        self._emptied = emptied
        self._end_ns = end_ns
        self._due: deque[int] = deque()
        self._ticket: Ticket | None = None

    @property
    def expected(self) -> int:
        """Return how many are still to come."""
        return len(self._due)

    def between(self, from_ns: int, until_ns: int, number: int) -> None:
        """Add arrivals at equal distances between two instants, which lie behind all that were added before."""
        span_ns = until_ns - from_ns
        self._due.extend(from_ns + span_ns * place // (number + 1) for place in range(1, number + 1))
        self._arm()

    def forget(self) -> int:
        """Let none of them come any more; return how many they were."""
        forgotten = len(self._due)
        self._due.clear()
        if self._ticket is not None:
            self._ticket.cancel()
            self._ticket = None
        return forgotten

    def _arm(self) -> None:
        if self._due and self._ticket is None:
            self._ticket = self._clock.at(self._due[0], self._fire)

    def _fire(self) -> None:
        """Start one: between two, the clock lets the loop read sockets."""
        self._ticket = None
        now = now_ns()
        if now >= self._end_ns:
            return
        self._start(self._due.popleft(), now)
        self._arm()
        if not self._due:
            self._emptied()
