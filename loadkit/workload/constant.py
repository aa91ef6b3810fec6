"""arrivalRate: new virtual users at a steady rate, evenly spaced or at random (Poisson)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from loadkit.workload.artillery import Ticks
from loadkit.workload.base import NeverStarts, PhaseContext, Shape, Shard, exact
from loadkit.workload.poisson import Poisson
from loadkit.workload.profile import Profile

RATE = {
    "type": ["number", "string"],
    "minimum": 0,
    "title": "Arrival rate",
    "description": "New virtual users per second; fractions are allowed. With `rampTo` it is where the ramp starts.",
    "examples": [5, 0.5, 100],
}


class Constant:
    """R arrivals a second for D: arrival k at k/R, for k = 0, 1, ... while k/R < D."""

    ends_early = False
    __slots__ = ("duration_ns", "planned", "rate")

    def __init__(self, rate: Fraction, duration_ns: int) -> None:
        self.rate = rate
        self.duration_ns = duration_ns
        self.planned = -(-rate * duration_ns // 10**9)  # ceil(R * D)

    @property
    def reserved(self) -> int:
        """Return the number of arrivals."""
        return self.planned

    def fire_times(self, shard: Shard) -> Iterator[tuple[int, int]]:
        """Yield this shard's arrivals by absolute index, so that no error accumulates."""
        ns, per = 10**9 * self.rate.denominator, self.rate.numerator
        for number in range(shard.index, self.planned, shard.count):
            yield number, number * ns // per

    def rate_at(self, at_ns: int) -> float:
        """Return R."""
        return float(self.rate)

    @property
    def peak_per_s(self) -> float:
        """Return the largest rate."""
        return float(self.rate)

    def arrived_by(self, at_ns: int) -> float:
        """Return the integral of the rate."""
        return float(self.rate) * at_ns / 1e9


def _build(phase: Mapping[str, Any], context: PhaseContext) -> Constant | Poisson | Ticks:
    rate = exact(phase["arrivalRate"], "arrivalRate")
    if not rate:
        text = "an arrivalRate of 0 never starts anyone; use `pause` for a phase without arrivals"
        raise NeverStarts("arrivalRate", text)
    if context.mode == "poisson":
        return Poisson(Profile([(context.duration_ns, rate, rate)]), context)
    if context.compat:
        return Ticks(rate, context.duration_ns)
    return Constant(rate, context.duration_ns)


SHAPES = {
    "constant": Shape(
        order=40,
        keys={"arrivalRate": RATE},
        claims=lambda phase: "arrivalRate" in phase,
        build=_build,
    )
}
