"""InfluxDB's line protocol: a line for each point of a second.

    loadkit_requests,name=/cart,run=k3f9,scenario=buy,test=shop count=12i 1700000000000000000

    line        measurement ("," tag "=" value)*  " "  field "=" value ("," field "=" value)*  " "  nanoseconds
    counter     count: how many in this second, so totals are sums
    gauge       value
    histogram   count, sum, min, max, p50, p90, p95, p99 of this second, in the unit that the measurement's name ends with

A tag without a value is left out, since there is none. What would end a tag is escaped with a backslash; a backslash itself has no
escape, so one that would take the next character with it becomes a slash.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping

from loadkit.metrics.histogram import Histogram
from loadkit.outputs.exported import Family, Kind, Points
from loadkit.outputs.paper import legible

PERCENTILES: Mapping[str, float] = {"p50": 50.0, "p90": 90.0, "p95": 95.0, "p99": 99.0}
_ENDS = re.compile(r"([,= ])")
_TAKES_NEXT = re.compile(r"\\(?=[,= \\]|$)")


def lines_of(points: Points, labels: Mapping[str, str], at_ns: int) -> Iterator[str]:
    """Yield the lines of points, which have `labels` beside their own; tags are in order, as InfluxDB likes them best."""
    for place, value in points.items():
        fields = ",".join(f"{name}={shown}" for name, shown in _fields(place.family, value))
        if fields:
            tags = sorted({**labels, **dict(place.labels)}.items())
            written = "".join(f",{escaped(name)}={escaped(text)}" for name, text in tags if text)
            yield f"{escaped(place.family.name)}{written} {fields} {at_ns}"


def escaped(text: str) -> str:
    """Return the name of a measurement, or the name or value of a tag, as it is written."""
    return _ENDS.sub(r"\\\1", _TAKES_NEXT.sub("/", legible(text)))


def _fields(family: Family, value: int | float | Histogram) -> Iterator[tuple[str, str]]:
    if isinstance(value, Histogram):
        unit = family.per_unit
        yield "count", f"{value.total}i"
        yield from (
            ("sum", repr(value.sum_ns / unit)),
            ("min", repr(value.min_ns / unit)),
            ("max", repr(value.max_ns / unit)),
        )
        yield from ((name, repr(value.percentile_ns(percent) / unit)) for name, percent in PERCENTILES.items())
    elif family.kind is Kind.COUNTER:
        yield "count", f"{value:d}i"
    elif math.isfinite(value):
        yield "value", repr(float(value))
