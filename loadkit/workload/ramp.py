"""arrivalRate + rampTo: a rate that changes linearly, evenly spaced or at random (Poisson)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from math import sqrt
from typing import Any

from loadkit.workload.artillery import Seconds
from loadkit.workload.base import NeverStarts, PhaseContext, Shape, Shard, exact
from loadkit.workload.poisson import Poisson
from loadkit.workload.profile import Profile


class Ramp:
    """The rate goes from R0 to R1 (per second) over D seconds; arrival k fires when the integrated rate reaches k.

    N(t) = R0 t + (R1 - R0) t^2 / 2D,  so  t(k) = 2k / (R0 + sqrt(R0^2 + 2 k (R1 - R0) / D)).
    """

    ends_early = False
    __slots__ = ("duration_ns", "planned", "ramp_to", "rate")

    def __init__(self, rate: Fraction, ramp_to: Fraction, duration_ns: int) -> None:
        self.rate = rate
        self.ramp_to = ramp_to
        self.duration_ns = duration_ns
        self.planned = -(-(rate + ramp_to) * duration_ns // (2 * 10**9))

    @property
    def reserved(self) -> int:
        """Return the number of arrivals."""
        return self.planned

    def fire_times(self, shard: Shard) -> Iterator[tuple[int, int]]:
        """Yield this shard's arrivals by absolute index."""
        end_ns, start_rate = self.duration_ns, float(self.rate)
        squared, slope = start_rate * start_rate, 2 * float(self.ramp_to - self.rate) / (end_ns / 1e9)
        for number in range(shard.index, self.planned, shard.count):
            root = start_rate + sqrt(max(0.0, squared + slope * number))
            yield number, min(int(2e9 * number / root) if root else 0, end_ns - 1)

    def rate_at(self, at_ns: int) -> float:
        """Return R0 + (R1 - R0) t/D."""
        return float(self.rate) + float(self.ramp_to - self.rate) * at_ns / self.duration_ns

    @property
    def peak_per_s(self) -> float:
        """Return the largest rate."""
        return float(max(self.rate, self.ramp_to))

    def arrived_by(self, at_ns: int) -> float:
        """Return the integral of the rate."""
        return (float(self.rate) + self.rate_at(at_ns)) / 2 * at_ns / 1e9


def _build(phase: Mapping[str, Any], context: PhaseContext) -> Ramp | Poisson | Seconds:
    rate, ramp_to = exact(phase.get("arrivalRate", 0), "arrivalRate"), exact(phase["rampTo"], "rampTo")
    if not rate and not ramp_to:
        text = "a ramp from 0 to 0 never starts anyone; use `pause` for a phase without arrivals"
        raise NeverStarts("rampTo", text)
    if context.compat:  # whatever the mode
        return Seconds(rate, ramp_to, context.duration_ns)
    if context.mode == "poisson":
        return Poisson(Profile([(context.duration_ns, rate, ramp_to)]), context)
    return Ramp(rate, ramp_to, context.duration_ns)


SHAPES = {
    "ramp": Shape(
        order=30,
        keys={
            "rampTo": {
                "type": ["number", "string"],
                "minimum": 0,
                "title": "Ramp to",
                "description": "What `arrivalRate` (or `users`) has become at the end of the phase; it changes linearly.",
                "examples": [50],
            }
        },
        reads=frozenset({"arrivalRate", "mode", "maxVusers"}),
        claims=lambda phase: "rampTo" in phase and "users" not in phase,
        build=_build,
    )
}
