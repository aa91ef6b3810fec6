"""A trial: a plan at one steady load for a while, and the numbers that it gave, asked for while the load goes on.

    async with Trial(plan, shape, options, criteria) as trial:
        measured = await trial.measured(30)       30 s after what it took to settle
        measured = await trial.measured(60)       the same trial, 30 s more: what was measured counts on

A trial that cannot end well is given up early: when more virtual users are at work than `most_in_flight`, the queue grows
without end, and going on would only fill it. Leaving the block ends the load, gently unless the queue had grown.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from types import TracebackType
from typing import Self

from loadkit.engine.ending import Course, Ending
from loadkit.engine.events import Finished, Interval, Started
from loadkit.engine.result import RunResult
from loadkit.errors import FleetError
from loadkit.fleet.local import RunOptions
from loadkit.fleet.session import Session
from loadkit.fleet.sizing import usable_cores
from loadkit.fleet.stop import Stop
from loadkit.metrics.family import count_made, response_times
from loadkit.metrics.snapshot import Snapshot, merge_all
from loadkit.metrics.track import RESPONSES, Place
from loadkit.outputs.base import Output
from loadkit.scenario.plan import Plan
from loadkit.scenario.trial import TRIAL, Load, TrialShape, trial_plan
from loadkit.slo.evaluate import Status, Verdict
from loadkit.slo.expression import Objective, Operator
from loadkit.slo.validity import Measurement, Validity
from loadkit.slo.watch import text_of
from loadkit.stats.intervals import TAIL, Estimate
from loadkit.units import NS_PER_S

_GENTLE_NS = 5 * NS_PER_S
_ALMOST_NS = NS_PER_S // 2  # an interval ends a little before or after its second


class Early(Enum):
    """Why a trial was over before its time."""

    SIGNAL = "the user stopped it"
    QUEUE = "more virtual users were at work than a target that keeps up has"
    THRESHOLD = "a threshold with `abort` failed"
    LOST = "a worker was lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialOptions:
    """How trials are run. `workers` as in RunOptions; without `most_in_flight` no queue is too long.

    `tail` is the probability that the truth lies beyond one of the ends of an interval.
    """

    workers: int | None = None
    graceful_stop_ns: int = _GENTLE_NS
    most_in_flight: float | None = None
    tail: float = TAIL


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a trial has measured so far, in `seconds` after it had settled.

    Of each of them: how many arrivals were due (`offered_each`; none in a closed model), how many visits came to their end, well
    or not (`ended_each`), and how many virtual users were at work at its end (`in_flight`). `times` holds p50, p95 and p99 of
    the response time in nanoseconds with what encloses them, by their names; `session_p99_ns` is how long a visit takes.
    """

    load: Load
    seconds: float
    requests: int
    errors: int
    offered_each: tuple[int, ...]
    ended_each: tuple[int, ...]
    in_flight: tuple[float, ...]
    mean_ns: float
    session_p99_ns: float
    times: Mapping[str, Estimate]
    verdicts: tuple[Verdict, ...]
    measurement: Measurement
    early: Early | None = None

    @property
    def offered(self) -> int:
        """Return how many arrivals were due."""
        return sum(self.offered_each)

    @property
    def ended(self) -> int:
        """Return how many visits came to their end."""
        return sum(self.ended_each)

    @property
    def overrun(self) -> bool:
        """Say whether the trial was given up since its queue grew too long."""
        return self.early is Early.QUEUE

    @property
    def reasons(self) -> tuple[str, ...]:
        """Return why the measurement cannot be believed, or only with care."""
        return self.measurement.reasons

    @property
    def visits_per_s(self) -> float:
        """Return how many visits came to their end in a second."""
        return self.ended / self.seconds if self.seconds else 0.0

    @property
    def requests_per_s(self) -> float:
        """Return how many requests were made, and Python functions called, in a second."""
        return self.requests / self.seconds if self.seconds else 0.0

    @property
    def achieved(self) -> float:
        """Return which part of the arrivals due came to an end; 1 in a closed model, where nothing is due."""
        return self.ended / self.offered if self.offered else 1.0

    @property
    def valid(self) -> bool:
        """Say whether the target was the limit, and not the generator."""
        return self.measurement.status is not Validity.INVALID


@dataclass(slots=True)
class _Seconds:
    """What is added up of a trial's seconds beside its course."""

    spent_ns: int = 0
    offered: list[int] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)
    in_flight: list[float] = field(default_factory=list)

    def add(self, snapshot: Snapshot) -> None:
        self.spent_ns += snapshot.end_ns - snapshot.start_ns
        self.offered.append(snapshot.count("arrivals.due"))
        self.ended.append(snapshot.count("vusers.completed") + snapshot.count("vusers.failed"))
        self.in_flight.append(snapshot.gauge("vusers.active"))


class Trial:
    """One trial; see above. `stop` is how others end it; `result` is that of the whole run once the block is left.

    Raises what a Session raises.
    """

    def __init__(
        self,
        plan: Plan,
        shape: TrialShape,
        options: TrialOptions,
        criteria: Sequence[Objective] = (),
        *,
        stop: Stop | None = None,
        outputs: Sequence[Output] = (),
    ) -> None:
        self.stop = stop or Stop()
        self.result: RunResult | None = None
        self._shape = shape
        self._options = options
        self._plan = trial_plan(plan, shape, criteria)
        settings = RunOptions(workers=options.workers, graceful_stop_ns=options.graceful_stop_ns)
        self._session = Session(self._plan, settings, stop=self.stop, outputs=outputs)
        self._course = Course(self._plan, workers=1, started_at=time.time(), tail=options.tail)
        self._seconds = _Seconds()
        self._early: Early | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None and self.result is None:
                await self._end()
        finally:
            await self._session.aclose()

    async def measured(self, seconds: float) -> Measured:
        """Go on until so many seconds were measured, or the trial is over; return the numbers so far."""
        wanted_ns = round(seconds * NS_PER_S) - _ALMOST_NS
        while self._seconds.spent_ns < wanted_ns and self._early is None and self.result is None:
            await self._advance()
        return self._numbers()

    async def _end(self) -> None:
        """Let users at work finish; cut them off where the queue had grown."""
        self.stop.request()
        if self._early is not None:
            self.stop.request()
        while self.result is None:
            await self._advance()

    async def _advance(self) -> None:
        event = await anext(self._session, None)
        match event:
            case None:
                raise FleetError("the trial ended without a result: its workers were lost")
            case Started():
                self._course = Course(
                    self._plan, workers=event.workers, started_at=event.started_at, tail=self._options.tail
                )
            case Interval() if not event.draining:
                self._take(event.snapshot)
            case Finished():
                self._finish(event.result)
            case _:
                pass

    def _take(self, snapshot: Snapshot) -> None:
        self._course.add(snapshot)
        if snapshot.end_ns > self._shape.settle_s * NS_PER_S + _ALMOST_NS:
            self._seconds.add(snapshot)
        most = self._options.most_in_flight
        if most is not None and snapshot.gauge("vusers.active") > most:
            self._early = Early.QUEUE

    def _finish(self, result: RunResult) -> None:
        self.result = result
        if result.signal:
            self._early = Early.SIGNAL
        elif result.aborted_by:
            self._early = Early.THRESHOLD
        elif result.lost_workers:
            self._early = Early.LOST

    def _numbers(self) -> Measured:
        seconds = self._seconds
        result = self.result if self._early in (Early.LOST, Early.THRESHOLD) else None
        found = result or self._course.conclude(
            Ending(elapsed_s=self._course.summary.end_ns / NS_PER_S, cores=usable_cores(), going_on=True)
        )
        judged = self._judged(found)
        times = response_times(judged)
        sessions = judged.histogram("vusers.session_length")
        return Measured(
            load=self._shape.load,
            seconds=seconds.spent_ns / NS_PER_S,
            requests=count_made(judged),
            errors=sum(count for (name, _), count in judged.counters.items() if name.startswith("errors.")),
            offered_each=tuple(seconds.offered),
            ended_each=tuple(seconds.ended),
            in_flight=tuple(seconds.in_flight),
            mean_ns=times.mean_ns() if times.total else 0.0,
            session_p99_ns=sessions.percentile_ns(99) if sessions.total else 0.0,
            times=_times(found),
            verdicts=tuple(self._decided(verdict, found) for verdict in found.verdicts),
            measurement=found.measurement,
            early=self._early,
        )

    def _decided(self, verdict: Verdict, found: RunResult) -> Verdict:
        """Return a verdict; what a percentile's interval left open is decided by the share beyond its limit, if that does it.

        p99 < 200ms says that less than 1 % take 200 ms or longer. Whether that is so, fewer samples show than where p99 lies.
        """
        if verdict.status is not Status.INCONCLUSIVE:
            return verdict
        for objective in self._plan.objectives:
            labels = found.judged.labels(objective.selector.name) if objective.selection.each else [objective.label]
            for label in labels:
                if verdict.objective_text == text_of(objective, label):
                    return self._by_share(verdict, objective, label)
        return verdict

    def _by_share(self, verdict: Verdict, objective: Objective, label: str | None) -> Verdict:
        selector = objective.selector
        if selector.percent is None or objective.operator not in (Operator.LESS, Operator.AT_MOST):
            return verdict
        place = Place(selector.name, label, None, objective.selection.scenario)
        share, allowed = self._course.share_above(place, objective.limit), 1 - selector.percent / 100
        if share is not None and share.high is not None and share.high < allowed:
            return replace(verdict, status=Status.PASS)
        if share is not None and share.low is not None and share.low > allowed:
            return replace(verdict, status=Status.FAIL)
        return verdict

    def _judged(self, found: RunResult) -> Snapshot:
        """Return what of a result belongs to the measured phase."""
        index = next(phase.index for phase in self._plan.phases if phase.name == TRIAL)
        return merge_all([found.summary.select(phase=index)])


def _times(found: RunResult) -> dict[str, Estimate]:
    """Return p50, p95 and p99 of all response times, of requests and of functions; where there are both, of requests."""
    made: dict[str, Estimate] = {}
    for metric in sorted(RESPONSES, reverse=True):
        for name in ("p50", "p95", "p99"):
            estimate = found.intervals.get(Place(f"{metric}.{name}"))
            if estimate is not None:
                made[name] = estimate
    return made
