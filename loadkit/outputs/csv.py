"""CSV, a row for each second of a run: for spreadsheets, pandas, and everything else that reads tables."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from loadkit.outputs.paper import Paper, Report
from loadkit.outputs.seconds import COMMON, rows
from loadkit.report.timeline import COLUMNS

_FORMULA = ("=", "+", "-", "@")


def render(reports: Sequence[Report]) -> bytes:
    """Return a row for each second under a row of names; a value that does not exist is empty."""
    written = io.StringIO()
    writer = csv.DictWriter(written, [*COMMON, *COLUMNS], lineterminator="\n")
    writer.writeheader()
    for row in rows(reports):
        writer.writerow({key: _cell(value) for key, value in row.items()})
    return written.getvalue().encode()


def _cell(value: Any) -> Any:
    """Return a value that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


PAPERS: Mapping[str, Paper] = {"csv": Paper(render)}
