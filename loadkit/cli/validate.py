"""`loadkit validate`."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from loadkit.cli import options
from loadkit.cli.bundles import Input
from loadkit.cli.unfolding import unfolded
from loadkit.errors import ExitCode, ScenarioError
from loadkit.outputs.base import counted, write_line
from loadkit.outputs.findings import FORMATS, Checked

if TYPE_CHECKING:
    from loadkit.scenario.gate import Gate


class Format(StrEnum):
    """How findings are written."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    SARIF = "sarif"


@unfolded
def validate(
    files: options.Files,
    given: Input,
    each: Annotated[
        bool, typer.Option("--each", help="Check each file by itself, instead of all merged into one scenario.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit code 2 for warnings, too.")] = False,
    format: Annotated[
        Format,
        typer.Option(
            "--format",
            metavar="text|json|github|sarif",
            help="How to write what is found: for people, programs, annotations of pull requests, or code scanning.",
        ),
    ] = Format.TEXT,
) -> int:
    """Check scenario files and gates without running them.

    Every fault is shown at once, each with its place in the file and a hint. Exit code 2 says that there are faults. A gate is
    checked with the scenarios that it lists, for all its environments or for the one of -e.

    \b
    Examples:
      loadkit validate shop.yaml
      loadkit validate shop.yaml -c staging.yaml -e staging
      loadkit validate --each scenarios/*.yaml --format github
      loadkit validate gate.yaml
    """
    groups = [(str(file),) for file in files] if each else [tuple(map(str, given.files(*files)))]
    checked = [check(group, given) for group in groups]
    text = FORMATS[format.value](checked)
    if text:
        write_line(sys.stdout, text)
    wrong = any(one.errors or (strict and one.warnings) for one in checked)
    return ExitCode.INVALID_INPUT if wrong else ExitCode.PASS


def check(files: tuple[str, ...], given: Input) -> Checked:
    """Return what is found in files that make one scenario; secrets are hidden. Raises UsageError."""
    from loadkit.scenario.gate_keys import is_gate
    from loadkit.scenario.hidden import without_secrets
    from loadkit.scenario.source import read_source

    if len(files) == 1 and is_gate(read_source(files[0]).document):
        return check_gate(files[0], given)
    try:
        plan = given.plan(files)
    except ScenarioError as error:
        return Checked(files=files, diagnostics=error.diagnostics, sources=error.sources)
    diagnostics, sources = without_secrets(plan.warnings, plan.document.sources, plan.secrets)
    contents = (
        counted(len(plan.phases), "phase"),
        counted(len(plan.scenarios), "scenario"),
        counted(len(plan.objectives), "threshold"),
        *([counted(len(plan.slos), "objective")] if plan.slos else []),
    )
    return Checked(files=files, diagnostics=diagnostics, sources=sources, contents=contents)


def check_gate(file: str, given: Input) -> Checked:
    """Return what is found in a gate and its scenarios, in all its environments or in the one that is given."""
    from loadkit.cli.dotenv import set_environment
    from loadkit.scenario.gate import read_gate, read_gates
    from loadkit.scenario.source import in_order

    set_environment(given.dotenv)
    try:
        gates = [read_gate(file, given.environment)] if given.environment else read_gates(file)
    except ScenarioError as error:
        return Checked(files=(file,), diagnostics=error.diagnostics, sources=error.sources)
    checked = [_check_plans(gate, given) for gate in gates]
    runs = {(run.name, run.at) for gate in gates for run in gate.runs}
    return Checked(
        files=(file,),
        diagnostics=in_order(found for one in checked for found in one.diagnostics),
        sources={name: text for one in checked for name, text in one.sources.items()},
        contents=(counted(len(gates), "environment"), counted(len(runs), "run")),
    )


def _check_plans(gate: Gate, given: Input) -> Checked:
    from loadkit.cli.limits import read_limits
    from loadkit.cli.reading import chosen_target
    from loadkit.scenario.gate_plans import read_plans, warnings_of
    from loadkit.scenario.settings import Settings

    try:
        plans = read_plans(gate, Settings(**read_limits(None, None)), target=chosen_target(given.target))
    except ScenarioError as error:
        return Checked(files=(gate.file,), diagnostics=error.diagnostics, sources=error.sources)
    diagnostics, sources = warnings_of(gate, plans)
    return Checked(files=(gate.file,), diagnostics=diagnostics, sources=sources)
