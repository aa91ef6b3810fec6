"""Carry a gate through: its runs one after the other, as long as there is time and nobody interrupts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from loadkit.analysis.standing import Attempt
from loadkit.cli.signals import taking_signals
from loadkit.errors import LoadkitError, UsageError
from loadkit.scenario.gate import Gate, GateRun, fits
from loadkit.scenario.plan import Plan
from loadkit.units import NS_PER_S, format_duration_ns

Report = Mapping[str, Any]
RunOnce = Callable[[GateRun, Plan], Report]
"""Runs a plan and returns its report. Raises LoadkitError when there is none to be had."""
Say = Callable[[str], None]


@dataclass(slots=True)
class Halt:
    """The signal that ended the gate early, if one did."""

    signal: str | None = None

    def watched(self) -> AbstractContextManager[None]:
        """Note signals that come between two runs; during a run they are the run's own."""
        return taking_signals(self._take)

    def _take(self, name: str) -> None:
        self.signal = self.signal or name


@dataclass(slots=True, kw_only=True)
class Gating:
    """A gate under way. `now_ns` is a clock that only goes forward."""

    gate: Gate
    run_once: RunOnce
    now_ns: Callable[[], int]
    say: Say
    halt: Halt = field(default_factory=Halt)
    started_ns: int = 0

    def attempts(self, plans: Sequence[Plan]) -> list[Attempt]:
        """Run what there is time for, in order, and return what came of each."""
        self.started_ns = self.now_ns()
        made = []
        for number, (run, plan) in enumerate(zip(self.gate.runs, plans, strict=True), 1):
            self.say(f"[{number}/{len(plans)}] {run.name}, {format_duration_ns(plan.duration_ns)}{self._left()}")
            made.append(self._attempt(run, plan))
        return made

    @property
    def elapsed_ns(self) -> int:
        """Return the time since the gate began."""
        return self.now_ns() - self.started_ns

    def _left(self) -> str:
        if self.gate.budget_ns is None:
            return ""
        left = max(0, self.gate.budget_ns - self.elapsed_ns)
        return f"; {format_duration_ns(left)} of {format_duration_ns(self.gate.budget_ns)} left"

    def _attempt(self, run: GateRun, plan: Plan) -> Attempt:
        tries, report, trouble, remedy = 0, None, "", ""
        while tries <= run.retries:
            trouble, remedy = self._hindrance(plan)
            if trouble:
                break
            tries += 1
            try:
                report = self.run_once(run, plan)
            except UsageError:
                raise  # the command line: what is wrong with it is wrong for all runs
            except LoadkitError as error:
                trouble, remedy = str(error), "mend that, and run the gate again"
                break
            ended_by = report["loadkit"]["signal"]
            self.halt.signal = self.halt.signal or ended_by
            if ended_by or report["loadkit"]["measurement"]["status"] != "invalid":
                break
        return Attempt(
            name=run.name,
            at=run.at,
            planned_s=plan.duration_ns / NS_PER_S,
            required=run.required,
            weight=run.weight,
            tries=max(1, tries),
            report=report,
            trouble=trouble,
            remedy=remedy,
        )

    def _hindrance(self, plan: Plan) -> tuple[str, str]:
        """Return why a run cannot begin now, and what helps; "" when it can."""
        if self.halt.signal:
            return f"the gate was ended by {self.halt.signal}", "run the gate to its end"
        if fits(self.gate, self.elapsed_ns, plan.duration_ns):
            return "", ""
        budget_ns = self.gate.budget_ns or 0
        left = format_duration_ns(max(0, budget_ns - self.elapsed_ns)) or "nothing"
        environment = self.gate.environment
        needed = format_duration_ns(plan.duration_ns)
        text = f"{left} was left of the budget of {format_duration_ns(budget_ns)}, and it takes {needed}"
        return text, f"give {environment} a larger `budget`, or shorten the runs before it"
