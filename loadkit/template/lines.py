"""Read a file of data line by line: bounded, and every fault names its line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Any, BinaryIO

Row = tuple[Any, ...]

MAX_LINE_BYTES = 1_000_000
"""A longer line is not one of test data; a file without line ends must not be read into memory."""


class PayloadFault(ValueError):
    """A payload that cannot be used; `row` is the line in the file (from 1) when a line is at fault."""

    def __init__(self, message: str, *, row: int | None = None) -> None:
        super().__init__(message)
        self.row = row


class Lines:
    """The lines of a binary file as text. `position` is how many bytes have been read; `old_mac` tells of lone CRs."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.position = 0
        self.old_mac = False

    def __iter__(self) -> Iterator[str]:
        for number, data in enumerate(iter(partial(self._file.readline, MAX_LINE_BYTES + 1), b""), 1):
            if len(data) > MAX_LINE_BYTES:
                raise PayloadFault(f"line {number} is longer than {MAX_LINE_BYTES:,} bytes", row=number)
            self.position += len(data)
            try:
                line = data.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError:
                raise PayloadFault(f"line {number} is not UTF-8; save the file as UTF-8", row=number) from None
            if "\0" in line:
                text = f"line {number} has a NUL character; is it a text file, saved as UTF-8?"
                raise PayloadFault(text, row=number)
            if "\r" in (line[:-2] if line.endswith("\r\n") else line[:-1]):
                self.old_mac = True
                yield from filter(None, _OLD_MAC.split(line))
            else:
                yield line


_OLD_MAC = re.compile(r"(?<=\r)(?!\n)")
