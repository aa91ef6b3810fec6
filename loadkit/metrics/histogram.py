"""A latency histogram in hdrhistogram's layout: 1 us to one hour, three significant digits, counts held in numpy.

Values go in as nanoseconds and come out as nanoseconds. Minimum, maximum and sum are kept exactly, so the
mean is exact and percentiles never leave [min, max].

Layout (Gil Tene's HdrHistogram with lowest 1, highest 3.6e9, digits 3; unit microseconds):

    sub_buckets = 2048                  values below it are counted one by one
    bucket(v)   = bit_length(v | 2047) - 11
    index(v)    = (bucket << 10) + (v >> bucket)

Counts are held in one of two ways. What was recorded in a second or came over the wire is a list of the bins that occurred, which
is short; what others are added to is an array from the lowest to the highest index so far. So a run with
hundreds of request names stays small, and adding a second to it costs as much as bins occurred in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from loadkit.arrays import Ints, np
from loadkit.metrics import hdr

HIGHEST_US = 3_600_000_000
_SUB_BUCKETS = 2048
LENGTH = 23_552
"""How many indexes there are."""


@cache
def _none() -> Ints:
    return np.zeros(0, np.int64)


class Histogram:
    """Counts of latencies; `merge` is associative and commutative."""

    __slots__ = ("_at", "_base", "_counts", "clamped", "max_ns", "min_ns", "sum_ns", "total")

    def __init__(self) -> None:
        self._at: Ints | None = _none()  # the indexes of `_counts`, rising; None: they go up by one from `_base`
        self._base = 0
        self._counts: Ints = _none()  # never changed in place while `_at` is there: copies share it
        self.total = 0
        self.sum_ns = 0
        self.min_ns = 0
        self.max_ns = 0
        self.clamped = 0  # values above one hour, counted as one hour

    @property
    def nbytes(self) -> int:
        """Return how much memory the counts take."""
        return self._counts.nbytes + (0 if self._at is None else self._at.nbytes)

    def bins(self) -> tuple[Ints, Ints]:
        """Return the indexes that occurred, rising, and how often; do not change them."""
        if self._at is not None:
            return self._at, self._counts
        found = np.flatnonzero(self._counts)
        return found + self._base, self._counts[found]

    def record(self, values_ns: Ints) -> None:
        """Count an array of non-negative nanoseconds."""
        if not len(values_ns):
            return
        low, high = int(values_ns.min()), int(values_ns.max())
        us = values_ns // 1000
        if high // 1000 > HIGHEST_US:
            self.clamped += int((us > HIGHEST_US).sum())
            us = np.minimum(us, HIGHEST_US)
        bucket = np.frexp((us | (_SUB_BUCKETS - 1)).astype(np.float64))[1].astype(np.int64) - 11
        indexes = (bucket << 10) + (us >> bucket)
        base = int(indexes.min())
        counts = np.bincount(indexes - base)
        found = np.flatnonzero(counts)
        self._add(found + base, counts[found])
        self.min_ns = low if not self.total else min(self.min_ns, low)
        self.max_ns = max(self.max_ns, high)
        self.total += len(values_ns)
        self.sum_ns += int(values_ns.sum())

    def merge(self, other: Histogram) -> None:
        """Add another histogram's counts to this one."""
        if not other.total:
            return
        self._add(*other.bins())
        self.min_ns = other.min_ns if not self.total else min(self.min_ns, other.min_ns)
        self.max_ns = max(self.max_ns, other.max_ns)
        self.total += other.total
        self.sum_ns += other.sum_ns
        self.clamped += other.clamped

    def merge_all(self, others: Sequence[Histogram]) -> None:
        """Add many histograms at once: of a hundred that are short, ten times as fast as one by one."""
        some = [other for other in others if other.total]
        if some and not self.total:
            self.merge(some.pop())
        if not some:
            return
        bins = [other.bins() for other in some]
        at, counts = (np.concatenate([pair[side] for pair in bins]) for side in (0, 1))
        self._spread(int(at.min()), int(at.max()))
        np.add.at(self._counts, at - self._base, counts)
        self.min_ns = min(self.min_ns, *(other.min_ns for other in some))
        self.max_ns = max(self.max_ns, *(other.max_ns for other in some))
        self.total += sum(other.total for other in some)
        self.sum_ns += sum(other.sum_ns for other in some)
        self.clamped += sum(other.clamped for other in some)

    def subtract(self, other: Histogram, left: Iterable[Histogram]) -> None:
        """Take away what was merged once; `left` are the others that are still in it, for the smallest and the largest."""
        if other.total:
            at, counts = other.bins()
            self._spread(int(at[0]), int(at[-1]))
            self._counts[at - self._base] -= counts
            self.total -= other.total
            self.sum_ns -= other.sum_ns
            self.clamped -= other.clamped
            if other.min_ns == self.min_ns or other.max_ns == self.max_ns:
                held = [histogram for histogram in left if histogram.total]
                self.min_ns = min((histogram.min_ns for histogram in held), default=0)
                self.max_ns = max((histogram.max_ns for histogram in held), default=0)

    def copy(self) -> Histogram:
        """Return an independent histogram with the same counts."""
        twin = Histogram()
        twin.merge(self)
        return twin

    def mean_ns(self) -> float:
        """Return the exact mean, 0.0 when empty."""
        return self.sum_ns / self.total if self.total else 0.0

    def percentile_ns(self, percent: float) -> int:
        """Return the value at or below which `percent` (0..100) of the values lie; 0 when empty.

        As in HdrHistogram the answer is the highest value equivalent to the bin's, clamped to [min, max].
        """
        return self.percentiles_ns([percent])[0]

    def percentiles_ns(self, percents: Sequence[float]) -> list[int]:
        """Return `percentile_ns` of several shares at once: the bins are added up only once."""
        if not self.total:
            return [0] * len(percents)
        at, counts = self.bins()
        ranks = np.maximum(1, np.ceil(np.array(percents) / 100 * self.total - 1e-9))
        found = at[np.searchsorted(np.cumsum(counts), ranks)].tolist()
        return [min(max(highest_us(index) * 1000 + 999, self.min_ns), self.max_ns) for index in found]

    def quantile_ns(self, rank: float) -> float:
        """Return the value at a rank (0..1), evenly spread within a bin; for intervals, where a bin's width would show."""
        if not self.total:
            return 0.0
        target = min(max(rank, 0.0), 1.0) * self.total
        at, counts = self.bins()
        sums = np.cumsum(counts)
        position = min(int(np.searchsorted(sums, target)), len(sums) - 1)
        inside, index = int(counts[position]), int(at[position])
        share = (target - (int(sums[position]) - inside)) / inside
        lowest_ns, end_ns = lowest_us(index) * 1000, (highest_us(index) + 1) * 1000
        return min(max(lowest_ns + share * (end_ns - lowest_ns), self.min_ns), self.max_ns)

    def percentile_ms(self, percent: float) -> float:
        """Return `percentile_ns` in milliseconds."""
        return self.percentile_ns(percent) / 1e6

    def count_above(self, limit_ns: int) -> int:
        """Return how many values lie above the bin of `limit_ns`."""
        at, counts = self.bins()
        index = _index_of(min(limit_ns // 1000, HIGHEST_US))
        return int(counts[np.searchsorted(at, index, side="right") :].sum())

    def counts_up_to(self, limits_ns: Sequence[int]) -> list[int]:
        """Return for each limit how many values lie in its bin or below it; limits rise."""
        at, counts = self.bins()
        sums = np.concatenate((np.zeros(1, np.int64), np.cumsum(counts)))
        indexes = [_index_of(min(limit // 1000, HIGHEST_US)) for limit in limits_ns]
        found: list[int] = sums[np.searchsorted(at, indexes, side="right")].tolist()
        return found

    def to_wire(self) -> list[Any]:
        """Return a sparse form of plain numbers and bytes; `from_wire` reads it."""
        at, counts = self.bins()
        return [
            at.astype("<i4").tobytes(),
            counts.astype("<i8").tobytes(),
            self.sum_ns,
            self.min_ns,
            self.max_ns,
            self.clamped,
        ]

    @classmethod
    def from_wire(cls, wire: list[Any]) -> Histogram:
        """Rebuild a histogram. Raises ValueError on data that no histogram could have sent."""
        try:
            at, counts = np.frombuffer(wire[0], "<i4"), np.frombuffer(wire[1], "<i8")
            sum_ns, min_ns, max_ns, clamped = numbers = wire[2:]
        except (TypeError, ValueError, IndexError) as error:
            raise ValueError(f"not a histogram: {error}") from error
        if not all(type(number) is int and number >= 0 for number in numbers):
            raise ValueError("not a histogram: a number is not whole, or below zero")
        if len(at) != len(counts) or (len(at) and not _are_counts(at, counts)):
            raise ValueError("not a histogram: an index or a count is out of range")
        made = cls()
        if len(at):
            made._at, made._counts = at.astype(np.int64), counts.astype(np.int64)
            made.total = int(counts.sum())
        made.sum_ns, made.min_ns, made.max_ns, made.clamped = sum_ns, min_ns, max_ns, clamped
        return made

    def encode(self) -> str:
        """Return hdrhistogram's compressed V2 form in base64, in microseconds; any HDR library decodes it."""
        return hdr.encode(*self.bins(), highest=HIGHEST_US)

    def summary_ms(self) -> Mapping[str, float]:
        """Return Artillery's aggregates in milliseconds: min max count mean p50 median p75 p90 p95 p99 p999."""
        values_ns = self.percentiles_ns(list(PERCENTILES.values()))
        p = {name: value / 1e6 for name, value in zip(PERCENTILES, values_ns, strict=True)}
        return {
            "min": round(self.min_ns / 1e6, 3),
            "max": round(self.max_ns / 1e6, 3),
            "count": self.total,
            "mean": round(self.mean_ns() / 1e6, 3),
            "median": round(p["p50"], 3),
            **{name: round(value, 3) for name, value in p.items()},
        }

    def _add(self, at: Ints, counts: Ints) -> None:
        """Add counts at rising indexes, each of which is there once."""
        if not self.total:
            self._at, self._counts = at, counts
            return
        self._spread(int(at[0]), int(at[-1]))
        self._counts[at - self._base] += counts

    def _spread(self, lowest: int, highest: int) -> None:
        """Hold the counts as an array that has room for these indexes."""
        if self._at is not None:
            at, counts = self._at, self._counts
            base, end = min(lowest, int(at[0])), max(highest, int(at[-1])) + 1
            self._counts = np.zeros(end - base, np.int64)
            self._counts[at - base] = counts
            self._at, self._base = None, base
            return
        base, end = min(lowest, self._base), max(highest + 1, self._base + len(self._counts))
        if end - base > len(self._counts):
            grown = np.zeros(end - base, np.int64)
            grown[self._base - base : self._base - base + len(self._counts)] = self._counts
            self._base, self._counts = base, grown


PERCENTILES: Mapping[str, float] = {
    "p50": 50.0,
    "p75": 75.0,
    "p90": 90.0,
    "p95": 95.0,
    "p99": 99.0,
    "p999": 99.9,
    "p9999": 99.99,
}


def _are_counts(at: Ints, counts: Ints) -> bool:
    """Say whether indices rise within the layout and counts are positive, with a sum that can be counted."""
    rising = at[0] >= 0 and at[-1] < LENGTH and bool(np.all(at[1:] > at[:-1]))
    return rising and bool(counts.min() > 0) and float(counts.sum(dtype=np.float64)) < 2.0**62


def _index_of(us: int) -> int:
    bucket = (us | (_SUB_BUCKETS - 1)).bit_length() - 11
    return (bucket << 10) + (us >> bucket)


def lowest_us(index: int) -> int:
    """Return the smallest number of microseconds that an index stands for."""
    bucket = max(0, (index >> 10) - 1)
    return (index - (bucket << 10)) << bucket


def highest_us(index: int) -> int:
    """Return the largest number of microseconds that an index stands for."""
    bucket = max(0, (index >> 10) - 1)
    return lowest_us(index) + (1 << bucket) - 1
