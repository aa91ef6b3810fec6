"""`loadkit capacity`."""

from __future__ import annotations

import math
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from loadkit.cli import options
from loadkit.errors import ExitCode, PreflightError, UsageError
from loadkit.outputs.base import paint_for, write_line
from loadkit.units import NS_PER_S, format_duration_ns, parse_duration_ns, parse_rate_per_s, three_digits

if TYPE_CHECKING:
    from loadkit.analysis.capacity import Ask, Settings
    from loadkit.analysis.outcome import Seen
    from loadkit.fleet.capacity import Found, Plans
    from loadkit.outputs.capacity import Answer
    from loadkit.scenario.plan import Plan

LEAST_TRIAL_S = 5
LEAST_STEP_S = 2
START_PER_S = 10.0

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


def capacity(
    files: options.Files,
    inputs: options.Inputs = None,
    slo: Slo = None,
    users: Users = None,
    start: Start = None,
    most: Most = None,
    trial: TrialTime = "30s",
    confirm: ConfirmTime = "60s",
    settle: Settle = "auto",
    planned: Planned = None,
    config: options.ConfigFile = None,
    target: options.Target = None,
    environment: options.Environment = None,
    payload: options.Payload = None,
    variables: options.Variables = None,
    overrides: options.OverridesJson = None,
    dotenv: options.Dotenv = None,
    insecure: options.Insecure = False,
    scenario_name: options.ScenarioName = None,
    seed: options.Seed = None,
    workers: options.Workers = "auto",
    allow_host: options.AllowHost = None,
    max_rate: options.MaxRate = None,
    yes: options.Yes = False,
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

    set_environment(dotenv)
    from loadkit.analysis.criteria import criteria_of
    from loadkit.cli.consent import ask_before_search
    from loadkit.cli.limits import check_addresses, read_limits
    from loadkit.cli.reading import chosen_target
    from loadkit.fleet.capacity import Plans
    from loadkit.fleet.sizing import asked_workers
    from loadkit.scenario.hidden import rendered_warnings
    from loadkit.scenario.merge import Overrides
    from loadkit.scenario.processor import import_processor
    from loadkit.scenario.reading import read_plan
    from loadkit.scenario.settings import Settings as PlanSettings

    limits = read_limits(allow_host, max_rate)
    changes = Overrides(
        config=config,
        environment=environment,
        target=chosen_target(target),
        insecure=insecure,
        payload=payload,
        overrides=overrides,
        variables=variables,
        seed=seed,
        objectives=tuple(slo or ()),
    )
    decided = PlanSettings(
        seed=seed, scenario_name=scenario_name, environment=environment, allow_hosts=limits["allow_hosts"]
    )
    plan = read_plan([*files, *(inputs or [])], changes, decided, runs=True)
    criteria, notes = criteria_of(plan.objectives)
    has_ensure = plan.ensure is not None and not slo
    if users is not None:
        from loadkit.cli.scaling import Asked, Telling, scale_users

        return scale_users(
            replace(plan, settings=replace(plan.settings, max_rate=limits["max_rate"])),
            Asked(
                users=users,
                trial_s=_whole_seconds("--trial", trial, least=LEAST_STEP_S),
                settle_s=None if _is_auto(settle) else _whole_seconds("--settle", settle, least=0),
                workers=asked_workers(workers),
                criteria=criteria,
                criteria_from="--slo" if slo else "the file's thresholds",
                keeps_ensure=has_ensure,
            ),
            Telling(output=output, json=json, quiet=quiet, yes=yes),
        )
    if not criteria and not has_ensure:
        raise UsageError(
            'nothing says what must hold; add --slo "http.response_time.p99 < 200ms", or thresholds to the file'
        )
    foreseen, origin = _planned(plan, planned)
    settings = _settings(plan, start=start, most=most, trial=trial, confirm=confirm, planned=foreseen, limits=limits)
    plans = Plans(
        plan=plan,
        criteria=criteria,
        settings=settings,
        keeps_ensure=has_ensure,
        settle_s=None if _is_auto(settle) else _whole_seconds("--settle", settle, least=0),
        workers=asked_workers(workers),
    )
    check_addresses(plan)
    import_processor(plan)
    path = _writable(output)
    if not quiet:
        for line in [
            *rendered_warnings(plan),
            *(f"note: {note}" for note in notes),
            *_opening(plans, by_slo=bool(slo)),
        ]:
            write_line(sys.stderr, plan.secrets.mask_values(line))
    if not yes:
        ask_before_search(plan, None if settings.most is None else settings.most * max(1.0, _each(plan)))
    found = _search(plans, quiet=quiet)
    answer = _answer(plans, found, (foreseen, origin), criteria_from="--slo" if slo else "the file's thresholds")
    return _tell(answer, plan, path, as_json=json)


# ------------------------------------------------------------------------------------------------- what is asked for


def _settings(
    plan: Plan,
    *,
    start: str | None,
    most: str | None,
    trial: str,
    confirm: str,
    planned: float | None,
    limits: dict[str, Any],
) -> Settings:
    """Return how to search. Rates are visits per second. Raises UsageError for what means nothing."""
    from loadkit.analysis.capacity import Settings

    highest = None if most is None else _rate("--max", most)
    if limits["max_rate"] is not None:  # requests per second
        allowed = limits["max_rate"][0] / max(1.0, _each(plan))
        highest = allowed if highest is None else min(highest, allowed)
    begin = max(START_PER_S, (planned or 0.0) / 2) if start is None else _rate("--start", start)
    if start is not None and highest is not None and begin > highest:
        raise UsageError(f"--start {start} is above the most that may be tried, {highest:g}/s")
    return Settings(
        start=begin,
        most=highest,
        trial_s=_whole_seconds("--trial", trial, least=LEAST_TRIAL_S),
        confirm_s=_whole_seconds("--confirm", confirm, least=LEAST_TRIAL_S),
    )


def _each(plan: Plan) -> float:
    from loadkit.scenario.rates import mean_requests

    return mean_requests(plan.scenarios)


def _planned(plan: Plan, text: str | None) -> tuple[float | None, str]:
    """Return the planned visits per second and who says so: the option, else the peak of the file's phases."""
    from loadkit.scenario.rates import UNKNOWN, peak_per_s

    if text is not None:
        return _rate("--planned", text), "--planned"
    if not plan.document.data.get("config", {}).get("phases"):
        return None, ""
    peak = peak_per_s(plan.phases, plan.scenarios)
    return (None, "") if peak in (0.0, UNKNOWN) else (peak / max(1.0, _each(plan)), "the phases of the file")


def _is_auto(settle: str) -> bool:
    return settle.strip().lower() == "auto"


def _rate(option: str, text: str) -> float:
    try:
        rate = parse_rate_per_s(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from error
    if not 0 < rate < math.inf:
        raise UsageError(f"{option} {text} is not a rate above zero, such as 100 or 100/s")
    return rate


def _whole_seconds(option: str, text: str, *, least: int) -> int:
    try:
        ns = parse_duration_ns(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from error
    seconds = -(-ns // NS_PER_S)
    if seconds < least:
        raise UsageError(f"{option} {text} is too short: {least}s at the least, or nothing can be said of a percentile")
    return seconds


def _writable(output: Path | None) -> Path | None:
    """Return the file to write. Raises PreflightError, before any load, when that cannot be done."""
    if output is None:
        return None
    path = output / "capacity.json" if output.is_dir() else output
    try:
        with path.open("a", encoding="utf-8"):
            return path
    except OSError as error:
        raise PreflightError(f"the answer cannot be written to {path}: {error.strerror or error}") from error


# ------------------------------------------------------------------------------------------------------- the search


def _opening(plans: Plans, *, by_slo: bool) -> list[str]:
    """Return what is said before the first trial: what must hold, and how long it takes."""
    from loadkit.analysis.capacity import estimate_s
    from loadkit.fleet.capacity import PAUSE_S

    usual, longest = estimate_s(plans.settings, 5 if plans.settle_s is None else plans.settle_s, PAUSE_S + 3)
    texts = [objective.text for objective in plans.criteria]
    texts += ["the conditions of `ensure`"] if plans.keeps_ensure else []
    origin = "by --slo" if by_slo else "the thresholds of the file; --slo replaces them"
    most = "" if plans.settings.most is None else f", {three_digits(plans.settings.most)}/s at most"
    return [
        f"criteria: {', '.join(texts)} ({origin}), all that is offered comes to an end, and no queue grows",
        f"from {three_digits(plans.settings.start)} visits/s{most}; about {format_duration_ns(usual * NS_PER_S)}, "
        f"{format_duration_ns(longest * NS_PER_S)} at most; Ctrl-C tells what is known by then",
    ]


class _Lines:
    """Prints a line for each trial on standard error."""

    def __init__(self) -> None:
        self._paint = paint_for(sys.stderr, os.environ)

    def trying(self, number: int, ask: Ask, settle_s: int) -> None:
        """Say nothing: the line comes when there is something to say."""

    def tried(self, number: int, ask: Ask, seen: Seen, following: Ask | None) -> None:
        """Print the line of the trial."""
        from loadkit.outputs.capacity import trial_line

        write_line(sys.stderr, trial_line(number, ask, seen, following, paint=self._paint))

    def cooling(self, text: str) -> None:
        """Say that the target is left to recover."""
        write_line(sys.stderr, self._paint(f"    {text}", "dim"))


class _Silence(_Lines):
    """Prints nothing."""

    def tried(self, number: int, ask: Ask, seen: Seen, following: Ask | None) -> None:
        """Print nothing."""

    def cooling(self, text: str) -> None:
        """Print nothing."""


def _search(plans: Plans, *, quiet: bool) -> Found:
    import asyncio

    from loadkit.cli.interrupts import Interrupts
    from loadkit.fleet.capacity import CapacityRun
    from loadkit.fleet.local import Stop
    from loadkit.outputs.text import LogOnly

    interrupts = Interrupts(5 * NS_PER_S, lambda text: write_line(sys.stderr, text))

    def watch(stop: Stop) -> None:
        interrupts.stop = stop

    async def run() -> Found:
        interrupts.listen()
        listener = _Silence() if quiet else _Lines()
        outputs = [LogOnly(sys.stderr, sys.stderr)]
        return await CapacityRun(plans=plans, listener=listener, watch=watch, outputs=outputs).run()

    with interrupts.obeyed():
        return asyncio.run(run())


# ------------------------------------------------------------------------------------------------------- the answer


def _answer(plans: Plans, found: Found, planned: tuple[float | None, str], *, criteria_from: str) -> Answer:
    from loadkit.outputs.capacity import Answer

    plan, texts = plans.plan, [objective.text for objective in plans.criteria]
    return Answer(
        name=plan.name,
        target=plan.secrets.mask(found.target),
        files=plan.document.files,
        digest=plan.digest,
        seed=plan.seed,
        criteria=(*texts, *(["the conditions of `ensure`"] if plans.keeps_ensure else [])),
        criteria_from=criteria_from,
        capacity=found.capacity,
        findings=found.findings,
        planned=planned[0],
        planned_from=planned[1],
        signal=found.signal,
        started_at=found.started_at,
        elapsed_s=found.elapsed_s,
        exit_code=_exit_code(found, planned[0]),
    )


def _exit_code(found: Found, planned: float | None) -> ExitCode:
    """Return what the command ends with: signal before limit before failure."""
    from loadkit.analysis.capacity import Status

    known = found.capacity
    if found.signal:
        return ExitCode[found.signal]
    if known.status in (Status.GENERATOR_LIMIT, Status.UNRELIABLE):
        return ExitCode.INVALID_MEASUREMENT
    if known.low is None or (planned is not None and known.high is not None and planned > known.low):
        return ExitCode.FAILED
    return ExitCode.PASS


def _tell(answer: Answer, plan: Plan, path: Path | None, *, as_json: bool) -> int:
    import json

    from loadkit.outputs.capacity import answer_data, answer_lines

    text = json.dumps(plan.secrets.hide(answer_data(answer)), indent=2)
    if path is not None:
        try:
            path.write_text(f"{text}\n", encoding="utf-8")
        except OSError as error:
            write_line(sys.stderr, f"error: the answer cannot be written to {path}: {error.strerror or error}")
    if as_json:
        write_line(sys.stdout, text)
        return answer.exit_code
    for line in answer_lines(answer, paint=paint_for(sys.stdout, os.environ)):
        write_line(sys.stdout, plan.secrets.mask_values(line))
    return answer.exit_code
