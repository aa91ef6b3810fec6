"""The rows of a CSV file that is too large for memory: a sparse index, and a read of a few kilobytes where a row is wanted.

The coordinator reads the whole file once (90 MB/s), checks every line and notes where each kilobyte of rows begins; workers are
given the index and check nothing again: 16 bytes for 1 KiB. A row at random costs some 30 us, rows in order 5 us each.
"""

from __future__ import annotations

import csv
import io
import os
import weakref
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

from loadkit.template.records import Lines, PayloadFault, Row, delimiter_of

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


class IndexWriter:
    """Notes where blocks of rows begin while a file is read."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._offsets = array("Q")
        self._firsts = array("Q")
        self.rows = 0

    def through(self, records: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
        """Yield the records of a file, noting where they begin."""
        lines, due = self._lines, 0
        before = lines.position
        for record in records:
            if before >= due:
                self._offsets.append(before)
                self._firsts.append(self.rows)
                due = before + BLOCK_BYTES
            self.rows += 1
            yield record
            before = lines.position

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

    def __init__(self, path: Path, index: RowIndex, spec: Mapping[str, Any], convert: Callable[[str], Any]) -> None:
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        weakref.finalize(self, os.close, self._descriptor)
        found = os.fstat(self._descriptor)
        if (found.st_size, found.st_mtime_ns) != (index.size, index.mtime_ns):
            raise PayloadFault(_CHANGED)
        self._delimiter = delimiter_of(spec)
        self._skip_empty = bool(spec.get("skipEmptyLines", True))
        self._convert = convert
        self._width = len(index.fields)
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
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=self._delimiter)
        convert, width, skip_empty = self._convert, self._width, self._skip_empty
        try:
            return [tuple(map(convert, (values or [""])[:width])) for values in reader if values or not skip_empty]
        except csv.Error:
            raise PayloadFault(_CHANGED) from None


_CHANGED = "the payload has been changed since the run began"
