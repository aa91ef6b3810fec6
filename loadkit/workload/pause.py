"""pause: a phase in which nobody starts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from loadkit.workload.base import PhaseContext, Shape, Shard


class Pause:
    """No arrivals for a while; virtual users that are still running go on."""

    ends_early = False
    __slots__ = ("duration_ns", "planned")

    def __init__(self, duration_ns: int) -> None:
        self.duration_ns = duration_ns
        self.planned = 0

    @property
    def reserved(self) -> int:
        """Return the number of arrivals."""
        return self.planned

    def fire_times(self, shard: Shard) -> Iterator[tuple[int, int]]:
        """Yield nothing."""
        return iter(())

    def rate_at(self, at_ns: int) -> float:
        """Return 0."""
        return 0.0

    @property
    def peak_per_s(self) -> float:
        """Return the largest rate."""
        return 0.0

    def arrived_by(self, at_ns: int) -> float:
        """Return the integral of the rate."""
        return 0.0


def _build(phase: Mapping[str, Any], context: PhaseContext) -> Pause:
    return Pause(context.duration_ns)


SHAPES = {
    "pause": Shape(
        order=10,
        keys={
            "pause": {
                "type": ["number", "string"],
                "minimum": 0,
                "title": "Pause",
                "description": "How long nobody starts; stands instead of `duration`. Seconds, or text such as 1m30s.",
                "examples": [10, "30s"],
            }
        },
        reads=frozenset(),
        claims=lambda phase: "pause" in phase,
        build=_build,
    )
}
