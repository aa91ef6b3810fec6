"""How far a run is: the figures of its last second, worked out once for every screen."""

from __future__ import annotations

import math
from dataclasses import dataclass

from loadkit.engine.events import Interval
from loadkit.metrics.family import PYTHON, count_made, response_times, service_times
from loadkit.metrics.histogram import Histogram
from loadkit.outputs.base import counted
from loadkit.report.timeline import count_errors
from loadkit.scenario.plan import Phase, Plan
from loadkit.slo.spending import RunBudget
from loadkit.units import NS_PER_S, format_duration_ns
from loadkit.workload.closed import Closed


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where a run is and what it does. Rates are per second over the interval; `errors`, `dropped` and `lost` count from the start.

    A closed phase has `users`, an open one `planned_per_s`; neither is there once nobody starts any more.
    """

    elapsed_ns: int
    phase: str
    share: float
    left_ns: int
    users: int | None
    planned_per_s: float | None
    started_per_s: float
    vusers: int
    requests_per_s: float
    response_time: Histogram
    service_time: Histogram
    errors: int
    dropped: int
    lost: int = 0
    budgets: tuple[RunBudget, ...] = ()
    """What of its own budgets the run has spent, one for each objective."""
    made: str = "requests"
    """What there is so many of a second: "calls" where only Python functions are called."""


def progress(plan: Plan, event: Interval) -> Progress:
    """Return the figures of one interval."""
    now, total = event.snapshot, event.summary
    seconds = max(1.0, (now.end_ns - now.start_ns) / NS_PER_S)  # half a millisecond has no rate worth showing
    middle_ns = (now.start_ns + now.end_ns) // 2  # intervals end a little after the second, and so after their phase
    interrupted = event.draining and now.end_ns < plan.duration_ns
    phase = None if interrupted else phase_at(plan, middle_ns)
    users, planned_per_s = planned_at(phase, middle_ns)
    return Progress(
        elapsed_ns=now.end_ns,
        phase=_phase_name(plan, phase),
        share=min(1.0, (now.end_ns - phase.start_ns) / phase.duration_ns) if phase and phase.duration_ns else 1.0,
        left_ns=max(0, phase.end_ns - now.end_ns) if phase else 0,
        users=users,
        planned_per_s=planned_per_s,
        started_per_s=now.count("arrivals.started") / seconds,
        vusers=round(now.gauge("vusers.active")),
        requests_per_s=count_made(now) / seconds,
        response_time=response_times(now),
        service_time=service_times(now),
        errors=count_errors(total),
        dropped=total.count("arrivals.dropped"),
        lost=event.lost,
        budgets=event.budgets,
        made="calls" if total.count(PYTHON.made) == count_made(total) > 0 else "requests",
    )


def phase_at(plan: Plan, at_ns: int) -> Phase | None:
    """Return the phase that runs at an instant since the run's start; None after the last."""
    return next((phase for phase in plan.phases if phase.start_ns <= at_ns < phase.end_ns), None)


def describe_arrivals(seen: Progress) -> str:
    """Return what starts virtual users just now: "48.0/s of 50.0/s planned", or "50 users"."""
    if seen.users is not None:
        return counted(seen.users, "user")
    if seen.planned_per_s is None:
        return "nobody starts any more"
    return f"{format_rate(seen.started_per_s)} of {format_rate(seen.planned_per_s)} planned"


def describe_missing(seen: Progress) -> list[str]:
    """Return what became of arrivals that never started, such as "3 arrivals dropped"; nothing when all did."""
    told = ((seen.dropped, "dropped"), (seen.lost, "lost with their worker"))
    return [f"{counted(count, 'arrival')} {words}" for count, words in told if count]


def describe_budget(spent: RunBudget) -> str:
    """Return what of the run's own budget is spent: "25% spent, 3 of 12 bad events allowed"."""
    share = f"{spent.used:.0%}" if math.isfinite(spent.used) else "over 100%"
    if spent.allowed is None:
        return f"{share} spent so far, {spent.bad:,.4g} of {spent.total:,.0f} {spent.unit} bad"
    return f"{share} spent, {spent.bad:,.4g} of {spent.allowed:,.4g} bad {spent.unit} allowed"


def describe_times(histogram: Histogram) -> str:
    """Return "p50 3.1ms  p95 5ms  p99 9.1ms", or "no samples"."""
    if not histogram.total:
        return "no samples"
    return "  ".join(f"p{p} {format_duration_ns(histogram.percentile_ns(p))}" for p in (50, 95, 99))


def format_rate(per_s: float) -> str:
    """Return a rate with what precision is worth: "0.4/s", "48.2/s", "1,204/s"."""
    return f"{per_s:,.0f}/s" if per_s >= 1000 else f"{per_s:.1f}/s"


def _phase_name(plan: Plan, phase: Phase | None) -> str:
    if phase is None:
        return "finishing"
    warm = "warm-up, " if phase.warmup else ""
    return phase.name if len(plan.phases) == 1 else f"{phase.name} ({warm}{phase.index + 1} of {len(plan.phases)})"


def planned_at(phase: Phase | None, at_ns: int) -> tuple[int | None, float | None]:
    """Return the planned users of a closed phase or the planned arrivals per second of an open one; the other is None."""
    if phase is None:
        return None, None
    workload, since_ns = phase.workload, min(max(0, at_ns - phase.start_ns), phase.duration_ns)
    if isinstance(workload, Closed):
        return round(workload.users_at(since_ns)), None
    return None, workload.rate_at(since_ns) if hasattr(workload, "rate_at") else None
