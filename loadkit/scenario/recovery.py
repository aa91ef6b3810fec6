"""How long a target takes to recover from a peak of load: until its response time is back under the objective, and stays there.

    peak        a stretch at whose end the planned rate (the users, of a closed phase) falls from 1.5 times, or more, what follows;
                it ends where the plan has come down to within a tenth of that: inside a phase (spike, ramp, steps) or at its end
    objective   each upper limit of a response time among the thresholds; without one, twice the p95 from before the peak
    bad second  the number of those who got their response in it misses the objective, or one in ten requests failed
    recovery    from the end of the peak to the first of five good seconds in a row; of fewer, where the watch ends before

What came in during the peak counts in the second in which it was answered: who waits then waits because of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from loadkit.metrics.family import FAMILIES, count_made, response_times
from loadkit.metrics.histogram import Histogram
from loadkit.metrics.snapshot import Snapshot
from loadkit.metrics.track import RESPONSES
from loadkit.scenario.plan import Phase, Plan
from loadkit.slo.evaluate import observe
from loadkit.slo.expression import Objective, Operator
from loadkit.slo.metric import Kind, Selector
from loadkit.units import NS_PER_S, format_duration_ns
from loadkit.workload.base import ClosedWorkload
from loadkit.workload.pause import Pause

HIGH, LOW = 1.5, 1.1
STAYS_S = 5
_AS_BEFORE = 2.0
_LEAST_BEFORE = 30  # samples without which nobody knows how it was before
_FAILED = 0.1
_STEPS, _STEP_NS = 500, NS_PER_S // 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Peak:
    """A peak of a plan, in ns since the run's start; `until_ns` is how far the calm after it goes, None to the run's end."""

    phase: int
    name: str
    begin_ns: int
    end_ns: int
    until_ns: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """What came of a peak by one objective. `after_s` is None where the target did not recover while it was watched."""

    phase: int
    name: str
    ended_s: float
    objective: str
    limit_ns: float
    after_s: float | None
    watched_s: float
    worst_ns: float

    @property
    def recovered(self) -> bool:
        """Say whether the response time came back under the objective."""
        return self.after_s is not None


def peaks(plan: Plan) -> tuple[Peak, ...]:
    """Return the peaks of a plan, in order."""
    return tuple(_peaks([_course_of(phase) for phase in plan.phases if not isinstance(phase.workload, Pause)]))


@dataclass(frozen=True, slots=True)
class _Planned:
    """What a phase plans in the course of it: arrivals per second, or users, at equal steps, and in its last instant."""

    phase: Phase
    step_ns: int
    loads: Sequence[float]
    final: float

    def is_like(self, other: _Planned) -> bool:
        return isinstance(self.phase.workload, ClosedWorkload) is isinstance(other.phase.workload, ClosedWorkload)


def _course_of(phase: Phase) -> _Planned:
    workload = phase.workload
    if isinstance(workload, ClosedWorkload):
        return _Planned(phase, phase.duration_ns, (float(workload.users),), float(workload.users))
    step_ns = max(_STEP_NS, phase.duration_ns // _STEPS)
    loads = [workload.rate_at(at_ns) for at_ns in range(0, phase.duration_ns, step_ns)]
    return _Planned(phase, step_ns, loads, workload.rate_at(phase.duration_ns - 1))


def _peaks(phases: Sequence[_Planned]) -> Iterator[Peak]:
    for index, one in enumerate(phases):
        following = phases[index + 1] if index + 1 < len(phases) else None
        likewise = following if following is not None and one.is_like(following) else None
        if likewise is not None and one.final >= HIGH * max(likewise.loads) > 0:
            yield _peak(one, 0, one.phase.duration_ns, phases, index + 1)
            continue
        high = [number for number, load in enumerate(one.loads) if load > LOW * one.final]
        if high and one.final > 0 and max(one.loads) >= HIGH * one.final:
            calm = likewise is not None and max(likewise.loads) <= LOW * one.final
            end_ns = (high[-1] + 1) * one.step_ns
            yield _peak(one, high[0] * one.step_ns, end_ns, phases, index + 1 if calm else index)


def _peak(one: _Planned, begin_ns: int, end_ns: int, phases: Sequence[_Planned], calm: int) -> Peak:
    phase = one.phase
    return Peak(
        phase=phase.index,
        name=phase.name,
        begin_ns=phase.start_ns + begin_ns,
        end_ns=phase.start_ns + min(end_ns, phase.duration_ns),
        until_ns=None if calm == len(phases) - 1 else phases[calm].phase.end_ns,
    )


# ------------------------------------------------------------------------------------------------------- while it runs


class RecoveryWatch:
    """Takes the seconds of a run in order, and tells in the end how it recovered. Without a peak it costs nothing."""

    def __init__(self, plan: Plan) -> None:
        objectives = [one for one in plan.objectives if _limits_time(one)]
        self._watched = [_Watched(peak, objectives) for peak in ([] if plan.solo else peaks(plan))]

    def add(self, snapshot: Snapshot) -> None:
        """Take the next second, merged over the workers."""
        for watched in self._watched:
            watched.add(snapshot)

    def found(self) -> tuple[Recovery, ...]:
        """Return what was found of each peak that ended, by each objective."""
        return tuple(found for watched in self._watched for found in watched.found())


def _limits_time(objective: Objective) -> bool:
    selector = objective.selector
    return (
        selector.kind is Kind.TIME
        and selector.name in RESPONSES
        and objective.operator in (Operator.LESS, Operator.AT_MOST)
        and not objective.selection.each
    )


@dataclass(slots=True)
class _Course:
    """One objective after one peak."""

    text: str
    limit: float
    operator: Operator = Operator.LESS
    selector: Selector | None = None
    good_since_ns: int | None = None
    recovered_ns: int | None = None
    worst_ns: float = 0.0

    def add(self, snapshot: Snapshot) -> None:
        made, value = count_made(snapshot), self._value(snapshot)
        if value is None and not made:
            return  # nothing was asked: nobody knows
        failed = made - sum(snapshot.count(family.done) for family in FAMILIES)
        good = value is not None and self.operator.holds(value, self.limit) and failed <= _FAILED * made
        self.worst_ns = max(self.worst_ns, value or 0.0)
        if not good:
            self.good_since_ns = None
            return
        if self.good_since_ns is None:
            self.good_since_ns = snapshot.start_ns
        stayed_ns = snapshot.end_ns - self.good_since_ns
        if self.recovered_ns is None and stayed_ns >= (STAYS_S - 0.5) * NS_PER_S:
            self.recovered_ns = self.good_since_ns

    def _value(self, snapshot: Snapshot) -> float | None:
        if self.selector is not None:
            return observe(self.selector, snapshot, 1.0).value
        times = response_times(snapshot)
        return times.percentile_ns(95) if times.total else None


@dataclass(slots=True)
class _Watched:
    """One peak, followed."""

    peak: Peak
    objectives: Sequence[Objective]
    before: Histogram = field(default_factory=Histogram)
    courses: list[_Course] | None = None
    seen_ns: int = 0

    def add(self, snapshot: Snapshot) -> None:
        middle_ns = (snapshot.start_ns + snapshot.end_ns) // 2
        if middle_ns < self.peak.begin_ns:
            if not self.objectives:
                self.before.merge(response_times(snapshot))
        elif middle_ns >= self.peak.end_ns and (self.peak.until_ns is None or middle_ns < self.peak.until_ns):
            if self.courses is None:
                self.courses = list(self._begun())
            self.seen_ns = snapshot.end_ns
            for course in self.courses:
                course.add(snapshot)

    def _begun(self) -> Iterator[_Course]:
        for one in self.objectives:
            yield _Course(one.text, one.limit, one.operator, one.selector)
        if not self.objectives and self.before.total >= _LEAST_BEFORE:
            limit = _AS_BEFORE * self.before.percentile_ns(95)
            yield _Course(f"p95 below twice that before the peak, {format_duration_ns(limit)}", limit)

    def found(self) -> Iterator[Recovery]:
        for course in self.courses or ():
            back_ns = course.recovered_ns if course.recovered_ns is not None else course.good_since_ns
            yield Recovery(
                phase=self.peak.phase,
                name=self.peak.name,
                ended_s=self.peak.end_ns / NS_PER_S,
                objective=course.text,
                limit_ns=course.limit,
                after_s=None if back_ns is None else max(0, back_ns - self.peak.end_ns) / NS_PER_S,
                watched_s=max(0, self.seen_ns - self.peak.end_ns) / NS_PER_S,
                worst_ns=course.worst_ns,
            )
