"""From files and what is changed in them to a plan: the one way for commands and for `loadkit.load`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from loadkit.errors import Diagnostic, ScenarioError, Severity
from loadkit.redact import Secrets
from loadkit.scenario.compile import compile_plan
from loadkit.scenario.hidden import find_secrets, hide_messages, without_secrets
from loadkit.scenario.merge import Overrides, gather_document
from loadkit.scenario.plan import Plan
from loadkit.scenario.settings import Settings
from loadkit.scenario.source import Document, Reading, in_order

_UNSET = "LK502"


def read_plan(files: Sequence[Path | str], changes: Overrides, settings: Settings, *, runs: bool = False) -> Plan:
    """Read, merge and compile files. Raises ScenarioError with every fault, of reading and of meaning alike.

    Environment variables that are not set are faults where the plan `runs`, unless it does as Artillery does, which sends the text
    "undefined"; elsewhere they are warnings, even where there is no plan without them.
    """
    reading = _with_grouped_counts(gather_document(files, changes))
    errors = [found for found in reading.diagnostics if found.severity is Severity.ERROR]
    if reading.document is None:
        raise ScenarioError(*without_secrets(reading.diagnostics, reading.sources, Secrets()))
    secrets = find_secrets(reading.document)
    try:
        plan = compile_plan(reading.document, settings)
    except ScenarioError as error:
        later = [found for found in error.diagnostics if not any(one.covers(found.at) for one in errors)]
        found = without_consequences(in_order([*reading.diagnostics, *later]))
        found = _refused(found) if runs and not _is_compat(reading.document) else found
        raise ScenarioError(*without_secrets(found, reading.sources, secrets)) from None
    if errors:
        raise ScenarioError(*without_secrets(reading.diagnostics, reading.sources, secrets))
    if runs and not _is_compat(reading.document):
        found = _refused(in_order([*reading.diagnostics, *plan.warnings]))
        if any(one.severity is Severity.ERROR for one in found):
            raise ScenarioError(*without_secrets(found, reading.sources, secrets))
    earlier = hide_messages(reading.diagnostics, secrets)
    return replace(plan, warnings=in_order([*earlier, *plan.warnings]))


def _with_grouped_counts(reading: Reading) -> Reading:
    """Return a reading without the warnings about `expected_events: 12_000_000`, which is text in YAML and a count all the same."""
    document = reading.document
    config = document.data.get("config") if document is not None else None
    slos = config.get("slos") if isinstance(config, dict) else None
    if document is None or not isinstance(slos, list):
        return reading
    counts = {document.at(("config", "slos", index, "expected_events")) for index in range(len(slos))}
    kept = tuple(one for one in reading.diagnostics if one.code != "LK009" or one.at not in counts)
    return replace(reading, diagnostics=kept)


def without_consequences(found: Sequence[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Return diagnostics without the errors of values that are wrong only since an environment variable is not set."""
    unset = [one.at for one in found if one.code == _UNSET]
    return tuple(
        one for one in found if one.severity is Severity.WARNING or not any(one.covers(place) for place in unset)
    )


def _refused(found: Sequence[Diagnostic]) -> tuple[Diagnostic, ...]:
    return tuple(replace(one, severity=Severity.ERROR) if one.code == _UNSET else one for one in found)


def _is_compat(document: Document) -> bool:
    config = document.data.get("config")
    return isinstance(config, dict) and config.get("compat") == "artillery"


def aimed(plan: Plan, target: str) -> Plan:
    """Return the same plan for the demo's address: steps hold the target in compiled form, so they are compiled anew."""
    settings = replace(plan.settings, target=target, demo=True, allow_hosts=_with_demo(plan.settings.allow_hosts))
    made = compile_plan(plan.document, settings, indexes=plan.indexes)
    return replace(made, warnings=plan.warnings)


def _with_demo(lists: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
    """Return lists that also allow the demo, which is on this machine and ours."""
    return tuple((*hosts, "127.0.0.1") for hosts in lists)
