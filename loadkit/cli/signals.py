"""Taking the signals that ask for an end. What a run makes of them needs a loop, which takes time to import: interrupts.py."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


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
