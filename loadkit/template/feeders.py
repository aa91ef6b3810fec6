"""Payloads: CSV files whose rows become variables of virtual users (`config.payload`).

A file is read once, at load. Rows are tuples; values that repeat are stored once. Rows of a large file stay where they are (see
rows.py). A virtual user gets its row as a pure
function of its number (`sequence`) or from its own seeded generator (`random`), so that any number of workers hands out the
same rows, each once per round.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from loadkit.template.records import Converter, Lines, PayloadFault, Row, read_records
from loadkit.template.rows import FileRows, IndexWriter, RowIndex

__all__ = ["CONFIG", "Feeder", "PayloadFault", "load_feeder"]

IN_MEMORY_BYTES = 10_000_000
"""Rows of larger files stay in the file: in memory they would take about ten times as much, in every worker."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Feeder:
    """The rows of one payload.

    `name` is set when every virtual user gets all rows, in `all_rows`; `index` when the rows stay in the file.
    """

    path: str
    fields: tuple[str, ...]
    rows: Sequence[Row]
    order: str = "random"
    name: str | None = None
    all_rows: list[dict[str, Any]] = field(default_factory=list)
    index: RowIndex | None = None

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


def load_feeder(spec: Mapping[str, Any], base: Path, index: RowIndex | None = None) -> Feeder:
    """Read a payload, or open it where its `index` is known; a relative path starts at `base`. Raises PayloadFault."""
    path = str(spec["path"])
    name = spec.get("name") if spec.get("loadAll") else None
    if spec.get("loadAll") and not name:
        raise PayloadFault("loadAll needs `name`: the variable that holds all rows")
    try:
        if index is None and os.stat(base / path).st_size > IN_MEMORY_BYTES:
            index = _index(base / path, spec)
        if index is not None:
            return _large(base / path, index, spec)
        with (base / path).open("rb") as file:
            fields, records = _table(read_records(iter(Lines(file)), spec), spec)
            convert, width = Converter(cast=spec.get("cast", True)), len(fields)
            rows = tuple(tuple(map(convert, values[:width])) for values in records)
    except OSError as error:
        raise PayloadFault(f"cannot read {path}: {error.strerror or error}") from None
    except ValueError as error:
        if isinstance(error, PayloadFault):
            raise
        raise PayloadFault(f"cannot read {path!r}: {error}") from None  # a NUL in the path
    if not rows:
        raise PayloadFault(_NO_ROWS)
    all_rows = [dict(zip(fields, row, strict=False)) for row in rows] if name else []
    return Feeder(
        path=path,
        fields=fields,
        rows=() if name else rows,
        order=str(spec.get("order", "random")),
        name=name,
        all_rows=all_rows,
    )


_NO_ROWS = "the file has no rows of data"


def _large(path: Path, index: RowIndex, spec: Mapping[str, Any]) -> Feeder:
    rows = FileRows(path, index, spec, Converter(cast=spec.get("cast", True)))
    order = str(spec.get("order", "random"))
    return Feeder(path=str(spec["path"]), fields=index.fields, rows=rows, order=order, index=index)


def _index(path: Path, spec: Mapping[str, Any]) -> RowIndex:
    """Read a large file through, line by line, and return where its rows are. Raises PayloadFault."""
    most = f"{IN_MEMORY_BYTES // 1_000_000} MB"
    if spec.get("loadAll"):
        raise PayloadFault(f"loadAll keeps all rows in memory, and the file is larger than {most}; leave loadAll out")
    with path.open("rb") as file:
        lines = Lines(file)
        writer = IndexWriter(lines)
        fields, records = _table(read_records(iter(lines), spec), spec, writer)
        for _ in records:
            if lines.old_mac:
                raise PayloadFault(f"a file of more than {most} must end its lines with LF or CRLF, not with CR alone")
        if not writer.rows:
            raise PayloadFault(_NO_ROWS)
        return writer.index(fields, os.fstat(file.fileno()))


def _table(
    records: Iterator[tuple[int, list[str]]], spec: Mapping[str, Any], writer: IndexWriter | None = None
) -> tuple[tuple[str, ...], Iterator[list[str]]]:
    """Return the names of the columns, and the rows, each as wide as the first."""
    fields = tuple(spec["fields"]) if "fields" in spec else ()
    if not fields or spec.get("skipHeader"):
        header = next(records, None)
        if header is None:
            raise PayloadFault("the file is empty")
        fields = fields or tuple(name.strip() for name in header[1])
    _check_fields(fields)
    return fields, _even(records if writer is None else writer.through(records), len(fields))


def _even(records: Iterator[tuple[int, list[str]]], least: int) -> Iterator[list[str]]:
    width = 0
    for line, values in records:
        width = width or len(values)
        if len(values) != width or width < least:
            raise PayloadFault(_ragged(line, len(values), max(width, least)), row=line)
        yield values


def _ragged(line: int, found: int, expected: int) -> str:
    return f"line {line} has {found} value{'s' * (found != 1)} where {expected} are expected"


def _check_fields(fields: tuple[str, ...]) -> None:
    for index, name in enumerate(fields):
        if not name:
            raise PayloadFault(f"column {index + 1} has no name in the header; name the columns with `fields`", row=1)
        if name in fields[:index]:
            raise PayloadFault(f'two columns are named "{name}"')
