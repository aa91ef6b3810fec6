"""The search of `loadkit capacity` for the largest load: what is asked for, how it goes on the screen, the answer."""

from __future__ import annotations

import asyncio
import math
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from loadkit.analysis.capacity import Ask, Settings, Status, estimate_s
from loadkit.analysis.outcome import Seen
from loadkit.cli.consent import ask_before_search
from loadkit.cli.interrupts import Interrupts
from loadkit.cli.limits import check_addresses
from loadkit.cli.scaling import Telling
from loadkit.cli.suspending import refusing_to_stop
from loadkit.cli.trial_load import untold
from loadkit.errors import ExitCode, PreflightError, UsageError
from loadkit.fleet.capacity import PAUSE_S, CapacityRun, Found, Plans
from loadkit.fleet.stop import Stop
from loadkit.outputs.base import paint_for, write_line
from loadkit.outputs.capacity import Answer, answer_lines, trial_line
from loadkit.outputs.capacity_report import answer_data
from loadkit.outputs.json import json_text
from loadkit.outputs.text import LogOnly
from loadkit.outputs.writing import write_whole
from loadkit.scenario.hidden import rendered_warnings
from loadkit.scenario.plan import Plan
from loadkit.scenario.processor import import_processor
from loadkit.scenario.rates import UNKNOWN, mean_requests, peak_per_s
from loadkit.slo.expression import Objective
from loadkit.units import NS_PER_S, format_duration_ns, parse_rate_per_s, three_digits

START_PER_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchAsked:
    """What the command line asks for. Rates are texts as they were written, `max_rate` is in requests per second.

    `settle_s` is None for auto; `notes` say which thresholds are used otherwise than they are written.
    """

    start: str | None
    most: str | None
    planned: str | None
    trial_s: int
    confirm_s: int
    settle_s: int | None
    workers: int | None
    max_rate: float | None
    criteria: Sequence[Objective]
    criteria_from: str
    notes: Sequence[str]
    keeps_ensure: bool


def search_load(plan: Plan, asked: SearchAsked, telling: Telling) -> int:
    """Search, tell the answer, and return the exit code. Raises UsageError and PreflightError before any load."""
    if not asked.criteria and not asked.keeps_ensure:
        hint = 'add --slo "http.response_time.p99 < 200ms", or thresholds to the file'
        raise UsageError(f"nothing says what must hold; {hint}")
    planned = _planned(plan, asked.planned)
    settings = _settings(plan, asked, planned[0])
    plans = Plans(
        plan=plan,
        criteria=asked.criteria,
        settings=settings,
        keeps_ensure=asked.keeps_ensure,
        settle_s=asked.settle_s,
        workers=asked.workers,
    )
    check_addresses(plan)
    import_processor(plan)
    path = _writable(telling.output)
    notes = [f"note: {note}" for note in asked.notes]
    said = [*rendered_warnings(plan), *notes, *untold(plan), *_opening(plans, asked)]
    for line in () if telling.quiet else said:
        write_line(sys.stderr, plan.secrets.mask_values(line))
    if not telling.yes:
        ask_before_search(plan, None if settings.most is None else settings.most * _each(plan))
    answer = _answer(plans, _search(plans, quiet=telling.quiet), planned, asked.criteria_from)
    return _tell(answer, plan, path, as_json=telling.json)


# ------------------------------------------------------------------------------------------------- what is asked for


def _settings(plan: Plan, asked: SearchAsked, planned: float | None) -> Settings:
    """Return how to search. Rates are visits per second. Raises UsageError for what means nothing."""
    highest = None if asked.most is None else _rate("--max", asked.most)
    if asked.max_rate is not None:
        allowed = asked.max_rate / _each(plan)
        highest = allowed if highest is None else min(highest, allowed)
    begin = max(START_PER_S, (planned or 0.0) / 2) if asked.start is None else _rate("--start", asked.start)
    if asked.start is not None and highest is not None and begin > highest:
        raise UsageError(f"--start {asked.start} is above the most that may be tried, {highest:g}/s")
    return Settings(start=begin, most=highest, trial_s=asked.trial_s, confirm_s=asked.confirm_s)


def _each(plan: Plan) -> float:
    """Return how many requests a visit makes; 1 where nobody can know it beforehand."""
    return max(1.0, mean_requests(plan.scenarios))


def _planned(plan: Plan, text: str | None) -> tuple[float | None, str]:
    """Return the planned visits per second and who says so: the option, else the peak of the file's phases."""
    if text is not None:
        return _rate("--planned", text), "--planned"
    if not plan.document.data.get("config", {}).get("phases"):
        return None, ""
    peak = peak_per_s(plan.phases, plan.scenarios)
    return (None, "") if peak in (0.0, UNKNOWN) else (peak / _each(plan), "the phases of the file")


def _rate(option: str, text: str) -> float:
    try:
        rate = parse_rate_per_s(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from error
    if not 0 < rate < math.inf:
        raise UsageError(f"{option} {text} is not a rate above zero, such as 100 or 100/s")
    return rate


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


def _opening(plans: Plans, asked: SearchAsked) -> list[str]:
    """Return what is said before the first trial: what must hold, and how long it takes."""
    usual, longest = estimate_s(plans.settings, 5 if plans.settle_s is None else plans.settle_s, PAUSE_S + 3)
    origin = asked.criteria_from if asked.criteria_from == "--slo" else f"{asked.criteria_from}; --slo replaces them"
    most = "" if plans.settings.most is None else f", {three_digits(plans.settings.most)}/s at most"
    return [
        f"criteria: {', '.join(_criteria(plans))} ({origin}), all that is offered comes to an end, and no queue grows",
        f"from {three_digits(plans.settings.start)} visits/s{most}; about {format_duration_ns(usual * NS_PER_S)}, "
        f"{format_duration_ns(longest * NS_PER_S)} at most; Ctrl-C tells what is known by then",
    ]


def _criteria(plans: Plans) -> list[str]:
    texts = [objective.text for objective in plans.criteria]
    return [*texts, "the conditions of `ensure`"] if plans.keeps_ensure else texts


class _Lines:
    """Prints a line for each trial on standard error."""

    def __init__(self) -> None:
        self._paint = paint_for(sys.stderr, os.environ)

    def trying(self, number: int, ask: Ask, settle_s: int) -> None:
        """Say nothing: the line comes when there is something to say."""

    def tried(self, number: int, ask: Ask, seen: Seen, following: Ask | None) -> None:
        """Print the line of the trial."""
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
    interrupts = Interrupts(5 * NS_PER_S, lambda text: write_line(sys.stderr, text))

    def watch(stop: Stop) -> None:
        interrupts.stop = stop

    async def run() -> Found:
        interrupts.listen()
        listener = _Silence() if quiet else _Lines()
        outputs = [LogOnly(sys.stderr, sys.stderr)]
        return await CapacityRun(plans=plans, listener=listener, watch=watch, outputs=outputs).run()

    with interrupts.obeyed(), refusing_to_stop(lambda text: write_line(sys.stderr, text)):
        return asyncio.run(run())


# ------------------------------------------------------------------------------------------------------- the answer


def _answer(plans: Plans, found: Found, planned: tuple[float | None, str], criteria_from: str) -> Answer:
    plan = plans.plan
    return Answer(
        name=plan.name,
        target=plan.secrets.mask(found.target),
        files=plan.document.files,
        digest=plan.digest,
        seed=plan.seed,
        criteria=tuple(_criteria(plans)),
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
    known = found.capacity
    if found.signal:
        return ExitCode[found.signal]
    if known.status in (Status.GENERATOR_LIMIT, Status.UNRELIABLE):
        return ExitCode.INVALID_MEASUREMENT
    if known.low is None or (planned is not None and known.high is not None and planned > known.low):
        return ExitCode.FAILED
    return ExitCode.PASS


def _tell(answer: Answer, plan: Plan, path: Path | None, *, as_json: bool) -> int:
    text = json_text(plan.secrets.hide(answer_data(answer)))
    if path is not None:
        try:
            write_whole(path, f"{text}\n".encode())
        except OSError as error:
            write_line(sys.stderr, f"error: the answer cannot be written to {path}: {error.strerror or error}")
    if as_json:
        write_line(sys.stdout, text)
        return answer.exit_code
    for line in answer_lines(answer, paint=paint_for(sys.stdout, os.environ)):
        write_line(sys.stdout, plan.secrets.mask_values(line))
    return answer.exit_code
