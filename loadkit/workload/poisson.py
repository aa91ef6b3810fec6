"""mode: poisson: independent arrivals, at a constant or linearly changing mean rate."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import cached_property

import numpy as np
import numpy.typing as npt

from loadkit.workload.base import PhaseContext, Shard

_CHUNK = 8192


class Poisson:
    """A Poisson process whose mean rate goes from R0 to R1 per second over D (R0 = R1: a steady rate).

    Time change: with S_k the sum of k+1 unit exponentials, arrival k fires when the integrated mean rate reaches S_k.
    Gaps are drawn as -log(1 - U) from PCG64, seeded: the same seed gives the same instants on every machine.
    """

    ends_early = False

    def __init__(self, rate: Fraction, ramp_to: Fraction, context: PhaseContext) -> None:
        self.rate = rate
        self.ramp_to = ramp_to
        self.duration_ns = context.duration_ns
        self._seed = context.seed

    @cached_property
    def planned(self) -> int:
        """Return how many arrivals this seed's sequence has."""
        return sum(len(chunk) for chunk in self._chunks())

    @property
    def reserved(self) -> int:
        """Return a bound on the number of arrivals, without drawing them: the mean and eight standard deviations."""
        mean = float(self.rate + self.ramp_to) / 2 * self.duration_ns / 1e9
        return int(mean + 8 * mean**0.5) + 10

    def fire_times(self, shard: Shard) -> Iterator[tuple[int, int]]:
        """Yield this shard's arrivals; every shard draws the whole sequence and takes its own."""
        number = 0
        for chunk in self._chunks():
            first = (shard.index - number) % shard.count
            for offset, at_ns in enumerate(chunk[first :: shard.count].tolist()):
                yield number + first + offset * shard.count, at_ns
            number += len(chunk)

    def rate_at(self, at_ns: int) -> float:
        """Return the mean rate R0 + (R1 - R0) t/D."""
        return float(self.rate) + float(self.ramp_to - self.rate) * at_ns / self.duration_ns

    def _chunks(self) -> Iterator[npt.NDArray[np.int64]]:
        random = np.random.Generator(np.random.PCG64(self._seed))
        reached, rate, end_s = 0.0, float(self.rate), self.duration_ns / 1e9
        slope = 2 * float(self.ramp_to - self.rate) / end_s
        total = (rate + float(self.ramp_to)) / 2 * end_s
        while reached < total:
            sums = reached + np.cumsum(-np.log1p(-random.random(_CHUNK)))
            reached = float(sums[-1])
            sums = sums[sums < total]
            seconds = 2 * sums / (rate + np.sqrt(np.maximum(0.0, rate * rate + slope * sums)))
            yield np.minimum((seconds * 1e9).astype(np.int64), self.duration_ns - 1)
