"""From what was measured and how it ended to a result: the one place, for a run that ends and for one that is read back."""

from __future__ import annotations

from dataclasses import dataclass, replace

from loadkit.engine.accounts import settle
from loadkit.engine.interventions import Intervention
from loadkit.engine.result import RunResult
from loadkit.metrics.estimates import Estimates
from loadkit.metrics.measures import measure
from loadkit.metrics.snapshot import Snapshot
from loadkit.metrics.track import Place, Track
from loadkit.scenario.judged import active_s, judged_part, legs
from loadkit.scenario.judging import BusyStreak, judge, stretches
from loadkit.scenario.objectives import planned_events
from loadkit.scenario.plan import Plan
from loadkit.scenario.recovery import RecoveryWatch
from loadkit.scenario.standings import Standings
from loadkit.slo.attained import attained_all
from loadkit.slo.cause import Generator
from loadkit.slo.growing import GrowthWatch
from loadkit.slo.spending import RunBudget, Spendings
from loadkit.slo.standing import Standing
from loadkit.slo.validity import Validity
from loadkit.slo.validity import judge as judge_measurement
from loadkit.slo.watch import Abort, Watches
from loadkit.slo.wording import verdict_of
from loadkit.stats.intervals import TAIL, Estimate
from loadkit.units import NS_PER_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a run ended. `cut_off`: nobody was there to end it, so what came after the last interval is not known.

    `going_on`: it has not ended, and the result is that of what was measured so far.
    """

    elapsed_s: float
    signal: str | None = None
    lost_workers: int = 0
    lost_arrivals: int = 0
    cut_off: bool = False
    going_on: bool = False
    cores: int = 1
    """How many the generator may use, for advice."""
    aborted_by: Abort | None = None
    """The threshold that ended the run, if one did."""
    interventions: tuple[Intervention, ...] = ()


class Course:
    """What a run has measured so far: the merge of its intervals, taken in order.

    `tail` is the probability that the truth lies beyond one of the ends of an interval of confidence.
    """

    def __init__(self, plan: Plan, *, workers: int, started_at: float, tail: float = TAIL) -> None:
        self._tail = tail
        self.plan = plan
        self.workers = workers
        self.started_at = started_at
        self.summary = Snapshot()
        self._busy = BusyStreak(plan)
        self._watches = Watches(plan.objectives, stretches(plan))
        self._track = Track(legs(plan))
        self._recovery = RecoveryWatch(plan)
        self._spendings = Spendings(plan.slos, stretches(plan), planned_events(plan))
        self._growth = GrowthWatch(plan.observed)
        self._standings = Standings(plan, self._watches, self._spendings, self._growth)

    def add(self, snapshot: Snapshot) -> None:
        """Take the next interval, merged over the workers."""
        self.summary.merge(snapshot)
        self._busy.add(snapshot)
        self._watches.add(snapshot)
        self._track.add(snapshot)
        self._recovery.add(snapshot)
        self._spendings.add(snapshot)
        self._growth.add(snapshot)
        self._standings.add(snapshot)

    def abort(self) -> Abort | None:
        """Return why the run is to be stopped now, None to go on.

        A threshold fails nobody while the generator is the limit, so it ends no run then either; nor does an objective. One that
        failed meanwhile ends the run as soon as its numbers can be believed: that is then its second.
        """
        found = () if self.plan.solo else (self._watches.abort(), self._spendings.abort())
        failed = min((one for one in found if one is not None), key=lambda abort: abort.second, default=None)
        if failed is not None and judge_measurement(self.summary).status is Validity.INVALID:
            return None
        return replace(failed, second=max(failed.second, self.summary.end_ns // NS_PER_S)) if failed else None

    def budgets(self) -> tuple[RunBudget, ...]:
        """Return what of its own budgets, one for each objective, the run has spent."""
        return tuple(one.budget() for one in self._spendings.all)

    def standings(self) -> tuple[Standing, ...]:
        """Return how each threshold, objective and group of checks stands so far."""
        return self._standings.now(self.summary)

    def share_above(self, place: Place, limit_ns: float) -> Estimate | None:
        """Return which share of the times that are judged so far lies above a limit."""
        judged = judged_part(self.plan, self.summary)
        return Estimates(self._track, self.summary, judged, tail=self._tail).share_above(place, limit_ns)

    def conclude(self, ending: Ending) -> RunResult:
        """Settle the account and judge. Writes `arrivals.planned` and `arrivals.lost` into the summary."""
        whole = not ending.lost_workers and not ending.cut_off and not ending.going_on
        trouble = settle(self.summary, ending.lost_arrivals, whole=whole)
        judged = judged_part(self.plan, self.summary)
        estimates = Estimates(self._track, self.summary, judged, tail=self._tail)
        measurement, verdicts = judge(
            self.plan,
            self.summary,
            judged,
            estimates=estimates,
            generator=self._generator(ending),
            lost=ending.lost_workers,
            trouble=trouble,
            cut_off_s=ending.elapsed_s if ending.cut_off else None,
            watches=self._watches,
            growth=self._growth,
        )
        steady, ended_by = judged is not self.summary, ending.aborted_by.objective_text if ending.aborted_by else ""
        slos = attained_all(self._spendings.all, measurement, steady=steady, aborted_by=ended_by)
        return RunResult(
            plan=self.plan,
            files=self.plan.document.files,
            summary=self.summary,
            judged=judged,
            intervals=estimates.all(),
            recovery=self._recovery.found(),
            grown=self._growth.all(),
            measures=measure(self._track, judged),
            verdicts=(
                *verdicts,
                *(replace(verdict_of(one), strict=one.slo.strict and not self.plan.solo) for one in slos),
            ),
            slos=slos,
            measurement=measurement,
            started_at=self.started_at,
            elapsed_s=ending.elapsed_s,
            active_s=active_s(self.plan, self.summary.end_ns),
            workers=self.workers,
            target=self.plan.target,
            signal=ending.signal,
            lost_workers=ending.lost_workers,
            tags=self.plan.tags,
            aborted_by=ending.aborted_by,
            interventions=ending.interventions,
        )

    def _generator(self, ending: Ending) -> Generator:
        return Generator(
            workers=self.workers,
            cores=ending.cores,
            seconds=active_s(self.plan, self.summary.end_ns, warmup=True),
            busy_s=self._busy.busy_s,
            bound_s=self._busy.bound_s,
            unpaced=self._busy.unpaced,
            paced_gauges=self._busy.paced_gauges if self._busy.unpaced else None,
        )
