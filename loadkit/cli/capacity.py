"""`loadkit capacity`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from loadkit.cli import options
from loadkit.cli.bundles import Input, Limits
from loadkit.cli.unfolding import unfolded
from loadkit.errors import UsageError
from loadkit.units import NS_PER_S, parse_duration_ns

if TYPE_CHECKING:
    from loadkit.cli.scaling import Asked, Telling
    from loadkit.cli.searching import SearchAsked
    from loadkit.scenario.plan import Plan

LEAST_TRIAL_S = 5
LEAST_STEP_S = 2


Slo = Annotated[
    list[str] | None,
    typer.Option(
        "--slo",
        metavar="THRESHOLD",
        help='What must hold, such as "http.response_time.p99 < 200ms", in place of the thresholds of the file; may be repeated.',
        show_default=False,
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is looked for, and with which trials."""

    slo: Slo = None
    users: Annotated[
        str | None,
        typer.Option(
            "--users",
            metavar="N,N,...|auto",
            help="Find out how throughput grows with users instead: a step for each number, and the Universal Scalability Law.",
            show_default=False,
        ),
    ] = None
    start: Annotated[
        str | None,
        typer.Option(
            "--start",
            metavar="RATE",
            help="Visits per second of the first trial; half the planned load, 10 at the least.",
        ),
    ] = None
    most: Annotated[
        str | None,
        typer.Option("--max", metavar="RATE", help="Try no more visits per second than this.", show_default=False),
    ] = None
    trial: Annotated[
        str,
        typer.Option(
            "--trial",
            metavar="TIME",
            help="How long a trial measures; up to three times that when unsure. Each step of --users.",
        ),
    ] = "30s"
    confirm: Annotated[
        str, typer.Option("--confirm", metavar="TIME", help="The same for the trials that confirm the answer.")
    ] = "60s"
    settle: Annotated[
        str, typer.Option("--settle", metavar="TIME|auto", help="How long a load goes on before it is measured.")
    ] = "auto"
    planned: Annotated[
        str | None,
        typer.Option(
            "--planned",
            metavar="RATE",
            help="Visits per second that are planned, for the headroom; else the peak of the file's phases.",
            show_default=False,
        ),
    ] = None

    def scaling(self, users: str, plan: Plan, workers: str) -> Asked:
        """Return what is asked for of these steps of users. Raises UsageError."""
        from loadkit.analysis.criteria import criteria_of
        from loadkit.cli.scaling import Asked
        from loadkit.fleet.sizing import asked_workers

        criteria, _ = criteria_of(plan.objectives)
        return Asked(
            users=users,
            trial_s=_whole_seconds("--trial", self.trial, least=LEAST_STEP_S),
            settle_s=self._settle_s(),
            workers=asked_workers(workers),
            criteria=criteria,
            criteria_from=self._origin(),
            keeps_ensure=self._keeps_ensure(plan),
        )

    def search(self, plan: Plan, workers: str, max_rate: float | None) -> SearchAsked:
        """Return what is asked for of the search for the largest load, in requests per second at most. Raises UsageError."""
        from loadkit.analysis.criteria import criteria_of
        from loadkit.cli.searching import SearchAsked
        from loadkit.fleet.sizing import asked_workers

        criteria, notes = criteria_of(plan.objectives)
        return SearchAsked(
            start=self.start,
            most=self.most,
            planned=self.planned,
            trial_s=_whole_seconds("--trial", self.trial, least=LEAST_TRIAL_S),
            confirm_s=_whole_seconds("--confirm", self.confirm, least=LEAST_TRIAL_S),
            settle_s=self._settle_s(),
            workers=asked_workers(workers),
            max_rate=max_rate,
            criteria=criteria,
            criteria_from=self._origin(),
            notes=notes,
            keeps_ensure=self._keeps_ensure(plan),
        )

    def _origin(self) -> str:
        return "--slo" if self.slo else "the file's thresholds"

    def _keeps_ensure(self, plan: Plan) -> bool:
        return plan.ensure is not None and not self.slo

    def _settle_s(self) -> int | None:
        """Return how long a load goes on before it is measured, None for auto."""
        if self.settle.strip().lower() == "auto":
            return None
        return _whole_seconds("--settle", self.settle, least=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """How the answer is told."""

    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE|DIR", help="Write the answer as JSON to this file.")
    ] = None
    json: Annotated[
        bool, typer.Option("--json", help="Print the answer as JSON; `loadkit schema capacity` describes it.")
    ] = False
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Print nothing but the answer.")] = False

    def telling(self, *, yes: bool) -> Telling:
        """Return who tells the answer; `yes` leaves out the question before much load."""
        from loadkit.cli.scaling import Telling

        return Telling(output=self.output, json=self.json, quiet=self.quiet, yes=yes)


@unfolded
def capacity(
    files: options.Files,
    given: Input,
    limits: Limits,
    wanted: Wanted,
    scenario_name: options.ScenarioName = None,
    seed: options.Seed = None,
    workers: options.Workers = "auto",
    *,
    shown: Shown,
) -> int:
    """Find the largest load at which a target meets its objectives.

    The scenario runs again and again under one steady load in place of its phases: twice as much until it fails, then between what
    passed and what failed, until they are 5 % apart; what passed is confirmed by three longer trials. A trial passes when every
    objective is met for certain, all that is offered comes to an end, and no queue grows. Arrivals are random, as independent users
    are, unless the file says `mode: uniform`. With the default times it takes about a quarter of an hour; Ctrl-C tells what is
    known by then. Exit code 0 found; 3 the planned load exceeds it, or no load passes; 5 this machine is the limit, or nothing is
    reliable.

    With --users rising numbers of users go on without a pause, one after another, and what their throughput comes to is told:
    where it is largest, how many users are best, and how much of each is lost to waiting for others. Exit code 0 where the law
    can be relied on, else 5.

    \b
    Examples:
      loadkit capacity shop.yaml -t https://staging.example.com
      loadkit capacity shop.yaml --slo "http.response_time.p99 < 200ms" --slo "http.error_rate < 1%"
      loadkit capacity shop.yaml --start 200 --max 2000 --planned 400 --json
      loadkit capacity shop.yaml --users 1,2,4,8,16,32,64
    """  # fmt: skip
    from loadkit.cli.dotenv import set_environment

    set_environment(given.dotenv)
    from loadkit.cli.scaling import scale_users
    from loadkit.cli.searching import search_load

    plan, most = _plan(files, given, limits, wanted, scenario_name=scenario_name, seed=seed)
    telling = shown.telling(yes=limits.yes)
    if wanted.users is not None:
        plan = replace(plan, settings=replace(plan.settings, max_rate=most))
        return scale_users(plan, wanted.scaling(wanted.users, plan, workers), telling)
    return search_load(plan, wanted.search(plan, workers, most[0] if most else None), telling)


def _plan(
    files: list[Path], given: Input, limits: Limits, wanted: Wanted, *, scenario_name: str | None, seed: int | None
) -> tuple[Plan, tuple[float, str] | None]:
    """Return the plan, and how many requests per second may be made at most: trials make other load than the plan."""
    from loadkit.scenario.reading import read_plan
    from loadkit.scenario.settings import Settings

    held = limits.read()
    settings = Settings(
        seed=seed, scenario_name=scenario_name, environment=given.environment, allow_hosts=held["allow_hosts"]
    )
    plan = read_plan(given.files(*files), given.changes(seed=seed, objectives=wanted.slo), settings, runs=True)
    return plan, held["max_rate"]


def _whole_seconds(option: str, text: str, *, least: int) -> int:
    try:
        ns = parse_duration_ns(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from error
    seconds = -(-ns // NS_PER_S)
    if seconds < least:
        raise UsageError(f"{option} {text} is too short: {least}s at the least, or nothing can be said of a percentile")
    return seconds
