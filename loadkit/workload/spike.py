"""spike: a steady rate that rises to a peak once, stays there and comes down again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loadkit.units import format_duration_ns, parse_duration_ns
from loadkit.workload.base import BadPhase, NeverStarts, PhaseContext, Shape, exact
from loadkit.workload.poisson import Poisson
from loadkit.workload.profile import Profile, Shaped

_TIME: dict[str, Any] = {"type": ["number", "string"], "minimum": 0}


def _build(phase: Mapping[str, Any], context: PhaseContext) -> Shaped | Poisson:
    keys = phase["spike"]
    base, peak = exact(phase.get("arrivalRate", 0), "arrivalRate"), exact(keys["to"], "spike")
    if not base and not peak:
        raise NeverStarts("spike", "a spike from 0 to 0 never starts anyone; use `pause` for a phase without arrivals")
    up, hold, down = (_span(keys, name) for name in ("rampUp", "hold", "rampDown"))
    left = context.duration_ns - up - hold - down
    before = _span(keys, "after") if "after" in keys else max(0, left // 2)
    if before > left:
        needed = format_duration_ns(before + up + hold + down)
        raise BadPhase("spike", f"the spike takes {needed}, and the phase {format_duration_ns(context.duration_ns)}")
    profile = Profile(
        [(before, base, base), (up, base, peak), (hold, peak, peak), (down, peak, base), (left - before, base, base)]
    )
    return Poisson(profile, context) if context.mode == "poisson" else Shaped(profile)


def _span(keys: Mapping[str, Any], name: str) -> int:
    try:
        return parse_duration_ns(keys.get(name, 0))
    except ValueError as error:
        raise BadPhase("spike", f"{name}: {error}") from None


SHAPES = {
    "spike": Shape(
        order=26,
        keys={
            "spike": {
                "type": "object",
                "title": "Spike",
                "description": "Once in the phase the rate rises from `arrivalRate` (0 without it) to `to`, stays there and comes "
                "down again.",
                "properties": {
                    "to": {
                        "type": ["number", "string"],
                        "minimum": 0,
                        "title": "Peak",
                        "description": "The arrival rate of the peak.",
                        "examples": [500],
                    },
                    "hold": {
                        **_TIME,
                        "title": "Time at the peak",
                        "description": "How long the peak lasts.",
                        "examples": ["20s"],
                    },
                    "rampUp": {
                        **_TIME,
                        "title": "Time of the rise",
                        "description": "How long it takes to get there. Default: 0, at once.",
                        "examples": ["5s"],
                    },
                    "rampDown": {
                        **_TIME,
                        "title": "Time of the fall",
                        "description": "How long it takes to come down again. Default: 0, at once.",
                        "examples": ["5s"],
                    },
                    "after": {
                        **_TIME,
                        "title": "Time before it",
                        "description": "When the rise begins, from the phase's start. Default: so that the spike is in the middle.",
                        "examples": ["30s"],
                    },
                },
                "required": ["to", "hold"],
                "additionalProperties": False,
                "examples": [{"to": 500, "after": "30s", "rampUp": "5s", "hold": "20s", "rampDown": "5s"}],
            }
        },
        reads=frozenset({"arrivalRate", "mode", "maxVusers"}),
        claims=lambda phase: "spike" in phase and "users" not in phase,
        build=_build,
    )
}
