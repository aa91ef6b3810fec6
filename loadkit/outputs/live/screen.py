"""A run as one calm view in the terminal, redrawn once a second, and the keys that steer it."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import TextIO

from loadkit.engine.events import Interval, LogLine, Started
from loadkit.outputs.base import Controls, printable, write_line, write_log
from loadkit.outputs.live.blocks import Look, blocks, held_blocks
from loadkit.outputs.live.frames import Frames
from loadkit.outputs.live.keys import Keys
from loadkit.outputs.live.line import Line
from loadkit.outputs.live.seen import Seen
from loadkit.outputs.live.spark import marks_for
from loadkit.outputs.live.timeline import PhaseLine
from loadkit.outputs.live.view import Size, frame
from loadkit.outputs.text import PlainText

_STEPS = {"+": 0.1, "-": -0.1}
"""By what part of the plan a key changes the rate."""
_LEAST_RATE, _MOST_RATE = 0.1, 10.0
_BETWEEN_STEPS_S = 0.05  # a key that is held repeats thirty times a second, nobody types the same one so fast
_KNOWN = frozenset("prqeb?+-\n")
_BACK_S = 0.5  # the signal that ends a stop comes right after it
_ENDING = ("SIGHUP", "SIGQUIT")


class LiveView:
    """Draws on `err`, a terminal; what `log` steps say goes to `out`, above the view. Keys come from `typed`, if anybody attends.

    The view is taken away for log lines, so they are collected until the next frame rather than written one by one. Where the
    terminal is somebody else's, since the run goes on in the background, it is shown as plain text until it is back. A fault of
    the view costs the view, not the run: it is said once, and the run is shown as plain text from there on.
    """

    def __init__(
        self, out: TextIO, err: TextIO, *, typed: TextIO | None = None, environment: Mapping[str, str] = os.environ
    ) -> None:
        self._out = out
        self._err = err
        self._marks = marks_for(err, environment)
        self._seen: Seen | None = None
        self._phases: PhaseLine | None = None
        self._aside = PlainText(out, err)
        self._given_up = False
        self._shows = False  # from the first frame on, until `close`
        self._frames = Frames(err, environment, self._compose, self._give_up)
        self._keys = Keys(typed, err, self._pressed, known=_KNOWN, environment=environment)
        self._controls: Controls | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._helped = self._full = False
        self._stepped_at = self._back_at = 0.0

    def start(self, event: Started) -> None:
        """Say what begins, and draw."""
        self._frames.take_away()  # it has stood there while the run was held
        self._aside.start(event)
        if self._given_up:
            return
        with self._sparing_the_run():
            self._seen, self._phases = Seen(event), PhaseLine(event.plan)
            self._show()

    def interval(self, event: Interval) -> None:
        """Draw the second."""
        if self._seen is not None:
            with self._sparing_the_run():
                self._seen.add(event)
                self._show()  # the keys, too: a job may come to the foreground at any time
        if self._given_up or not self._frames.ours:
            self._aside.interval(event)

    def log(self, event: LogLine) -> None:
        """Write the line above the view, together with those that come right after it."""
        if self._shows:
            self._frames.above(lambda: write_log(event, self._out, self._err))
        else:
            write_log(event, self._out, self._err)

    def attend(self, controls: Controls) -> None:
        """Obey keys from now on, and what a terminal tells its jobs; to be called in the loop of the run."""
        self._controls = controls
        self._loop = asyncio.get_running_loop()
        for name, handler in (("SIGWINCH", self._frames.ask), ("SIGCONT", self._continued)):
            self._loop.add_signal_handler(getattr(signal, name), handler)
        for name in _ENDING:
            if signal.getsignal(getattr(signal, name)) == signal.SIG_DFL:  # nohup has it ignored
                self._loop.add_signal_handler(getattr(signal, name), self._end_by, getattr(signal, name))
        if controls.must_wait:
            with self._sparing_the_run():
                self._show()

    @contextmanager
    def away(self) -> Iterator[None]:
        """Give the terminal back for as long as the block lasts."""
        self._frames.take_away()
        self._keys.close()
        try:
            yield
        finally:
            self._back_at = time.monotonic()
            if self._shows:
                self._show()

    def close(self) -> None:
        """Take the view away, write what waits, and leave the terminal as it was."""
        self._seen = self._controls = None
        self._shows = self._given_up = False
        self._frames.take_away()
        self._keys.close()
        if self._loop is not None and not self._loop.is_closed():
            for name in ("SIGWINCH", "SIGCONT", *_ENDING):
                self._loop.remove_signal_handler(getattr(signal, name))
        self._loop = None

    def _show(self) -> None:
        """Read keys and draw."""
        self._shows = True
        if self._controls is not None:
            self._keys.open()
        self._frames.ask()

    @contextmanager
    def _sparing_the_run(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # whatever it is, it must cost nothing but the view
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        """Close a view that has a fault, and go on as plain text."""
        self.close()
        self._given_up = True
        fault = f"{type(error).__name__}: {printable(str(error))}"
        write_line(self._err, f"warning: the live view is closed by a fault of its own, the run goes on: {fault}")

    def _compose(self, size: Size) -> Sequence[Line]:
        look = Look(
            size=size,
            marks=self._marks,
            keys=self._keys.open_now,
            helped=self._helped,
            full=self._full,
            rate=1.0 if self._controls is None else self._controls.rate,
            stops=0 if self._controls is None else self._controls.stops,
        )
        if self._seen is None or self._phases is None:
            ready = self._controls is not None and self._controls.held
            return frame(held_blocks(look, ready=ready), size, self._marks)
        return frame(blocks(self._seen, self._phases, look), size, self._marks)

    def _pressed(self, keys: str) -> None:
        """Obey keys that came together; of those that change the rate the sum."""
        controls = self._controls
        if controls is None or not self._shows:
            return
        with self._sparing_the_run():
            for step, run in groupby(keys, key=_STEPS.__contains__):
                if step:
                    self._step(controls, sum(_STEPS[key] for key in run))
                else:
                    for key in run:
                        self._press(controls, key)
            self._frames.ask()

    def _press(self, controls: Controls, key: str) -> None:
        """Obey a key; one that means nothing now does nothing."""
        match key:
            case "b" | "\n":
                controls.begin(by="keyboard")
            case "p":
                controls.pause(by="keyboard")
            case "r":
                controls.resume(by="keyboard")
            case "q":
                controls.stop(by="keyboard")
            case "e":
                self._full = not self._full
            case "?":
                self._helped = not self._helped

    def _step(self, controls: Controls, by: float) -> None:
        """Change the rate by parts of the plan's; not in a pause, where nobody would see what it does."""
        now, rate = time.monotonic(), controls.rate
        if rate == 0 or now - self._stepped_at < _BETWEEN_STEPS_S:
            return
        self._stepped_at = now
        wanted = min(_MOST_RATE, max(_LEAST_RATE, round(rate + by, 2)))
        if (wanted > rate) == (by > 0):  # others may have set one beyond what keys do
            controls.set_rate(wanted, by="keyboard")

    def _continued(self) -> None:
        """Draw anew after a stop that nobody announced: others have written on the terminal meanwhile."""
        if time.monotonic() - self._back_at > _BACK_S:
            self._frames.lost()
            if self._shows:
                self._show()

    def _end_by(self, number: signal.Signals) -> None:
        """Give the terminal back before a signal ends the process as it always would."""
        self._frames.take_away()
        self._keys.close()
        assert self._loop is not None
        self._loop.remove_signal_handler(number)
        os.kill(os.getpid(), number)
