"""CSV, a row for each second of a run, while it goes on or when it is over: for spreadsheets, pandas, and all that reads tables."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from loadkit.outputs.exporter import Exporter
from loadkit.outputs.paper import Paper, Report
from loadkit.outputs.seconds import COMMON, rows
from loadkit.outputs.streaming import Streamed, file_schema, held_file, read_file
from loadkit.report.timeline import COLUMNS

_FORMULA = ("=", "+", "-", "@")


def render(reports: Sequence[Report]) -> bytes:
    """Return a row for each second under a row of names; a value that does not exist is empty."""
    return b"".join([_HEAD, *map(_row, rows(reports))])


def _row(values: Mapping[str, Any]) -> bytes:
    return _line([_cell(values[key]) for key in _NAMES])


def _line(cells: Sequence[Any]) -> bytes:
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerow(cells)
    return written.getvalue().encode(errors="replace")


def _cell(value: Any) -> Any:
    """Return a value that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


_NAMES = (*COMMON, *COLUMNS)
_HEAD = _line(_NAMES)

PAPERS: Mapping[str, Paper] = {"csv": Paper(render)}
EXPORTERS: Mapping[str, Exporter] = {
    "csv": Exporter(
        kind="csv",
        description="Writes a row for each second to a CSV file while the run goes on; `--csv` writes the same when it is over.",
        argument="file",
        metavar="FILE",
        schema=file_schema("rows", "seconds.csv"),
        required=("file",),
        holds=held_file,
        make=lambda options: Streamed(read_file(options), "csv", head=_HEAD, row=_row),
    ),
}
