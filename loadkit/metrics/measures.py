"""What a comparison with other runs needs of one run: percentiles of its steady part and error rates, and how certain they are.

Percentiles are those of the steady part alone: without the warm-up phases, else without the first tenth (1 s at least, 30 s at
most), and without what is left of a last second. They are taken twice: of the requests that went well, and of all, with the time
that failed ones took. Where the two differ, the fast may only be those that survived. Error rates are those of all that is judged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from loadkit.metrics.estimates import PERCENTS
from loadkit.metrics.family import FAMILIES, Family
from loadkit.metrics.histogram import Histogram
from loadkit.metrics.snapshot import Snapshot
from loadkit.metrics.track import PART_NS, Place, Track
from loadkit.stats.batches import Dependence
from loadkit.stats.intervals import Estimate, percentile

LAG_PERCENT = 99.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The requests of one name, or of all names with `name` None. `errors` of `requests` failed, and depend on each other so far.

    `good` and `every` hold p50, p95 and p99 in nanoseconds, of the requests that went well and of all; `every` is None where none
    failed, since it is the same.
    """

    family: Family
    name: str | None
    requests: int
    errors: int
    clustering: Dependence
    good: Mapping[str, Estimate]
    every: Mapping[str, Estimate] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """All series of a run. `steady_s` seconds were looked at, after `begun_s` that were left out; lag in nanoseconds."""

    steady_s: int = 0
    begun_s: int = 0
    lag_p99_ns: int = 0
    series: tuple[Measured, ...] = ()


def measure(track: Track, judged: Snapshot) -> Measures:
    """Return the measures of a run that has ended; `judged` is the part of it without its warm-up phases."""
    skip_s = min(track.skip_s, track.seconds())
    return Measures(
        steady_s=track.seconds() - skip_s,
        begun_s=skip_s,
        lag_p99_ns=judged.histogram("generator.lag").percentile_ns(LAG_PERCENT),
        series=tuple(
            _measured(track, judged, family, name)
            for family in FAMILIES
            if judged.count(family.made)
            for name in (None, *judged.labels(family.made))
        ),
    )


def _measured(track: Track, judged: Snapshot, family: Family, name: str | None) -> Measured:
    requests = judged.count(family.made, name)
    faulty = judged.histogram(family.faulty_time, name).total if family.faulty_time else 0
    errors = requests - judged.count(family.done, name) + faulty
    place = Place(family.error_rate, name)
    clustering = track.dependence(place, PART_NS, skip_s=track.skip_s) or Dependence()
    series = _Steady(track, judged, family, name)
    return Measured(
        family=family,
        name=name,
        requests=requests,
        errors=errors,
        clustering=clustering,
        good=dict(series.percentiles(failed=False)),
        every=dict(series.percentiles(failed=True)) if errors else None,
    )


class _Steady:
    """The steady part of one series."""

    def __init__(self, track: Track, judged: Snapshot, family: Family, name: str | None) -> None:
        self._track = track
        self._judged = judged
        self._family = family
        self._name = name

    def percentiles(self, *, failed: bool) -> Iterator[tuple[str, Estimate]]:
        """Yield the percentiles of the requests that went well, or of all where `failed` ones count as well."""
        family, name = self._family, self._name
        times = self._times(family.response_time)
        more = less = None
        if failed:
            times.merge(self._times(family.failure_time))
            more = Place(family.failure_time, name)
        elif family.faulty_time:
            times.subtract(self._times(family.faulty_time), left=(times.copy(),))
            less = Place(family.faulty_time, name)
        for word, percent in PERCENTS.items() if times.total else ():
            value = times.quantile_ns(percent / 100)
            found = self._track.dependence(
                Place(family.response_time, name), value, skip_s=self._track.skip_s, more=more, less=less
            )
            yield word, percentile(percent / 100, times.total, found or Dependence(), times.quantile_ns, value=value)

    def _times(self, metric: str) -> Histogram:
        return self._track.steady(self._judged.histogram(metric, self._name), metric, self._name)
