"""The pace of a closed user under `throughput`: request k of user u is due at (u + k*N)/R from the phase's start.

A slot that passes while the user waits for the target stays owed, and the wait counts in response time. A slot that
passes in `think` is skipped: there the scenario itself asked for the silence.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from types import coroutine

from loadkit.clock import Clock
from loadkit.flow.fiber import Fiber, park


class Pacer:
    """Gives each request of one user its slot. `slot_ns` maps a request's index to nanoseconds since `start_ns`."""

    __slots__ = ("_clock", "_index", "_lags", "_slot_ns", "_start_ns", "skipped")

    def __init__(self, clock: Clock, start_ns: int, slot_ns: Callable[[int], int], lags: list[int]) -> None:
        self._clock = clock
        self._start_ns = start_ns
        self._slot_ns = slot_ns
        self._lags = lags
        self._index = 0
        self.skipped = 0

    def next_ns(self) -> int:
        """Return when the next request is due."""
        return self._start_ns + self._slot_ns(self._index)

    @coroutine
    def wait(self, fiber: Fiber) -> Generator[object, None, int]:
        """Wait for the next slot and take it; return its instant. A slot that has passed is taken at once."""
        due_ns = self.next_ns()
        self._index += 1
        if due_ns > self._clock.now_ns():
            ticket = self._clock.at(due_ns, fiber.resume)
            try:
                yield from park()
            finally:
                ticket.cancel()
            self._lags.append(max(0, self._clock.now_ns() - due_ns))
        return due_ns

    def skip_before(self, now_ns: int) -> None:
        """Give up the slots that passed while the user was thinking."""
        while self.next_ns() < now_ns:
            self._index += 1
            self.skipped += 1
