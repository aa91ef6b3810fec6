"""config.slos -> objectives with their lines, and how many events of each a plan will make."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from loadkit.flow.step import Build
from loadkit.metrics.recorder import Recorder
from loadkit.scenario.judging import stretches
from loadkit.scenario.outlook import foresee
from loadkit.scenario.phases import phase_names
from loadkit.scenario.plan import Phase, Plan, Scenario
from loadkit.slo.budget import events_to_prove
from loadkit.slo.declared import Surroundings, parse_slos
from loadkit.slo.expression import Fault
from loadkit.slo.objective import Method, Slo
from loadkit.slo.threshold import Names
from loadkit.units import NS_PER_S
from loadkit.workload.base import ClosedWorkload


def compile_slos(
    items: Any, scenarios: tuple[Scenario, ...], phases: tuple[Phase, ...], build: Build, recorder: Recorder
) -> tuple[Slo, ...]:
    """Parse `config.slos`, and let the recorder count their events; what is wrong with one becomes a diagnostic."""
    named = phase_names(build.config)
    known = Surroundings(
        names=Names(
            requests=build.request_names,
            scenarios=[scenario.name for scenario in scenarios],
            phases=[name for name, _ in named],
            warmups=[name for name, warmup in named if warmup],
        ),
        kinds=recorder.all_check_kinds(),
        longest_ns=max(build.timeouts_ns, default=None),
        events_known=not any(_is_unknown(phase) for phase in phases),
    )
    read = parse_slos(items, known, lambda where: build.positions.at(("config", *where)))
    for fault in read.faults:
        build.error(fault.code, ("config", *fault.where), fault.message, hint=fault.hint, inside=_inside(items, fault))
    for fault in read.notes:
        build.warn(fault.code, ("config", *fault.where), fault.message, hint=fault.hint)
    recorder.count_all_events([slo.counted for slo in read.slos])
    return read.slos


def _is_unknown(phase: Phase) -> bool:
    """Say whether nobody knows how many requests a phase makes: its users make as many as they can."""
    workload = phase.workload
    return isinstance(workload, ClosedWorkload) and not phase.warmup and workload.throughput is None


def _inside(items: Any, fault: Fault) -> tuple[str, int] | None:
    """Return the text of a condition and the character in it that is meant."""
    if fault.where[-1] != "good":
        return None
    index = fault.where[1]
    text = items[index]["sli"]["good"] if isinstance(index, int) else None
    return (text, fault.offset) if isinstance(text, str) else None


def planned_events(plan: Plan) -> Mapping[str, int | None]:
    """Return how many events of each objective a plan will make, as far as its outlook says it; None where nobody knows.

    Of one request it is its share of all requests, of a scenario that of its visits. How many requests are checked is not known.
    """
    if not plan.slos or plan.slo_events is not None:
        return plan.slo_events or {}
    outlook = foresee(plan)
    by_phase = {phase.index: seen.requests for phase, seen in zip(plan.phases, outlook.phases, strict=True)}
    named = {one.name: one.number or 0 for one in outlook.requests_by_name}
    every = sum(named.values())
    weights = {scenario.name: 0.0 for scenario in plan.scenarios}
    for scenario in plan.scenarios:
        weights[scenario.name] += scenario.weight * scenario.visit_requests
    load = sum(weights.values())
    made: dict[str, int | None] = {}
    for slo in plan.slos:
        phases = [phase for phase in plan.phases if not phase.warmup and slo.selection.phase in (None, phase.name)]
        requests = [by_phase[phase.index] for phase in phases]
        known = [number for number in requests if number is not None]
        share = 1.0
        if slo.request is not None:
            share *= named.get(slo.request, 0) / every if every else 0.0
        elif slo.selection.scenario is not None:
            share *= weights.get(slo.selection.scenario, 0.0) / load if load else 0.0
        certain = len(known) == len(requests) and slo.indicator.kinds is None
        made[slo.name] = round(sum(known) * share) if certain else None
    return made


class ObjectiveOutlook(msgspec.Struct, frozen=True, kw_only=True):
    """An objective, and whether the plan is large enough to prove it: `planned` events (or slices) are to come, None where nobody
    knows how many; `to_prove` without a bad one prove the target, and with fewer no run can pass. None of ratio timeslices.
    """

    name: str
    target: float
    unit: str
    planned: int | None
    to_prove: int | None

    @property
    def too_few(self) -> bool:
        """Say whether the plan cannot prove the target, even if no event is bad."""
        return self.planned is not None and self.planned < (self.to_prove or 1)


def foresee_objectives(plan: Plan) -> list[ObjectiveOutlook]:
    """Return what a plan can say about its objectives."""
    events = planned_events(plan)
    made = []
    for slo in plan.slos:
        sliced = slo.method is not Method.OCCURRENCES
        made.append(
            ObjectiveOutlook(
                name=slo.name,
                target=slo.target,
                unit="slices" if sliced else "events",
                planned=_planned_slices(slo, plan) if sliced else events.get(slo.name),
                to_prove=None if slo.method is Method.RATIO_TIMESLICES else events_to_prove(slo.target),
            )
        )
    return made


def _planned_slices(slo: Slo, plan: Plan) -> int:
    """Return how many slices of an objective come to an end in a plan."""
    parts = [part for part in slo.selection.stretches(stretches(plan)) if not part.pause]
    return sum(part.end_ns - part.start_ns for part in parts) // NS_PER_S // slo.slice_s
