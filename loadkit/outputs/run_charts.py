"""What the charts of a run are drawn from: the parts of its report that charts.js looks at, short enough for a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loadkit.outputs.paper import Report
from loadkit.report.rows import Row, Rows, joined
from loadkit.report.spectrum import spectrum_of

COLUMNS = (
    "t_s", "request_rate", "errors", "response_time_p50_ms", "response_time_p95_ms", "response_time_p99_ms",
    "service_time_p99_ms", "vusers_active", "arrivals_due", "arrivals_started", "arrivals_dropped", "lag_p99_ms",
    "loop_lag_p99_ms", "worker_cpu_max",
)  # fmt: skip
"""The columns of the timeline that are drawn."""
_PHASE = ("name", "kind", "start_s", "duration_s", "throughput_per_s", "warmup")
_OBSERVED = ("name", "series", "unit", "per_second", "limit")
_VERDICT = ("objective", "unit", "limit")
MOST_ROWS, MOST_OBSERVED, MOST_TABLE_ROWS = 2000, 1000, 60
"""How many rows a page has for charts, for those of what was observed, and in the table of the run's course."""


def chart_data(report: Report) -> dict[str, Any]:
    """Return what charts.js draws of a run."""
    found = report["loadkit"]
    return {
        "timeline": {"columns": list(COLUMNS), "rows": _rows(found["timeline"])},
        "phases": [{key: phase[key] for key in _PHASE if key in phase} for phase in found["phases"]],
        "heat": found.get("heat"),
        "spectrum": spectrum_of(report),
        "verdicts": [{key: verdict[key] for key in _VERDICT} for verdict in found["verdicts"]],
        "interventions": found.get("interventions") or [],
        "observe": observed(found.get("observe")),
    }


def observed(observe: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return what was observed as rows that begin with the second; None without any."""
    if not observe or not observe.get("columns"):
        return None
    rows = Rows(["t_s", *("" for _ in observe["columns"])], most=MOST_OBSERVED)
    for row in observe["rows"]:
        rows.add(row)
    return {
        "columns": [{key: one[key] for key in _OBSERVED if key in one} for one in observe["columns"]],
        "rows": rows.all,
    }


def table_rows(report: Report) -> list[dict[str, Any]]:
    """Return the course of a run in few rows, for who reads a table: percentiles and gauges are those of the worst second."""
    timeline = report["loadkit"]["timeline"]
    rows, columns = timeline["rows"], timeline["columns"]
    size = -(-len(rows) // MOST_TABLE_ROWS) or 1
    stretches = (rows[at : at + size] for at in range(0, len(rows), size))
    return [dict(zip(columns, joined(columns, stretch), strict=True)) for stretch in stretches]


def _rows(timeline: Mapping[str, Any]) -> list[Row]:
    made = Rows(COLUMNS, most=MOST_ROWS)
    places = [timeline["columns"].index(name) if name in timeline["columns"] else None for name in COLUMNS]
    for row in timeline["rows"]:
        made.add([None if place is None else row[place] for place in places])
    return [[row[0], *map(_short, row[1:])] for row in made.all]


def _short(value: float | int | None) -> float | int | None:
    """Return a value with as many digits as a chart can show: it makes a page a tenth smaller."""
    return float(f"{value:.4g}") if isinstance(value, float) else value
