"""What an output is, and how lines reach a stream."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TextIO

if TYPE_CHECKING:  # commands that run nothing print through this module too, and start in half the time
    from loadkit.engine.events import Interval, LogLine, Started

Paint = Callable[[str, str], str]
"""Colours a text: (text, "red") -> text. `plain` leaves it as it is."""

_ANSI: Mapping[str, str] = {"red": "31", "green": "32", "yellow": "33", "bold": "1", "dim": "2", "notice": "1;7;33"}
_KEPT = "\t"


class Output(Protocol):
    """Something that is told how a run goes, in order: start, then intervals and log lines."""

    def start(self, event: Started) -> None:
        """Note that load begins."""

    def interval(self, event: Interval) -> None:
        """Take one second of the run."""

    def log(self, event: LogLine) -> None:
        """Take a line that a `log` step or the debug mode wrote."""


class FileOutput(Output, Protocol):
    """An output that writes a file at the end; a plugin of kind "output", named by the file's ending."""

    path: Path

    def check(self) -> None:
        """Raise PreflightError, before any load, when the file cannot be written."""

    def finish(self, report: Mapping[str, Any]) -> None:
        """Write the file; nothing comes after it. Raises OSError when that has become impossible since the check."""


class Controls(Protocol):
    """What somebody who watches a run may do to it. `by` says where it came from; each says whether it had an effect."""

    @property
    def rate(self) -> float:
        """Return how many times the planned arrivals are made now: 0 in a pause."""

    @property
    def stops(self) -> int:
        """Return how often the run was asked to stop, by whomever."""

    @property
    def must_wait(self) -> bool:
        """Say whether load waits for `begin`."""

    @property
    def held(self) -> bool:
        """Say whether nothing else is waited for: the workers are ready."""

    def begin(self, *, by: str) -> bool:
        """Let load begin that was held."""

    def pause(self, *, by: str) -> bool:
        """Start nobody until `resume`."""

    def resume(self, *, by: str) -> bool:
        """Start again who is due."""

    def set_rate(self, factor: float, *, by: str) -> bool:
        """Make so many times the planned arrivals."""

    def stop(self, *, by: str) -> bool:
        """Start nobody any more; the second time, end at once."""


class Screen(Output, Protocol):
    """An output that holds the terminal; `close` gives it back, also when the run broke off."""

    def attend(self, controls: Controls) -> None:
        """Let whoever sits at the terminal steer the run; called in its loop, before it begins."""

    def away(self) -> AbstractContextManager[None]:
        """Give the terminal back for as long as the block lasts, in which the process is stopped."""

    def close(self) -> None:
        """Leave the terminal as it was found. May be called twice."""


def write_line(stream: TextIO, line: str) -> None:
    """Write a line at once, as `write_text` does."""
    write_text(stream, f"{line}\n")


def write_text(stream: TextIO, text: str) -> None:
    """Write at once. A reader that has gone away or a full disk is no error: what follows goes nowhere."""
    try:
        stream.write(text)
        stream.flush()
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def write_log(event: LogLine, out: TextIO, err: TextIO) -> None:
    """Write a log line to the stream it names."""
    for line in event.text.split("\n"):
        write_line(err if event.stream == "stderr" else out, printable(line))


def printable(text: str) -> str:
    """Return a text whose control characters are shown, not obeyed: a response may hold terminal commands."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in _KEPT else ascii(char)[1:-1] for char in text)


def plain(text: str, colour: str) -> str:
    """Return the text as it is."""
    return text


def ansi(text: str, colour: str) -> str:
    """Return the text in a colour of the terminal."""
    return f"\x1b[{_ANSI[colour]}m{text}\x1b[0m"


def paint_for(stream: TextIO, environment: Mapping[str, str]) -> Paint:
    """Return how to colour on a stream: not unless it is a terminal, and never with NO_COLOR."""
    wanted = stream.isatty() and not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"
    return ansi if wanted else plain


def against(target: str) -> str:
    """Return " against URL"; nothing where there is no target, since only Python functions are called."""
    return f" against {target}" if target else ""


def counted(number: int, noun: str) -> str:
    """Return "1 phase" or "2 phases"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
