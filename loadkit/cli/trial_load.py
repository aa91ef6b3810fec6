"""What `run` checks of a plan before load, for commands that choose the load themselves."""

from __future__ import annotations

import sys

from loadkit.cli.consent import ask_before_load
from loadkit.cli.limits import check_addresses
from loadkit.errors import UsageError
from loadkit.outputs.ab import load_text
from loadkit.outputs.base import write_line
from loadkit.scenario.hidden import rendered_warnings
from loadkit.scenario.plan import Plan
from loadkit.scenario.rates import UNKNOWN, peak_per_s
from loadkit.scenario.trial import Load, TrialShape, trial_plan


def warn_of(plan: Plan) -> None:
    """Print what is to be said of a plan, how its targets are reached, and whom nothing is told."""
    for warning in (*rendered_warnings(plan), *(f"note: {way}" for way in plan.ways), *untold(plan)):
        write_line(sys.stderr, plan.secrets.mask_values(warning))


def untold(plan: Plan) -> list[str]:
    """Return what is to be said where a file names outputs, and its plan is only the pattern of trials."""
    kinds = ", ".join(dict.fromkeys(export.kind for export in plan.exports))
    return [f"note: outputs ({kinds}) are told nothing of these trials, only of `loadkit run`"] if kinds else []


def check_load(plan: Plan, load: Load, *, ask: bool) -> None:
    """Hold a load against the limits, and `ask` where `run` would. Raises UsageError."""
    made = trial_plan(plan, TrialShape(load=load, settle_s=0, most_s=1), ())
    peak = peak_per_s(made.phases, made.scenarios)
    if plan.settings.max_rate is not None and peak > plan.settings.max_rate[0]:
        most, origin = plan.settings.max_rate
        much = "as many requests as the target answers" if peak == UNKNOWN else f"up to {peak:,.6g} requests/s"
        raise UsageError(f"{load_text(load)} of {plan.name} make {much}, and only {most:g}/s are allowed ({origin})")
    check_addresses(made)
    if ask:
        ask_before_load(made)
