"""`config.observe` -> the sources that are observed while load is made."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from loadkit import registry
from loadkit.flow.step import Build, Where, closest_hint
from loadkit.slo.observe_keys import NAME, SHORT, source_keys
from loadkit.slo.observed import NOTHING_OBSERVED, Observed, SamplerPlugin, Source
from loadkit.units import NS_PER_S, parse_duration_ns

AT: Where = ("config", "observe")
_NOT_SOURCES = ("warmup",)
_EXAMPLE = "such as pid: 4711, port: 8000 or host: true"


def compile_observe(items: Any, build: Build) -> Observed:
    """Return what is observed; what is wrong with an entry becomes a diagnostic."""
    if not items:
        return NOTHING_OBSERVED
    samplers: Mapping[str, SamplerPlugin] = registry.plugins("sampler")
    sources: dict[str, Source] = {}
    for name, options, where in _entries(items):
        source = _source(name, options, where, samplers, build)
        if source is None:
            continue
        if source.name in sources:
            message = f'two things that are observed are called "{source.name}"'
            build.error("LK702", where, message, hint="give one of them another `name`")
        sources[source.name] = source
    return Observed(sources=tuple(sources.values()), warmup_s=_warmup_s(items, build))


def _entries(items: Any) -> Iterator[tuple[str, Any, Where]]:
    """Yield the name ("" where the entry says it itself), the entry and its place."""
    if isinstance(items, Mapping):
        yield from (
            (str(name), item, (*AT, name))
            for name, item in items.items()
            if name not in _NOT_SOURCES and not str(name).startswith("x-")
        )
    elif isinstance(items, list):
        yield from (("", item, (*AT, index)) for index, item in enumerate(items))


def _source(name: str, item: Any, where: Where, samplers: Mapping[str, SamplerPlugin], build: Build) -> Source | None:
    options = _options(name, item, where, build)
    if options is None:
        return None
    claims = {key: plugin for plugin, sampler in samplers.items() for key in sampler.claims}
    said = [key for key in options if key in claims and options[key] not in (None, False)]
    if len(said) != 1:
        _report_claims(said, claims, where, build)
        return None
    plugin = claims[said[0]]
    sampler, name = samplers[plugin], str(options.get("name") or name or said[0])
    if not re.fullmatch(NAME, name) or (isinstance(item, Mapping) and name in _NOT_SOURCES):
        message = f'"{name}" cannot be the name of what is observed'
        build.error("LK703", where, message, hint="a name is letters, digits, _ and -, and not `warmup`")
        return None
    if not _check_keys(options, said[0], sampler, where, build):
        return None
    try:
        faults = list(sampler.faults(options))
        series = sampler.series(options)
    except (TypeError, ValueError, AttributeError, KeyError):
        if not build.malformed:
            raise
        return None  # a value of the wrong type, which the schema's check has reported
    for fault in faults:
        at = (*where, fault.key) if isinstance(item, Mapping) and fault.key in item else where
        build.error("LK703", at, f"`{fault.key}` of what is observed: {fault.message}", hint=fault.hint)
    return Source(
        name=name,
        plugin=plugin,
        series=series,
        options=options,
        required=options.get("required") is not False,
        at=build.positions.at(where),
    )


def _options(name: str, item: Any, where: Where, build: Build) -> Mapping[str, Any] | None:
    """Return the keys of an entry, the short forms written out; None for what the schema refuses."""
    if isinstance(item, Mapping):
        return item
    short = item if isinstance(item, str) else name if item is True else None
    if short is None:
        return None
    if short not in SHORT:
        hint = closest_hint(short, SHORT) or f"write a mapping, {_EXAMPLE}; `host` and `target` need no more than that"
        build.error("LK701", where, f'"{short}" does not say what is observed', hint=hint)
        return None
    return {short: True}


def _report_claims(said: list[str], claims: Mapping[str, str], where: Where, build: Build) -> None:
    if not said:
        message = "nothing says what is observed"
        build.error("LK701", where, message, hint=f"give one of {', '.join(sorted(claims))}: {_EXAMPLE}")
        return
    message = f"`{said[0]}` and `{said[1]}` are two things to observe"
    build.error("LK701", (*where, said[1]), message, hint="write an entry for each", key=True)


def _check_keys(options: Mapping[str, Any], claim: str, sampler: SamplerPlugin, where: Where, build: Build) -> bool:
    """Report keys that belong to another kind of source."""
    known = {*source_keys({"": sampler})}
    strange = [key for key in options if key not in known and not str(key).startswith("x-")]
    for key in strange:
        others = known - {*sampler.claims, claim}
        message = f"`{key}` does not go with `{claim}`"
        hint = f"beside it may stand {', '.join(sorted(others))}"
        build.error("LK701", (*where, key), message, hint=hint, key=True)
    return not strange


def _warmup_s(items: Any, build: Build) -> float | None:
    value = items.get("warmup") if isinstance(items, Mapping) else None
    if value is None:
        return None
    try:
        return parse_duration_ns(value) / NS_PER_S
    except ValueError as error:
        build.error("LK211", (*AT, "warmup"), str(error))
        return None
