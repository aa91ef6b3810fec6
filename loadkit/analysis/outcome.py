"""What a trial came to: whether the target kept up with a steady load and met its objectives.

    INVALID   the generator was the limit, by the rule for every measurement
    FAIL      an objective is missed for certain (its 80 % interval lies beyond the limit), or fewer than 97 % of the offered
              visits came to an end, or the number in flight grows: the interval of its Theil-Sen slope lies above zero, and
              the growth is half of what is in flight, at the least
    UNSURE    none of that, and an objective's interval holds its limit; or visits last longer than was left to settle
    PASS      every objective is met for certain

The interval's ends are wrong once in ten times each. A capacity is confirmed by three trials, and all of them are wrong once
in a thousand times; wider intervals would only make each trial undecided for longer, and the answer too low.

Numbers in flight are looked at once visits as long as most have had the time to end; before that they grow anyway.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from loadkit.slo.evaluate import Status, Verdict
from loadkit.stats.intervals import Estimate
from loadkit.stats.slope import theil_sen
from loadkit.units import NS_PER_S, format_duration_ns

TAIL = 0.1
"""The probability that the truth lies beyond one of the ends of the interval that decides a trial."""
LEAST_ACHIEVED = 0.97
LEAST_POINTS = 5
"""Seconds below which nothing is said about growth."""
_LEAST_GROWTH = 3.0  # virtual users; below that a slope is no queue


class Outcome(Enum):
    """What was found about a load."""

    PASS = "pass"
    FAIL = "fail"
    UNSURE = "unsure"
    INVALID = "invalid"


class Evidence(Protocol):
    """The numbers of a trial, as `fleet.trial.Measured` has them."""

    @property
    def seconds(self) -> float:
        """Return how long was measured."""

    @property
    def offered_each(self) -> tuple[int, ...]:
        """Return the arrivals due in each second."""

    @property
    def ended_each(self) -> tuple[int, ...]:
        """Return the visits that ended in each second."""

    @property
    def in_flight(self) -> tuple[float, ...]:
        """Return the virtual users at work at the end of each second."""

    @property
    def session_p99_ns(self) -> float:
        """Return how long visits take."""

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """Return the verdicts on the criteria."""

    @property
    def valid(self) -> bool:
        """Say whether the target was the limit."""

    @property
    def reasons(self) -> tuple[str, ...]:
        """Return why it was not."""

    @property
    def overrun(self) -> bool:
        """Say whether the trial was given up since its queue grew too long."""

    @property
    def times(self) -> Mapping[str, Estimate]:
        """Return p50, p95 and p99 of the response time."""

    @property
    def requests_per_s(self) -> float:
        """Return the requests per second."""

    @property
    def visits_per_s(self) -> float:
        """Return the visits per second that ended."""

    @property
    def errors(self) -> int:
        """Return how many errors there were."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A trial's outcome, and why. `criterion` is what was missed or not decided, "" where nothing was.

    `margin` is how far the criterion that came closest is from its limit, as a share of it: 0.3 is 30 % below; None where no
    criterion has one. The rest are the numbers of the trial, times in nanoseconds.
    """

    outcome: Outcome
    reason: str = ""
    criterion: str = ""
    margin: float | None = None
    seconds: float = 0.0
    requests_per_s: float = 0.0
    visits_per_s: float = 0.0
    achieved: float | None = None
    in_flight: float = 0.0
    errors: int = 0
    session_p99_ns: float = 0.0
    times: Mapping[str, Estimate] = field(default_factory=dict)


def see(found: Evidence, settle_s: float) -> Seen:
    """Return what a trial came to; `settle_s` is how long the load had gone on before it was measured."""
    skip = max(0, math.ceil(found.session_p99_ns / NS_PER_S - settle_s))
    offered, ended = sum(found.offered_each[skip:]), sum(found.ended_each[skip:])
    achieved = ended / offered if offered else None
    outcome, reason, criterion = _judged(found, achieved, found.in_flight[skip:], skip)
    return Seen(
        outcome=outcome,
        reason=reason,
        criterion=criterion,
        margin=_margin(found.verdicts),
        seconds=found.seconds,
        requests_per_s=found.requests_per_s,
        visits_per_s=found.visits_per_s,
        achieved=achieved,
        in_flight=sum(found.in_flight) / len(found.in_flight) if found.in_flight else 0.0,
        errors=found.errors,
        session_p99_ns=found.session_p99_ns,
        times=found.times,
    )


def _judged(found: Evidence, achieved: float | None, in_flight: Sequence[float], skip: int) -> tuple[Outcome, str, str]:
    """Return the outcome, why, and the criterion that decided it."""
    if not found.valid:
        return Outcome.INVALID, "; ".join(found.reasons), ""
    missed = [verdict for verdict in found.verdicts if verdict.status is Status.FAIL]
    if missed:
        return Outcome.FAIL, f"measured {missed[0].observed_text}", missed[0].objective_text
    if found.overrun:
        return Outcome.FAIL, f"{found.in_flight[-1] if found.in_flight else 0:,.0f} in flight: the queue grows", QUEUE
    if len(in_flight) < LEAST_POINTS:
        long = format_duration_ns(found.session_p99_ns)
        return Outcome.UNSURE, f"visits take {long}, so it has not settled" if skip else "too short", QUEUE
    if achieved is not None and achieved < LEAST_ACHIEVED:
        return Outcome.FAIL, f"only {achieved:.1%} of the offered visits came to an end", QUEUE
    if grows(in_flight):
        return Outcome.FAIL, f"the number in flight grows by {theil_sen(in_flight).value:.2g} each second", QUEUE
    unsure = [verdict for verdict in found.verdicts if verdict.status is Status.INCONCLUSIVE]
    if unsure:
        return Outcome.UNSURE, f"measured {unsure[0].observed_text}, too uncertain", unsure[0].objective_text
    return Outcome.PASS, "", ""


QUEUE = "a queue that does not grow"
"""The criterion that holds beside those of the user: a target that falls behind has no capacity left."""


def grows(in_flight: Sequence[float]) -> bool:
    """Say whether a number in flight grows beyond doubt, and by an amount that is not a whim of the queue."""
    slope, steps = theil_sen(in_flight), len(in_flight) - 1
    usual = sorted(in_flight)[len(in_flight) // 2]
    return slope.low > 0 and slope.value * steps > max(_LEAST_GROWTH, usual / 2)


def _margin(verdicts: Sequence[Verdict]) -> float | None:
    """Return the least share of a limit that is left, over the criteria that are upper limits."""
    shares = [
        1 - verdict.observed / verdict.limit
        for verdict in verdicts
        if verdict.observed is not None and verdict.limit and verdict.limit_text.startswith("<")
    ]
    return min(shares, default=None)
