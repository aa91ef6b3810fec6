"""mode: poisson: independent arrivals at a mean rate that may change."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from loadkit.arrays import Ints, np
from loadkit.workload.base import PhaseContext, Shard
from loadkit.workload.profile import Profile

_CHUNK = 8192


class Poisson:
    """A Poisson process whose mean rate follows a profile.

    Time change: with S_k the sum of k+1 unit exponentials, arrival k fires when the integrated mean rate reaches S_k.
    Gaps are drawn as -log(1 - U) from PCG64, seeded: the same seed gives the same instants on every machine.
    """

    ends_early = False

    def __init__(self, profile: Profile, context: PhaseContext) -> None:
        self._profile = profile
        self.duration_ns = profile.duration_ns
        self._seed = context.seed

    @cached_property
    def planned(self) -> int:
        """Return how many arrivals this seed's sequence has."""
        return sum(len(chunk) for chunk in self._chunks())

    @property
    def reserved(self) -> int:
        """Return a bound on the number of arrivals, without drawing them: the mean and eight standard deviations."""
        return int(self.mean + 8 * self.mean**0.5) + 10

    @property
    def mean(self) -> float:
        """Return how many arrivals are expected."""
        return float(self._profile.total)

    @property
    def peak_per_s(self) -> float:
        """Return the largest mean rate."""
        return self._profile.peak_per_s

    def fire_times(self, shard: Shard) -> Iterator[tuple[int, int]]:
        """Yield this shard's arrivals; every shard draws the whole sequence and takes its own."""
        number = 0
        for chunk in self._chunks():
            first = (shard.index - number) % shard.count
            for offset, at_ns in enumerate(chunk[first :: shard.count].tolist()):
                yield number + first + offset * shard.count, at_ns
            number += len(chunk)

    def rate_at(self, at_ns: int) -> float:
        """Return the mean rate."""
        return self._profile.rate_at(at_ns)

    def arrived_by(self, at_ns: int) -> float:
        """Return the integral of the mean rate."""
        return self._profile.arrived_by(at_ns)

    def _chunks(self) -> Iterator[Ints]:
        random = np.random.Generator(np.random.PCG64(self._seed))
        reached, total = 0.0, self.mean
        while reached < total:
            sums = reached + np.cumsum(-np.log1p(-random.random(_CHUNK)))
            reached = float(sums[-1])
            yield self._profile.instants_of(sums[sums < total])
