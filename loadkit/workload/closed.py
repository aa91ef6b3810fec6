"""users: a closed model. A fixed or ramped number of users repeat visits; the target's speed, or `throughput`, sets the pace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from loadkit.units import parse_rate_per_s
from loadkit.workload.base import BadPhase, NeverStarts, PhaseContext, Shape, Shard, exact


class Closed:
    """N0 users at the start, N1 at the end, changing linearly over D.

    Going up, user u starts when the planned number reaches u; going down, it retires when the number has fallen to u
    (the visit in progress is finished).
    """

    __slots__ = ("_first", "_last", "duration_ns", "each", "iterations", "throughput", "users")

    def __init__(self, first: int, last: int, duration_ns: int, throughput: Fraction | None) -> None:
        self._first = first
        self._last = last
        self.duration_ns = duration_ns
        self.users = max(first, last)
        self.throughput = throughput
        self.iterations: int | None = None
        self.each: int | None = None

    def limited(self, *, iterations: int, each: int | None = None) -> Closed:
        """Return the same users with so many visits in all, or so many `each`."""
        made = Closed(self._first, self._last, self.duration_ns, self.throughput)
        made.iterations, made.each = iterations, each
        return made

    def lifetimes(self, shard: Shard) -> Iterator[tuple[int, int, int]]:
        """Yield (user, first instant, last instant); user numbers are taken modulo the shard count."""
        first, last, end = self._first, self._last, self.duration_ns
        for user in range(shard.index, self.users, shard.count):
            starts = end * (user - first) // (last - first) if user >= first else 0
            ends = end * (first - user) // (first - last) if user >= last else end
            yield user, starts, ends

    def users_at(self, at_ns: int) -> float:
        """Return the planned number of users at an instant of the phase."""
        return self._first + (self._last - self._first) * at_ns / self.duration_ns

    def slot_index(self, user: int, at_ns: int) -> int:
        """Return the first request of a user that is due at or after an instant: slot_ns turned round."""
        assert self.throughput is not None
        slots = -(-at_ns * self.throughput.numerator // (10**9 * self.throughput.denominator))
        return max(0, -(-(slots - user) // self.users))

    def slot_ns(self, user: int, request: int) -> int:
        """Return when user's `request`-th request is due: (u + k*N)/R (wrk2's schedule of each connection)."""
        assert self.throughput is not None
        return (user + request * self.users) * 10**9 * self.throughput.denominator // self.throughput.numerator


def build_closed(phase: Mapping[str, Any], context: PhaseContext) -> Closed:
    """Return the users of a phase. Raises BadPhase."""
    counts = []
    for key in ("users", "rampTo"):
        number = exact(phase.get(key, phase["users"]), key)
        if number.denominator != 1:
            raise BadPhase(key, f"{key} must be a whole number of users, not {phase[key]}")
        counts.append(int(number))
    if not any(counts):
        raise NeverStarts("users", "0 users never start; use `pause` for a phase without load")
    throughput = None
    if "throughput" in phase:
        try:
            throughput = Fraction(parse_rate_per_s(phase["throughput"])).limit_denominator(10**6)
        except (ValueError, OverflowError) as error:
            raise BadPhase("throughput", str(error)) from None
        if not throughput:
            text = "a throughput of 0 never sends anything; leave the key out for as fast as the target answers"
            raise NeverStarts("throughput", text)
    return Closed(counts[0], counts[1], context.duration_ns, throughput)


SHAPES = {
    "closed": Shape(
        order=50,
        keys={
            "users": {
                "type": ["integer", "string"],
                "minimum": 0,
                "title": "Users (closed model)",
                "description": "How many users repeat visits until the phase ends. With `rampTo` the number changes linearly.",
                "examples": [50],
            },
            "throughput": {
                "type": ["number", "string"],
                "title": "Throughput",
                "description": "Requests per second over all users of the phase: each user's requests are due at fixed instants.",
                "examples": ["100/s", 50],
            },
        },
        reads=frozenset({"rampTo"}),
        claims=lambda phase: "users" in phase,
        build=build_closed,
    )
}
