"""Numbers of a finished run with their confidence intervals: percentiles of times, error and check ratios.

The number is that of all samples that are judged. How far they depend on each other is seen in the steady part: without the warm-up
phases, else without the first tenth (1 s at least, 30 s at most), and without what is left of a last second.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from loadkit.metrics.histogram import Histogram
from loadkit.metrics.snapshot import Snapshot
from loadkit.metrics.track import PART_NS, RESPONSES, SERVICES, Place, Track
from loadkit.stats.intervals import TAIL, Estimate, percentile, ratio

PERCENTS: Mapping[str, float] = {"p50": 50.0, "p95": 95.0, "p99": 99.0}


class Estimates:
    """Asks a track about the numbers of a run. `summary` is the whole of it, `judged` the part without its warm-up phases.

    `tail` is the probability that the truth lies beyond one of an interval's ends.
    """

    def __init__(self, track: Track, summary: Snapshot, judged: Snapshot, *, tail: float = TAIL) -> None:
        self._tail = tail
        self._track = track
        self._summary = summary
        self._judged = judged

    def percentile(self, place: Place, percent: float) -> Estimate | None:
        """Return a percentile of a time in nanoseconds; None without samples, or where no course was kept.

        The percentiles of phases are those of all requests, and so are the percentiles of scenarios.
        """
        times = self._times(place)
        if not times.total:
            return None
        value = times.percentile_ns(percent)
        found = self._track.dependence(place, value, skip_s=self._skip_s(place))
        if found is None:
            return None
        return percentile(percent / 100, times.total, found, times.quantile_ns, value=value, tail=self._tail)

    def ratio(self, place: Place, part: int, whole: int) -> Estimate | None:
        """Return a ratio that was counted; None where no course was kept."""
        found = self._track.dependence(place, PART_NS, skip_s=self._skip_s(place)) if whole else None
        return None if found is None else ratio(part, whole, found, tail=self._tail)

    def share_above(self, place: Place, limit_ns: float) -> Estimate | None:
        """Return which share of the times lies above a limit; None without samples, or where no course was kept."""
        times = self._times(place)
        found = self._track.dependence(place, limit_ns, skip_s=self._skip_s(place)) if times.total else None
        return None if found is None else ratio(times.count_above(round(limit_ns)), times.total, found, tail=self._tail)

    def all(self) -> dict[Place, Estimate]:
        """Return p50, p95 and p99 of every series that is kept, by their place: Place("http.response_time.p95", "/cart")."""
        return dict(self._all())

    def _all(self) -> Iterator[tuple[Place, Estimate]]:
        for place in self._track.places():
            if place.metric in RESPONSES | SERVICES:
                for name, percent in PERCENTS.items():
                    made = self.percentile(place, percent)
                    if made is not None:
                        yield place._replace(metric=f"{place.metric}.{name}"), made

    def _times(self, place: Place) -> Histogram:
        if place.phase is not None:
            return self._summary.select(phase=place.phase).histogram(place.metric)
        if place.scenario is not None:
            return self._judged.select(scenario=place.scenario).histogram(place.metric)
        return self._judged.histogram(place.metric, place.label)

    def _skip_s(self, place: Place) -> int:
        """Return how many seconds at the beginning are no steady load."""
        return 0 if self._judged is not self._summary else self._track.begun_s(self._track.seconds(place.phase))
