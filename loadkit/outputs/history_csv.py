"""A history as a table, a row for each run: as Apache Otava (once Hunter) reads it, and spreadsheets do.

    time,run,name,host,exit_code,p50_ms,p95_ms,p99_ms,error_rate,request_rate
    2026-11-21T09:02:55.000+00:00,20261121-090255-k3f9,shop,...

Otava reads every cell of a metric as a number, so a run that lacks one of them has no row.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

from loadkit.analysis.trend import METRICS, point_of

_UNITS = {"ms": "_ms", "ratio": "", "per_s": ""}
METRIC_COLUMNS = {f"{metric}{_UNITS[unit]}": metric for metric, unit in METRICS.items()}
ATTRIBUTES = ("run", "name", "host", "exit_code")


def history_csv(reports: Iterable[tuple[str, Mapping[str, Any]]], *, of: str | None = None) -> str:
    """Return the table of runs and their reports, the oldest first; of all requests, or of those of one name."""
    rows = []
    for run, report in reports:
        points = {column: point_of(run, report, metric, of) for column, metric in METRIC_COLUMNS.items()}
        if all(points.values()):
            values = {column: f"{point.value:.6g}" for column, point in points.items() if point}
            rows.append({**_attributes(run, report["loadkit"]), **values})
    text = io.StringIO()
    table = csv.DictWriter(text, ["time", *ATTRIBUTES, *METRIC_COLUMNS], lineterminator="\n")
    table.writeheader()
    table.writerows(sorted(rows, key=lambda row: (row["time"], row["run"])))
    return text.getvalue()


def _attributes(run: str, found: Mapping[str, Any]) -> dict[str, str]:
    host = found["host"]
    return {
        "time": found["started_at"],
        "run": run,
        "name": found["name"],
        "host": f"{host['system']} {host['machine']} {host['cpus']} cpus",
        "exit_code": str(found["exit_code"]),
    }
