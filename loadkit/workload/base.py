"""What a workload shape is: a pure description of when virtual users start, as nanoseconds since the phase's start.

A shape never looks at a clock. Open shapes give fire times by absolute index; the closed shape gives each user's lifetime. The
merged schedule of any number of shards is the schedule of one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Shard:
    """Part `index` of `count`: takes the arrivals (or users) whose number is `index` modulo `count`."""

    index: int = 0
    count: int = 1

    def behind(self, numbers: int) -> Shard:
        """Return the part of a phase behind so many `numbers`: over all phases a part's numbers are `index` modulo `count`."""
        return Shard((self.index - numbers) % self.count, self.count)


WHOLE = Shard()


class OpenWorkload(Protocol):
    """Arrivals that come whether or not the target keeps up.

    A last phase that `ends_early` is over when all its arrivals are done, however much of its duration is left.
    """

    duration_ns: int
    ends_early: bool

    @property
    def planned(self) -> int:
        """Return the number of arrivals of the whole phase, over all shards."""

    @property
    def reserved(self) -> int:
        """Return how many numbers to keep for this phase: at least as many as it has arrivals, and quick to tell."""

    def fire_times(self, shard: Shard) -> Iterator[tuple[int, int]]:
        """Yield (number of the arrival in the phase, ns since the phase's start) in order, before the phase's end."""

    def rate_at(self, at_ns: int) -> float:
        """Return the planned arrivals per second at an instant of the phase."""

    @property
    def peak_per_s(self) -> float:
        """Return the largest planned rate."""

    def arrived_by(self, at_ns: int) -> float:
        """Return the integral of the planned rate from the phase's start to an instant."""


@runtime_checkable
class ClosedWorkload(Protocol):
    """Users that repeat visits; the target's speed decides the rate unless `throughput_per_s` paces it."""

    duration_ns: int
    users: int
    throughput: Fraction | None
    """Requests per second over all users; None: as fast as the target answers."""
    iterations: int | None
    """How many visits all users make; None: as many as there is time for."""
    each: int | None
    """How many of them each user makes; None: who is done makes the next one."""

    def lifetimes(self, shard: Shard) -> Iterator[tuple[int, int, int]]:
        """Yield (user, first instant, last instant) in ns since the phase's start, ordered by the first instant."""

    def slot_index(self, user: int, at_ns: int) -> int:
        """Return the first request of a user that is due at or after an instant of the phase."""

    def slot_ns(self, user: int, request: int) -> int:
        """Return when user's `request`-th request is due, in ns since the phase's start: (u + k*N)/R."""


Workload = OpenWorkload | ClosedWorkload


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A plugin of kind "workload". `keys` are the phase keys it owns, with their schemas; the first names the shape.

    `claims` says whether a phase is of this shape; `build` makes the workload from a phase whose values are already of the
    right types, or raises BadPhase with a text for the author. `reads` are the keys of others that mean something to it.
    """

    order: int
    keys: Mapping[str, Any]
    claims: Callable[[Mapping[str, Any]], bool]
    build: Callable[[Mapping[str, Any], PhaseContext], Workload]
    reads: frozenset[str] = frozenset({"mode", "maxVusers"})
    lasts: bool = False
    """Whether a phase of this shape may do without `duration`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseContext:
    """What a shape may need beside its keys: the duration, the arrival mode, the seed of random sequences, where paths start.

    `duration_ns` is 0 where the phase has none, which only shapes that last by themselves accept. `compat` asks for Artillery's
    arithmetic.
    """

    duration_ns: int
    mode: str
    seed: int
    base: Path = Path()
    compat: bool = False


MOST = 100_000_000
_LEAST = 1e-12  # a number below it is nothing, and 1e-99999999 would take all memory as a fraction


class BadPhase(ValueError):
    """A phase that no workload can be made of; `key` is the key whose value is to blame."""

    code = "LK211"

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


class NeverStarts(BadPhase):
    """A phase whose numbers mean that nobody is ever started."""

    code = "LK208"


class BadFile(BadPhase):
    """A file that a phase needs and that cannot be used."""

    code = "LK210"


def exact(value: object, key: str) -> Fraction:
    """Return a number as it was written, without binary rounding: 0.1 is a tenth. Raises BadPhase."""
    text = str(value).strip()
    try:
        size = abs(float(text))
    except ValueError:
        raise BadPhase(key, f"{key} must be a number, not {value!r}") from None
    if not size <= MOST:
        raise BadPhase(key, f"{key} must be at most {MOST:,}, not {value}")
    number = Fraction(0) if size < _LEAST else Fraction(text)
    if number < 0:
        raise BadPhase(key, f"{key} must be zero or more, not {value}")
    return number
