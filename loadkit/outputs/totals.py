"""A run's totals so far, for exporters that tell of them: counters and buckets that only grow, and gauges as they stand.

A histogram is kept as the counts of its buckets, which are known from the start: the limits of thresholds and objectives, so that
what they ask of can be read exactly, and a ladder between and beyond them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from loadkit.metrics.histogram import Histogram
from loadkit.outputs.exported import MEASURED, Exported, Family, Kind, Labels, Place
from loadkit.outputs.exporter import ExportedRun, Second
from loadkit.units import NS_PER_MS, NS_PER_S

_LADDER_MS = (0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000)
LADDER_NS = tuple(round(ms * NS_PER_MS) for ms in _LADDER_MS)
_MEASURED_NS = tuple(limit * NS_PER_MS for limit in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 10_000, 100_000))
_STANDS_NS = 10 * NS_PER_S
"""How long a gauge that is not seen any more stands: what is observed may be looked at more rarely than once a second."""


@dataclass(slots=True)
class Buckets:
    """A histogram's counts up to each bound in ns, the last of all values, and their sum."""

    bounds_ns: tuple[int, ...]
    counts: list[int] = field(default_factory=list)
    total: int = 0
    sum_ns: int = 0

    def add(self, histogram: Histogram) -> None:
        """Add the values of a second."""
        more = histogram.counts_up_to(self.bounds_ns)
        self.counts = [a + b for a, b in zip(self.counts, more, strict=True)] if self.counts else more
        self.total += histogram.total
        self.sum_ns += histogram.sum_ns


Total = int | float | Buckets


class Totals:
    """The totals of a run; seconds go in, in order."""

    def __init__(self, run: ExportedRun) -> None:
        self._exported = Exported(run)
        self._bounds_ns = tuple(sorted({*LADDER_NS, *run.limits_ns}))
        self._values: dict[Place, Total] = {}
        self._seen_ns: dict[Place, int] = {}  # gauges, and when each was seen last

    def add(self, second: Second) -> None:
        """Add a second."""
        points = self._exported.points(second)
        for place, value in points.items():
            if isinstance(value, Histogram):
                self._buckets(place).add(value)
            elif place.family.kind is Kind.COUNTER:
                known = self._values.get(place, 0)
                self._values[place] = value + (known if isinstance(known, int) else 0)
            else:
                self._values[place] = value
                self._seen_ns[place] = second.snapshot.end_ns
        for place in [
            place for place, seen_ns in self._seen_ns.items() if second.snapshot.end_ns - seen_ns > _STANDS_NS
        ]:
            del self._values[place], self._seen_ns[place]

    def clear(self) -> None:
        """Forget all seconds so far."""
        self._values.clear()
        self._seen_ns.clear()

    def families(self) -> Iterator[tuple[Family, list[tuple[Labels, Total]]]]:
        """Yield each family that was seen, with its values."""
        found: dict[Family, list[tuple[Labels, Total]]] = {}
        for place, value in self._values.items():
            found.setdefault(place.family, []).append((place.labels, value))
        yield from found.items()

    def _buckets(self, place: Place) -> Buckets:
        known = self._values.get(place)
        if not isinstance(known, Buckets):
            known = self._values[place] = Buckets(self._bounds(place.family))
        return known

    def _bounds(self, family: Family) -> tuple[int, ...]:
        """Return where the buckets of a family end; nobody's threshold is about the generator's own times."""
        if family is MEASURED:
            return _MEASURED_NS
        return LADDER_NS if "worker" in family.labels else self._bounds_ns
