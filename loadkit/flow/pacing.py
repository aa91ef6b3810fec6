"""The pace of a closed user under `throughput`: request k of user u is due at (u + k*N)/R from the phase's start.

A slot that passes while the user waits for the target stays owed, and the wait counts in response time. A slot that
passes in `think` is skipped: there the scenario itself asked for the silence.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from types import coroutine

from loadkit.clock import Clock
from loadkit.flow.fiber import Fiber, park


class Pacer:
    """Gives each request of one user its slot. `slot_ns` maps a request's index to nanoseconds since `start_ns`."""

    __slots__ = ("_clock", "_index", "_lags", "_skips", "_slot_ns", "_start_ns", "skipped")

    def __init__(self, clock: Clock, start_ns: int, slot_ns: Callable[[int], int], lags: list[int]) -> None:
        self._clock = clock
        self._start_ns = start_ns
        self._slot_ns = slot_ns
        self._lags = lags
        self._index = 0
        self._skips: deque[tuple[int, int]] = deque()  # ranges of slots that passed in `think`, still ahead of us
        self.skipped = 0

    def next_ns(self) -> int:
        """Return when the next request is due."""
        while self._skips and self._index >= self._skips[0][0]:
            self._index = max(self._index, self._skips.popleft()[1])
        return self._start_ns + self._slot_ns(self._index)

    @coroutine
    def come(self, fiber: Fiber) -> Generator[object, None, int]:
        """Wait until the next slot has come, without taking it; return its instant."""
        due_ns = self.next_ns()
        if due_ns > self._clock.now_ns():
            ticket = self._clock.at(due_ns, fiber.resume)
            try:
                yield from park()
            finally:
                ticket.cancel()
            lag_ns = self._clock.now_ns() - due_ns
            if lag_ns >= 0:  # else somebody called off the wait
                self._lags.append(lag_ns)
        return due_ns

    @coroutine
    def wait(self, fiber: Fiber) -> Generator[object, None, int]:
        """Wait for the next slot and take it; return its instant. A slot that has passed is taken at once."""
        due_ns = yield from self.come(fiber)
        self._index += 1
        return due_ns

    def skip(self, from_ns: int, to_ns: int) -> None:
        """Give up the slots within [from_ns, to_ns), in which the user was thinking; those before it stay owed."""
        first = self._first_after(self._skips[-1][1] if self._skips else self._index, from_ns)
        last = self._first_after(first, to_ns)
        if last > first:
            self._skips.append((first, last))
            self.skipped += last - first

    def _first_after(self, index: int, at_ns: int) -> int:
        while self._start_ns + self._slot_ns(index) < at_ns:
            index += 1
        return index
