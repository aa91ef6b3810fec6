"""A rate that is made of straight pieces, and arrivals that follow it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import sqrt

from loadkit.arrays import Floats, Ints, np
from loadkit.workload.base import Shard

Piece = tuple[int, Fraction, Fraction]
"""(duration in ns, rate at its start, rate at its end), per second."""


class Profile:
    """Pieces of the planned rate, one behind the other; the rate jumps where they do not meet.

    In piece i, which begins at T_i with N_i arrivals before it and goes from R0 to R1 in D, at u = t - T_i:
    N(t) = N_i + R0 u + (R1 - R0) u^2 / 2D,  so  t(k) = T_i + 2n / (R0 + sqrt(R0^2 + 2n (R1 - R0) / D))  with n = k - N_i.
    """

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self.pieces = [piece for piece in pieces if piece[0] > 0]
        self.starts_ns = [0]
        self.totals = [Fraction(0)]
        for duration_ns, first, last in self.pieces:
            self.starts_ns.append(self.starts_ns[-1] + duration_ns)
            self.totals.append(self.totals[-1] + (first + last) * duration_ns / (2 * 10**9))
        self.duration_ns = self.starts_ns[-1]

    @property
    def total(self) -> Fraction:
        """Return the integral of the rate: how many arrivals are expected."""
        return self.totals[-1]

    @property
    def peak_per_s(self) -> float:
        """Return the largest rate."""
        return max((float(max(first, last)) for _, first, last in self.pieces), default=0.0)

    def rate_at(self, at_ns: int) -> float:
        """Return the rate at an instant."""
        index = self._piece(at_ns)
        duration_ns, first, last = self.pieces[index]
        return float(first) + float(last - first) * (at_ns - self.starts_ns[index]) / duration_ns

    def arrived_by(self, at_ns: int) -> float:
        """Return the integral of the rate from the start to an instant."""
        at_ns = max(0, min(at_ns, self.duration_ns))
        index = self._piece(at_ns)
        duration_ns, first, last = self.pieces[index]
        passed = at_ns - self.starts_ns[index]
        grown = float(first) * passed + float(last - first) * passed * passed / (2 * duration_ns)
        return float(self.totals[index]) + grown / 1e9

    def instants(self, shard: Shard, planned: int) -> Iterator[tuple[int, int]]:
        """Yield (number, ns) of a shard's arrivals: number k comes when the integral of the rate reaches k."""
        for index, (duration_ns, first, last) in enumerate(self.pieces):
            numbers = self._numbers(index, shard, planned)
            start_ns, before = self.starts_ns[index], self.totals[index]
            if first == last:  # exact: no rounding adds up
                units, per = before.numerator, before.denominator * first.numerator
                for number in numbers:
                    yield number, start_ns + (number * before.denominator - units) * 10**9 * first.denominator // per
                continue
            rate, slope = float(first), 2 * float(last - first) / (duration_ns / 1e9)
            most = start_ns + duration_ns - 1
            for number in numbers:
                grown = float(number - before)
                root = rate + sqrt(max(0.0, rate * rate + slope * grown))
                yield number, min(start_ns + (int(2e9 * grown / root) if root else 0), most)

    def instants_of(self, sums: Floats) -> Ints:
        """Return when the integral of the rate reaches each of some numbers below its total."""
        totals = np.array([float(total) for total in self.totals])
        piece = np.clip(np.searchsorted(totals, sums, side="right") - 1, 0, len(self.pieces) - 1)
        first, last, spans = (np.array([float(one[part]) for one in self.pieces])[piece] for part in (1, 2, 0))
        grown = sums - totals[piece]
        root = first + np.sqrt(np.maximum(0.0, first * first + 2 * grown * (last - first) / (spans / 1e9)))
        starts = np.array(self.starts_ns, dtype=np.int64)[piece]
        after = np.divide(2e9 * grown, root, out=np.zeros_like(grown), where=root > 0).astype(np.int64)
        found: Ints = np.minimum(starts + np.minimum(after, spans.astype(np.int64)), self.duration_ns - 1)
        return found

    def _numbers(self, index: int, shard: Shard, planned: int) -> range:
        """Return the shard's numbers that come in a piece."""
        first, behind = -(-self.totals[index] // 1), min(planned, -(-self.totals[index + 1] // 1))
        return range(first + (shard.index - first) % shard.count, behind, shard.count)

    def _piece(self, at_ns: int) -> int:
        return max(0, min(bisect_right(self.starts_ns, at_ns) - 1, len(self.pieces) - 1))


class Shaped:
    """Arrivals that follow a profile: arrival k fires when the integrated rate reaches k."""

    ends_early = False
    __slots__ = ("_profile", "duration_ns", "planned")

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self.duration_ns = profile.duration_ns
        self.planned = -(-profile.total // 1)

    @property
    def reserved(self) -> int:
        """Return the number of arrivals."""
        return self.planned

    @property
    def peak_per_s(self) -> float:
        """Return the largest rate."""
        return self._profile.peak_per_s

    def fire_times(self, shard: Shard) -> Iterator[tuple[int, int]]:
        """Yield this shard's arrivals by absolute index."""
        return self._profile.instants(shard, self.planned)

    def rate_at(self, at_ns: int) -> float:
        """Return the profile's rate."""
        return self._profile.rate_at(at_ns)

    def arrived_by(self, at_ns: int) -> float:
        """Return the integral of the rate."""
        return self._profile.arrived_by(at_ns)
