"""The report's section on the system under test: a row a second, what each series came to, and whether it grows."""

from __future__ import annotations

import math
from typing import Any

from loadkit.engine.result import RunResult
from loadkit.metrics.snapshot import COORDINATOR, Snapshot
from loadkit.report.shapes import (
    Schema,
    choice,
    flag,
    integer,
    list_of,
    map_of,
    nullable,
    number,
    object_of,
    signed,
    text,
)
from loadkit.slo.leak import Finding, findings
from loadkit.slo.observed import LOST, OBSERVED, Observed
from loadkit.units import NS_PER_S

_PRECISION = 6


class ObservedRows:
    """Collects what was observed, one snapshot after another."""

    def __init__(self) -> None:
        self._rows: list[tuple[float, dict[str, float]]] = []

    def add(self, snapshot: Snapshot) -> None:
        """Add the next second."""
        values = {name: seen.value for (name, _), seen in snapshot.gauges.items() if name.startswith(OBSERVED)}
        self._rows.append((round(snapshot.end_ns / NS_PER_S, 3), values))

    def data(self, observed: Observed) -> list[list[float | None]]:
        """Return a row for each second; none where nothing is observed."""
        gauges = [source.gauge(series.name) for source in observed.sources for series in source.series]
        return [[at_s, *(_number(values.get(name)) for name in gauges)] for at_s, values in self._rows if gauges]


def observe_data(result: RunResult, rows: ObservedRows) -> dict[str, Any]:
    """Return the section."""
    observed = result.plan.observed
    return {
        "columns": observed_columns(observed, result.summary),
        "rows": rows.data(observed),
        "verdicts": [growth_data(found) for found in findings(result.grown)],
        "notes": observed_notes(result.summary),
        "lost": {
            name.removeprefix(LOST): round(seen.mean * seen.times)
            for (name, _), seen in sorted(result.summary.gauges.items())
            if name.startswith(LOST)
        },
    }


def observed_columns(observed: Observed, summary: Snapshot) -> list[dict[str, Any]]:
    """Return what the values of a row are, behind its instant, and what each series came to."""
    made = []
    for source in observed.sources:
        for series in source.series:
            seen = summary.gauges.get((source.gauge(series.name), COORDINATOR))
            made.append(
                {
                    "name": source.name,
                    "series": series.name,
                    "unit": series.kind.value,
                    "description": series.description,
                    "per_second": series.per_second,
                    "limit": series.name in source.limits,
                    "min": _number(seen.least) if seen else None,
                    "mean": _number(seen.mean) if seen else None,
                    "max": _number(seen.most) if seen else None,
                    "max_at_s": round(max(0, seen.most_at_ns) / NS_PER_S, 3) if seen else None,
                    "last": _number(seen.value) if seen else None,
                }
            )
    return made


def observed_notes(summary: Snapshot) -> list[dict[str, Any]]:
    """Return what was remarked about sources, in order."""
    notes = [
        {"t_s": round(at_ns / NS_PER_S, 3), "name": name.removeprefix(OBSERVED), "text": said}
        for name, texts in summary.examples.items()
        if name.startswith(OBSERVED)
        for at_ns, said in texts
    ]
    return sorted(notes, key=lambda note: (note["t_s"], note["name"]))


def growth_data(found: Finding) -> dict[str, Any]:
    """Return what was found about the growth of a series."""
    grown, growth = found.grown, found.grown.growth
    return {
        "name": grown.source.name,
        "series": grown.series.name,
        "unit": grown.series.kind.value,
        "severity": growth.severity.value,
        "course": growth.course.value,
        "text": found.text,
        "advice": found.advice,
        "first": _number(grown.first),
        "last": _number(grown.last),
        "grown": _number(growth.grown),
        "slope": _slope(growth.slope.value),
        "low": _slope(growth.slope.low),
        "high": _slope(growth.slope.high),
        "by_time": grown.by_time,
        "samples": grown.samples,
        "judged_s": round(grown.judged_s, 3),
        "operations": grown.operations,
        "since_s": None if growth.since_s is None else round(growth.since_s, 3),
        "left_s": None if growth.left_s is None else round(growth.left_s, 1),
    }


def _number(value: float | None) -> float | int | None:
    if value is None or not math.isfinite(value):
        return None
    return int(value) if value == int(value) else round(value, _PRECISION)


def _slope(value: float) -> float | None:
    """Return a slope; one per request may be far below 1, so it keeps all its digits."""
    return value if math.isfinite(value) else None


def observe_schema() -> Schema:
    """Return the schema of the section."""
    instant = "seconds since the run's start"
    return object_of(
        "The system under test, as `config.observe` asks for it; all is empty where nothing was observed.",
        {
            "columns": list_of(
                "What the values of a row are, in order, behind the first, which is the end of the second.", _column()
            ),
            "rows": list_of(
                f"One row a second: its end in {instant}, then a value for each column; null where there was no sample.",
                list_of("The values.", {"type": ["number", "null"], "description": "A value in its column's unit."}),
            ),
            "verdicts": list_of("Whether what holds something grows, what matters most first.", _verdict_schema()),
            "notes": list_of(
                "What was remarked, such as that a process was started anew; the first five of each source.",
                object_of(
                    "A remark.",
                    {
                        "t_s": number(f"When, in {instant}."),
                        "name": text("The source's name."),
                        "text": text("What was remarked."),
                    },
                ),
            ),
            "lost": map_of("Seconds without a sample, by the source's name.", integer("Seconds.")),
        },
    )


def _column() -> Schema:
    return object_of(
        "A series.",
        {
            "name": text("The source's name."),
            "series": text("The name of the series, such as rss."),
            "unit": choice("What its values are; times are in ns.", "ns", "count", "bytes", "ratio", "per_s"),
            "description": text("What it is."),
            "per_second": flag("Whether its bytes are those of a second."),
            "limit": flag("Whether it only says what another series cannot exceed."),
            "min": nullable(signed("Smallest value; null where it was never seen.")),
            "mean": nullable(signed("Mean of all samples.")),
            "max": nullable(signed("Largest value.")),
            "max_at_s": nullable(number("When that was, in seconds since the run's start.")),
            "last": nullable(signed("The last value.")),
        },
    )


def _verdict_schema() -> Schema:
    per = "per operation, or per second where `by_time`"
    return object_of(
        "A series that holds something, such as memory or descriptors, and whether it grows.",
        {
            "name": text("The source's name."),
            "series": text("The name of the series."),
            "unit": text("Its unit."),
            "severity": choice("How much it matters.", "none", "warning", "critical"),
            "course": choice("How it went.", "unknown", "steady", "step", "cache", "late", "grows"),
            "text": text("What was found, in words."),
            "advice": text("Where to look; empty where there is nothing to do."),
            "first": nullable(signed("The first value.")),
            "last": nullable(signed("The last value.")),
            "grown": nullable(signed("By how much it grew, after the warm-up.")),
            "slope": nullable(signed(f"How fast it grows, {per}.")),
            "low": nullable(signed("Lower end of its 95 % interval; null where it is not known.")),
            "high": nullable(signed("Upper end of its 95 % interval; null where it is not known.")),
            "by_time": flag("Whether it was judged over time, since nothing was requested."),
            "samples": integer("Samples after the warm-up."),
            "judged_s": number("The time that they cover, in seconds."),
            "operations": integer("Requests and calls in that time."),
            "since_s": nullable(
                number("When a step came, or growth began that was not there before, in seconds since the run's start.")
            ),
            "left_s": nullable(number("Seconds until its limit is reached, as it goes on; null where there is none.")),
        },
    )
