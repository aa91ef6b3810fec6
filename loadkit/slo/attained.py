"""Judge objectives after a run: the indicator with its interval, and pass, fail or inconclusive by the interval alone.

    lower end of the bad ratio > budget     fail
    upper end <= budget                     pass
    else                                    inconclusive

Events cluster in time, so the interval is widened by Λ, found from the bad events of each second of steady load (stats/batches.py).
Of timeslices the events are slices. Of ratio timeslices the bad ratio is the mean over slices, and its interval Student's of the
means of at most ten batches of them.

A run that was ended since its own budget was overspent has failed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from loadkit.arrays import Floats, np
from loadkit.slo.alert import Finding, find
from loadkit.slo.budget import bad_ratio, burn_rate, events_to_prove, events_to_settle, lasts
from loadkit.slo.evaluate import INVALID_REASON, Status
from loadkit.slo.objective import Method, Slo
from loadkit.slo.spending import RunBudget, Spending, bad_share
from loadkit.slo.validity import Measurement, Validity
from loadkit.stats.batches import MOST_BATCHES, Dependence, dependence
from loadkit.stats.distributions import student_t
from loadkit.stats.intervals import Estimate
from loadkit.units import NS_PER_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Attained:
    """What a run says about an objective. `good` and `bad` count events, `slices` the slices of a method that has them.

    `bad_ratio` is that of the objective's method, None where there was nothing to judge. `to_settle` is how many events (or
    slices) would decide at this ratio, None where no number would.
    """

    slo: Slo
    status: Status
    good: int
    bad: int
    bad_ratio: Estimate | None
    run_budget: RunBudget
    slices: int | None = None
    slices_bad: float | None = None
    alerts: tuple[Finding, ...] = ()
    to_settle: int | None = None
    reason: str = ""

    @property
    def total(self) -> int:
        """Return how many events there were."""
        return self.good + self.bad

    @property
    def sli(self) -> float | None:
        """Return the indicator: the share that was good."""
        return None if self.bad_ratio is None else 1 - self.bad_ratio.value

    @property
    def burn(self) -> float | None:
        """Return how many times faster than allowed production would spend its budget at this ratio."""
        return None if self.bad_ratio is None else burn_rate(self.bad_ratio.value, self.slo.budget)

    @property
    def lasts_s(self) -> float | None:
        """Return how long a full budget would last; None for ever, and where nothing was judged."""
        return None if not self.burn else lasts(self.slo.window_ns / NS_PER_S, self.burn)

    @property
    def to_prove(self) -> int:
        """Return how many events (or slices) without a bad one prove the target."""
        return events_to_prove(self.slo.target)


def attained(spending: Spending, measurement: Measurement, *, steady: bool, aborted: bool = False) -> Attained:
    """Judge one objective. `steady` says that a warm-up is left out already: else the first tenth is no steady load."""
    slo = spending.slo
    good, bad = spending.events
    counted = _slices(spending) if slo.method is not Method.OCCURRENCES else None
    found, near = _estimate(spending, counted, steady=steady)
    status, reason = _judged(slo, found, measurement)
    if aborted and status is not Status.INVALID:
        status, reason = Status.FAIL, "the run's own budget was overspent, so the run was ended"
    seconds = spending.seconds()
    whole: tuple[int, float] = (good + bad, bad) if counted is None else (len(counted), float(counted.sum()))
    return Attained(
        slo=slo,
        status=status,
        good=good,
        bad=bad,
        bad_ratio=found,
        run_budget=spending.budget(),
        slices=None if counted is None else len(counted),
        slices_bad=None if counted is None else float(counted.sum()),
        alerts=tuple(find(alert, *seconds, slo.budget) for alert in slo.alerts),
        to_settle=_to_settle(slo, whole, near) if status is Status.INCONCLUSIVE else None,
        reason=reason,
    )


def _judged(slo: Slo, found: Estimate | None, measurement: Measurement) -> tuple[Status, str]:
    if measurement.status is Validity.INVALID:
        return Status.INVALID, INVALID_REASON
    if found is None:
        what = "no event was counted" if slo.method is Method.OCCURRENCES else "no slice was completed"
        return Status.INCONCLUSIVE, what
    if found.low is not None and found.low > slo.budget:
        return Status.FAIL, ""
    if found.high is not None and found.high <= slo.budget:
        return Status.PASS, ""
    if found.low is None or found.high is None:
        return Status.INCONCLUSIVE, found.note
    return Status.INCONCLUSIVE, "the interval holds the target"


def _slices(spending: Spending) -> Floats:
    """Return what each slice takes of the budget."""
    return np.array([bad_share(spending.slo, good, bad) for good, bad in spending.slices()], np.float64)


def _estimate(spending: Spending, slices: Floats | None, *, steady: bool) -> tuple[Estimate | None, Dependence]:
    """Return the bad ratio with its interval, and how far its events depend on each other."""
    if slices is None:
        good, bad = spending.seconds()
        total = sum(spending.events)
        skip = 0 if steady else min(30, max(1, -(-len(bad) // 10)))
        counted, totals = bad[skip:].astype(np.float64), (good + bad)[skip:].astype(np.float64)
        near = dependence(counted, totals, float(len(counted)))
        return (bad_ratio(spending.events[1], total, near) if total else None), near
    seconds = float(len(slices) * spending.slo.slice_s)
    near = dependence(slices, np.ones(len(slices)), seconds)
    if not len(slices):
        return None, near
    if spending.slo.method is Method.TIMESLICES:
        return bad_ratio(int(slices.sum()), len(slices), near), near
    return _mean(slices, near, sum(spending.events)), near


def _mean(slices: Floats, near: Dependence, events: int) -> Estimate:
    """Return the mean of shares with Student's interval of their batches' means.

    Where no event was bad the batches show no spread, and the interval is that of so many events.
    """
    value = float(slices.mean())
    if not slices.any():
        return bad_ratio(0, events, near)
    batches = min(MOST_BATCHES, len(slices))
    if batches < 2:
        note = "too short for an interval: two slices are needed"
        return Estimate(value=value, n=len(slices), n_eff=1.0, seconds=near.seconds, note=note)
    means = np.array([part.mean() for part in np.array_split(slices, batches)])
    reach = student_t(0.975, batches - 1) * float(means.std(ddof=1)) / math.sqrt(batches)
    low, high = max(0.0, value - reach), min(1.0, value + reach)
    return Estimate(value=value, low=low, high=high, n=len(slices), n_eff=float(batches), seconds=near.seconds)


def _to_settle(slo: Slo, whole: tuple[int, float], near: Dependence) -> int | None:
    total, bad = whole
    if slo.method is Method.RATIO_TIMESLICES:
        return None
    return events_to_settle(int(bad), total, near, slo.budget)


def attained_all(
    spendings: Sequence[Spending], measurement: Measurement, *, steady: bool, aborted_by: str = ""
) -> tuple[Attained, ...]:
    """Judge objectives in order; `aborted_by` is the text of what ended the run."""
    return tuple(attained(one, measurement, steady=steady, aborted=one.abort_text == aborted_by) for one in spendings)
