"""The plan of a trial: the user's scenario with one steady load in place of its phases.

    settle    a warm-up phase of whole seconds, whose numbers nobody judges
    trial     the same load for as long as the trial may take; whoever runs it ends it sooner

Everything else is the user's: target, flows, data, `before` and `after`. What is judged are the criteria that the caller gives,
instead of `thresholds` and `slos`, whose budgets a search must not use up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from loadkit.scenario.compile import compile_plan
from loadkit.scenario.plan import Plan
from loadkit.scenario.source import Document
from loadkit.slo.expression import Objective

SETTLE, TRIAL = "settle", "trial"
SPARE_S = 2
"""The trial's phase is planned longer by this, so that its end never lies in a second that is measured."""
_REPLACED = ("phases", "thresholds", "slos", "outputs")
_TELLS = "publish-metrics"
"""Artillery's plugin whose reporters are outputs. Trials tell none of them, so nothing is traced for them either."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What a trial asks for: `rate` new virtual users a second (open), or a number of `users` that go on (closed).

    `throughput` paces users, in requests per second over all of them.
    """

    rate: float | None = None
    users: int | None = None
    throughput: float | None = None

    def phase(self) -> dict[str, Any]:
        """Return the keys of a phase that makes this load."""
        if self.users is None:
            return {"arrivalRate": self.rate}
        return {"users": self.users, **({} if self.throughput is None else {"throughput": self.throughput})}


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialShape:
    """How a trial goes: its load, the seconds left to settle, and the most seconds that are measured then.

    `number` makes the arrivals and choices of each trial its own; `keeps_ensure` says whether Artillery's `ensure` of the
    file is judged beside the criteria. `mode` is how arrivals are spread where the file does not say it.
    """

    load: Load
    settle_s: int
    most_s: int
    number: int = 0
    keeps_ensure: bool = True
    mode: str | None = None


def trial_plan(plan: Plan, shape: TrialShape, criteria: Sequence[Objective]) -> Plan:
    """Return the plan of a trial; `plan` is that of the user's files, aimed at where the load is to go."""
    settings = replace(plan.settings, seed=(plan.seed + shape.number) % 2**63, max_rate=None)
    made = compile_plan(_document(plan.document, shape), settings, indexes=plan.indexes)
    return replace(made, objectives=tuple(criteria), ensure=made.ensure if shape.keeps_ensure else None, warnings=())


def _document(document: Document, shape: TrialShape) -> Document:
    written = document.data["config"]
    config = {key: value for key, value in written.items() if key not in _REPLACED}
    mode = _mode(written) or (shape.mode if "mode" not in written else None)
    phase = {**shape.load.phase(), **({"mode": mode} if mode and shape.load.users is None else {})}
    config["phases"] = [
        *([{"name": SETTLE, "duration": shape.settle_s, "warmup": True, **phase}] if shape.settle_s else []),
        {"name": TRIAL, "duration": shape.most_s + SPARE_S, **phase},
    ]
    plugins = written.get("plugins")
    if isinstance(plugins, Mapping):
        config["plugins"] = {name: options for name, options in plugins.items() if name != _TELLS}
    # What is not the user's any more stands nowhere in the user's files.
    spans = {
        at: span
        for at, span in document.spans.items()
        if not (at[:1] == ("config",) and at[1:2] and at[1] in _REPLACED)
    }
    return replace(document, data={**document.data, "config": config}, spans=spans)


def _mode(config: Mapping[str, Any]) -> str | None:
    """Return how the file wants arrivals to be spread: as its first phase that says so; `config.mode` holds anyway."""
    phases = config.get("phases")
    modes = [phase["mode"] for phase in phases or () if isinstance(phase, Mapping) and "mode" in phase]
    return str(modes[0]) if modes else None
