"""arrivalCount: a fixed number of new virtual users, evenly spread over the phase."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from loadkit.workload.artillery import Ticks
from loadkit.workload.base import BadPhase, NeverStarts, PhaseContext, Shape, Shard, exact


class Count:
    """N arrivals over D: arrival k at k * D / N."""

    ends_early = True  # its meaning is the number, not the time
    __slots__ = ("duration_ns", "planned")

    def __init__(self, arrivals: int, duration_ns: int) -> None:
        self.planned = arrivals
        self.duration_ns = duration_ns

    @property
    def reserved(self) -> int:
        """Return the number of arrivals."""
        return self.planned

    def fire_times(self, shard: Shard) -> Iterator[tuple[int, int]]:
        """Yield this shard's arrivals by absolute index."""
        for number in range(shard.index, self.planned, shard.count):
            yield number, number * self.duration_ns // self.planned

    def rate_at(self, at_ns: int) -> float:
        """Return N / D per second."""
        return self.planned * 1e9 / self.duration_ns

    @property
    def peak_per_s(self) -> float:
        """Return the largest rate."""
        return self.rate_at(0)

    def arrived_by(self, at_ns: int) -> float:
        """Return the integral of the rate."""
        return self.planned * at_ns / self.duration_ns


def _build(phase: Mapping[str, Any], context: PhaseContext) -> Count | Ticks:
    arrivals = exact(phase["arrivalCount"], "arrivalCount")
    if arrivals.denominator != 1:
        raise BadPhase("arrivalCount", f"arrivalCount must be a whole number, not {phase['arrivalCount']}")
    if not arrivals:
        text = "an arrivalCount of 0 never starts anyone; use `pause` for a phase without arrivals"
        raise NeverStarts("arrivalCount", text)
    if context.compat:
        return Ticks(arrivals * 10**9 / context.duration_ns, context.duration_ns, ends_early=True)
    return Count(int(arrivals), context.duration_ns)


SHAPES = {
    "count": Shape(
        order=20,
        keys={
            "arrivalCount": {
                "type": ["integer", "string"],
                "minimum": 0,
                "title": "Arrival count",
                "description": "How many virtual users start in this phase, evenly spread over its duration.",
                "examples": [100],
            }
        },
        reads=frozenset({"maxVusers"}),
        claims=lambda phase: "arrivalCount" in phase,
        build=_build,
    )
}
