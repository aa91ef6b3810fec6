"""Arrivals as Artillery 2.0.34 counts them with one worker, for `compat: artillery`.

arrivalRate R, arrivalCount N   ticks of floor(1e6/R) (or floor(1e6 D/N)) us, floor(D/tick) of them
rampTo R1                       second i of D has round(R + (R1 - R) i/(D - 1)) arrivals, halves up; D = 1: the mean of both
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from fractions import Fraction
from itertools import accumulate
from math import floor

from loadkit.workload.base import Shard

NS_PER_US = 1000


class Ticks:
    """Arrival k after k ticks of whole microseconds."""

    __slots__ = ("_tick_ns", "duration_ns", "ends_early", "planned")

    def __init__(self, rate: Fraction, duration_ns: int, *, ends_early: bool = False) -> None:
        self._tick_ns = max(1, floor(10**6 / rate)) * NS_PER_US
        self.duration_ns = duration_ns
        self.planned = duration_ns // self._tick_ns
        self.ends_early = ends_early

    @property
    def reserved(self) -> int:
        """Return the number of arrivals."""
        return self.planned

    @property
    def peak_per_s(self) -> float:
        """Return the rate."""
        return 1e9 / self._tick_ns

    def fire_times(self, shard: Shard) -> Iterator[tuple[int, int]]:
        """Yield this shard's arrivals by absolute index."""
        for number in range(shard.index, self.planned, shard.count):
            yield number, number * self._tick_ns

    def rate_at(self, at_ns: int) -> float:
        """Return the rate."""
        return self.peak_per_s

    def arrived_by(self, at_ns: int) -> float:
        """Return the integral of the rate."""
        return at_ns / self._tick_ns


class Seconds:
    """A whole number of arrivals in each second, evenly spread in it."""

    ends_early = False
    __slots__ = ("_before", "_counts", "duration_ns", "planned")

    def __init__(self, rate: Fraction, ramp_to: Fraction, duration_ns: int) -> None:
        seconds = Fraction(duration_ns, 10**9)
        if seconds == 1:
            rates = [(rate + ramp_to) / 2]
        else:
            steps = -(-seconds.numerator // seconds.denominator)
            rates = [rate + (ramp_to - rate) / (seconds - 1) * step for step in range(steps)]
        self._counts = [max(0, floor(one + Fraction(1, 2))) for one in rates]
        self._before = [0, *accumulate(self._counts)]
        self.planned = self._before[-1]
        self.duration_ns = duration_ns

    @property
    def reserved(self) -> int:
        """Return the number of arrivals."""
        return self.planned

    @property
    def peak_per_s(self) -> float:
        """Return the most arrivals of a second."""
        return float(max(self._counts))

    def fire_times(self, shard: Shard) -> Iterator[tuple[int, int]]:
        """Yield this shard's arrivals by absolute index."""
        for number in range(shard.index, self.planned, shard.count):
            second = bisect_right(self._before, number) - 1
            within = (number - self._before[second]) * 10**9 // self._counts[second]
            yield number, min(second * 10**9 + within, self.duration_ns - 1)

    def rate_at(self, at_ns: int) -> float:
        """Return the arrivals of a second."""
        return float(self._counts[min(at_ns // 10**9, len(self._counts) - 1)])

    def arrived_by(self, at_ns: int) -> float:
        """Return the arrivals up to an instant."""
        second = min(at_ns // 10**9, len(self._counts) - 1)
        return self._before[second] + self._counts[second] * min(1.0, (at_ns - second * 10**9) / 1e9)
