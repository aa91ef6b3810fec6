"""A latency histogram in hdrhistogram's layout: 1 us to one hour, three significant digits, counts held in numpy.

Values go in as nanoseconds and come out as nanoseconds. Minimum, maximum and sum are kept exactly, so the
mean is exact and percentiles never leave [min, max].

Layout (Gil Tene's HdrHistogram with lowest 1, highest 3.6e9, digits 3; unit microseconds):

    sub_buckets = 2048                  values below it are counted one by one
    bucket(v)   = bit_length(v | 2047) - 11
    index(v)    = (bucket << 10) + (v >> bucket)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

HIGHEST_US = 3_600_000_000
_SUB_BUCKETS = 2048
LENGTH = 23_552
"""How many indexes `counts` has at most."""

Ints = npt.NDArray[np.int64]


class Histogram:
    """Counts of latencies; `merge` is associative and commutative."""

    __slots__ = ("clamped", "counts", "max_ns", "min_ns", "sum_ns", "total")

    def __init__(self) -> None:
        self.counts: Ints = np.zeros(0, np.int64)  # grows to the largest index seen
        self.total = 0
        self.sum_ns = 0
        self.min_ns = 0
        self.max_ns = 0
        self.clamped = 0  # values above one hour, counted as one hour

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
        self._add(np.bincount((bucket << 10) + (us >> bucket)))
        self.min_ns = low if not self.total else min(self.min_ns, low)
        self.max_ns = max(self.max_ns, high)
        self.total += len(values_ns)
        self.sum_ns += int(values_ns.sum())

    def merge(self, other: Histogram) -> None:
        """Add another histogram's counts to this one."""
        if not other.total:
            return
        self._add(other.counts)
        self.min_ns = other.min_ns if not self.total else min(self.min_ns, other.min_ns)
        self.max_ns = max(self.max_ns, other.max_ns)
        self.total += other.total
        self.sum_ns += other.sum_ns
        self.clamped += other.clamped

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
        if not self.total:
            return 0
        rank = max(1, int(np.ceil(percent / 100 * self.total - 1e-9)))
        index = int(np.searchsorted(np.cumsum(self.counts), rank))
        return min(max(_highest_us(index) * 1000 + 999, self.min_ns), self.max_ns)

    def quantile_ns(self, rank: float) -> float:
        """Return the value at a rank (0..1), evenly spread within a bin; for intervals, where a bin's width would show."""
        if not self.total:
            return 0.0
        target = min(max(rank, 0.0), 1.0) * self.total
        sums = np.cumsum(self.counts)
        index = min(int(np.searchsorted(sums, target)), len(sums) - 1)
        inside = int(self.counts[index])
        share = (target - (int(sums[index]) - inside)) / inside if inside else 0.0
        lowest_ns, end_ns = lowest_us(index) * 1000, (_highest_us(index) + 1) * 1000
        return min(max(lowest_ns + share * (end_ns - lowest_ns), self.min_ns), self.max_ns)

    def percentile_ms(self, percent: float) -> float:
        """Return `percentile_ns` in milliseconds."""
        return self.percentile_ns(percent) / 1e6

    def count_above(self, limit_ns: int) -> int:
        """Return how many values lie above the bin of `limit_ns`."""
        index = _index_of(min(limit_ns // 1000, HIGHEST_US))
        return int(self.counts[index + 1 :].sum())

    def to_wire(self) -> list[Any]:
        """Return a sparse form of plain numbers and bytes; `from_wire` reads it."""
        at = np.flatnonzero(self.counts)
        return [
            at.astype("<i4").tobytes(),
            self.counts[at].astype("<i8").tobytes(),
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
            made.counts = np.zeros(int(at[-1]) + 1, np.int64)
            made.counts[at] = counts
            made.total = int(counts.sum())
        made.sum_ns, made.min_ns, made.max_ns, made.clamped = sum_ns, min_ns, max_ns, clamped
        return made

    def encode(self) -> str:
        """Return hdrhistogram's compressed V2 form in base64, in microseconds; any HDR library decodes it."""
        from hdrh.histogram import HdrHistogram  # heavy, and only reports need it

        twin = HdrHistogram(1, HIGHEST_US, 3)
        for index in np.flatnonzero(self.counts):
            twin.record_value(lowest_us(int(index)), int(self.counts[index]))
        encoded: bytes = twin.encode()
        return encoded.decode()

    def summary_ms(self) -> Mapping[str, float]:
        """Return Artillery's aggregates in milliseconds: min max count mean p50 median p75 p90 p95 p99 p999."""
        p = {name: self.percentile_ns(percent) / 1e6 for name, percent in PERCENTILES.items()}
        return {
            "min": round(self.min_ns / 1e6, 3),
            "max": round(self.max_ns / 1e6, 3),
            "count": self.total,
            "mean": round(self.mean_ns() / 1e6, 3),
            "median": round(p["p50"], 3),
            **{name: round(value, 3) for name, value in p.items()},
        }

    def _add(self, counts: npt.NDArray[np.integer[Any]]) -> None:
        if len(counts) > len(self.counts):
            grown = np.zeros(len(counts), np.int64)
            grown[: len(self.counts)] = self.counts
            self.counts = grown
        self.counts[: len(counts)] += counts


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
    """Return the smallest number of microseconds that an index of `counts` stands for."""
    bucket = max(0, (index >> 10) - 1)
    return (index - (bucket << 10)) << bucket


def _highest_us(index: int) -> int:
    bucket = max(0, (index >> 10) - 1)
    return lowest_us(index) + (1 << bucket) - 1
