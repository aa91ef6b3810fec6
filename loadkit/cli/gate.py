"""`loadkit gate`."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from loadkit.cli import options
from loadkit.cli.bundles import Keeping, Limits, Making
from loadkit.cli.github import commands_stopped
from loadkit.cli.papers import Papers, with_papers
from loadkit.cli.unfolding import unfolded
from loadkit.errors import ExitCode
from loadkit.outputs.base import write_line

if TYPE_CHECKING:
    from loadkit.analysis.recommendation import Recommendation
    from loadkit.cli.execute import Choices
    from loadkit.scenario.gate import Gate, GateRun
    from loadkit.scenario.plan import Plan


Config = Annotated[
    Path, typer.Argument(metavar="CONFIG", help="A gate file in YAML or JSON: the runs, and the time they have.")
]
Environment = Annotated[
    str | None,
    typer.Option("-e", "--environment", metavar="NAME", help="ci (the default), staging, production or another."),
]
Json = Annotated[
    Path | None,
    typer.Option("--json", metavar="FILE", help="Write the recommendation as JSON; /dev/stdout prints it."),
]
Output = Annotated[
    Path | None,
    typer.Option("-o", "--output", metavar="DIR", help="Write reports and recommendation into this directory."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check everything and show what would run; send nothing.")]


@unfolded
@with_papers()
def gate(
    config: Config,
    limits: Limits,
    keeping: Keeping,
    papers: Papers,
    environment: Environment = None,
    target: options.Target = None,
    json: Json = None,
    output: Output = None,
    dry_run: DryRun = False,
    dotenv: options.Dotenv = None,
    quiet: options.Quiet = False,
    graceful_stop: options.GracefulStop = "30s",
    workers: options.Workers = "auto",
    if_comparable: options.IfComparable = False,
) -> int:
    """Run a list of scenarios and recommend what to do with a release.

    Each run is made, judged and kept as `loadkit run` does it. Together they come to a decision (approved, approved with warnings,
    blocked, or no decision) and a health score with its formula. Each environment has a time budget: 10 minutes in ci, 30 in
    staging, none in production, unless the file says otherwise. Exit code 0 approved, also with warnings; 3 an objective failed,
    4 nothing but a regression blocks, 5 no decision; 2 the files are wrong or plan more time than there is.

    \b
    Examples:
      loadkit gate gate.yaml
      loadkit gate gate.yaml -e staging -t https://staging.example.com --json recommendation.json
      loadkit gate gate.yaml -e production --dry-run
    """  # fmt: skip
    from loadkit.cli.dotenv import set_environment
    from loadkit.cli.execute import Choices
    from loadkit.cli.gate_ending import Ending

    set_environment(dotenv)
    read, plans = _read(config, environment, target, limits, runs=not dry_run)
    if dry_run:
        _show(read, plans)
        return ExitCode.PASS
    _check(plans, ask=not (limits.yes or quiet))
    ending = Ending(json=json, output=output, papers=papers)
    making = Making(graceful_stop=graceful_stop, workers=workers)
    choices = Choices(making=making, quiet=quiet, yes=True, keeping=keeping, papers=papers)
    chosen = list(_choose(read, plans, choices, if_comparable=if_comparable))
    with commands_stopped(os.environ, wanted=papers.github):
        made = _carry_through(read, plans, chosen, output)
        code = ending.conclude(made)
    ending.tell_github(made)
    return code


def _read(
    config: Path, environment: str | None, target: str | None, limits: Limits, *, runs: bool
) -> tuple[Gate, list[Plan]]:
    """Return the gate and the plans of its runs. Raises ScenarioError with every fault, and UsageError."""
    from loadkit.cli.reading import chosen_target
    from loadkit.scenario.gate import read_gate
    from loadkit.scenario.gate_plans import read_plans
    from loadkit.scenario.settings import Settings

    read = read_gate(config, environment)
    return read, read_plans(read, Settings(**limits.read()), target=chosen_target(target), runs=runs)


def _check(plans: list[Plan], *, ask: bool) -> None:
    """Raise what forbids to make this load, and ask where it might hurt somebody."""
    from loadkit.cli.consent import ask_before_load
    from loadkit.cli.limits import check_addresses

    for plan in plans:
        check_addresses(plan)
        if ask:
            ask_before_load(plan)


def _choose(gate: Gate, plans: list[Plan], choices: Choices, *, if_comparable: bool) -> Iterator[Choices]:
    """Yield what is chosen for each run: files of its own, and its baseline. Raises UsageError and PreflightError."""
    from loadkit.cli.against import with_baseline

    for run, plan, name in zip(gate.runs, plans, _file_names(gate), strict=True):
        own = replace(choices, papers=choices.papers.alone(name))
        own.papers.open()  # what cannot be written is to be known before any load
        compared = run.baseline and with_baseline(own, run.baseline, plan, if_comparable=if_comparable)
        yield compared or own


def _show(gate: Gate, plans: list[Plan]) -> None:
    """Print what would run, and how long it takes."""
    from loadkit.scenario.gate import ALLOWANCE_NS, planned_ns
    from loadkit.scenario.gate_plans import warnings_of
    from loadkit.units import format_duration_ns

    found, sources = warnings_of(gate, plans)
    for warning in found:
        write_line(sys.stderr, warning.render(sources))
    write_line(sys.stdout, f"Gate {gate.name} in {gate.environment}")
    for run, plan in zip(gate.runs, plans, strict=True):
        optional = "" if run.required else ", not required"
        where = plan.secrets.mask(plan.target)
        files = ", ".join(run.files)
        write_line(
            sys.stdout, f"  {run.name}: {format_duration_ns(plan.duration_ns)} against {where}{optional}  {files}"
        )
    total = format_duration_ns(planned_ns([plan.duration_ns for plan in plans]))
    budget = "there is no budget" if gate.budget_ns is None else f"the budget is {format_duration_ns(gate.budget_ns)}"
    each = format_duration_ns(ALLOWANCE_NS)
    write_line(sys.stdout, f"planned: {total}, with {each} for each run to start and end; {budget}")


def _carry_through(gate: Gate, plans: list[Plan], chosen: list[Choices], output: Path | None) -> Recommendation:
    import time

    from loadkit.analysis.recommendation import Occasion, recommend
    from loadkit.cli.gating import Gating
    from loadkit.units import NS_PER_S

    names = [run.name for run in gate.runs]
    places, choices = dict(zip(names, _file_names(gate), strict=True)), dict(zip(names, chosen, strict=True))

    def run_once(run: GateRun, plan: Plan) -> Mapping[str, Any]:
        return _run_once(plan, choices[run.name], output / f"{places[run.name]}.json" if output else None)

    under_way = Gating(
        gate=gate, run_once=run_once, now_ns=time.monotonic_ns, say=lambda text: write_line(sys.stderr, text)
    )
    with under_way.halt.watched():
        attempts = under_way.attempts(plans)
    occasion = Occasion(
        gate=gate.name,
        file=gate.file,
        environment=gate.environment,
        budget_s=None if gate.budget_ns is None else gate.budget_ns / NS_PER_S,
        elapsed_s=under_way.elapsed_ns / NS_PER_S,
        signal=under_way.halt.signal,
    )
    return recommend(occasion, attempts)


def _file_names(gate: Gate) -> Iterator[str]:
    """Yield how runs are called in the names of files: "1-light"."""
    for number, run in enumerate(gate.runs, 1):
        yield f"{number}-{re.sub(r'[^A-Za-z0-9._-]+', '-', run.name).strip('-.')[:80] or 'run'}"


def _run_once(plan: Plan, choices: Choices, report: Path | None) -> Mapping[str, Any]:
    from loadkit.cli.conclusion import Conclusion
    from loadkit.cli.execute import execute
    from loadkit.fleet.process import spawned

    reports: list[Mapping[str, Any]] = []

    def keep(found: Conclusion) -> None:
        reports.append(found.report)

    own = replace(choices, output=str(report) if report else None, findings=[*choices.findings, keep])
    with spawned(1) as processes:
        execute(plan, own, processes)
    return reports[0]
