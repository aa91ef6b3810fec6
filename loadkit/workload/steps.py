"""steps: a staircase of steady rates, each for the same time."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from loadkit.workload.base import BadPhase, NeverStarts, PhaseContext, Shape, exact
from loadkit.workload.poisson import Poisson
from loadkit.workload.profile import Profile, Shaped

MOST = 10_000


def staircase(first: Fraction, last: Fraction, count: int, duration_ns: int) -> Profile:
    """Return step i of n at the rate R0 + (R1 - R0) i / (n - 1), from i D/n to (i + 1) D/n."""
    rates = [first + (last - first) * Fraction(step, count - 1) for step in range(count)]
    edges = [duration_ns * step // count for step in range(count + 1)]
    return Profile([(end - start, rate, rate) for start, end, rate in zip(edges, edges[1:], rates, strict=False)])


def _build(phase: Mapping[str, Any], context: PhaseContext) -> Shaped | Poisson:
    keys = phase["steps"]
    first, last = exact(phase.get("arrivalRate", 0), "arrivalRate"), exact(keys["to"], "steps")
    count = exact(keys["count"], "steps")
    if count.denominator != 1 or not 2 <= count <= MOST:
        raise BadPhase("steps", f"the count of steps must be a whole number from 2 to {MOST:,}, not {keys['count']}")
    if not first and not last:
        raise NeverStarts("steps", "steps from 0 to 0 never start anyone; use `pause` for a phase without arrivals")
    profile = staircase(first, last, int(count), context.duration_ns)
    return Poisson(profile, context) if context.mode == "poisson" else Shaped(profile)


SHAPES = {
    "steps": Shape(
        order=25,
        keys={
            "steps": {
                "type": "object",
                "title": "Steps",
                "description": "A staircase: `count` steady rates, each for the same part of the duration. The first is "
                "`arrivalRate`, the last `to`.",
                "properties": {
                    "to": {
                        "type": ["number", "string"],
                        "minimum": 0,
                        "title": "Last rate",
                        "description": "The arrival rate of the last step.",
                        "examples": [100],
                    },
                    "count": {
                        "type": ["integer", "string"],
                        "minimum": 2,
                        "title": "Number of steps",
                        "description": "How many steps there are, the first and the last counted.",
                        "examples": [5],
                    },
                },
                "required": ["to", "count"],
                "additionalProperties": False,
                "examples": [{"to": 100, "count": 5}],
            }
        },
        reads=frozenset({"arrivalRate", "mode", "maxVusers"}),
        claims=lambda phase: "steps" in phase and "users" not in phase,
        build=_build,
    )
}
