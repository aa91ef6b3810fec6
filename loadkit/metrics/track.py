"""The course of a run in cells, for the confidence intervals of its percentiles and ratios: fed one snapshot a second.

Kept are the cells of the response time of each request name, of each phase, of each scenario and of all; of all service times; of
what failed, by request name and of all; and of errors and checks by request name and of all; those of Python functions apart. What
a warm-up phase measured counts in that phase alone.

An interval of 100 request names with 1000 samples each costs the coordinator 4 ms of its second, 0.4 % of a core; where cells are
merged, at 64, 128, 256 ... seconds, it is 70 ms once. After an hour the cells of 100 names take 13 MB (python -m bench track).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from loadkit.arrays import Floats, Ints, Sparse, np
from loadkit.metrics.cells import BINS, Cells, sparse, spread
from loadkit.metrics.family import FAMILIES, HTTP, PYTHON
from loadkit.metrics.histogram import Histogram
from loadkit.metrics.margins import MOST_S, Margins
from loadkit.metrics.snapshot import Snapshot
from loadkit.stats.batches import Dependence, dependence

NS_PER_S = 1_000_000_000
RESPONSE, SERVICE, ERRORS, CHECKS = HTTP.response_time, HTTP.service_time, HTTP.error_rate, "checks.pass_rate"
RESPONSES = frozenset(family.response_time for family in FAMILIES)
SERVICES = frozenset(family.service_time for family in FAMILIES)
FAILURES = frozenset(name for family in FAMILIES for name in (family.failure_time, family.faulty_time) if name)
"""What response times have to be put to, or taken from, to be those of all requests or of those that went well."""
PART_NS = 1000  # a ratio's cells hold two values: what is not its part at 0 us, its part at 2 us
_WHOLE_NS = 900_000_000  # a shorter interval is what is left of a last second


class Place(NamedTuple):
    """Which numbers of a run: a metric (with its aggregate, where a number is meant), and what it is narrowed to."""

    metric: str
    label: str | None = None
    phase: int | None = None
    scenario: str | None = None


@dataclass(frozen=True, slots=True)
class Leg:
    """A phase on the run's time line, in nanoseconds. One that is not judged is in no other series than its own.

    The time of one that is not `loaded`, a pause, is nobody's; what happens in it counts as the second after.
    """

    phase: int
    start_ns: int
    end_ns: int
    judged: bool = True
    loaded: bool = True


class Track:
    """Takes the intervals of a run in order. `phases` are all phases of the plan, in order."""

    def __init__(self, phases: Sequence[Leg]) -> None:
        self._phases = tuple(phases)
        self._warm = frozenset(leg.phase for leg in phases if not leg.judged)
        self._cells: defaultdict[Place, Cells] = defaultdict(Cells)
        self._seconds = 0  # of the phases that count, so far
        self._phase_seconds: dict[int, int] = {}
        self._margins = Margins(RESPONSES | FAILURES, first=not self._warm)

    @property
    def skip_s(self) -> int:
        """Return how many seconds at the beginning are no steady load: none after a warm-up phase, else a tenth, at most 30."""
        return 0 if self._warm else self.begun_s(self._seconds)

    @staticmethod
    def begun_s(seconds: int) -> int:
        """Return how many of so many seconds are taken for the beginning."""
        return min(MOST_S, max(1, -(-seconds // 10)))

    def add(self, snapshot: Snapshot) -> None:
        """Take the next interval. One of less than a second, at the run's end, is left out."""
        judged = [part for (phase, _), part in snapshot.parts.items() if phase not in self._warm]
        if snapshot.end_ns - snapshot.start_ns < _WHOLE_NS:
            self._margins.add_rest(judged)
            return
        second, at = self._now(snapshot)
        self._margins.add(second, judged)
        for phase in {place[0] for place in snapshot.parts}:
            self._phase_seconds[phase] = at[phase] + 1
        if any(place[0] not in self._warm for place in snapshot.parts):
            self._seconds = second + 1
        self._add_times(snapshot, second, at)
        self._add_ratios(snapshot, second)

    def seconds(self, phase: int | None = None) -> int:
        """Return how many seconds of load were seen, in one phase or in all that count."""
        return self._seconds if phase is None else self._phase_seconds.get(phase, 0)

    def dependence(
        self, place: Place, limit_ns: float, *, skip_s: int, more: Place | None = None, less: Place | None = None
    ) -> Dependence | None:
        """Return how far the requests of a series depend on each other in exceeding a limit; None when it is not kept.

        Of a ratio its part lies above PART_NS. The first `skip_s` seconds are left out. The values of `more` are counted as
        well, those of `less` not.
        """
        if place not in self._cells:
            return None
        asked = ((1, place), (1, more), (-1, less))
        terms = [(sign, self._cells[at]) for sign, at in asked if at is not None and at in self._cells]
        width = max(cells.width for _, cells in terms)
        most, first = self.seconds(place.phase) // width, -(-skip_s // width)
        counted, totals = np.zeros(most), np.zeros(most)
        for sign, cells in terms:
            for total, counts in zip((counted, totals), _above(cells, limit_ns, most, width), strict=True):
                total += sign * counts
        return dependence(counted[first:], totals[first:], float(max(0, most - first) * width))

    def steady(self, whole: Histogram, metric: str, label: str | None) -> Histogram:
        """Return a histogram of all that is judged without the seconds that are no steady load."""
        return self._margins.taken_off(whole, metric, label, skip_s=self.skip_s)

    def places(self) -> Collection[Place]:
        """Return the series that are kept."""
        return self._cells.keys()

    def nbytes(self) -> int:
        """Return how much memory all counts take."""
        return sum(cells.nbytes() for cells in self._cells.values())

    def _now(self, snapshot: Snapshot) -> tuple[int, dict[int, int]]:
        """Return the number of the interval's second: among those that count, and in each phase."""
        middle_ns = (snapshot.start_ns + snapshot.end_ns) // 2  # an interval ends a little after its second
        second_ns = middle_ns // NS_PER_S * NS_PER_S
        counted_ns, at = 0, {}
        for leg in self._phases:
            begun_ns, lasts_ns = second_ns - leg.start_ns // NS_PER_S * NS_PER_S, leg.end_ns - leg.start_ns
            if leg is self._phases[-1]:
                lasts_ns = begun_ns + NS_PER_S  # what comes after the last phase belongs to it
            at[leg.phase] = max(0, min(begun_ns, lasts_ns - 1) // NS_PER_S)
            if leg.judged and leg.loaded:
                counted_ns += max(0, min(begun_ns, lasts_ns))
        return counted_ns // NS_PER_S, at

    def _add_times(self, snapshot: Snapshot, second: int, at: dict[int, int]) -> None:
        sums: dict[tuple[Place, int], Ints] = {}
        merged: defaultdict[str, Histogram] = defaultdict(Histogram)
        for (phase, scenario), part in snapshot.parts.items():
            judged = phase not in self._warm
            for (metric, label), histogram in part.histograms.items():
                if metric in RESPONSES:
                    values = spread(histogram)
                    _sum(sums, (Place(metric, phase=phase), at[phase]), values)
                    if judged:
                        self._cells[Place(metric, label)].add(second, sparse(values))
                        _sum(sums, (Place(metric, scenario=scenario), second), values)
                        _sum(sums, (Place(metric), second), values)
                elif metric in SERVICES and judged:
                    merged[metric].merge(histogram)
                elif metric in FAILURES and judged:
                    self._cells[Place(metric, label)].add(second, sparse(spread(histogram)))
                    merged[metric].merge(histogram)
        for metric, histogram in merged.items():
            self._cells[Place(metric)].add(second, sparse(spread(histogram)))
        for (place, number), values in sums.items():
            self._cells[place].add(number, sparse(values))

    def _add_ratios(self, snapshot: Snapshot, second: int) -> None:
        """Count [other, part] of errors (no valid response, or a 5xx) and of checks that held, as thresholds do."""
        pairs: defaultdict[Place, list[int]] = defaultdict(lambda: [0, 0])
        for (phase, _), part in snapshot.parts.items():
            if phase in self._warm:
                continue
            for (metric, label), count in part.counters.items():
                column = _PAIRS.get(metric)
                if column is None and metric.startswith("http.codes.5"):
                    column = _SERVER_ERROR
                if column is not None:
                    name, other, mine = column
                    for place in (Place(name, label), Place(name)):
                        pair = pairs[place]
                        pair[0] += other * count
                        pair[1] += mine * count
        for place, pair in pairs.items():
            self._cells[place].add(second, _pair(pair))


# counter -> ratio, and what one more of it adds to [other, part]
_PAIRS = {
    HTTP.made: (ERRORS, 0, 1),
    HTTP.done: (ERRORS, 1, -1),
    PYTHON.made: (PYTHON.error_rate, 0, 1),
    PYTHON.done: (PYTHON.error_rate, 1, -1),
    "checks.ok": (CHECKS, 0, 1),
    "checks.failed": (CHECKS, 1, 0),
}
_SERVER_ERROR = (ERRORS, -1, 1)


def _above(cells: Cells, limit_ns: float, most: int, width: int) -> tuple[Floats, Floats]:
    """Return what lies above a limit, and of how many, in cells of a width that may be greater than theirs."""
    times = width // cells.width
    counted, totals = (counts.reshape(most, times).sum(axis=1) for counts in cells.above(limit_ns, most * times))
    return counted, totals


def _pair(pair: list[int]) -> Sparse:
    return np.array([0, 2], np.uint16), np.maximum(np.array(pair), 0).astype(np.uint32)


def _sum(sums: dict[tuple[Place, int], Ints], key: tuple[Place, int], values: Ints) -> None:
    total = sums.get(key)
    if total is None:
        total = sums[key] = np.zeros(BINS, np.int64)
    total[: len(values)] += values
