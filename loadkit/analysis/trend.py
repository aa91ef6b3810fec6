"""One number of comparable runs over time, and where it changed for good.

Times are compared as logarithms, so that a change is a ratio: those of 5 % and more count. An error rate counts in points, from 1
on. Runs whose measurement is invalid say nothing about the target and are left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from loadkit.stats.changepoints import find_changes

FORMAT = 1
LEAST_RUNS = 12
"""How many runs a history needs before changes are looked for; with fewer they would be chance."""
LEAST_RATIO = 1.05
LEAST_POINTS = 0.01
TIMES = ("p50", "p95", "p99")
METRICS: Mapping[str, str] = {
    **dict.fromkeys(TIMES, "ms"),
    "error_rate": "ratio",
    "request_rate": "per_s",
}
"""What a trend can be of, and its unit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One run's value in the metric's unit, with its 95 % interval where that is known."""

    run: str
    started_at: datetime
    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A change for good: `run` is the first after it, `previous` the last before it.

    `before` and `after` are the means of the stretches on both sides in the metric's unit, of times and rates the geometric ones.
    `change` is after / before - 1 of times and rates, after - before of an error rate. `p` is that of Student's t-test.
    """

    run: str
    started_at: datetime
    previous: str
    before: float
    after: float
    change: float
    p: float

    @property
    def grew(self) -> bool:
        """Say whether the number is larger since."""
        return self.after > self.before


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """A metric of all requests, or of those named `of`, over runs in the order they were made.

    `left_out` counts runs that are not shown, by the reason. `note` says why no changes were looked for, "" where they were.
    """

    metric: str
    of: str | None
    name: str
    points: Sequence[Point]
    turns: Sequence[Turn]
    left_out: Mapping[str, int]
    note: str = ""

    @property
    def unit(self) -> str:
        """Return `ms`, `ratio` or `per_s`."""
        return METRICS[self.metric]

    def to_data(self) -> dict[str, Any]:
        """Return the trend as plain data for JSON."""
        points = [{**asdict(point), "started_at": _instant(point.started_at)} for point in self.points]
        turns = [{**asdict(turn), "started_at": _instant(turn.started_at)} for turn in self.turns]
        return {
            "format": FORMAT,
            "metric": self.metric,
            "of": self.of,
            "unit": self.unit,
            "name": self.name,
            "runs": points,
            "changes": turns,
            "left_out": dict(self.left_out),
            "note": self.note,
        }


def trend(
    name: str, metric: str, points: Iterable[Point], *, of: str | None = None, left_out: Mapping[str, int] | None = None
) -> Trend:
    """Return the trend of points, which may come in any order; `name` is what the runs are called."""
    ordered = sorted(points, key=lambda point: (point.started_at, point.run))
    note = ""
    if len(ordered) < LEAST_RUNS:
        note = f"changes are looked for from {LEAST_RUNS} comparable runs on; there are {len(ordered)}"
    return Trend(
        metric=metric,
        of=of,
        name=name,
        points=ordered,
        turns=() if note else _turns(ordered, metric),
        left_out={reason: count for reason, count in (left_out or {}).items() if count},
        note=note,
    )


def point_of(run: str, report: Mapping[str, Any], metric: str, of: str | None = None) -> Point | None:
    """Return a report's value of a metric; None where it has no such request, or no samples of it.

    It is that of the steady part, which comparisons look at as well; of times those of requests that went well.
    """
    found = report["loadkit"]
    series = next((one for one in _series(found) if one["name"] == of and one["requests"]), None)
    if series is None:
        return None
    low = high = None
    if metric in TIMES:
        time = next((one for one in series["good"] if one["percentile"] == metric), None)
        if time is None:
            return None
        value, low, high = time["value_ms"], time["low_ms"], time["high_ms"]
    elif metric == "error_rate":
        value = series["errors"] / series["requests"]
    else:
        value = series["requests"] / found["judged"]["active_s"] if found["judged"]["active_s"] else 0.0
    return Point(
        run=run, started_at=datetime.fromisoformat(found["started_at"]), value=float(value), low=low, high=high
    )


def names_of(report: Mapping[str, Any]) -> list[str]:
    """Return the names of requests and calls that a report has, sorted."""
    return sorted({one["name"] for one in _series(report["loadkit"]) if one["name"] is not None})


def _series(found: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    """Return what was measured of each request name and of all; nothing of a report that knows no measures yet."""
    series: Iterable[Mapping[str, Any]] = (found.get("measures") or {}).get("series", ())
    return series


def _turns(points: Sequence[Point], metric: str) -> list[Turn]:
    ratio = METRICS[metric] != "ratio"
    values = [math.log(max(point.value, 1e-9)) if ratio else point.value for point in points]
    made = []
    for found in find_changes(values, least=math.log(LEAST_RATIO) if ratio else LEAST_POINTS):
        before, after = (math.exp(each) if ratio else each for each in (found.before, found.after))
        change = after / before - 1 if ratio else after - before
        first, previous = points[found.at], points[found.at - 1]
        made.append(
            Turn(
                run=first.run,
                started_at=first.started_at,
                previous=previous.run,
                before=before,
                after=after,
                change=change,
                p=found.p,
            )
        )
    return made


def _instant(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")
