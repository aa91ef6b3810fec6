"""The semantic difference of two versions of a scenario, for who reviews it; comments, formatting and order of keys are none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from loadkit import registry
from loadkit.errors import ScenarioError, Severity
from loadkit.flow.function import SCENARIO_HOOKS
from loadkit.flow.step import Build
from loadkit.metrics.recorder import Recorder
from loadkit.redact import Secrets
from loadkit.scenario.changed_checks import counted_checks
from loadkit.scenario.changed_flow import checks_in, flow_changes
from loadkit.scenario.changed_load import phase_changes, share, weight_changes
from loadkit.scenario.changed_rules import ensure_changes, threshold_changes
from loadkit.scenario.changes import Change, Kind, same, value_changes
from loadkit.scenario.check import check_schema
from loadkit.scenario.fakes import template_functions
from loadkit.scenario.hidden import find_secrets, without_secrets
from loadkit.scenario.judging import compile_ensure, own_metrics
from loadkit.scenario.observing import compile_observe
from loadkit.scenario.phases import compile_phases
from loadkit.scenario.plan import Phase
from loadkit.scenario.source import Document, in_order
from loadkit.slo.ensure import Ensure
from loadkit.slo.expression import Objective
from loadkit.slo.threshold import parse_thresholds

_TOLD_ELSEWHERE = {"phases", "thresholds", "ensure"}
_LISTED = {"payload"}
AROUND = ("before", "after")
"""The flows at the top of a file that are done once, around a run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One side of the comparison: what its document means, as far as nothing but the document is needed for it."""

    config: Mapping[str, Any]
    scenarios: Mapping[str, Mapping[str, Any]]
    around: Mapping[str, Any]
    phases: tuple[Phase, ...]
    objectives: tuple[Objective, ...]
    ensure: Ensure | None
    secrets: Secrets


def version_of(document: Document) -> Version:
    """Return what a document means. Payloads and certificates need not exist, arrivals to replay must. Raises ScenarioError."""
    config = dict(document.data.get("config") or {})
    build = Build(
        document,
        config,
        base=Path(document.files[0]).parent if document.files else Path(),
        actions={},
        functions=template_functions(config),
        book=Recorder().book(""),
    )
    build.has_unread_processor = "processor" in config  # its metrics may be judged; nobody reads it here
    faults = check_schema(document)
    errors = [found for found in faults if found.severity is Severity.ERROR]
    secrets = find_secrets(document)
    if not errors:
        phases = compile_phases(config, solo=False, seed=0, build=build)
        observed = compile_observe(config.get("observe"), build)
        read = parse_thresholds(
            config.get("thresholds"), None, lambda where: document.at(("config", *where)), own_metrics(build), observed
        )
        for fault in read.faults:
            build.error(fault.code, ("config", *fault.where), fault.message, hint=fault.hint)
        ensure = compile_ensure(config, build)
        errors = [found for found in build.diagnostics if found.severity is Severity.ERROR]
    if errors:
        raise ScenarioError(*without_secrets(in_order([*faults, *build.diagnostics]), document.sources, secrets))
    items = document.data.get("scenarios") or []
    return Version(
        config=config,
        scenarios=_named(items),
        around={name: document.data[name] for name in AROUND if isinstance(document.data.get(name), dict)},
        phases=phases,
        objectives=read.objectives,
        ensure=ensure,
        secrets=secrets,
    )


def _named(items: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Return scenarios by name; one without, or with that of another, by its number."""
    made: dict[str, Mapping[str, Any]] = {}
    for index, item in enumerate(items):
        name = str(item.get("name") or f"scenario {index}")
        made[f"{name} ({index + 1})" if name in made else name] = item
    return made


def differences(old: Version, new: Version) -> list[Change]:
    """Return every change, those of what is judged first; secrets are masked."""
    changes = [
        *threshold_changes(old.objectives, new.objectives),
        *ensure_changes(old.ensure, new.ensure),
        *_phases(old, new),
        *_scenarios(old, new),
        *_around(old.around, new.around),
        *_config(old.config, new.config),
    ]
    return [_masked(change, (old.secrets, new.secrets)) for change in changes]


def _phases(old: Version, new: Version) -> Iterator[Change]:
    items = [side.config.get("phases") or [] for side in (old, new)]
    yield from phase_changes(old.phases, new.phases, *items)


def _scenarios(old: Version, new: Version) -> Iterator[Change]:
    actions, renamed = registry.plugins("step"), _renamed(old.scenarios, new.scenarios)
    olds = {renamed.get(name, name): item for name, item in old.scenarios.items()}
    weights = [{name: _weight(item) for name, item in side.items()} for side in (olds, new.scenarios)]
    for before, after in renamed.items():
        text = f"scenario {before} is now called {after}"
        yield Change(what="scenario", kind=Kind.CHANGED, subject=f"scenario {before}", text=text, old=before, new=after)
    yield from weight_changes(*weights)
    for name in olds:
        if name not in new.scenarios:
            lost = checks_in(olds[name].get("flow"), actions)
            text = f"scenario removed: {name} (share {share(name, weights[0])}{f', {counted_checks(lost)}' if lost else ''})"
            yield Change(what="scenario", kind=Kind.REMOVED, subject=f"scenario {name}", text=text, looser=lost > 0)
    for name, item in new.scenarios.items():
        if name in olds:
            yield from flow_changes(olds[name].get("flow"), item.get("flow"), actions, f'scenario "{name}"')
            yield from _rest(name, olds[name], item)
        else:
            text = f"scenario added: {name} (share {share(name, weights[1])})"
            yield Change(what="scenario", kind=Kind.ADDED, subject=f"scenario {name}", text=text)


def _around(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    """Yield what has changed in the flows before and after the run."""
    actions = registry.plugins("step")
    for name in AROUND:
        before, after = old.get(name) or {}, new.get(name) or {}
        yield from flow_changes(before.get("flow"), after.get("flow"), actions, name)
        yield from value_changes(_without(before, {"flow"}), _without(after, {"flow"}), (name,), _said("scenario"))


def _renamed(old: Mapping[str, Mapping[str, Any]], new: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Return scenarios that do the same under another name."""
    found: dict[str, str] = {}
    for name, item in old.items():
        alike = [
            other for other, its in new.items()
            if other not in old and other not in found.values() and same(item.get("flow"), its.get("flow"))
        ]  # fmt: skip
        if name not in new and alike:
            found[name] = alike[0]
    return found


def _weight(item: Mapping[str, Any]) -> float:
    try:
        return float(item.get("weight", 1))
    except (TypeError, ValueError):
        return 1.0


def _rest(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    told = {"flow", "name", "weight"}
    before, after = (_listed_hooks(_without(side, told)) for side in (old, new))
    yield from value_changes(before, after, (f'scenario "{name}"',), _said("scenario"))


def _config(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    yield from value_changes(_plain(old), _plain(new), ("config",), _said("config"))


def _plain(config: Mapping[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {
        key: [value] if key in _LISTED and isinstance(value, dict) else value for key, value in config.items()
    }
    if isinstance(kept.get("plugins"), dict):
        kept["plugins"] = _without(kept["plugins"], {"ensure"})
    return _listed_hooks({key: value for key, value in _without(kept, _TOLD_ELSEWHERE).items() if value != {}})


def _listed_hooks(mapping: dict[str, Any]) -> dict[str, Any]:
    """Return a mapping with one hook as the list that it means."""
    return {
        key: [value] if key in SCENARIO_HOOKS and isinstance(value, str) else value for key, value in mapping.items()
    }


def _without(mapping: Mapping[str, Any], keys: set[str]) -> dict[str, Any]:
    return {key: value for key, value in mapping.items() if key not in keys and not key.startswith("x-")}


def _said(what: str) -> Any:
    def say(path: tuple[str, ...], kind: Kind, old: str | None, new: str | None) -> Change:
        name = ".".join(path)
        text = f"{name} {old} -> {new}" if kind is Kind.CHANGED else f"{name} {kind.value}"
        text += f": {new}" if kind is Kind.ADDED else ""
        return Change(what=what, kind=kind, subject=name, text=text, old=old, new=new)

    return say


def _masked(change: Change, secrets: Sequence[Secrets]) -> Change:
    def hide(text: str) -> str:
        for one in secrets:
            text = one.mask_values(text)
        return text

    old, new = (None if side is None else hide(side) for side in (change.old, change.new))
    return replace(change, text=hide(change.text), subject=hide(change.subject), old=old, new=new)
