"""`loadkit capacity`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from loadkit.cli import options
from loadkit.cli.bundles import Input, Limits
from loadkit.cli.unfolding import unfolded
from loadkit.errors import UsageError
from loadkit.units import NS_PER_S, parse_duration_ns

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
Users = Annotated[
    str | None,
    typer.Option(
        "--users",
        metavar="N,N,...|auto",
        help="Find out how throughput grows with users instead: a step for each number, and the Universal Scalability Law.",
        show_default=False,
    ),
]
Start = Annotated[
    str | None,
    typer.Option(
        "--start", metavar="RATE", help="Visits per second of the first trial; half the planned load, 10 at the least."
    ),
]
Most = Annotated[
    str | None,
    typer.Option("--max", metavar="RATE", help="Try no more visits per second than this.", show_default=False),
]
TrialTime = Annotated[
    str,
    typer.Option(
        "--trial",
        metavar="TIME",
        help="How long a trial measures; up to three times that when unsure. Each step of --users.",
    ),
]
ConfirmTime = Annotated[
    str, typer.Option("--confirm", metavar="TIME", help="The same for the trials that confirm the answer.")
]
Settle = Annotated[
    str, typer.Option("--settle", metavar="TIME|auto", help="How long a load goes on before it is measured.")
]
Planned = Annotated[
    str | None,
    typer.Option(
        "--planned",
        metavar="RATE",
        help="Visits per second that are planned, for the headroom; else the peak of the file's phases.",
        show_default=False,
    ),
]
Output = Annotated[
    Path | None, typer.Option("-o", "--output", metavar="FILE|DIR", help="Write the answer as JSON to this file.")
]


@unfolded
def capacity(
    files: options.Files,
    given: Input,
    limits: Limits,
    slo: Slo = None,
    users: Users = None,
    start: Start = None,
    most: Most = None,
    trial: TrialTime = "30s",
    confirm: ConfirmTime = "60s",
    settle: Settle = "auto",
    planned: Planned = None,
    scenario_name: options.ScenarioName = None,
    seed: options.Seed = None,
    workers: options.Workers = "auto",
    output: Output = None,
    json: Annotated[
        bool, typer.Option("--json", help="Print the answer as JSON; `loadkit schema capacity` describes it.")
    ] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Print nothing but the answer.")] = False,
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
    from loadkit.analysis.criteria import criteria_of
    from loadkit.cli.scaling import Asked, Telling, scale_users
    from loadkit.cli.searching import SearchAsked, search_load
    from loadkit.fleet.sizing import asked_workers
    from loadkit.scenario.reading import read_plan
    from loadkit.scenario.settings import Settings as PlanSettings

    held = limits.read()
    changes = given.changes(seed=seed, objectives=slo)
    decided = PlanSettings(
        seed=seed, scenario_name=scenario_name, environment=given.environment, allow_hosts=held["allow_hosts"]
    )
    plan = read_plan(given.files(*files), changes, decided, runs=True)
    criteria, notes = criteria_of(plan.objectives)
    has_ensure, origin = plan.ensure is not None and not slo, "--slo" if slo else "the file's thresholds"
    settle_s = None if _is_auto(settle) else _whole_seconds("--settle", settle, least=0)
    telling = Telling(output=output, json=json, quiet=quiet, yes=limits.yes)
    if users is not None:
        return scale_users(
            replace(plan, settings=replace(plan.settings, max_rate=held["max_rate"])),
            Asked(
                users=users,
                trial_s=_whole_seconds("--trial", trial, least=LEAST_STEP_S),
                settle_s=settle_s,
                workers=asked_workers(workers),
                criteria=criteria,
                criteria_from=origin,
                keeps_ensure=has_ensure,
            ),
            telling,
        )
    search = SearchAsked(
        start=start,
        most=most,
        planned=planned,
        trial_s=_whole_seconds("--trial", trial, least=LEAST_TRIAL_S),
        confirm_s=_whole_seconds("--confirm", confirm, least=LEAST_TRIAL_S),
        settle_s=settle_s,
        workers=asked_workers(workers),
        max_rate=held["max_rate"][0] if held["max_rate"] else None,
        criteria=criteria,
        criteria_from=origin,
        notes=notes,
        keeps_ensure=has_ensure,
    )
    return search_load(plan, search, telling)


def _is_auto(settle: str) -> bool:
    return settle.strip().lower() == "auto"


def _whole_seconds(option: str, text: str, *, least: int) -> int:
    try:
        ns = parse_duration_ns(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from error
    seconds = -(-ns // NS_PER_S)
    if seconds < least:
        raise UsageError(f"{option} {text} is too short: {least}s at the least, or nothing can be said of a percentile")
    return seconds
