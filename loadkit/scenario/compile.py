"""Document -> Plan: check what only the meaning shows, fill in defaults, compile flows.

Every fault of the file is reported at once; compiling goes on after each.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from secrets import randbelow
from typing import Any

import msgspec

from loadkit import registry
from loadkit.errors import Diagnostic, ScenarioError, Severity
from loadkit.flow.plugins import options_of
from loadkit.flow.step import Build, Where
from loadkit.hosts import Fence
from loadkit.metrics.recorder import Recorder
from loadkit.protocols.network import network_of
from loadkit.redact import MASK, Secrets, is_secret
from loadkit.scenario.check import check_schema
from loadkit.scenario.demo_target import DEMO_TARGET
from loadkit.scenario.errand import compile_errand, define_given, names_set_by
from loadkit.scenario.exports import Export, compile_exports, with_test_id
from loadkit.scenario.fakes import check_fakes, template_functions
from loadkit.scenario.hidden import check_secrets, find_secrets, hide_messages, without_secrets
from loadkit.scenario.judging import compile_ensure, compile_thresholds
from loadkit.scenario.likeness import Likeness, likeness
from loadkit.scenario.objectives import compile_slos
from loadkit.scenario.observing import compile_observe
from loadkit.scenario.payloads import check_rows, load_feeders, payload_places
from loadkit.scenario.phases import compile_phases
from loadkit.scenario.plan import Errand, Phase, Plan, Scenario
from loadkit.scenario.processor import find_processor, report_script
from loadkit.scenario.published import Published, published, report_missing
from loadkit.scenario.rates import check_rate
from loadkit.scenario.scenarios import compile_scenarios
from loadkit.scenario.settings import Settings
from loadkit.scenario.source import Document, in_order
from loadkit.scenario.target import check_target
from loadkit.scenario.width import width_of
from loadkit.slo.ensure import Ensure
from loadkit.slo.expression import Objective
from loadkit.slo.objective import Slo
from loadkit.slo.observed import Observed
from loadkit.slo.plugins import KNOWN_PLUGINS
from loadkit.template.compile import Template
from loadkit.template.dealing import Feeder
from loadkit.template.rows import RowIndex


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """A document and what is decided about it, with what its flows record into."""

    document: Document
    config: dict[str, Any]
    settings: Settings
    seed: int
    target: str
    recorder: Recorder


@dataclass(frozen=True, slots=True, kw_only=True)
class _Load:
    """What virtual users do, and when they come."""

    phases: tuple[Phase, ...]
    scenarios: tuple[Scenario, ...]
    variables: Mapping[str, Template]
    feeders: tuple[Feeder, ...]
    before: Errand | None
    after: Errand | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """What is observed beside the load, what is to hold, and who is told."""

    observed: Observed
    objectives: tuple[Objective, ...]
    ensure: Ensure | None
    slos: tuple[Slo, ...]
    exports: tuple[Export, ...]


def compile_plan(
    document: Document, settings: Settings, recorder: Recorder | None = None, indexes: Sequence[RowIndex | None] = ()
) -> Plan:
    """Return the plan of a document; its flows record into `recorder`. Raises ScenarioError with every fault.

    `indexes` are those of an earlier compile's payloads: large files are read through only once.
    """
    found = check_schema(document)
    config = dict(_mapping(document.data.get("config")))
    seed, target = _seed(settings, config), str(settings.target or config.get("target") or "")
    reporters = published(config)
    stand_ins = [one for one in reporters if isinstance(one, Published)]
    outputs = config.get("outputs", [])
    if isinstance(outputs, list) and (outputs or stand_ins):
        config["outputs"] = with_test_id([*outputs, *(one.output for one in stand_ins)], f"{seed:08x}")
    given = _Given(
        document=document,
        config=config,
        settings=settings,
        seed=seed,
        target=target,
        recorder=recorder or Recorder(),
    )
    build = _build(given)
    faults = [diagnostic for diagnostic in found if diagnostic.severity is Severity.ERROR]
    if faults:
        build.malformed = True
        build.reported = _reported(document, faults)
    check_target(target, document, build)
    _check_plugins(config, build)
    report_missing(reporters, build)
    load = _compile_load(given, build, indexes)
    judged = _compile_judged(given, load, build, [one.where for one in stand_ins])
    return _plan(given, build, load, judged, _warnings(found, document, build))


def _seed(settings: Settings, config: Mapping[str, Any]) -> int:
    seed = settings.seed if settings.seed is not None else config.get("seed")
    if not isinstance(seed, int) or isinstance(seed, bool):
        seed = randbelow(2**32)
    return seed % 2**63  # whatever integer it was


def _build(given: _Given) -> Build:
    """Return what steps are compiled with."""
    document, settings, is_demo = given.document, given.settings, given.target.startswith(DEMO_TARGET)
    build = Build(
        document,
        {**given.config, "target": "http://127.0.0.1" if is_demo else given.target},
        base=Path(document.files[0]).parent,
        actions=registry.plugins("step"),
        functions=template_functions(given.config),
        book=given.recorder,
    )
    build.secrets, build.fence = find_secrets(document), Fence(settings.allow_hosts)
    build.patience = settings.timeout_multiplier
    build.direct = settings.demo or is_demo
    return build


def _compile_load(given: _Given, build: Build, indexes: Sequence[RowIndex | None]) -> _Load:
    """Compile what makes load, in the order in which each part defines the variables of the next."""
    document, config, settings, data = given.document, given.config, given.settings, given.document.data
    check_fakes(data, build)
    find_processor(document, build)
    build.later = names_set_by(data.get("before"), build)
    variables = _compile_variables(_mapping(config.get("variables")), build)
    feeders = load_feeders(config.get("payload"), build, indexes)
    check_secrets(document, build)
    phases = compile_phases(config, solo=settings.solo, seed=given.seed, build=build)
    before, set_before = compile_errand("before", data.get("before"), build)
    define_given(set_before, build)
    scenarios = compile_scenarios(data.get("scenarios"), settings.scenario_name, build, given.recorder)
    after, _ = compile_errand("after", data.get("after"), build)
    if not settings.solo:
        check_rows(phases, tuple(zip(feeders, payload_places(config.get("payload")), strict=False)), build)
    report_script(build)
    check_rate(phases, scenarios, None if build.malformed or settings.solo else settings.max_rate, build)
    return _Load(phases=phases, scenarios=scenarios, variables=variables, feeders=feeders, before=before, after=after)


def _compile_judged(given: _Given, load: _Load, build: Build, stood_for: Sequence[Where]) -> _Judged:
    """Compile what judges the run; the last outputs stand for what is written at `stood_for`."""
    config = given.config
    observed = compile_observe(config.get("observe"), build)
    return _Judged(
        observed=observed,
        objectives=compile_thresholds(config.get("thresholds"), load.scenarios, build, observed),
        ensure=compile_ensure(config, build, load.scenarios),
        slos=compile_slos(config.get("slos"), load.scenarios, load.phases, build, given.recorder),
        exports=compile_exports(config.get("outputs"), build, stood_for),
    )


def _warnings(found: Sequence[Diagnostic], document: Document, build: Build) -> list[Diagnostic]:
    """Return what was found. Raises ScenarioError when a fault is among it."""
    once = dict.fromkeys([*found, *build.diagnostics])  # of one place: in the order of the text
    diagnostics = sorted(once, key=lambda diagnostic: (diagnostic.at, diagnostic.code))
    if any(diagnostic.severity is Severity.ERROR for diagnostic in diagnostics):
        raise ScenarioError(*without_secrets(in_order(diagnostics), document.sources, build.secrets))
    return diagnostics


def _plan(given: _Given, build: Build, load: _Load, judged: _Judged, warnings: list[Diagnostic]) -> Plan:
    document, settings, config, target = given.document, given.settings, given.config, given.target
    secrets, width = build.secrets, width_of([scenario.get("flow") for scenario in document.data["scenarios"]], config)
    return Plan(
        name=secrets.mask_values(settings.name or str(config.get("name") or Path(document.files[0]).stem)),
        target=target,
        phases=load.phases,
        scenarios=load.scenarios,
        variables=load.variables,
        context=_context(document, settings, target, given.seed),
        feeders=load.feeders,
        objectives=judged.objectives,
        observed=judged.observed,
        ensure=judged.ensure,
        slos=judged.slos,
        seed=given.seed,
        digest=hashlib.sha256(msgspec.json.encode(document.data, order="sorted")).hexdigest(),
        likeness=_likeness(document.data, settings, load.scenarios, target, build),
        config=config,
        request_names=tuple(sorted(build.request_names)),
        endpoints=given.recorder.endpoint_names(),
        warnings=hide_messages(warnings, secrets),
        tags=_shown_tags(settings.tags, secrets),
        secrets=secrets,
        solo=settings.solo,
        expect_at=build.expect_at,
        document=document,
        settings=replace(settings, seed=given.seed, target=target),
        connections=_connections(target, config, build, width),
        width=width,
        prepare=_preparing(document, build),
        hosts=tuple(build.hosts),
        before=load.before,
        after=load.after,
        network=network_of(build),
        ways=tuple(map(secrets.mask_values, build.ways)),
        processor=build.processor,
        functions=tuple(build.named_functions),
        exports=judged.exports,
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
