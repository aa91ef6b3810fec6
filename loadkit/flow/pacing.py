"""The pace of a closed user under `throughput`: request k of user u is due at (u + k*N)/R from the phase's start.

A slot that passes while the user waits for the target stays owed, and the wait counts in response time. A slot that
passes in `think` is skipped: there the scenario itself asked for the silence.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from types import coroutine
from typing import Protocol

from loadkit.clock import Clock
from loadkit.flow.fiber import Fiber, park

_MOST_THINKS = 1000


class Slots(Protocol):
    """When one user's requests are due, in nanoseconds since the phase's start."""

    def slot_ns(self, request: int) -> int:
        """Return when the `request`-th request is due."""

    def slot_index(self, at_ns: int) -> int:
        """Return the first request that is due at or after an instant."""


class Pacer:
    """Gives each request of one user its slot, counted from `start_ns`."""

    __slots__ = ("_clock", "_index", "_lags", "_shift_ns", "_slots", "_start_ns", "_thinks", "skipped")

    def __init__(self, clock: Clock, start_ns: int, slots: Slots, lags: list[int]) -> None:
        self._clock = clock
        self._start_ns = start_ns
        self._slots = slots
        self._lags = lags
        self._index = 0
        self._thinks: deque[tuple[int, int, int]] = deque()  # (first slot, slot after the last, length) still ahead
        self._shift_ns = 0  # the lengths of all thinks ahead
        self.skipped = 0

    def next_ns(self) -> int:
        """Return when the next request is due. What is owed is put off by the thinks that came in between."""
        thinks = self._thinks
        while thinks and self._index >= thinks[0][0]:
            _, after, length_ns = thinks.popleft()
            self._index = max(self._index, after)
            self._shift_ns -= length_ns
        return self._start_ns + self._slots.slot_ns(self._index) + self._shift_ns

    @coroutine
    def come(self, fiber: Fiber) -> Generator[object, None, int]:
        """Wait until the next slot has come, without taking it; return its instant."""
        return (yield from self._until(self.next_ns(), fiber))

    @coroutine
    def wait(self, fiber: Fiber) -> Generator[object, None, int]:
        """Take the next slot, wait for it and return its instant. A slot that has passed is taken without waiting."""
        due_ns = self.next_ns()
        self._index += 1  # before the wait: branches of one user must not wait for the same slot
        return (yield from self._until(due_ns, fiber))

    def _until(self, due_ns: int, fiber: Fiber) -> Generator[object, None, int]:
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

    def skip(self, from_ns: int, to_ns: int) -> None:
        """Give up the slots within [from_ns, to_ns), in which the user was thinking.

        Those before stay owed, and are due that much later: the target has no part in the think.
        """
        known = self._thinks[-1][1] if self._thinks else self._index
        first = max(known, self._slots.slot_index(from_ns - self._start_ns))
        after = max(first, self._slots.slot_index(to_ns - self._start_ns))
        if len(self._thinks) == _MOST_THINKS:  # hopelessly behind: remember the last two as one
            self._thinks[-1] = (self._thinks[-1][0], after, self._thinks[-1][2] + to_ns - from_ns)
        else:
            self._thinks.append((first, after, to_ns - from_ns))
        self._shift_ns += to_ns - from_ns
        self.skipped += after - first
