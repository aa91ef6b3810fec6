"""What hooks print: a worker has no screen, so each line goes to the coordinator, which writes it to its own standard output."""

from __future__ import annotations

from collections.abc import Callable
from io import TextIOBase

_MOST_TEXT = 64 * 1024  # kept of a line that does not end


class Printed(TextIOBase):
    """A standard output that passes whole lines on."""

    def __init__(self, pass_on: Callable[[str], None]) -> None:
        super().__init__()
        self._pass_on = pass_on
        self._rest = ""

    def write(self, text: str) -> int:
        """Take a text; lines that are complete are passed on."""
        *lines, rest = f"{self._rest}{text}".split("\n")
        self._rest = rest[:_MOST_TEXT]
        for line in lines:
            self._pass_on(line)
        return len(text)

    def writable(self) -> bool:
        """Say that it can be written to."""
        return True
