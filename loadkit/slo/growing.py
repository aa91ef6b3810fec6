"""Whether what is observed grows with the work that is done: fed one snapshot a second, judged in the end.

Of each series some thousand cells are kept: when it was looked at, how many operations (requests and calls) had been made by
then, and the value. When there are too many, of two neighbours the one with the smaller value stays, since growth is judged by low
points (stats/growth.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from loadkit.metrics.family import count_made
from loadkit.metrics.snapshot import COORDINATOR, Snapshot
from loadkit.slo.confidence import decides
from loadkit.slo.expression import Objective
from loadkit.slo.observed import Observed, Series, Source
from loadkit.slo.observed_metric import Per
from loadkit.stats.course import Course
from loadkit.stats.growth import LEAST_WINDOWS, WARMUP_S, WARMUP_SHARE, Growth, growth
from loadkit.stats.slope import Slope
from loadkit.units import NS_PER_S, format_duration_ns

MOST_CELLS = 4096


class Cells:
    """The course of one series."""

    def __init__(self) -> None:
        self.at_s: list[float] = []
        self.operations: list[int] = []
        self.values: list[float] = []
        self.most = 0.0

    def add(self, at_s: float, operations: int, value: float) -> None:
        """Take the next value."""
        self.most = max(self.most, value) if self.values else value
        self.at_s.append(at_s)
        self.operations.append(operations)
        self.values.append(value)
        if len(self.values) >= MOST_CELLS:
            self._thin_out()

    def _thin_out(self) -> None:
        pairs = range(0, len(self.values) - 1, 2)
        kept = [index if self.values[index] <= self.values[index + 1] else index + 1 for index in pairs]
        self.at_s = [self.at_s[index] for index in kept]
        self.operations = [self.operations[index] for index in kept]
        self.values = [self.values[index] for index in kept]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grown:
    """What is known of the course of a series: how it began, ended, and whether it grew.

    `growth` is per operation, or per second where `by_time`: nothing was asked for, or it is judged so. It was looked for among
    the `samples` of `judged_s` seconds, in which so many `operations` were completed.
    """

    source: Source
    series: Series
    growth: Growth
    by_time: bool
    first: float
    last: float
    most: float
    samples: int
    judged_s: float
    operations: int


class GrowthWatch:
    """Follows all that is observed. Where nothing is, it costs nothing."""

    def __init__(self, observed: Observed) -> None:
        self._observed = observed
        self._operations = 0
        self._cells: dict[tuple[str, str], Cells] = {}
        self._gauges = {
            (source.gauge(series.name), COORDINATOR): (source.name, series.name)
            for source in observed.sources
            for series in source.series
        }
        self._anew = {
            (source.gauge(series.name), COORDINATOR): source.name
            for source in observed.sources
            for series in source.series
            if series.begins_anew
        }
        self._times: dict[str, float] = {}

    @property
    def warmup_s(self) -> float:
        """Return how much of the beginning does not count, at least."""
        return WARMUP_S if self._observed.warmup_s is None else self._observed.warmup_s

    def add(self, snapshot: Snapshot) -> None:
        """Take the next second, merged over the workers."""
        if not self._gauges:
            return
        self._operations += count_made(snapshot)
        self._begin_anew(snapshot)
        for gauge, key in self._gauges.items():
            seen = snapshot.gauges.get(gauge)
            if seen is not None:
                self._cells.setdefault(key, Cells()).add(seen.at_ns / NS_PER_S, self._operations, seen.value)

    def _begin_anew(self, snapshot: Snapshot) -> None:
        """Forget the course of what another process has taken the place of: its memory says nothing about that of the new one.

        How often that has happened is no matter of one process, and kept.
        """
        for gauge, source in self._anew.items():
            seen = snapshot.gauges.get(gauge)
            if seen is None:
                continue
            if seen.value > self._times.get(source, 0.0):
                kept = {self._gauges[one] for one in self._anew}
                self._cells = {key: cells for key, cells in self._cells.items() if key[0] != source or key in kept}
            self._times[source] = seen.value

    def grown(self, source: str, series: str, *, by_time: bool | None = None) -> Grown | None:
        """Return how a series went, over operations unless there were none or it is to be `by_time`; None without a sample."""
        found, cells = self._observed.source(source), self._cells.get((source, series))
        one = found.get(series) if found else None
        if found is None or one is None or cells is None:
            return None
        begin = _settled(cells.at_s, self.warmup_s)
        operations = cells.operations[-1] - cells.operations[begin] if begin < len(cells.values) else 0
        over_time = by_time if by_time is not None else not operations
        return Grown(
            source=found,
            series=one,
            growth=growth(
                cells.at_s,
                cells.at_s if over_time else cells.operations,
                cells.values,
                least=one.least_growth or 0.0,
                limit=self._limit(found, one),
                warmup_s=self.warmup_s,
            ),
            by_time=over_time,
            first=cells.values[0],
            last=cells.values[-1],
            most=cells.most,
            samples=len(cells.values) - begin,
            judged_s=cells.at_s[-1] - cells.at_s[begin] if begin < len(cells.values) else 0.0,
            operations=operations,
        )

    def all(self) -> tuple[Grown, ...]:
        """Return how each series went that holds something, in the order of the plan; those that were never seen are left out."""
        return tuple(self._all())

    def _all(self) -> Iterator[Grown]:
        for source in self._observed.sources:
            for series in source.series:
                found = self.grown(source.name, series.name) if series.least_growth is not None else None
                if found is not None:
                    yield found

    def _limit(self, source: Source, series: Series) -> float | None:
        """Return what a series cannot exceed, where another series tells it."""
        limits = self._cells.get((source.name, series.limit)) if series.limit else None
        return limits.values[-1] if limits else None


def _settled(at_s: Sequence[float], warmup_s: float) -> int:
    """Return where the values begin that are judged (see stats/growth.py)."""
    if not at_s:
        return 0
    from_s = at_s[0] + max(warmup_s, WARMUP_SHARE * (at_s[-1] - at_s[0]))
    return next((index for index, at in enumerate(at_s) if at >= from_s), len(at_s))


@dataclass(frozen=True, slots=True)
class GrowthFinding:
    """What a run says about how much a series may grow: None where it does not decide, and why.

    What was never measured does not hold, as with every other metric.
    """

    holds: bool | None
    slope: Slope | None
    samples: int
    reason: str = ""


def judge_growth(objective: Objective, watch: GrowthWatch) -> GrowthFinding:
    """Compare the interval of a series' growth with the limit: certain where all of it holds, or none of it.

    The slope of the finding is that over the work that `per` says.
    """
    per = objective.per
    assert per is not None  # the parser asks for it
    _, source, series, _ = objective.selector.name.split(".")
    found = watch.grown(source, series, by_time=per.seconds)
    if found is None:
        return GrowthFinding(False, None, 0, f"no samples: observe.{source}.{series} was never measured")
    lacking = _lacking(found, per, watch.warmup_s)
    if lacking:
        return GrowthFinding(None, None, found.samples, lacking)
    slope = found.growth.slope.times(per.number)
    holds = decides(objective.operator, objective.limit, slope.low, slope.high)
    if found.growth.course is Course.LATE:
        lately = found.growth.per(per.number)
        if holds is None or holds is not decides(objective.operator, objective.limit, lately.low, lately.high):
            return GrowthFinding(None, slope, found.samples, f"{_COURSE_TEXTS[Course.LATE]}: a longer run decides")
    if holds is False and found.growth.course in _COURSE_TEXTS:
        return GrowthFinding(holds, slope, found.samples, _COURSE_TEXTS[found.growth.course])
    reason = "" if holds is not None else "the interval holds the limit: a longer run decides"
    return GrowthFinding(holds, slope, found.samples, reason)


_COURSE_TEXTS = {
    Course.STEP: "it rose in one step",
    Course.CACHE: "it grows ever slower, as a cache that fills",
    Course.LATE: "it grew only towards the end",
}


def _lacking(found: Grown, per: Per, warmup_s: float) -> str:
    """Say what is missing to judge growth, "" when nothing is."""
    if found.samples < LEAST_WINDOWS:
        warmup = format_duration_ns(warmup_s * NS_PER_S)
        remedy = f"run longer, or shorten config.observe.warmup, which is {warmup} at least"
        return f"{found.samples} samples after the warm-up, and it takes {LEAST_WINDOWS}: {remedy}"
    if not per.seconds and found.operations < per.number:
        judged = format_duration_ns(found.judged_s * NS_PER_S)
        return (
            f"{found.operations} requests in the {judged} after the warm-up, and it is to be judged {per}: run longer"
        )
    return ""
