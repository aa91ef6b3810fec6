"""Frames on a terminal: each in place of the one before it, at most four a second, with other lines going by above.

The view stands where the cursor was, so what was printed before it stays in the terminal's history. When the size of the terminal
has changed nobody knows where its lines are now: the screen is cleared, and it begins at the top.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TextIO

from loadkit.outputs.base import paint_for, write_text
from loadkit.outputs.live.line import Line, painted
from loadkit.outputs.live.view import Size

LEAST_S = 0.25
"""From one frame to the next."""
_HIDE, _SHOW = "\x1b[?25l", "\x1b[?25h"
_CLEAR_LINE, _CLEAR_BELOW, _CLEAR_ALL = "\x1b[2K", "\x1b[J", "\x1b[2J\x1b[H"
_CUT_OFF, _WRAP = "\x1b[?7l", "\x1b[?7h"
"""Terminals do not agree how wide every character is: a line that is longer than was thought ends at the edge (DECAWM)."""
_USUAL = Size(80, 24)

Compose = Callable[[Size], Sequence[Line]]


class Frames:
    """Draws what `compose` returns for a size; what it raises goes to `failed`, since timers draw, too."""

    def __init__(
        self, stream: TextIO, environment: Mapping[str, str], compose: Compose, failed: Callable[[Exception], None]
    ) -> None:
        self._stream = stream
        self._paint = paint_for(stream, environment)
        self._compose = compose
        self._failed = failed
        self._lines: list[str] = []  # what stands on the terminal
        self._size = size_of(stream, environment)
        self._environment = environment
        self._drawn_at = float("-inf")
        self._timer: asyncio.TimerHandle | None = None
        self._passing: list[Callable[[], None]] = []

    @property
    def ours(self) -> bool:
        """Say whether the terminal is this job's to draw on: not while it goes on in the background."""
        try:
            return os.tcgetpgrp(self._stream.fileno()) == os.getpgrp()
        except (OSError, ValueError):  # it is not the terminal that jobs are controlled from
            return True

    def above(self, write: Callable[[], None]) -> None:
        """Let lines be written above the view with the next frame."""
        self._passing.append(write)
        self.ask()

    def ask(self) -> None:
        """Draw now, or as soon as the last frame has stood long enough."""
        due_s = self._drawn_at + LEAST_S - time.monotonic()
        if due_s <= 0:
            self._draw()
        elif self._timer is None:
            try:
                loop = asyncio.get_running_loop()
            except RuntimeError:  # nobody to come back: the next one who asks draws
                return
            self._timer = loop.call_later(due_s, self._draw)

    def lost(self) -> None:
        """Take note that nobody knows any more what stands where."""
        self._size = Size(0, 0)

    def take_away(self) -> None:
        """Leave the terminal as if nothing had been drawn, with the lines that wait."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._lines:
            write_text(self._stream, f"{self._to_top()}{_CLEAR_BELOW}{_SHOW}")
            self._lines = []
        self._pass()

    def _draw(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self.ours:
            self._leave()
            self._pass()
            return
        self._drawn_at = time.monotonic()
        try:
            self._draw_now(size_of(self._stream, self._environment))
        except Exception as error:  # a fault of the view is no fault of the run
            self._failed(error)

    def _draw_now(self, size: Size) -> None:
        lines = [self._text_of(one) for one in self._compose(Size(size.columns, max(1, size.rows - 1)))] or [""]
        begin = "" if self._lines else _HIDE
        if self._lines and size != self._size:
            begin, self._lines = _CLEAR_ALL, []
        elif self._lines and self._passing:
            begin, self._lines = f"{self._to_top()}{_CLEAR_BELOW}", []
        self._size = size
        if self._passing:
            write_text(self._stream, begin)
            begin = ""
            self._pass()
        write_text(self._stream, begin + self._over(lines))
        self._lines = lines

    def _leave(self) -> None:
        """Let the frame stand that others have written below since, and never touch it again."""
        if self._lines:
            write_text(self._stream, _SHOW)
            self._lines = []

    def _pass(self) -> None:
        for write in self._passing:
            write()
        self._passing.clear()

    def _over(self, lines: Sequence[str]) -> str:
        """Return what turns the frame that stands into another; lines that are the same are not written again."""
        old, parts = self._lines, [self._to_top() if self._lines else ""]
        for index, text in enumerate(lines):
            parts.append("\r\n" if index else "")
            if index >= len(old) or old[index] != text:
                parts.append(f"{_CLEAR_LINE}{text}")
        if len(lines) < len(old):  # from a line of its own: behind a full one the last column would be cleared, too
            parts.append(f"\r\n{_CLEAR_BELOW}\x1b[1A")
        return f"{_CUT_OFF}{''.join(parts)}{_WRAP}"

    def _to_top(self) -> str:
        return f"\r\x1b[{len(self._lines) - 1}A" if len(self._lines) > 1 else "\r"

    def _text_of(self, made: Line) -> str:
        encoding = self._stream.encoding or "utf-8"
        return painted(made, self._paint).encode(encoding, "replace").decode(encoding)


def size_of(stream: TextIO, environment: Mapping[str, str]) -> Size:
    """Return the size of a terminal; where it tells none, COLUMNS by LINES, or 80 by 24."""
    try:
        found = os.get_terminal_size(stream.fileno())
    except (OSError, ValueError):
        found = os.terminal_size((0, 0))
    said = [_number(environment.get(name, "")) for name in ("COLUMNS", "LINES")]
    return Size(found.columns or said[0] or _USUAL.columns, found.lines or said[1] or _USUAL.rows)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0
