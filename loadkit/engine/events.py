"""What a running test tells the coordinator's readers, in order: Started, then Interval and LogLine, then Finished."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from loadkit.engine.interventions import Intervention
from loadkit.engine.result import RunResult
from loadkit.metrics.snapshot import Snapshot
from loadkit.metrics.span import Span
from loadkit.scenario.plan import Plan
from loadkit.slo.spending import RunBudget
from loadkit.slo.standing import Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """The workers are ready and load begins. `started_at` is Unix time in seconds."""

    plan: Plan
    workers: int
    started_at: float
    target: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """One second of the run, merged over the workers. `summary` is the merge of everything so far; do not change it.

    `draining` is true once no new virtual user will be started. `lost` counts the arrivals that lost workers owed so far,
    `wires` are the workers' snapshots as they came, for who keeps them. `budgets` say of each objective what of its own budget the
    run has spent, `standings` how each threshold, objective and group of checks stands so far. `spans` are those of traced visits
    that ended in this second. `interventions` are all so far, in order; `rate` is how many times the planned arrivals are made
    now, 0 in a pause.
    """

    snapshot: Snapshot
    summary: Snapshot
    draining: bool
    lost: int = 0
    wires: tuple[Any, ...] = field(default=(), repr=False)
    budgets: tuple[RunBudget, ...] = ()
    standings: tuple[Standing, ...] = ()
    spans: tuple[Span, ...] = field(default=(), repr=False)
    interventions: tuple[Intervention, ...] = ()
    rate: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """A line that a `log` step (stream "stdout") or the debug mode (stream "stderr") wrote, or how a worker came to its end."""

    text: str
    stream: str
    trace: str = ""
    """The trace of the virtual user's request that it is about, and the span in it; "" where there is none."""
    span: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The run is over."""

    result: RunResult


Event = Started | Interval | LogLine | Finished
