"""The scenarios of a file: each one's flow is compiled, and one is chosen for a visit by its weight."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from math import isfinite
from typing import Any

from loadkit.flow.declare import declared_names
from loadkit.flow.function import with_scenario_hooks
from loadkit.flow.step import Build, Nobody, Where
from loadkit.metrics.recorder import Recorder
from loadkit.scenario.plan import Scenario
from loadkit.scenario.rates import requests_of


def compile_scenarios(items: Any, wanted: str | None, build: Build, recorder: Recorder) -> tuple[Scenario, ...]:
    """Return the scenarios of a file, or those that are `wanted`. What is wrong with them is reported to `build`."""
    if not isinstance(items, list):
        return ()
    known = set(build.defined)
    made = []
    for index, item in enumerate(items):
        if not isinstance(item, Mapping):
            continue
        where: Where = ("scenarios", index)
        build.defined = set(known)
        build.later = declared_names(item.get("flow"), (*where, "flow"), build.actions)
        flow, name = item.get("flow"), build.secrets.mask_values(str(item.get("name") or f"scenario {index}"))
        build.book = recorder.book(name)
        build.scenario, build.scenario_at = item, where
        steps = build.steps(flow if isinstance(flow, list) else (), (*where, "flow"))
        steps = with_scenario_hooks(steps, item, where, build)
        made.append(
            Scenario(
                index=index,
                name=name,
                weight=_weight(item.get("weight", 1), (*where, "weight"), build),
                steps=steps,
                visit_requests=requests_of(flow, build.actions),
                requests=frozenset(build.requests.intersection(steps)),
                at=build.positions.at(where),
            )
        )
    build.defined = known
    if made and not any(scenario.weight > 0 for scenario in made) and not _negative(made):
        build.error("LK207", ("scenarios",), "the weights of all scenarios are zero: none can be chosen", key=True)
    return _chosen(tuple(made), wanted, build)


def _negative(scenarios: list[Scenario]) -> bool:
    return any(scenario.weight < 0 for scenario in scenarios)


def _weight(value: Any, where: Where, build: Build) -> float:
    template = build.template(value, where)
    variables = build.config.get("variables")
    try:
        weight = float(template.render(Nobody(variables if isinstance(variables, Mapping) else {})))
        if not isfinite(weight):
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        if not isinstance(value, list | dict):
            build.error("LK207", where, f"{value!r} is not a weight; write a number such as 3")
        return 1.0
    if weight < 0:
        build.error(
            "LK207", where, f"a weight cannot be negative ({weight:g})", hint="write 0 to leave the scenario out"
        )
    return weight


def _chosen(scenarios: tuple[Scenario, ...], wanted: str | None, build: Build) -> tuple[Scenario, ...]:
    """Return the scenarios of --scenario-name: that name, else those that the regular expression matches."""
    if wanted is None:
        return scenarios
    exact = tuple(scenario for scenario in scenarios if scenario.name == wanted)
    if exact:
        return tuple(replace(scenario, weight=max(scenario.weight, 1.0)) for scenario in exact)
    try:
        matching = tuple(scenario for scenario in scenarios if re.search(wanted, scenario.name))
    except re.error:
        matching = ()
    if not matching:
        names = [scenario.name for scenario in scenarios]
        hint = build.closest(wanted, names) or f"the file has: {', '.join(names)}"
        build.error("LK215", ("scenarios",), f'no scenario is called "{wanted}"', hint=hint, key=True)
        return scenarios
    return tuple(replace(scenario, weight=scenario.weight or 1.0) for scenario in matching)
