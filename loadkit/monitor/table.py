"""What is watched as CSV, a line an interval: the time since the beginning, the time of day, and a column for each series."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from typing import TextIO

from loadkit.monitor.monitor import Row
from loadkit.slo.observed import Observed


class Table:
    """Writes lines as they come, so that what was seen is there whatever happens next. `started_at` is Unix time."""

    def __init__(self, file: TextIO, observed: Observed, started_at: float) -> None:
        self._file = file
        self._columns = [(source.name, series.name) for source in observed.sources for series in source.series]
        self._started_at = started_at
        self._writer = csv.writer(file, lineterminator="\n")
        self._writer.writerow(["t_s", "time", *(f"{source}.{series}" for source, series in self._columns)])
        file.flush()

    def add(self, row: Row) -> None:
        """Write a line. Raises OSError."""
        at = datetime.fromtimestamp(self._started_at + row.at_s, UTC).isoformat(timespec="milliseconds")
        self._writer.writerow([f"{row.at_s:.3f}", at, *(_number(row.values.get(column)) for column in self._columns)])
        self._file.flush()


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return str(int(value)) if value == int(value) else f"{value:.6g}"
