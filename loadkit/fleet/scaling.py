"""Load a target with rising numbers of users, and note what each comes to.

auto    1, 2, 4, 8, 16, 32 and on; from six steps on it ends where twice the users bring less than 5 % more throughput,
        where the generator is the limit, or at 1024
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from loadkit.analysis.scalability import LEAST_STEPS, Scalability, Step, analyse
from loadkit.fleet.standing import standing
from loadkit.fleet.stop import Stop
from loadkit.fleet.stopping import passed_on
from loadkit.fleet.trial import Early, Measured, Trial, TrialOptions
from loadkit.scenario.plan import Plan
from loadkit.scenario.trial import Load, TrialShape
from loadkit.slo.evaluate import Status
from loadkit.slo.expression import Objective
from loadkit.slo.validity import GENERATOR_BOUND
from loadkit.stats.intervals import Estimate

SETTLE_S = 5
MOST_USERS = 1024
OVERHEAD_S = 1.5
"""What a step takes beside what it settles and measures."""
_WORTH = 1.05  # what twice the users must bring for `auto` to go on


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaling:
    """What is to be done: `users` in rising order, None for auto; each step settles and is measured for so many seconds."""

    plan: Plan
    criteria: Sequence[Objective] = ()
    users: Sequence[int] | None = None
    step_s: int = 30
    settle_s: int = SETTLE_S
    workers: int | None = None
    keeps_ensure: bool = True

    @property
    def whole_s(self) -> float:
        """Return how long it takes; with auto for the six steps that are made in any case."""
        return (len(self.users) if self.users else LEAST_STEPS) * (self.settle_s + self.step_s + OVERHEAD_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaled:
    """What is known after a step, the last in `steps`; `elapsed_s` since the beginning."""

    steps: tuple[Step, ...]
    found: Scalability
    elapsed_s: float


async def scale(scaling: Scaling, stop: Stop) -> AsyncIterator[Scaled]:
    """Yield what is known after each step. A step that is stopped does not count. Raises what a Session raises."""
    began, steps = time.monotonic(), list[Step]()
    async with standing(scaling.plan) as plan:
        while (users := _next(scaling.users, steps)) is not None and not stop.requests:
            measured = await _measured(scaling, plan, users, stop)
            if measured.early is Early.SIGNAL:
                return
            steps.append(step_of(users, measured))
            yield Scaled(steps=tuple(steps), found=analyse(steps), elapsed_s=time.monotonic() - began)


async def _measured(scaling: Scaling, plan: Plan, users: int, stop: Stop) -> Measured:
    shape = TrialShape(
        load=Load(users=users),
        settle_s=scaling.settle_s,
        most_s=scaling.step_s,
        number=users,
        keeps_ensure=scaling.keeps_ensure,
    )
    options = TrialOptions(workers=scaling.workers)
    async with passed_on(stop) as own, Trial(plan, shape, options, scaling.criteria, stop=own) as trial:
        return await trial.measured(scaling.step_s)


def _next(users: Sequence[int] | None, steps: Sequence[Step]) -> int | None:
    """Return how many users come next; None at the end."""
    if users is not None:
        return users[len(steps)] if len(steps) < len(users) else None
    if not steps:
        return 1
    last, before = steps[-1], steps[-2] if len(steps) > 1 else None
    saturated = before is not None and last.rate < _WORTH * before.rate
    if last.limit or (len(steps) >= LEAST_STEPS and saturated) or last.users >= MOST_USERS:
        return None
    return 2 * last.users


def step_of(users: int, measured: Measured) -> Step:
    """Return a trial as a step."""
    missed = [verdict for verdict in measured.verdicts if verdict.status is Status.FAIL and verdict.strict]
    return Step(
        users=users,
        rate=measured.requests_per_s,
        response_s=measured.mean_ns / 1e9,
        p95_ns=measured.times.get("p95") or Estimate(value=0.0, note="no valid response"),
        failed=min(1.0, measured.errors / measured.requests) if measured.requests else 0.0,
        seconds=measured.seconds,
        limit=_limit(measured),
        missed=tuple(verdict.objective_text for verdict in missed),
    )


def _limit(measured: Measured) -> str:
    """Return why the generator was the limit. As fast as possible it may be so without being at fault; here it is one."""
    if not measured.valid:
        return measured.measurement.reasons[0]
    return next((note for note in measured.measurement.notes if note.startswith(GENERATOR_BOUND)), "")
