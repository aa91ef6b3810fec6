"""Read a CSV file record by record: bounded, and every fault names its line."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
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
            if "\r" in line[:-2]:
                self.old_mac = True
                yield from _OLD_MAC.split(line)
            else:
                yield line


_OLD_MAC = re.compile(r"(?<=\r)(?!\n)")


def delimiter_of(spec: Mapping[str, Any]) -> str:
    """Return the character between values."""
    written = str(spec.get("delimiter", ","))
    return "\t" if written == "\\t" else written


def read_records(lines: Iterator[str], spec: Mapping[str, Any]) -> Iterator[tuple[int, list[str]]]:
    """Yield (line where it starts, values) of each record, reading no line before it is needed. Raises PayloadFault."""
    delimiter = delimiter_of(spec)
    skip_empty = spec.get("skipEmptyLines", True)
    try:
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
    except (TypeError, ValueError):
        raise PayloadFault(f"the delimiter {delimiter!r} is not one character") from None
    start = 1
    try:
        for values in reader:
            if values or not skip_empty:
                yield start, values or [""]
            start = reader.line_num + 1
    except csv.Error as error:
        raise PayloadFault(f"line {start} is not CSV: {error}", row=start) from None


class Converter:
    """Types values and stores equal ones once; bounded, so that a file of unique values costs nothing more."""

    _KEPT = 65_536
    _NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,14})(\.\d{1,15})?", re.ASCII)

    def __init__(self, *, cast: bool) -> None:
        self._cast = cast
        self._seen: dict[str, Any] = {}

    def __call__(self, text: str) -> Any:
        """Return what a value stands for."""
        found = self._seen.get(text)
        if found is None:
            found = self._typed(text) if self._cast else text
            if len(self._seen) < self._KEPT:
                self._seen[text] = found
        return found

    def _typed(self, text: str) -> Any:
        if text in ("true", "false"):
            return text == "true"
        number = self._NUMBER.fullmatch(text)
        if number is None or text == "-0":
            return text
        return float(text) if number[1] else int(text)
