"""iterations: a closed model with a fixed number of visits, shared by all users or the same for each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loadkit.workload.base import BadPhase, NeverStarts, PhaseContext, Shape, exact
from loadkit.workload.closed import Closed, build_closed

_KEYS = ("iterations", "iterationsPerUser")


def _build(phase: Mapping[str, Any], context: PhaseContext) -> Closed:
    if all(key in phase for key in _KEYS):
        raise BadPhase("iterationsPerUser", "iterations are shared by all users, or the same for each: leave one out")
    key = next(key for key in _KEYS if key in phase)
    number = exact(phase[key], key)
    if number.denominator != 1:
        raise BadPhase(key, f"{key} must be a whole number, not {phase[key]}")
    if not number:
        raise NeverStarts(key, f"with {key}: 0 no visit begins; use `pause` for a phase without load")
    users = build_closed({"users": 1, **phase}, context)
    if key == "iterations":
        return users.limited(iterations=int(number))
    return users.limited(iterations=int(number) * users.users, each=int(number))


SHAPES = {
    "iterations": Shape(
        order=45,
        keys={
            "iterations": {
                "type": ["integer", "string"],
                "minimum": 0,
                "title": "Iterations",
                "description": "How many visits `users` (1 without the key) make in all; who is done begins the next one. "
                "`duration` is the most they may take; a last phase is over when they are done.",
                "examples": [1000],
            },
            "iterationsPerUser": {
                "type": ["integer", "string"],
                "minimum": 0,
                "title": "Iterations of each user",
                "description": "How many visits each of `users` makes. `duration` is the most they may take.",
                "examples": [20],
            },
        },
        reads=frozenset({"users", "rampTo", "throughput"}),
        claims=lambda phase: any(key in phase for key in _KEYS),
        build=_build,
    )
}
