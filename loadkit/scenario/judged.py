"""Which part of a run is judged: all phases but the warm-up, in numbers and in seconds."""

from __future__ import annotations

from loadkit.metrics.snapshot import Snapshot
from loadkit.metrics.track import Leg
from loadkit.scenario.plan import Plan
from loadkit.units import NS_PER_S
from loadkit.workload.pause import Pause

Span = tuple[int, int]
"""From an instant to another, in nanoseconds since the run's start."""


def has_warmup(plan: Plan) -> bool:
    """Say whether some of a run is not judged."""
    return any(phase.warmup for phase in plan.phases)


def judged_part(plan: Plan, summary: Snapshot) -> Snapshot:
    """Return what of a run is judged; the summary itself where there is no warm-up.

    Examples of errors are of the whole run, and so are gauges: neither knows its phase.
    """
    if not has_warmup(plan):
        return summary
    warm = {phase.index for phase in plan.phases if phase.warmup}
    parts = {place: part for place, part in summary.parts.items() if place[0] not in warm}
    return Snapshot.of_parts(summary.start_ns, summary.end_ns, parts, gauges=summary.gauges, examples=summary.examples)


def legs(plan: Plan) -> list[Leg]:
    """Return the phases as what is measured is tracked by."""
    return [
        Leg(
            phase.index,
            phase.start_ns,
            phase.end_ns,
            judged=not phase.warmup,
            loaded=not isinstance(phase.workload, Pause),
        )
        for phase in plan.phases
    ]


def phase_spans(plan: Plan, end_ns: int) -> dict[int, Span]:
    """Return from when to when each phase went on in a run that ended at `end_ns`, by the phase's index.

    What virtual users do after the last phase belongs to it, and a phase that was never reached lasts no time.
    """
    spans = {}
    for phase in plan.phases:
        last = phase is plan.phases[-1]
        spans[phase.index] = min(phase.start_ns, end_ns), end_ns if last else min(phase.end_ns, end_ns)
    return spans


def judged_spans(plan: Plan, end_ns: int, *, warmup: bool = False) -> list[Span]:
    """Return the spans of the phases that are judged, from the first that starts anybody; of all phases with `warmup`."""
    spans = phase_spans(plan, end_ns)
    phases = [phase for phase in plan.phases if warmup or not phase.warmup]
    first = next((index for index, phase in enumerate(phases) if not isinstance(phase.workload, Pause)), 0)
    return [spans[phase.index] for phase in phases[first:]]


def active_s(plan: Plan, end_ns: int, *, warmup: bool = False) -> float:
    """Return the seconds that rates are taken over: from the first phase that starts anybody to the end, without warm-up.

    `warmup` counts the warm-up phases as well.
    """
    return sum(end - start for start, end in judged_spans(plan, end_ns, warmup=warmup)) / NS_PER_S
