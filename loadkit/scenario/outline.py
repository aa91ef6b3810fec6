"""The outline of a plan: all that judging and reporting need of it, as plain data, to be kept beside what was measured.

Flows, payloads, variables and headers are not in it, so no secret is, and nothing that they name has to exist when the outline
is made a plan again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec

from loadkit import registry
from loadkit.errors import Diagnostic, Position, Severity
from loadkit.flow.bookkeeping import Recorded
from loadkit.flow.processor import Processor
from loadkit.flow.step import Build, Where
from loadkit.metrics.recorder import Recorder
from loadkit.scenario.check import check_schema
from loadkit.scenario.judging import compile_ensure, compile_thresholds
from loadkit.scenario.likeness import Likeness
from loadkit.scenario.objectives import planned_events
from loadkit.scenario.phases import compile_phases
from loadkit.scenario.plan import Plan, Scenario
from loadkit.scenario.settings import Settings
from loadkit.scenario.shown import shown_source
from loadkit.scenario.source import Document, document_from_wire, document_to_wire
from loadkit.slo.declared import parse_slos
from loadkit.slo.metric import Kind
from loadkit.slo.observed import Observed, Series, Source
from loadkit.workload.replay import Replay

_JUDGED: tuple[Where, ...] = (
    ("compat",),
    ("mode",),
    ("phases",),
    ("thresholds",),
    ("ensure",),
    ("slos",),
    ("plugins", "ensure"),
    ("plugins", "metrics-by-endpoint"),
    ("apdex",),
    ("plugins", "apdex"),
)
"""What of `config` is kept: when load was due, and what was to hold."""

_SOMETHING: list[Any] = [{"flow": [{"think": 0}]}]  # stands for the scenarios, of which only names and weights are kept


class _Document(msgspec.Struct):
    data: str
    names: list[str]
    spans: list[tuple[list[str | int], tuple[int, int, int] | None, tuple[int, int, int], int, int]]
    sources: dict[str, str]
    files: list[str]


class _Own(msgspec.Struct):
    """The metrics that the processor records."""

    counters: list[str]
    rates: list[str]
    histograms: list[str]
    prefixes: list[str]


class _Series(msgspec.Struct):
    """A series of something that was observed, without where it came from."""

    name: str
    kind: str
    description: str = ""
    bounded: bool = False
    least_growth: float | None = None
    limit: str = ""
    per_second: bool = False


class _Source(msgspec.Struct):
    """Something that was observed, without what it takes to observe it: that may hold a secret."""

    name: str
    plugin: str
    series: list[_Series]


class _Outline(msgspec.Struct):
    document: _Document
    name: str
    target: str
    seed: int
    digest: str
    solo: bool
    tags: dict[str, str]
    scenarios: list[tuple[int, str, float]]
    requests: list[str]
    expect_at: Position | None
    warnings: list[Diagnostic]
    endpoints: dict[str, str] = {}
    own: _Own | None = None
    timeout_multiplier: float = 1.0
    likeness: Likeness = Likeness()
    slo_events: dict[str, int | None] = {}
    source: dict[str, Any] | None = None
    observed: list[_Source] = []
    observed_warmup_s: float | None = None


def outline(plan: Plan) -> dict[str, Any]:
    """Return the outline of a plan as plain data for msgpack."""
    document = plan.document
    config: dict[str, Any] = {}
    for where in _JUDGED:
        _copy(document.data.get("config"), config, where)
    _replace_replays(plan, config)
    spans = {path: span for path, span in document.spans.items() if _is_kept(path)}
    kept = Document(data={"config": config}, spans=spans, files=document.files)
    made: dict[str, Any] = msgspec.to_builtins(
        _Outline(
            document=msgspec.convert(document_to_wire(kept), _Document),
            name=plan.name,
            target=plan.target,
            seed=plan.seed,
            digest=plan.digest,
            solo=plan.solo,
            tags=dict(plan.tags),
            scenarios=[(scenario.index, scenario.name, scenario.weight) for scenario in plan.scenarios],
            requests=list(plan.request_names),
            expect_at=plan.expect_at,
            warnings=list(plan.warnings),
            endpoints=dict(plan.endpoints),
            own=_own(plan),
            timeout_multiplier=plan.settings.timeout_multiplier,
            likeness=plan.likeness,
            slo_events=dict(planned_events(plan)),
            source=shown_source(plan),
            observed=[_source(source) for source in plan.observed.sources],
            observed_warmup_s=plan.observed.warmup_s,
        )
    )
    return made


def _replace_replays(plan: Plan, config: dict[str, Any]) -> None:
    """Put the number of arrivals and the duration in the place of files of arrivals, which may be gone or others by then."""
    loads = {} if plan.solo else {phase.index: phase.workload for phase in plan.phases}
    items = config.get("phases") or []
    for index, item in enumerate(items):
        if isinstance(item, dict) and "replay" in item:
            kept = {key: value for key, value in item.items() if key != "replay"}
            load = loads.get(index)
            if isinstance(load, Replay):
                kept |= {"duration": f"{load.duration_ns}ns", "arrivalCount": load.planned}
            else:
                kept |= {"duration": 1, "arrivalCount": 1}  # one virtual user, whatever the phases say (solo)
            config["phases"] = items = [*items[:index], kept, *items[index + 1 :]]


def _own(plan: Plan) -> _Own | None:
    if plan.processor is None:
        return None
    return _Own(**{name: sorted(names) for name, names in asdict(plan.processor.metrics).items()})


def _source(source: Source) -> _Source:
    series = [
        _Series(one.name, one.kind.value, one.description, one.bounded, one.least_growth, one.limit, one.per_second)
        for one in source.series
    ]
    return _Source(source.name, source.plugin, series)


def _observed(read: _Outline) -> Observed:
    sources = (
        Source(
            name=one.name,
            plugin=one.plugin,
            series=tuple(
                Series(**{**msgspec.structs.asdict(series), "kind": Kind(series.kind)}) for series in one.series
            ),
        )
        for one in read.observed
    )
    return Observed(sources=tuple(sources), warmup_s=read.observed_warmup_s)


def recall(wire: Any) -> Plan:
    """Return the plan of an outline, without flows. Raises ValueError for what no plan can have left."""
    try:
        read = msgspec.convert(wire, _Outline, strict=True)
        document = document_from_wire(msgspec.to_builtins(read.document))
        observed = _observed(read)
    except (msgspec.ValidationError, ValueError, IndexError, RecursionError) as error:
        raise ValueError(f"not the outline of a plan: {error}") from error
    if not isinstance(document.data, dict) or not isinstance(document.data.get("config"), dict):
        raise ValueError("not the outline of a plan: it has no configuration")
    bare = Document(data={**document.data, "scenarios": _SOMETHING}, files=document.files)
    faults = list(_faults(check_schema(bare)))
    if not faults:
        build = _build_of(read, document)
        made = _plan(read, document, observed, build)
        faults = list(_faults(build.diagnostics))
        if not faults:
            return made
    raise ValueError(f"not the outline of a plan: {faults[0]}")


def _plan(read: _Outline, document: Document, observed: Observed, build: Build) -> Plan:
    """Return the plan, with what is wrong with it in `build`."""
    config = document.data["config"]
    scenarios = tuple(
        Scenario(index=index, name=name, weight=weight, steps=(), at=document.at(("scenarios", index)))
        for index, name, weight in read.scenarios
    )
    return Plan(
        name=read.name,
        target=read.target,
        phases=compile_phases(config, solo=read.solo, seed=read.seed, build=build),
        scenarios=scenarios,
        variables={},
        context={},
        feeders=(),
        objectives=compile_thresholds(config.get("thresholds"), scenarios, build, observed),
        observed=observed,
        ensure=compile_ensure(config, build),
        slos=parse_slos(config.get("slos"), None, lambda where: document.at(("config", *where))).slos,
        slo_events=read.slo_events,
        seed=read.seed,
        digest=read.digest,
        likeness=read.likeness,
        config=config,
        request_names=tuple(read.requests),
        endpoints=read.endpoints,
        warnings=tuple(read.warnings),
        solo=read.solo,
        expect_at=read.expect_at,
        tags=read.tags,
        document=document,
        source=read.source,
        settings=Settings(
            seed=read.seed,
            solo=read.solo,
            target=read.target,
            name=read.name,
            tags=read.tags,
            timeout_multiplier=read.timeout_multiplier,
        ),
    )


def _copy(source: Any, into: dict[str, Any], where: Where) -> None:
    """Copy what stands at a path, if anything does."""
    for key in where[:-1]:
        source = source.get(key) if isinstance(source, dict) else None
        if isinstance(source, dict) and where[-1] in source:
            into = into.setdefault(str(key), {})
    if isinstance(source, dict) and where[-1] in source:
        into[str(where[-1])] = source[where[-1]]


def _is_kept(path: Where) -> bool:
    return len(path) < 2 or (path[0] == "config" and any(path[1 : 1 + len(where)] == where for where in _JUDGED))


def _faults(diagnostics: list[Diagnostic]) -> Iterator[str]:
    return (found.message for found in diagnostics if found.severity is Severity.ERROR)


def _build_of(read: _Outline, document: Document) -> Build:
    """Return what thresholds and checks are compiled with: what flows would have told it is read from the outline."""
    functions = registry.plugins("function")
    build = Build(
        document, document.data["config"], base=Path(), actions={}, functions=functions, book=Recorder().book("")
    )
    build.request_names.update(read.requests)
    if read.own is not None:
        own = {name: frozenset(names) for name, names in msgspec.structs.asdict(read.own).items()}
        build.processor = Processor(Path(), metrics=Recorded(**own))
    return build
