"""The steady load that stands for a scenario's phases, for commands that repeat short runs of it.

It is that of the longest phase that is judged, of equally long ones the last: the mean arrival rate of an open phase, the users and
the throughput of a closed one.
"""

from __future__ import annotations

from dataclasses import dataclass

from loadkit.scenario.plan import Phase, Plan
from loadkit.scenario.rates import phase_visits
from loadkit.scenario.trial import Load
from loadkit.units import NS_PER_S
from loadkit.workload.base import ClosedWorkload
from loadkit.workload.pause import Pause


@dataclass(frozen=True, slots=True, kw_only=True)
class SteadyLoad:
    """A load, and the name of the phase that it was taken from."""

    load: Load
    phase: str


def steady_load(plan: Plan) -> SteadyLoad | None:
    """Return the steady load of a plan; None where its file has no phases."""
    if not plan.config.get("phases"):
        return None
    judged = [phase for phase in plan.phases if not phase.warmup and not isinstance(phase.workload, Pause)]
    phase = max(judged, key=lambda one: (one.duration_ns, one.index), default=None)
    return None if phase is None else SteadyLoad(load=_load_of(phase), phase=phase.name)


def _load_of(phase: Phase) -> Load:
    workload = phase.workload
    if isinstance(workload, ClosedWorkload):
        paced = None if workload.throughput is None else float(workload.throughput)
        return Load(users=workload.users, throughput=paced)
    return Load(rate=(phase_visits(phase) or 0) * NS_PER_S / phase.duration_ns)
