"""The plans of a gate's runs, all of them before the first one starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from loadkit.errors import Diagnostic, ScenarioError
from loadkit.scenario.exports import taken_over
from loadkit.scenario.gate import Gate, GateRun, over_budget
from loadkit.scenario.hidden import without_secrets
from loadkit.scenario.merge import Overrides
from loadkit.scenario.plan import Plan
from loadkit.scenario.reading import read_plan
from loadkit.scenario.settings import Settings
from loadkit.scenario.source import in_order

_UNKNOWN_ENVIRONMENT = "LK507"


def read_plans(gate: Gate, settings: Settings, *, target: str | None = None, runs: bool = False) -> list[Plan]:
    """Return the plans of a gate's runs; `settings` holds the limits, and `target` replaces those that are written.

    Raises ScenarioError with the faults of all scenarios, and when they are planned to take more time than there is.
    """
    found: list[Diagnostic] = []
    sources: dict[str, str] = dict(gate.sources)
    plans: list[Plan] = []
    for run in gate.runs:
        try:
            plans.append(_plan(gate, run, settings, target, runs=runs))
        except ScenarioError as error:
            found += error.diagnostics
            sources |= error.sources
    if not found:
        lost, texts = _overwritten(plans)
        found = [*lost]
        sources.update(texts)
    if not found and (excess := over_budget(gate, [plan.duration_ns for plan in plans])):
        found.append(excess)
    if found:
        raise ScenarioError(in_order([*gate.warnings, *found]), sources)
    return plans


def _overwritten(plans: list[Plan]) -> tuple[tuple[Diagnostic, ...], Mapping[str, str]]:
    """Return a fault for each output that writes over what an earlier run has told, with the texts that they point into."""
    found, sources = list[Diagnostic](), dict[str, str]()
    for index, plan in enumerate(plans):
        earlier = [export for other in plans[:index] for export in other.exports]
        faults = [
            Diagnostic(code=fault.code, message=str(fault), at=export.at, hint=fault.hint)
            for export, fault in taken_over(earlier, plan.exports)
            if export.at is not None
        ]
        shown, texts = without_secrets(faults, plan.document.sources, plan.secrets)
        found += shown
        sources |= texts
    return in_order(found), sources


def warnings_of(gate: Gate, plans: list[Plan]) -> tuple[tuple[Diagnostic, ...], Mapping[str, str]]:
    """Return the warnings of a gate and its plans, with the texts that they point into; secrets are hidden."""
    found, sources = list(gate.warnings), dict(gate.sources)
    for plan in plans:
        diagnostics, texts = without_secrets(plan.warnings, plan.document.sources, plan.secrets)
        found += diagnostics
        sources |= texts
    return in_order(found), sources


def _plan(gate: Gate, run: GateRun, settings: Settings, target: str | None, *, runs: bool) -> Plan:
    environment = run.environment or gate.environment
    changes = Overrides(
        environment=environment,
        target=target or run.target,
        overrides=run.overrides,
        variables=run.variables,
        seed=run.seed,
    )
    own = replace(
        settings,
        seed=run.seed,
        scenario_name=run.scenario_name,
        name=run.name,
        environment=environment,
        tags={"gate": gate.name, "environment": gate.environment, **run.tags},
    )
    try:
        plan = read_plan(run.files, changes, own, runs=runs)
    except ScenarioError as error:
        raise ScenarioError(_meant(error.diagnostics, run, is_ours=target is None), error.sources) from None
    return replace(plan, warnings=_meant(plan.warnings, run, is_ours=target is None))


def _meant(found: tuple[Diagnostic, ...], run: GateRun, *, is_ours: bool) -> tuple[Diagnostic, ...]:
    """Return diagnostics with places in the gate file where they are about what it says.

    That a scenario has nothing of its own for the environment of the gate is no reason to warn.
    """
    places = {name: at for name, at in run.places.items() if is_ours or name != "--target"}
    return tuple(
        replace(one, at=places[one.at.file], length=len(one.at.file) - 2) if one.at.file in places else one
        for one in found
        if run.environment or one.code != _UNKNOWN_ENVIRONMENT
    )
