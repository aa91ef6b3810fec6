"""How a number went over the runs that are comparable with one, and since which run it is another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loadkit.analysis.trend import METRICS, Trend, names_of, point_of, trend
from loadkit.dashboard.finding import run_of
from loadkit.dashboard.problem import Problem
from loadkit.dashboard.templates import TREND, Page
from loadkit.outputs.trend import finding_lines, levels, title, value_text
from loadkit.report.facts import Run
from loadkit.report.history import Store
from loadkit.report.search import comparable
from loadkit.report.store import LATEST

LAST = 100
"""How many runs are shown unless more are asked for: each one's report is read."""
MOST = 1000


def trend_page(store: Store, query: Mapping[str, str]) -> Page:
    """Return the page. Raises Problem for an unknown run, metric or request name."""
    metric, of, last = query.get("metric", "p95"), query.get("of", "") or None, query.get("last", str(LAST))
    if metric not in METRICS:
        raise Problem(400, "There is no such number.", f"metric is one of {', '.join(METRICS)}.")
    if not (last.isascii() and last.isdigit() and len(last) < 8 and 1 <= int(last) <= MOST):
        raise Problem(400, "So many runs cannot be shown.", f"last is a number from 1 to {MOST}.")
    run = run_of(store, query.get("run", LATEST))
    runs, left_out = comparable(store, run, int(last))
    reports = [(one.id, store.report(one)) for one in runs]
    known = sorted({name for _, report in reports for name in names_of(report)})
    if of is not None and of not in known:
        raise Problem(404, f"No comparable run has requests named {of}.", f"There are {', '.join(known) or 'none'}.")
    points = [point for name, report in reports if (point := point_of(name, report, metric, of))]
    left_out["without a value of this"] = len(reports) - len(points)
    found = trend(run.name, metric, points, of=of, left_out=left_out)
    facts = {
        "run": run,
        "title": title(found),
        "metrics": list(METRICS),
        "metric": metric,
        "of": of or "",
        "names": known,
        "last": last,
        "most": MOST,
        "lines": list(finding_lines(found)),
        "rows": _rows(found, {one.id: one for one in runs}),
    }
    return Page(template="trend.html", title="Trend", facts=facts, data={"trend": _data(found)}, scripts=TREND)


def _rows(found: Trend, runs: Mapping[str, Run]) -> list[Mapping[str, Any]]:
    """Return the table, the newest run first."""
    turns = {turn.run: turn for turn in found.turns}
    rows: list[Mapping[str, Any]] = []
    previous = ""
    for point in found.points:
        low, high = (None if edge is None else value_text(edge, found.unit) for edge in (point.low, point.high))
        rows.append(
            {
                "run": runs[point.run],
                "value": value_text(point.value, found.unit),
                "interval": f"{low} to {high}" if low and high else "",
                "turn": turns.get(point.run),
                "previous": previous,
            }
        )
        previous = point.run
    return rows[::-1]


def _data(found: Trend) -> Mapping[str, Any]:
    """Return what the chart is drawn from: the points in the order the runs were made, and the level of each stretch."""
    turns = [turn.run for turn in found.turns]
    return {
        "unit": {"ms": "ms", "ratio": "%", "per_s": "1/s"}[found.unit],
        "points": [
            {
                "run": point.run,
                "at": f"{point.started_at:%Y-%m-%d %H:%M}",
                "value": _shown(point.value, found),
                "low": None if point.low is None else _shown(point.low, found),
                "high": None if point.high is None else _shown(point.high, found),
                "text": value_text(point.value, found.unit),
            }
            for point in found.points
        ],
        "turns": [index for index, point in enumerate(found.points) if point.run in turns],
        "levels": [_shown(level, found) for level in levels(found)] if found.points else [],
    }


def _shown(value: float, found: Trend) -> float:
    return 100 * value if found.unit == "ratio" else value
