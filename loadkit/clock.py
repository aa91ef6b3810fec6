"""The clock of a run, and precise wake-ups: a heap of instants behind one timerfd (Linux) or call_later (elsewhere).

Instants are `time.perf_counter_ns()`. uvloop's own timers are whole milliseconds: at 1000 wake-ups a second a timerfd is 8 us
late at the median and call_later 260 us (python -m bench lag).
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import sys
from collections.abc import Callable
from heapq import heappop, heappush
from time import perf_counter_ns
from typing import Any, Protocol

now_ns = perf_counter_ns

_BURST = 128  # callbacks a wake-up runs before it lets the loop read sockets


class Ticket:
    """A callback that will be called once; `cancel` forgets it."""

    __slots__ = ("callback", "when_ns")

    def __init__(self, when_ns: int, callback: Callable[[], None]) -> None:
        self.when_ns = when_ns
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        """Make sure that the callback is not called."""
        self.callback = None


class Clock(Protocol):
    """Where time comes from. Tests use one that they move by hand."""

    def now_ns(self) -> int:
        """Return the instant, in nanoseconds of a clock that never goes back."""

    def at(self, when_ns: int, callback: Callable[[], None]) -> Ticket:
        """Call back at an instant; as soon as possible when it has passed."""


class LoopClock:
    """The real clock on a running event loop. `close` it when done."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._heap: list[tuple[int, int, Ticket]] = []
        self._order = 0
        self._armed_ns = 0
        self._timer = _TimerFd(loop, self._fire) if sys.platform == "linux" else _LoopTimer(loop, self._fire)

    def now_ns(self) -> int:
        """Return time.perf_counter_ns()."""
        return perf_counter_ns()

    def at(self, when_ns: int, callback: Callable[[], None]) -> Ticket:
        """Call back at an instant; as soon as possible when it has passed, but never from inside this call."""
        ticket = Ticket(when_ns, callback)
        self._order += 1
        heappush(self._heap, (when_ns, self._order, ticket))
        if not self._armed_ns or when_ns < self._armed_ns:
            self._arm(when_ns)
        return ticket

    def close(self) -> None:
        """Forget all callbacks and free the timer."""
        self._heap.clear()
        self._timer.close()

    def _arm(self, when_ns: int) -> None:
        self._armed_ns = when_ns
        self._timer.arm(when_ns)

    def _fire(self) -> None:
        heap, ran = self._heap, 0
        now = perf_counter_ns()
        self._armed_ns = now  # whoever asks for an earlier instant while callbacks run arms in vain: we arm below
        try:
            while heap and heap[0][0] <= now and ran < _BURST:
                callback = heappop(heap)[2].callback
                if callback is not None:
                    ran += 1
                    callback()
        finally:  # one bad callback must not stop the others: the loop reports it, and we go on
            if heap:
                self._arm(heap[0][0])  # at once, if it is due: sockets are read in between
            else:
                self._armed_ns = 0


class _TimerFd:
    """A Linux timerfd, armed at absolute instants of CLOCK_MONOTONIC, which perf_counter_ns reads."""

    def __init__(self, loop: asyncio.AbstractEventLoop, fire: Callable[[], None]) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._fd: int = self._libc.timerfd_create(1, 0o4000 | 0o2000000)  # TFD_NONBLOCK | TFD_CLOEXEC
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        self._spec = (ctypes.c_long * 4)()  # it_interval.{s,ns}, it_value.{s,ns}
        self._at = ctypes.byref(self._spec)
        self._loop = loop
        self._fire = fire
        loop.add_reader(self._fd, self._readable)

    def arm(self, when_ns: int) -> None:
        self._spec[2], self._spec[3] = divmod(max(when_ns, 1), 1_000_000_000)
        self._libc.timerfd_settime(self._fd, 1, self._at, None)  # TFD_TIMER_ABSTIME

    def close(self) -> None:
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1

    def _readable(self) -> None:
        try:
            os.read(self._fd, 8)
        except BlockingIOError:  # armed anew between the wake-up and the read
            return
        self._fire()


class _LoopTimer:
    """The event loop's own timers, where there is no timerfd."""

    def __init__(self, loop: asyncio.AbstractEventLoop, fire: Callable[[], None]) -> None:
        self._loop = loop
        self._fire = fire
        self._handle: Any = None

    def arm(self, when_ns: int) -> None:
        self.close()
        self._handle = self._loop.call_later(max(0, when_ns - perf_counter_ns()) / 1e9, self._fire)

    def close(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
