"""Judge the objectives of a plan, each on the part of the run that it is about, and over time where it says so."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from loadkit.metrics.estimates import Estimates
from loadkit.metrics.snapshot import Snapshot, merge_all
from loadkit.slo.confidence import Estimator
from loadkit.slo.estimate import estimator
from loadkit.slo.evaluate import INVALID_REASON, Status, Verdict, evaluate, settled
from loadkit.slo.expression import Objective
from loadkit.slo.growing import GrowthWatch, judge_growth
from loadkit.slo.observed import NOTHING_OBSERVED
from loadkit.slo.rolling import extract
from loadkit.slo.selection import Stretch, loaded_s
from loadkit.slo.text import observed_text
from loadkit.slo.validity import Measurement, Validity
from loadkit.slo.watch import Watch, Watches, text_of
from loadkit.slo.window import Breaches, Logic, Window, clock


def judge_objectives(
    objectives: Sequence[Objective],
    summary: Snapshot,
    duration_s: float,
    *,
    measurement: Measurement,
    stretches: Sequence[Stretch] = (),
    watches: Watches | None = None,
    estimates: Estimates | None = None,
    growth: GrowthWatch | None = None,
) -> tuple[Verdict, ...]:
    """Judge objectives in order; one of `each` gives a verdict for each name, sorted.

    `summary` is what is judged of the run, `duration_s` the time that its rates are taken over; `watches` have seen
    each of its intervals, and so has `growth`. `estimates` enclose the values of what is not followed over time.
    """
    watches = watches or Watches(objectives, stretches)
    made: list[Verdict] = []
    for index, objective in enumerate(objectives):
        if objective.per is not None:
            made.append(growth_verdict(objective, growth or GrowthWatch(NOTHING_OBSERVED), measurement))
            continue
        numbers, whole_s = _part(objective, summary, duration_s, stretches)
        watch = watches.of(index)
        known = _estimator(objective, numbers, stretches, estimates) if watch is None else None
        if watch is not None:
            watch.finish()
        for label, one in _singles(objective, numbers):
            (verdict,) = evaluate((one,), numbers, whole_s, measurement=measurement, estimator=known)
            made.append(verdict if watch is None else _followed(one, verdict, watch, label, measurement))
    return tuple(made)


def growth_verdict(objective: Objective, watch: GrowthWatch, measurement: Measurement) -> Verdict:
    """Return the verdict on how much a series may grow: by the interval, whatever `confidence` says."""
    found = judge_growth(objective, watch)
    (verdict,) = evaluate((objective,), Snapshot(), 0.0, measurement=measurement)
    slope, kind, limit = found.slope, objective.selector.kind, objective.limit
    few = slope is not None and found.samples < objective.min_samples
    decided = None if few else found.holds
    status = Status.INCONCLUSIVE if decided is None else settled(decided, measurement)
    invalid = measurement.status is Validity.INVALID
    reason = f"{found.samples} samples, and min_samples is {objective.min_samples}" if few else found.reason
    return replace(
        verdict,
        status=Status.INVALID if invalid else status,
        observed=None if slope is None else slope.value,
        observed_text=("no samples" if found.holds is False else "too few samples")
        if slope is None
        else f"{observed_text(kind, slope.value, limit)} {objective.per}",
        limit_text=f"{verdict.limit_text} {objective.per}",
        samples=found.samples,
        low=slope.low if slope is not None and math.isfinite(slope.low) else None,
        high=slope.high if slope is not None and math.isfinite(slope.high) else None,
        reason=INVALID_REASON if invalid else reason,
    )


def _estimator(
    objective: Objective, numbers: Snapshot, stretches: Sequence[Stretch], estimates: Estimates | None
) -> Estimator | None:
    """Return what gives the intervals of the numbers that an objective is about; None for several phases of one name."""
    selection = objective.selection
    phases = [part.index for part in selection.stretches(stretches)] if selection.phase is not None else []
    if estimates is None or len(phases) > 1:
        return None
    return estimator(estimates, numbers, phase=phases[0] if phases else None, scenario=selection.scenario)


def _part(
    objective: Objective, summary: Snapshot, duration_s: float, stretches: Sequence[Stretch]
) -> tuple[Snapshot, float]:
    """Return the numbers that an objective is about, and the time they were made in."""
    selection = objective.selection
    if selection.phase is None and selection.scenario is None:
        return summary, duration_s
    if selection.phase is not None:
        duration_s = loaded_s(selection.stretches(stretches), summary.end_ns)
    return merge_all(selection.pick(summary, stretches)), duration_s


def _singles(objective: Objective, numbers: Snapshot) -> list[tuple[str | None, Objective]]:
    """Return an objective for each name that occurred, itself where it is about one or where there is none."""
    if not objective.selection.each:
        return [(objective.label, objective)]
    names = sorted(filter(None, extract((numbers,), objective.selector, each=True)))
    return [(name, _named(objective, name)) for name in names] or [(None, objective)]


def _named(objective: Objective, name: str) -> Objective:
    """Return an objective for one of `each` name."""
    selector, selection = replace(objective.selector, label=name), replace(objective.selection, each=False)
    return replace(objective, text=text_of(objective, name), selector=selector, selection=selection)


def _followed(
    objective: Objective, verdict: Verdict, watch: Watch, label: str | None, measurement: Measurement
) -> Verdict:
    """Return the verdict on an objective that was followed; `verdict` is that on the numbers of the whole run."""
    track, window = watch.track(label), objective.window
    found = track.breaches
    if window is None and not (objective.abort and found.failed_s is not None):
        (verdict,) = evaluate((objective,), track.rolling.now, watch.duration_s, measurement=measurement)
        if watch.begun or measurement.status is Validity.INVALID:
            return verdict
        return replace(verdict, status=Status.INCONCLUSIVE, reason="the run ended before it was to be judged")
    if window is not None and not found.judged:
        return verdict if verdict.observed is None else _undecided(objective, window, verdict, measurement)
    value = found.worst if window is not None else found.at_failure
    assert value is not None  # it was judged at least once
    status = settled(found.failed_s is None, measurement)
    return replace(
        verdict,
        status=status,
        observed=value,
        observed_text=observed_text(objective.selector.kind, value, objective.limit),
        samples=found.samples,
        reason=INVALID_REASON if status is Status.INVALID else _course(objective, found),
        breaches=found,
    )


def _undecided(objective: Objective, window: Window, verdict: Verdict, measurement: Measurement) -> Verdict:
    if measurement.status is Validity.INVALID:
        return verdict
    what = "second" if window.logic is Logic.FOR else f"window of {window.seconds} s"
    least = objective.min_samples
    reason = f"no {what} held {least} samples" if least else f"no {what} was completed where it is judged"
    return replace(verdict, status=Status.INCONCLUSIVE, reason=reason)


def _course(objective: Objective, found: Breaches) -> str:
    """Return in words when it failed, or what was forgiven; "" where it always held."""
    window = objective.window
    if found.failed_s is None:
        return f"bad for {found.row} s in a row at most, {found.bad} of {found.judged} seconds" if found.bad else ""
    assert found.at_failure is not None
    value = observed_text(objective.selector.kind, found.at_failure, objective.limit)
    if window is None:
        return f"failed at {clock(found.failed_s)}"
    worst = f", worst at {clock(found.worst_s)}" if found.worst_s not in (None, found.failed_s) else ""
    return f"failed at {clock(found.failed_s)}, {window}: {value}; bad in {found.bad} of {found.judged} seconds{worst}"
