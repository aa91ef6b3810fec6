"""What SIGINT and SIGTERM mean during a run: the first drains, the second ends it, and none ever costs the report."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import FrameType

from loadkit.fleet.stop import Stop
from loadkit.units import format_duration_ns

_SIGNALS = (signal.SIGINT, signal.SIGTERM)

Say = Callable[[str], None]


@contextmanager
def taking_signals(take: Callable[[str], None]) -> Iterator[None]:
    """Tell `take` the name of each signal that asks for an end, "SIGINT" or "SIGTERM"; afterwards they mean what they meant."""

    def handle(number: int, frame: FrameType | None) -> None:
        take(signal.Signals(number).name)

    before = {number: signal.signal(number, handle) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)


class Interrupts:
    """Passes signals on to `stop`, and tells the user through `say` what follows."""

    def __init__(self, graceful_stop_ns: int, say: Say) -> None:
        self.stop = Stop()
        self._graceful_stop_ns = graceful_stop_ns
        self._say = say
        self._loop: asyncio.AbstractEventLoop | None = None

    def obeyed(self) -> AbstractContextManager[None]:
        """Take signals from here on. Unlike the loop's own handlers these outlive the loop: the report comes after it."""
        return taking_signals(self._take)

    def listen(self) -> None:
        """Say that this loop is where `stop` is waited for."""
        self._loop = asyncio.get_running_loop()

    def _take(self, name: str) -> None:
        if self._loop is None:
            self.stop.request(name)
        elif not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._ask, name)

    def _ask(self, name: str) -> None:
        if self.stop.requests:
            text = f"{name} again: ending now"
        else:
            left = format_duration_ns(self._graceful_stop_ns)
            text = f"{name}: no new virtual users; those that run have {left} to finish, a second signal ends at once"
        self.stop.request(name)
        self._say(text)
