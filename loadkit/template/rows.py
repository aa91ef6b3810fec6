"""The rows of a file that is too large for memory: a sparse index, and a read of a few kilobytes where a row is wanted.

The coordinator reads the whole file once (90 MB/s), checks every line and notes where each kilobyte of rows begins; workers are
given the index and check nothing again: 16 bytes for 1 KiB. A row at random costs some 30 us, rows in order 5 us each.
"""

from __future__ import annotations

import os
import weakref
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, overload

from loadkit.template.lines import Lines, PayloadFault, Row

BLOCK_BYTES = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class RowIndex:
    """Where rows stand. `offsets` and `firsts` are unsigned 64-bit integers: each block's place, and the number of its first row.

    `size` and `mtime_ns` tell whether the file is still the same.
    """

    fields: tuple[str, ...]
    offsets: bytes
    firsts: bytes
    rows: int
    size: int
    mtime_ns: int


class Records(Protocol):
    """How the text of a file becomes rows."""

    fields: tuple[str, ...]
    """The names of the columns, known when all rows have been read."""
    notes: list[tuple[str, str]]
    """Remarks for the author: a diagnostic code and a text."""

    def records(self, lines: Lines) -> Iterator[tuple[int, Any]]:
        """Yield (byte where it begins, what was read) of each row. Raises PayloadFault."""

    def row(self, record: Any) -> Row:
        """Return the values of what was read."""

    def rows(self, text: str) -> list[Row]:
        """Return the rows of a part of the file that begins where a row does. Raises PayloadFault."""

    def finish(self) -> None:
        """Note what the whole file has shown."""


class IndexWriter:
    """Notes where blocks of rows begin while a file is read."""

    def __init__(self) -> None:
        self._offsets = array("Q")
        self._firsts = array("Q")
        self._due = 0
        self.rows = 0

    def note(self, begins: int) -> None:
        """Take the next row, which begins at a byte."""
        if begins >= self._due:
            self._offsets.append(begins)
            self._firsts.append(self.rows)
            self._due = begins + BLOCK_BYTES
        self.rows += 1

    def index(self, fields: tuple[str, ...], file: os.stat_result) -> RowIndex:
        """Return the index of what has been read."""
        return RowIndex(
            fields=fields,
            offsets=self._offsets.tobytes(),
            firsts=self._firsts.tobytes(),
            rows=self.rows,
            size=file.st_size,
            mtime_ns=file.st_mtime_ns,
        )


class FileRows(Sequence[Row]):
    """Rows that stay in their file. Raises PayloadFault when the file is not the one that was indexed."""

    def __init__(self, path: Path, index: RowIndex, records: Records) -> None:
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        weakref.finalize(self, os.close, self._descriptor)
        found = os.fstat(self._descriptor)
        if (found.st_size, found.st_mtime_ns) != (index.size, index.mtime_ns):
            raise PayloadFault(_CHANGED)
        records.fields = index.fields
        self._records = records
        self._rows = index.rows
        self._offsets, self._firsts = array("Q", index.offsets), array("Q", index.firsts)
        self._end = index.size
        self._block = -1
        self._cached: list[Row] = []

    def __len__(self) -> int:
        return self._rows

    @overload
    def __getitem__(self, number: int) -> Row: ...

    @overload
    def __getitem__(self, number: slice) -> Sequence[Row]: ...

    def __getitem__(self, number: int | slice) -> Row | Sequence[Row]:
        if isinstance(number, slice):
            return [self[each] for each in range(*number.indices(self._rows))]
        if not 0 <= number < self._rows:
            raise IndexError(number)
        block = bisect_right(self._firsts, number) - 1
        if block != self._block:
            self._cached = self._read(block)
            self._block = block
        within = number - self._firsts[block]
        if within >= len(self._cached):
            raise PayloadFault(_CHANGED)
        return self._cached[within]

    def _read(self, block: int) -> list[Row]:
        start = self._offsets[block]
        end = self._offsets[block + 1] if block + 1 < len(self._offsets) else self._end
        text = os.pread(self._descriptor, end - start, start).decode(errors="replace")
        if not start:
            text = text.removeprefix("\ufeff")
        try:
            return self._records.rows(text)
        except PayloadFault:
            raise PayloadFault(_CHANGED) from None


_CHANGED = "the payload has been changed since the run began"
