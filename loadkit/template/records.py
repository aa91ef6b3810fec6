"""Read a CSV file record by record, and a part of one again; every fault names its line."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from typing import Any

from loadkit.template.dialect import Dialect, casts, dialect_of
from loadkit.template.lines import Lines, PayloadFault, Row
from loadkit.template.splitting import split_records

NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,14})(\.\d{1,15})?", re.ASCII)
_JS_NUMBER = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*", re.ASCII)


class CsvRecords:
    """The rows of a CSV file. `fields` are known when the first has been read; `notes` are remarks for the author."""

    def __init__(self, spec: Mapping[str, Any], *, compat: bool = False) -> None:
        self._dialect = dialect_of(spec)
        self.fields: tuple[str, ...] = tuple(spec.get("fields") or ())
        self._named_by_author = bool(self.fields)
        self._has_header = not self.fields or bool(spec.get("skipHeader"))
        self.convert = Converter(cast=casts(spec), compat=compat)
        self.notes: list[tuple[str, str]] = []

    def records(self, lines: Lines) -> Iterator[tuple[int, list[str]]]:
        """Yield (byte where it begins, values) of each row, reading no line before it is needed. Raises PayloadFault."""
        found = self._all(lines)
        if self._has_header:
            header = next(found, None)
            if header is None:
                if self._named_by_author:
                    return
                raise PayloadFault("the file is empty")
            if not self._named_by_author:
                self.fields = tuple(name.strip() for name in header[2])
        _check_fields(self.fields)
        first, last = self._dialect.first_row, self._dialect.last_row
        if last is not None and last < first:
            return
        yield from self._even(islice(found, first - 1, last))

    def rows(self, text: str) -> list[Row]:
        """Return the rows of a part of the file that begins where a row does, as far as it can be read."""
        dialect = self._dialect
        found: list[Row] = []
        with suppress(csv.Error):  # behind the last row that is wanted; whoever wants one that is not there is told
            for values in _split(io.StringIO(text, newline=""), dialect):
                if dialect.wants(values):
                    found.append(self.row(values or [""]))
        return found

    def row(self, values: list[str]) -> Row:
        """Return what the values of a record stand for, as far as the columns have names."""
        return tuple(map(self.convert, values[: len(self.fields)]))

    def finish(self) -> None:
        """Note what the whole file has shown."""
        if self.convert.differs is not None:
            self.notes.append(("LK506", self.convert.differs))

    def _all(self, lines: Lines) -> Iterator[tuple[int, int, list[str]]]:
        """Yield (byte, line, values) of each record between the first and the last line."""
        dialect = self._dialect
        numbered = _Numbered(lines, dialect)
        reader = _split(numbered, dialect)
        start, line = lines.position, dialect.first_line
        try:
            for values in reader:
                if dialect.wants(values):
                    yield max(start, numbered.begins), line, values or [""]
                start, line = lines.position, numbered.line + 1
        except csv.Error as error:
            raise PayloadFault(f"line {line} is not CSV: {error}", row=line) from None

    def _even(self, found: Iterator[tuple[int, int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
        """Yield rows that are as wide as the first."""
        dialect, width = self._dialect, 0
        for start, line, values in found:
            if not width:
                width = len(values)
                self._note_width(line, width)
            has, least = len(values), max(width, 0 if self._named_by_author else len(self.fields))
            if (has < least and not dialect.fewer) or (has > width and not dialect.more):
                text = f"line {line} has {has} value{'s' * (has != 1)} where {least} are expected"
                raise PayloadFault(text, row=line)
            yield start, values

    def _note_width(self, line: int, width: int) -> None:
        """Note that columns are missing: their variables are not defined, as in Artillery."""
        if width < len(self.fields) and self._named_by_author:
            missing = ", ".join(self.fields[width:])
            has = f"line {line} has {width} value{'s' * (width != 1)} for {len(self.fields)} fields"
            self.notes.append(("LK510", f"{has}; no value: {missing}"))


class _Numbered:
    """The lines that count. `line` is the number of the last one, `begins` the byte before the first."""

    def __init__(self, lines: Lines, dialect: Dialect) -> None:
        self.line = 0
        self.begins = 0
        self._lines = lines
        self._dialect = dialect

    def __iter__(self) -> Iterator[str]:
        first, last, before = self._dialect.first_line, self._dialect.last_line, 0
        for number, line in enumerate(self._lines, 1):
            if last is not None and number > last:
                return
            if number == first:
                self.begins = before
            before = self._lines.position
            if number >= first:
                self.line = number
                yield line


def _split(lines: Iterable[str], dialect: Dialect) -> Iterator[list[str]]:
    """Yield the values of each record. Raises csv.Error."""
    return csv.reader(lines, **dialect.reader_options()) if dialect.is_plain else split_records(lines, dialect)


class Converter:
    """Types values and stores equal ones once; bounded, so that a file of unique values costs nothing more.

    `compat` types as csv-parse does: whatever JavaScript reads as a number is one, and nothing is a boolean. `differs` says
    what of the values seen Artillery would have typed in another way.
    """

    _KEPT = 65_536

    def __init__(self, *, cast: bool, compat: bool = False) -> None:
        self._type = (self._typed_as_node if compat else self._typed) if cast else str
        self._seen: dict[str, Any] = {}
        self.differs: str | None = None

    def __call__(self, text: str) -> Any:
        """Return what a value stands for."""
        found = self._seen.get(text)
        if found is None:
            found = self._type(text)
            if len(self._seen) < self._KEPT:
                self._seen[text] = found
        return found

    def _typed(self, text: str) -> Any:
        if text in ("true", "false"):
            self.differs = self.differs or _BOOLEANS
            return text == "true"
        number = NUMBER.fullmatch(text)
        if number is None or text == "-0":
            if _JS_NUMBER.fullmatch(text):
                self.differs = self.differs or _TEXTS
            return text
        return float(text) if number[1] else int(text)

    def _typed_as_node(self, text: str) -> Any:
        if not _JS_NUMBER.fullmatch(text):
            return text
        number = float(text)
        return int(number) if number.is_integer() and abs(number) < 1e21 else number


_BOOLEANS = "values `true` and `false` are booleans here; Artillery leaves them as text"
_TEXTS = "values such as 007, +49 or 1e5 stay text here; Artillery makes numbers of them"


def _check_fields(fields: tuple[str, ...]) -> None:
    for index, name in enumerate(fields):
        if not name:
            raise PayloadFault(f"column {index + 1} has no name in the header; name the columns with `fields`", row=1)
        if name in fields[:index]:
            raise PayloadFault(f'two columns are named "{name}"')
