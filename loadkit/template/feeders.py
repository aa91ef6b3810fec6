"""Payloads: files of data whose rows become variables of virtual users (`config.payload`).

A file is read once, at load. Rows are tuples; values that repeat are stored once. Rows of a large file stay where they are (see
rows.py). A virtual user draws its row from its own seeded generator (`random`), or is dealt the next one (see dealing.py).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from loadkit.template.dealing import FAILS, STOPS, WRAPS, Feeder
from loadkit.template.dialect import OPTIONS
from loadkit.template.lines import Lines, PayloadFault, Row
from loadkit.template.objects import JsonRecords
from loadkit.template.records import CsvRecords
from loadkit.template.rows import FileRows, IndexWriter, Records, RowIndex

__all__ = ["CONFIG", "Feeder", "PayloadFault", "load_feeder"]

IN_MEMORY_BYTES = 10_000_000
"""Rows of larger files stay in the file: in memory they would take about ten times as much, in every worker."""

_SPEC: dict[str, Any] = {
    "path": {
        "type": "string",
        "minLength": 1,
        "title": "File of data",
        "description": "Path of the file, relative to the scenario file. UTF-8, with or without a byte order mark. A name that "
        "ends with .json is one list of objects, with .jsonl or .ndjson an object a line; any other is CSV.",
        "examples": ["users.csv", "orders.jsonl"],
    },
    "fields": {
        "type": "array",
        "items": {"type": "string", "minLength": 1},
        "minItems": 1,
        "title": "Variable names",
        "description": "Names for the columns, from the left. Without `fields` the file's first row gives the names. Of JSON "
        "objects: the members that become variables; without `fields` all of them.",
        "examples": [["username", "password"]],
    },
    "order": {
        "enum": ["random", "sequence", "unique"],
        "default": "random",
        "title": "Order of rows",
        "description": "`random`: any row, seeded. `sequence`: row by row, from the start again after the last one; each "
        "row is used once per round, whatever the number of workers. `unique`: row by row, each once in the run.",
        "examples": ["sequence", "unique"],
    },
    "onExhausted": {
        "enum": [STOPS, WRAPS, FAILS],
        "title": "When all rows are used",
        "description": "`stop`: nobody is started any more, and the run ends early. `wrap`: begin anew. `fail`: each virtual user "
        "without a row fails as `errors.ERR_NO_ROW`. Default: `stop` with `order: unique`, `wrap` with `order: sequence`.",
        "examples": ["fail"],
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
        "default": ",",
        "title": "Delimiter",
        "description": "What stands between values; `\\t` is a tab.",
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
    "options": {
        "type": "object",
        "title": "Options of csv-parse",
        "description": "How the CSV file is written, in the words of Node's csv-parse, which Artillery hands them to. Others than "
        "these have no effect.",
        "properties": {
            name: {"type": kind, "title": name, "description": text, "examples": [example]}
            for name, (kind, text, example) in OPTIONS.items()
        },
        "additionalProperties": True,
        "examples": [{"quote": "'", "comment": "#"}],
    },
}

CONFIG: dict[str, Any] = {
    "payload": {
        "title": "Data",
        "description": "A file of data, or a list of them, whose columns become variables: each virtual user gets one row.",
        "examples": [{"path": "users.csv", "fields": ["username", "password"], "order": "sequence"}],
        "default": [],
        "type": ["object", "array"],
        "properties": _SPEC,
        "required": ["path"],
        "additionalProperties": False,
        "items": {
            "type": "object",
            "title": "File of data",
            "description": "One file.",
            "properties": _SPEC,
            "required": ["path"],
            "additionalProperties": False,
        },
    }
}


def load_feeder(spec: Mapping[str, Any], base: Path, index: RowIndex | None = None, *, compat: bool = False) -> Feeder:
    """Read a payload, or open it where its `index` is known; a relative path starts at `base`. Raises PayloadFault.

    `compat` does as Artillery does: each worker begins a `sequence` at the first row, and values are typed as by csv-parse.
    """
    path = str(spec["path"])
    suffix = Path(path).suffix.lower()
    is_json = suffix in _JSON
    try:
        size = os.stat(base / path).st_size
        if is_json and suffix == ".json" and size > IN_MEMORY_BYTES:
            raise PayloadFault(f"a JSON file of more than {_MOST} is not read whole; make JSON Lines of it (.jsonl)")
        records = JsonRecords(spec, whole=suffix == ".json") if is_json else CsvRecords(spec, compat=compat)
        if index is None and size > IN_MEMORY_BYTES:
            index = _index(base / path, spec, records)
        if index is not None:
            return _feeder(spec, records, FileRows(base / path, index, records), compat=compat, index=index)
        with (base / path).open("rb") as file:
            found = [record for _, record in records.records(Lines(file))]
        rows = tuple(map(records.row, found))
        records.finish()
        return _feeder(spec, records, rows, compat=compat)
    except OSError as error:
        raise PayloadFault(f"cannot read {path}: {error.strerror or error}") from None
    except ValueError as error:
        if isinstance(error, PayloadFault):
            raise
        raise PayloadFault(f"cannot read {path!r}: {error}") from None  # a NUL in the path


_JSON = (".json", ".jsonl", ".ndjson")
_MOST = f"{IN_MEMORY_BYTES // 1_000_000} MB"
_NO_ROWS = "the file has no rows of data: its variables stay undefined"


def _feeder(
    spec: Mapping[str, Any], records: Records, rows: Sequence[Row], *, compat: bool, index: RowIndex | None = None
) -> Feeder:
    order, fields = str(spec.get("order", "random")), records.fields
    loads_all, name = bool(spec.get("loadAll")), spec.get("name")
    notes = [*records.notes, *([] if rows else [("LK510", _NO_ROWS)])]
    if loads_all and not name:
        notes.append(("LK505", "loadAll has no effect without `name`, the variable that holds all rows"))
    all_rows = [dict(zip(fields, row, strict=False)) for row in rows] if loads_all and name else []
    return Feeder(
        path=str(spec["path"]),
        fields=() if loads_all else fields,
        rows=() if loads_all else rows,
        order=order,
        on_exhausted=WRAPS
        if order == "random"
        else str(spec.get("onExhausted", STOPS if order == "unique" else WRAPS)),
        each_worker=compat and order == "sequence",
        name=str(name) if loads_all and name else None,
        all_rows=all_rows,
        index=index,
        is_json=isinstance(records, JsonRecords),
        notes=tuple(notes),
    )


def _index(path: Path, spec: Mapping[str, Any], records: Records) -> RowIndex:
    """Read a large file through, line by line, and return where its rows are. Raises PayloadFault."""
    if spec.get("loadAll"):
        raise PayloadFault(f"loadAll keeps all rows in memory, and the file is larger than {_MOST}; leave loadAll out")
    with path.open("rb") as file:
        lines, writer = Lines(file), IndexWriter()
        for begins, _ in records.records(lines):
            if lines.old_mac:
                raise PayloadFault(f"a file of more than {_MOST} must end its lines with LF or CRLF, not with CR alone")
            writer.note(begins)
        records.finish()
        return writer.index(records.fields, os.fstat(file.fileno()))
