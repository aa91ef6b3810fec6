"""`before` and `after` of a scenario file: flows that run once, compiled like those of virtual users and recorded by themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from loadkit.flow.declare import declared_names
from loadkit.flow.function import function_steps
from loadkit.flow.step import Build, StepFunction, Where
from loadkit.metrics.recorder import Recorder
from loadkit.scenario.plan import Errand, ErrandStep
from loadkit.units import NS_PER_S, parse_duration_ns

DEFAULT_TIMEOUT_S = 300


def compile_errand(name: str, item: Any, build: Build) -> tuple[Errand | None, frozenset[str]]:
    """Return the errand of that name and the variables that it defines; None where the file has none."""
    if not isinstance(item, Mapping):
        return None, frozenset()
    where: Where = (name,)
    recorder = Recorder()
    with build.aside(recorder.book(name)):
        build.scenario, build.scenario_at = item, where
        build.later = declared_names(item.get("flow"), (name, "flow"), build.actions)
        build.lenient = name == "after"
        steps = tuple(_steps(item, where, build))
        defined = frozenset(build.later)
    timeout_ns = round(_timeout_ns(item, where, build) * build.patience)
    return Errand(
        name=name, steps=steps, recorder=recorder, timeout_ns=timeout_ns, at=build.positions.at(where)
    ), defined


def names_set_by(item: Any, build: Build) -> dict[str, Where]:
    """Return the variables that `before` sets, which those of `config.variables` may be made of: there they are empty in it."""
    return declared_names(item.get("flow"), ("before", "flow"), build.actions) if isinstance(item, Mapping) else {}


def define_given(names: Iterable[str], build: Build) -> None:
    """Define what `before` sets; warn where `config.variables` has it too: there Artillery forgets what was captured."""
    variables = build.config.get("variables")
    for name in sorted(names):
        build.define(name)
        if isinstance(variables, Mapping) and name in variables and not build.compat:
            text = (
                f'virtual users have the "{name}" that `before` sets (Artillery gives them that of `config.variables`)'
            )
            build.warn("LK506", ("config", "variables", name), text, key=True)


def _steps(item: Mapping[str, Any], where: Where, build: Build) -> list[ErrandStep]:
    def step(run: StepFunction, title: str, at: Where) -> ErrandStep:
        return ErrandStep(run=run, title=build.secrets.mask_values(title), at=build.positions.at(at))

    def hooks(key: str) -> list[ErrandStep]:
        return [step(run, key, (*where, key)) for run in function_steps(item, key, where, build)]

    flow, made = item.get("flow"), hooks("beforeScenario")
    for index, entry in enumerate(flow if isinstance(flow, list) else ()):
        at: Where = (*where, "flow", index)
        made += [step(run, title_of(entry, build.actions), at) for run in build.item(entry, at)]
    return made + hooks("afterScenario")


def title_of(entry: Any, actions: Mapping[str, Any]) -> str:
    """Return how messages call an item of a flow: "POST /login", "loop"."""
    if isinstance(entry, list):
        return ", ".join(title_of(one, actions) for one in entry)
    action = next((key for key in entry if key in actions), "") if isinstance(entry, Mapping) else ""
    if not action or not actions[action].requests:
        return action
    spec = entry[action] if isinstance(entry[action], Mapping) else {"url": entry[action]}
    return f"{action.upper()} {spec.get('name') or spec.get('url', spec.get('uri', ''))}"


def _timeout_ns(item: Mapping[str, Any], where: Where, build: Build) -> int:
    try:
        return parse_duration_ns(item.get("timeout", DEFAULT_TIMEOUT_S)) or DEFAULT_TIMEOUT_S * NS_PER_S
    except ValueError as error:
        build.error("LK211", (*where, "timeout"), str(error))
        return DEFAULT_TIMEOUT_S * NS_PER_S
