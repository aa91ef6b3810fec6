"""From the files and options of a command line to a plan; `validate` needs no more than this."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from loadkit.errors import ScenarioError, Severity, UsageError
from loadkit.scenario.compile import Settings, compile_plan
from loadkit.scenario.merge import Overrides, gather_document
from loadkit.scenario.plan import Plan
from loadkit.scenario.source import Document, in_order

DEMO = "demo://"


def chosen_target(target: str | None) -> str | None:
    """Return the target of -t, else of LOADKIT_TARGET. Raises UsageError for one that would not be obeyed."""
    if target is None:
        return _obeyed("LOADKIT_TARGET", os.environ["LOADKIT_TARGET"]) if os.environ.get("LOADKIT_TARGET") else None
    if not target.strip():
        raise UsageError("-t is empty; write -t http://host:port, or leave -t out to use `config.target`")
    return _obeyed("-t", target)


def _obeyed(origin: str, target: str) -> str:
    if target.startswith(DEMO) and target.removeprefix(DEMO).strip("/"):
        raise UsageError(f"{origin} {target}: the demo shop takes no host and no path here; write {DEMO}")
    return target


def read_plan(files: Sequence[Path], changes: Overrides, settings: Settings) -> tuple[Document, Plan]:
    """Read, merge and compile files. Raises ScenarioError with every fault, of reading and of meaning alike."""
    reading = gather_document(files, changes)
    errors = {found.at for found in reading.diagnostics if found.severity is Severity.ERROR}
    if reading.document is None:
        raise ScenarioError(reading.diagnostics, reading.sources)
    try:
        plan = compile_plan(reading.document, settings)
    except ScenarioError as error:
        later = [found for found in error.diagnostics if found.at not in errors]
        raise ScenarioError(in_order([*reading.diagnostics, *later]), reading.sources) from None
    if errors:
        raise ScenarioError(reading.diagnostics, reading.sources)
    return reading.document, replace(plan, warnings=in_order([*reading.diagnostics, *plan.warnings]))
