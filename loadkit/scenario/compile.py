"""Document -> Plan: check what only the meaning shows, fill in defaults, compile flows.

Every fault of the file is reported at once; compiling goes on after each.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from secrets import randbelow
from typing import Any

import msgspec

from loadkit import registry
from loadkit.errors import Diagnostic, ScenarioError, Severity
from loadkit.flow.declare import declared_names
from loadkit.flow.function import with_scenario_hooks
from loadkit.flow.plugins import options_of
from loadkit.flow.step import Build, Nobody, Where
from loadkit.hosts import Fence
from loadkit.metrics.recorder import Recorder
from loadkit.protocols.address import split_url
from loadkit.protocols.network import network_of
from loadkit.redact import MASK, Secrets, is_secret
from loadkit.scenario.check import check_schema
from loadkit.scenario.demo_target import DEMO_TARGET, EXAMPLE, read_demo
from loadkit.scenario.errand import compile_errand, define_given, names_set_by
from loadkit.scenario.exports import compile_exports, with_test_id
from loadkit.scenario.fakes import check_fakes, template_functions
from loadkit.scenario.hidden import check_secrets, find_secrets, hide_messages, without_secrets
from loadkit.scenario.judging import compile_ensure, compile_thresholds
from loadkit.scenario.likeness import Likeness, likeness
from loadkit.scenario.objectives import compile_slos
from loadkit.scenario.observing import compile_observe
from loadkit.scenario.payloads import check_rows, load_feeders, payload_places
from loadkit.scenario.phases import compile_phases
from loadkit.scenario.plan import Plan, Scenario
from loadkit.scenario.processor import find_processor, report_script
from loadkit.scenario.published import Published, published, report_missing
from loadkit.scenario.rates import check_rate, requests_of
from loadkit.scenario.settings import Settings
from loadkit.scenario.source import Document, in_order
from loadkit.scenario.width import width_of
from loadkit.slo.plugins import KNOWN_PLUGINS
from loadkit.template.compile import Template
from loadkit.template.rows import RowIndex


def compile_plan(
    document: Document, settings: Settings, recorder: Recorder | None = None, indexes: Sequence[RowIndex | None] = ()
) -> Plan:
    """Return the plan of a document; its flows record into `recorder`. Raises ScenarioError with every fault.

    `indexes` are those of an earlier compile's payloads: large files are read through only once.
    """
    recorder = recorder or Recorder()
    diagnostics = check_schema(document)
    data = document.data
    config = dict(_mapping(data.get("config")))
    seed = settings.seed if settings.seed is not None else config.get("seed")
    if not isinstance(seed, int) or isinstance(seed, bool):
        seed = randbelow(2**32)
    seed %= 2**63  # whatever integer it was
    reporters = published(config)
    stand_ins = [one for one in reporters if isinstance(one, Published)]
    outputs = config.get("outputs", [])
    if isinstance(outputs, list) and (outputs or stand_ins):
        config["outputs"] = with_test_id([*outputs, *(one.output for one in stand_ins)], f"{seed:08x}")
    target = str(settings.target or config.get("target") or "")
    build = Build(
        document,
        {**config, "target": "http://127.0.0.1" if target.startswith(DEMO_TARGET) else target},
        base=Path(document.files[0]).parent,
        actions=registry.plugins("step"),
        functions=template_functions(config),
        book=recorder,
    )
    build.secrets, build.fence = find_secrets(document), Fence(settings.allow_hosts)
    build.patience = settings.timeout_multiplier
    build.direct = settings.demo or target.startswith(DEMO_TARGET)
    faults = [diagnostic for diagnostic in diagnostics if diagnostic.severity is Severity.ERROR]
    if faults:
        build.malformed = True
        build.reported = _reported(document, faults)
    _check_target(target, document, build)
    _check_plugins(config, build)
    report_missing(reporters, build)
    check_fakes(data, build)
    find_processor(document, build)
    build.later = names_set_by(data.get("before"), build)
    variables = _compile_variables(_mapping(config.get("variables")), build)
    feeders = load_feeders(config.get("payload"), build, indexes)
    check_secrets(document, build)
    phases = compile_phases(config, solo=settings.solo, seed=seed, build=build)
    before, given = compile_errand("before", data.get("before"), build)
    define_given(given, build)
    scenarios = _compile_scenarios(data.get("scenarios"), settings.scenario_name, build, recorder)
    after, _ = compile_errand("after", data.get("after"), build)
    if not settings.solo:
        check_rows(phases, tuple(zip(feeders, payload_places(config.get("payload")), strict=False)), build)
    report_script(build)
    check_rate(phases, scenarios, None if build.malformed or settings.solo else settings.max_rate, build)
    observed = compile_observe(config.get("observe"), build)
    objectives = compile_thresholds(config.get("thresholds"), scenarios, build, observed)
    ensure = compile_ensure(config, build, scenarios)
    slos = compile_slos(config.get("slos"), scenarios, phases, build, recorder)
    exports = compile_exports(config.get("outputs"), build, [one.where for one in stand_ins])
    found = dict.fromkeys([*diagnostics, *build.diagnostics])  # of one place: in the order of the text
    diagnostics = sorted(found, key=lambda diagnostic: (diagnostic.at, diagnostic.code))
    if any(diagnostic.severity is Severity.ERROR for diagnostic in diagnostics):
        raise ScenarioError(*without_secrets(in_order(diagnostics), document.sources, build.secrets))
    width = width_of([scenario.get("flow") for scenario in data["scenarios"]], config)
    return Plan(
        name=build.secrets.mask_values(settings.name or str(config.get("name") or Path(document.files[0]).stem)),
        target=target,
        phases=phases,
        scenarios=scenarios,
        variables=variables,
        context=_context(document, settings, target, seed),
        feeders=feeders,
        objectives=objectives,
        observed=observed,
        ensure=ensure,
        slos=slos,
        seed=seed,
        digest=hashlib.sha256(msgspec.json.encode(data, order="sorted")).hexdigest(),
        likeness=_likeness(data, settings, scenarios, target, build),
        config=config,
        request_names=tuple(sorted(build.request_names)),
        endpoints=recorder.endpoint_names(),
        warnings=hide_messages(diagnostics, build.secrets),
        tags=_shown_tags(settings.tags, build.secrets),
        secrets=build.secrets,
        solo=settings.solo,
        expect_at=build.expect_at,
        document=document,
        settings=replace(settings, seed=seed, target=target),
        connections=_connections(target, config, build, width),
        width=width,
        prepare=_preparing(document, build),
        hosts=tuple(build.hosts),
        before=before,
        after=after,
        network=network_of(build),
        ways=tuple(map(build.secrets.mask_values, build.ways)),
        processor=build.processor,
        functions=tuple(build.named_functions),
        exports=exports,
    )


def _likeness(
    data: Mapping[str, Any], settings: Settings, scenarios: tuple[Scenario, ...], target: str, build: Build
) -> Likeness:
    place = DEMO_TARGET if settings.demo else target
    picked = [scenario.index for scenario in scenarios]
    return likeness(data, solo=settings.solo, picked=picked, target=place, secrets=build.secrets)


def _connections(target: str, config: Mapping[str, Any], build: Build, width: int) -> int:
    if not target:  # nothing is sent
        return 0
    return max(1, len(build.origins)) * (width if _mapping(config.get("http")).get("pool") is None else 1)


def _preparing(document: Document, build: Build) -> Callable[[], None]:
    """Return what imports the user's functions; compiling runs none of their code."""

    def prepare() -> None:
        before = len(build.diagnostics)
        for load in build.imports:
            load()
        found = build.diagnostics[before:]
        if any(diagnostic.severity is Severity.ERROR for diagnostic in found):
            raise ScenarioError(*without_secrets(in_order(found), document.sources, build.secrets))

    return prepare


def _shown_tags(tags: Mapping[str, str], secrets: Secrets) -> Mapping[str, str]:
    return {key: MASK if is_secret(key) else secrets.mask(value) for key, value in tags.items()}


def _reported(document: Document, faults: list[Diagnostic]) -> Callable[[Where], bool]:
    """Return what says whether the schema's check has spoken of a place: one mistake, one diagnostic.

    A misspelt key in a phase also explains what the phase as a whole lacks.
    """
    places = {fault.at for fault in faults}
    unknown = {fault.at for fault in faults if fault.code == "LK101"}

    def reported(where: Where) -> bool:
        if places & {document.at(where), document.at(where, key=True)}:
            return True
        is_phase = where[:2] == ("config", "phases") and len(where) == 3
        return is_phase and any(span.key in unknown for path, span in document.spans.items() if path[:3] == where)

    return reported


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _check_target(target: str, document: Document, build: Build) -> None:
    at: Where = ("config", "target") if "target" in build.config else ("config",)
    if not target and _needs_none(document.data.get("scenarios"), build):
        return
    if not target:
        others = [*document.data, *(key for key in build.config if key != "target")]
        if build.malformed and build.closest("target", others):
            return  # it stands in the wrong place or is misspelt, which has been reported
        build.error(
            "LK213", at, "there is no target", hint='give `config.target`, -t URL or an environment; try "demo://"'
        )
        return
    if target.startswith(DEMO_TARGET):
        try:
            read_demo(target)
        except ValueError as error:
            build.error("LK212", at, str(error), hint=f'write "{DEMO_TARGET}" for the shop, or "{EXAMPLE}"')
        return
    try:
        build.reach(split_url(target)[0].place, at)
    except ValueError as error:
        build.error("LK212", at, str(error), hint='write "http://host:port", "https://host" or "demo://"')
        return
    if "?" in target or "#" in target:
        build.error("LK212", at, "a target ends with its path; paths of requests are appended to it", hint="use `qs`")


def _needs_none(scenarios: Any, build: Build) -> bool:
    """Say whether something is sent, and nothing of it to a target: Python functions are called and that is all."""
    flows = [item.get("flow") for item in scenarios if isinstance(item, Mapping)] if isinstance(scenarios, list) else []
    sending = [action for flow in flows for action in _sending(flow, build)]
    return bool(sending) and not any(build.actions[action].needs_target for action in sending)


def _sending(flow: Any, build: Build) -> Iterator[str]:
    """Yield the actions of a flow that send something."""
    for step in flow if isinstance(flow, list) else ():
        if isinstance(step, list):
            yield from _sending(step, build)
        elif isinstance(step, Mapping):
            for action in step:
                if action in build.actions and build.actions[action].requests:
                    yield action
                elif action in build.actions:
                    yield from _sending(step[action], build)


def _check_plugins(config: Mapping[str, Any], build: Build) -> None:
    if "apdex" in config and options_of(config, "apdex") is None:
        text = "`apdex` is not measured without the plugin"
        build.warn("LK505", ("config", "apdex"), text, key=True, hint="add `plugins: {apdex: {}}`")
    for name in _mapping(config.get("plugins")):
        at: Where = ("config", "plugins", name)
        if name not in KNOWN_PLUGINS and not str(name).startswith("x-"):
            hint = build.closest(str(name), KNOWN_PLUGINS)
            build.warn("LK504", at, f'unknown plugin "{name}" has no effect', hint=hint, key=True)
        elif not KNOWN_PLUGINS.get(name, True):
            build.warn("LK505", at, f'the plugin "{name}" is known and has no effect yet', key=True)


# Variables that exist before the first step


def _context(document: Document, settings: Settings, target: str, seed: int) -> Mapping[str, Any]:
    """Return the variables every virtual user begins with (Artillery's names)."""
    script = document.files[0]
    return {
        "target": target,
        "$environment": settings.environment or "",
        "$testId": f"{seed:08x}",
        "$scenarioFile": script,
        "$dirname": str(Path(script).resolve().parent),
    }


def _compile_variables(variables: Mapping[str, Any], build: Build) -> Mapping[str, Template]:
    made = {}
    for name, value in variables.items():
        made[str(name)] = build.template(value, ("config", "variables", name))
        build.define(str(name))
    return made


# Scenarios


def _compile_scenarios(items: Any, wanted: str | None, build: Build, recorder: Recorder) -> tuple[Scenario, ...]:
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
    try:
        weight = float(template.render(Nobody(_mapping(build.config.get("variables")))))
    except (TypeError, ValueError):
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
