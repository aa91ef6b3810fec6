"""How many requests a second a plan comes to at its peak, as far as its files say it.

peak of an open phase   = largest arrival rate x mean requests of a visit (scenarios by weight)
peak of a closed phase  = its throughput; without one nobody can know it
requests of a visit     = its request steps, those in a loop as often as its count; a count that only a visit knows is 1.
                          Conditions are taken to hold; redirects and retries are not counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from loadkit.flow.step import Build
from loadkit.scenario.plan import Phase, Scenario
from loadkit.workload.base import ClosedWorkload
from loadkit.workload.poisson import Poisson

UNKNOWN = float("inf")


def requests_of(flow: Any, actions: Mapping[str, Any]) -> int:
    """Return how many requests one visit makes."""
    total = 0
    for step in flow if isinstance(flow, list) else ():
        if isinstance(step, list):
            total += requests_of(step, actions)
        elif isinstance(step, Mapping):
            total += sum(_of_action(action, step, actions) for action in step if action in actions)
    return total


def peak_per_s(phases: Iterable[Phase], scenarios: Sequence[Scenario]) -> float:
    """Return the most requests a second that phases plan; UNKNOWN with an unpaced closed one."""
    return max((phase_peak_per_s(phase, scenarios) for phase in phases), default=0.0)


def phase_peak_per_s(phase: Phase, scenarios: Sequence[Scenario]) -> float:
    """Return the most requests a second that a phase plans."""
    each = 1.0 if isinstance(phase.workload, ClosedWorkload) else mean_requests(scenarios)
    return phase_rate_per_s(phase) * each


def phase_rate_per_s(phase: Phase) -> float:
    """Return the most arrivals (or, in a closed phase, requests) a second that a phase plans; UNKNOWN when unpaced."""
    workload = phase.workload
    if isinstance(workload, ClosedWorkload):
        return UNKNOWN if workload.throughput is None else float(workload.throughput)
    return workload.peak_per_s


def phase_visits(phase: Phase) -> int | None:
    """Return how many visits a phase plans, None when nobody can know it. Of random arrivals it is their mean: the seed decides."""
    workload = phase.workload
    if isinstance(workload, ClosedWorkload):
        return workload.iterations
    if isinstance(workload, Poisson):
        return round(workload.mean)
    return workload.planned


def mean_requests(scenarios: Sequence[Scenario]) -> float:
    """Return the mean number of requests of a visit."""
    weights = sum(scenario.weight for scenario in scenarios)
    return sum(scenario.weight * scenario.visit_requests for scenario in scenarios) / weights if weights else 0.0


def check_rate(
    phases: Sequence[Phase], scenarios: Sequence[Scenario], limit: tuple[float, str] | None, build: Build
) -> None:
    """Report the phases that plan more than a limit, given with the name of where it comes from (LK402)."""
    for phase in phases if limit else ():
        assert limit is not None
        most, origin = limit
        peak, where = phase_peak_per_s(phase, scenarios), ("config", "phases", phase.index)
        allowed = f"{most:g}/s are allowed ({origin})"
        if peak == UNKNOWN:
            text = f'phase "{phase.name}" sends as fast as the target answers, and only {allowed}'
            build.error("LK402", where, text, hint=f"pace it: `throughput: {most:g}/s`")
        elif peak > most:
            text = f'phase "{phase.name}" plans up to {peak:,.6g} requests/s'
            if not isinstance(phase.workload, ClosedWorkload):
                text += f" ({phase_rate_per_s(phase):,.6g} visits/s with {mean_requests(scenarios):,.6g} requests each)"
            build.error("LK402", where, f"{text}, and only {allowed}", hint="plan less, or raise the limit")


def _of_action(action: str, step: Mapping[str, Any], actions: Mapping[str, Any]) -> int:
    if isinstance(step[action], list):  # steps inside
        rounds = rounds_of(step)
        return requests_of(step[action], actions) * (1 if rounds is None else rounds)
    return actions[action].sent(step[action]).number if actions[action].sent else 0


def rounds_of(step: Mapping[str, Any]) -> int | None:
    """Return how often steps inside of a step are done; None when only a visit knows it."""
    if "whileTrue" in step:
        return None  # a function decides
    over, count = step.get("over"), step.get("count", 1)
    if over is not None:
        return len(over) if isinstance(over, list) else None
    first, dash, last = str(count).partition("-")
    try:
        return max(0, int(last) - int(first) if dash else int(count))
    except (TypeError, ValueError, OverflowError):
        return None
