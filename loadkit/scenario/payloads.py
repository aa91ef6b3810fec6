"""config.payload -> Feeders, with what is odd about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from loadkit.flow.step import Build, Where
from loadkit.scenario.plan import Phase
from loadkit.scenario.rates import phase_visits
from loadkit.template.dealing import STOPS, WRAPS, Feeder
from loadkit.template.dialect import ignored_options
from loadkit.template.feeders import load_feeder
from loadkit.template.lines import PayloadFault
from loadkit.template.rows import RowIndex


def load_feeders(payload: Any, build: Build, indexes: Sequence[RowIndex | None]) -> tuple[Feeder, ...]:
    """Read the payloads, define what they give, and report what is wrong with them (LK210) or odd."""
    specs = payload if isinstance(payload, list) else [payload] if payload is not None else []
    feeders = []
    for index, spec in enumerate(specs):
        if not isinstance(spec, Mapping) or (build.malformed and not isinstance(spec.get("path"), str)):
            _define_fields(spec, build)
            continue
        where: Where = ("config", "payload", index) if isinstance(payload, list) else ("config", "payload")
        try:
            feeder = load_feeder(spec, build.base, indexes[index] if indexes else None, compat=build.compat)
            for name in feeder.defines:
                build.define(name)
            _note_payload(feeder, spec, where, build)
        except PayloadFault as fault:
            build.error("LK210", (*where, "path"), str(fault))
            _define_fields(spec, build)
        except (TypeError, AttributeError, ValueError):
            if not build.malformed:
                raise
            _define_fields(spec, build)  # a value of the wrong type, which the schema's check has reported
        else:
            feeders.append(feeder)
    return tuple(feeders)


def payload_places(payload: Any) -> Iterator[Where]:
    """Return where each payload stands."""
    where: Where = ("config", "payload")
    return ((*where, index) for index in range(len(payload))) if isinstance(payload, list) else iter((where,))


def _note_payload(feeder: Feeder, spec: Mapping[str, Any], where: Where, build: Build) -> None:
    """Warn of what is odd about a payload, and of keys that have no effect on it."""
    for code, text in feeder.notes:
        build.warn(code, (*where, "path"), text)
    for name in feeder.defines:
        if name in (build.config.get("variables") or {}):
            build.warn("LK505", (*where, "fields"), f'"{name}" of `config.variables` wins over the column of that name')
    for name in () if feeder.is_json else ignored_options(spec):
        build.warn("LK505", (*where, "options", name), f"the option `{name}` has no effect", key=True)
    if feeder.is_json:
        for key in ("delimiter", "cast", "skipHeader", "skipEmptyLines", "options"):
            if key in spec:
                build.warn("LK505", (*where, key), f"`{key}` has no effect on a file of JSON", key=True)
    if feeder.name is not None or feeder.order == "random":
        beside = "loadAll" if feeder.name is not None else "order: random"
        for key in ("onExhausted", *(["order"] if feeder.name is not None else [])):
            if key in spec:
                build.warn("LK505", (*where, key), f"`{key}` has no effect beside `{beside}`", key=True)


def _define_fields(spec: Any, build: Build) -> None:
    """Define the fields of a payload that cannot be read; where it does not name them, any name may be one."""
    fields = spec.get("fields") if isinstance(spec, Mapping) else None
    if isinstance(fields, list) and fields:
        for name in fields:
            build.define(str(name))
    else:
        build.has_unknown_fields = True


def check_rows(phases: Sequence[Phase], feeders: Sequence[tuple[Feeder, Where]], build: Build) -> None:
    """Warn of payloads that are used up before the planned visits are (LK510)."""
    needed = sum(phase_visits(phase) or 0 for phase in phases)
    for feeder, where in feeders:
        if feeder.on_exhausted == WRAPS or not 0 < len(feeder.rows) < needed:
            continue
        text = f"{len(feeder.rows):,} rows for {needed:,} visits"
        stops = feeder.on_exhausted == STOPS
        what = "the run ends when they are used up" if stops else "visits without a row fail"
        hint = "add rows, plan fewer visits, or write `onExhausted: wrap` to begin anew"
        build.warn("LK510", (*where, "order"), f"{text}: {what}", hint=hint)
