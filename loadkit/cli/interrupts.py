"""What SIGINT and SIGTERM mean during a run: the first drains, the second ends it, and none ever costs the report."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager

from loadkit.cli.signals import taking_signals
from loadkit.fleet.stop import Stop
from loadkit.units import format_duration_ns

Say = Callable[[str], None]


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
