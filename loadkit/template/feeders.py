"""Payloads: CSV files whose rows become variables of virtual users (`config.payload`).

A file is read once, at load. Rows are tuples; values that repeat are stored once. A virtual user gets its row as a pure
function of its number (`sequence`) or from its own seeded generator (`random`), so that any number of workers hands out the
same rows, each once per round.
"""

from __future__ import annotations

import csv
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Row = tuple[Any, ...]

_SPEC: dict[str, Any] = {
    "path": {
        "type": "string",
        "minLength": 1,
        "title": "CSV file",
        "description": "Path of the CSV file, relative to the scenario file. UTF-8, with or without a byte order mark.",
        "examples": ["users.csv"],
    },
    "fields": {
        "type": "array",
        "items": {"type": "string", "minLength": 1},
        "minItems": 1,
        "title": "Variable names",
        "description": "Names for the columns, from the left. Without `fields` the file's first row gives the names.",
        "examples": [["username", "password"]],
    },
    "order": {
        "enum": ["random", "sequence"],
        "default": "random",
        "title": "Order of rows",
        "description": "`random`: any row, seeded. `sequence`: virtual user n gets row n, starting again after the last row; "
        "each row is used once per round, whatever the number of workers.",
        "examples": ["sequence"],
    },
    "skipHeader": {
        "type": "boolean",
        "default": False,
        "title": "Skip the first row",
        "description": "Leave out the first row. Needed only beside `fields`: without them the first row is the header.",
        "examples": [True],
    },
    "delimiter": {
        "type": "string",
        "minLength": 1,
        "maxLength": 2,
        "default": ",",
        "title": "Delimiter",
        "description": "The character between values; `\\t` is a tab.",
        "examples": [";"],
    },
    "cast": {
        "type": "boolean",
        "default": True,
        "title": "Type the values",
        "description": "Make numbers of `12` and `1.5` and booleans of `true` and `false`. Text such as `007`, `+49` or `1e5` "
        "stays text, as does a number of more than 15 digits.",
        "examples": [False],
    },
    "skipEmptyLines": {
        "type": "boolean",
        "default": True,
        "title": "Skip empty lines",
        "description": "Leave out lines without any character. When false, such a line is a row with one empty value.",
        "examples": [False],
    },
    "loadAll": {
        "type": "boolean",
        "default": False,
        "title": "Load all rows",
        "description": "Give every virtual user all rows, as a list of objects in the variable `name`, instead of one row.",
        "examples": [True],
    },
    "name": {
        "type": "string",
        "minLength": 1,
        "title": "Variable of all rows",
        "description": "With `loadAll`: the variable that holds the list, to loop `over` it.",
        "examples": ["products"],
    },
}

CONFIG: dict[str, Any] = {
    "payload": {
        "title": "CSV data",
        "description": "A CSV file, or a list of them, whose columns become variables: each virtual user gets one row.",
        "examples": [{"path": "users.csv", "fields": ["username", "password"], "order": "sequence"}],
        "default": [],
        "type": ["object", "array"],
        "properties": _SPEC,
        "required": ["path"],
        "additionalProperties": False,
        "items": {
            "type": "object",
            "title": "CSV file",
            "description": "One CSV file.",
            "properties": _SPEC,
            "required": ["path"],
            "additionalProperties": False,
        },
    }
}


class PayloadFault(ValueError):
    """A payload that cannot be used; `row` is the line in the file (from 1) when a line is at fault."""

    def __init__(self, message: str, *, row: int | None = None) -> None:
        super().__init__(message)
        self.row = row


@dataclass(frozen=True, slots=True, kw_only=True)
class Feeder:
    """The rows of one payload. `name` is set when every virtual user gets all rows, in `all_rows`."""

    path: str
    fields: tuple[str, ...]
    rows: tuple[Row, ...]
    order: str = "random"
    name: str | None = None
    all_rows: list[dict[str, Any]] = field(default_factory=list)

    @property
    def defines(self) -> tuple[str, ...]:
        """Return the variables that the payload gives to a virtual user."""
        return (self.name,) if self.name is not None else self.fields

    def pick(self, number: int, rng: random.Random) -> Mapping[str, Any]:
        """Return the variables of virtual user `number`; `rng` is its own generator."""
        if self.name is not None:
            return {self.name: self.all_rows}
        rows = self.rows
        index = number % len(rows) if self.order == "sequence" else int(rng.random() * len(rows))
        return dict(zip(self.fields, rows[index], strict=False))


def load_feeder(spec: Mapping[str, Any], base: Path) -> Feeder:
    """Read a payload; a relative path starts at `base`. Raises PayloadFault."""
    path = str(spec["path"])
    name = spec.get("name") if spec.get("loadAll") else None
    if spec.get("loadAll") and not name:
        raise PayloadFault("loadAll needs `name`: the variable that holds all rows")
    try:
        with (base / path).open("rb") as file:
            records = _records(_lines(file), spec)
            fields, rows = _table(records, spec)
    except OSError as error:
        raise PayloadFault(f"cannot read {path}: {error.strerror or error}") from None
    except ValueError as error:
        if isinstance(error, PayloadFault):
            raise
        raise PayloadFault(f"cannot read {path!r}: {error}") from None  # a NUL in the path
    all_rows = [dict(zip(fields, row, strict=False)) for row in rows] if name else []
    return Feeder(
        path=path,
        fields=fields,
        rows=() if name else rows,
        order=str(spec.get("order", "random")),
        name=name,
        all_rows=all_rows,
    )


def _lines(file: Any) -> Iterator[str]:
    """Yield the lines of a binary file as text; those that end with a lone CR (old Mac) too."""
    for number, data in enumerate(file, 1):
        try:
            line = data.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            raise PayloadFault("the file is not UTF-8; save it as UTF-8", row=number) from None
        if "\0" in line:
            raise PayloadFault("the file has a NUL character; is it a text file, saved as UTF-8?", row=number)
        if "\r" in line[:-2]:
            yield from _OLD_MAC.split(line)
        else:
            yield line


_OLD_MAC = re.compile(r"(?<=\r)(?!\n)")


def _records(lines: Iterator[str], spec: Mapping[str, Any]) -> Iterator[tuple[int, list[str]]]:
    """Yield (line where it starts, values) of each record."""
    delimiter = {"\\t": "\t"}.get(spec.get("delimiter", ","), spec.get("delimiter", ","))
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


def _table(
    records: Iterator[tuple[int, list[str]]], spec: Mapping[str, Any]
) -> tuple[tuple[str, ...], tuple[Row, ...]]:
    fields = tuple(spec["fields"]) if "fields" in spec else ()
    if not fields or spec.get("skipHeader"):
        header = next(records, None)
        if header is None:
            raise PayloadFault("the file is empty")
        fields = fields or tuple(name.strip() for name in header[1])
    _check_fields(fields)
    convert = _Converter(cast=spec.get("cast", True))
    rows: list[Row] = []
    width = 0
    for line, values in records:
        width = width or len(values)
        if len(values) != width or width < len(fields):
            raise PayloadFault(_ragged(line, len(values), max(width, len(fields))), row=line)
        rows.append(tuple(map(convert, values[: len(fields)])))
    if not rows:
        raise PayloadFault("the file has no rows of data")
    return fields, tuple(rows)


def _ragged(line: int, found: int, expected: int) -> str:
    return f"line {line} has {found} value{'s' * (found != 1)} where {expected} are expected"


def _check_fields(fields: tuple[str, ...]) -> None:
    for index, name in enumerate(fields):
        if not name:
            raise PayloadFault(f"column {index + 1} has no name in the header; name the columns with `fields`", row=1)
        if name in fields[:index]:
            raise PayloadFault(f'two columns are named "{name}"')


class _Converter:
    """Types values and stores equal ones once; bounded, so that a file of unique values costs nothing more."""

    _KEPT = 65_536
    _NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,14})(\.\d{1,15})?", re.ASCII)

    def __init__(self, *, cast: bool) -> None:
        self._cast = cast
        self._seen: dict[str, Any] = {}

    def __call__(self, text: str) -> Any:
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
