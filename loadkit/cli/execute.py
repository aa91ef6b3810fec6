"""Carry a plan through: check the outputs, start the demo, run, show, report, exit code."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from loadkit.cli.bundles import Keeping, Making, Telling, Watching
from loadkit.cli.conclusion import Conclusion, Finding, conclude
from loadkit.cli.consent import ask_before_load
from loadkit.cli.exporting import add_exports, exporting, linger, read_outs
from loadkit.cli.github import commands_stopped, tell_github
from loadkit.cli.history import AfterAdding, HistoryWriter, Keeper
from loadkit.cli.interrupts import Interrupts
from loadkit.cli.limits import check_addresses
from loadkit.cli.logs import json_lines, json_screen, name_run, tell_end
from loadkit.cli.papers import NO_PAPERS, Papers
from loadkit.cli.suspending import Suspension
from loadkit.cli.watching import asked_address, opened_dashboard
from loadkit.engine.events import Finished, LogLine
from loadkit.engine.result import RunResult
from loadkit.errors import ExitCode, FleetError
from loadkit.fleet.preflight import port_warnings, usable_ports
from loadkit.fleet.process import WorkerProcess
from loadkit.fleet.session import Session
from loadkit.outputs.base import FileOutput, Output, Screen, write_line
from loadkit.outputs.files import open_report
from loadkit.outputs.gathering import Gathering
from loadkit.outputs.text import LogOnly, PlainText
from loadkit.report.store import REPORT, RUNS, new_id
from loadkit.scenario.exports import Export
from loadkit.scenario.hidden import rendered_warnings
from loadkit.scenario.plan import Plan
from loadkit.scenario.processor import import_processor

if TYPE_CHECKING:
    from loadkit.dashboard.live import Dashboard


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What the command line says about how a plan is run and shown."""

    making: Making = Making()  # noqa: RUF009  # it is frozen
    output: str | None = None
    quiet: bool = False
    yes: bool = False
    keeping: Keeping = Keeping()  # noqa: RUF009  # it is frozen
    findings: Sequence[Finding] = ()
    """What is found about the run when it is over, in order, before anything is written."""
    papers: Papers = NO_PAPERS
    """What is written beside the report, and whether GitHub Actions is told."""
    outs: Sequence[Export] = ()
    """What `--out` names: other systems that are told of the run, beside those of the file."""
    then: Sequence[AfterAdding] = ()
    """What is done when the run has been added to the history."""
    watching: Watching = Watching()  # noqa: RUF009  # it is frozen
    """Whether the run is shown on a page."""

    @classmethod
    def told(cls, telling: Telling, **others: Any) -> Choices:
        """Return what is chosen by the options that say who is told of the run, and what else is. Raises UsageError."""
        return cls(output=telling.output, quiet=telling.quiet, outs=read_outs(telling.out or ()), **others)


def execute(plan: Plan, choices: Choices, workers: list[WorkerProcess]) -> ExitCode:
    """Run a plan on workers, of which some may have been started already, show it, and return what it came to."""
    options = choices.making.read()
    _tell_before(plan, choices)
    report = open_report(choices.output)
    files = [*([report] if report else []), *choices.papers.open()]
    screen = choose_screen(choices)

    def say(text: str) -> None:
        screen.log(LogLine(text=text, stream="stderr"))

    keeper = _keeper(choices, say)
    if keeper is None and any(slo.consumes for slo in plan.slos):
        say("note: nothing is taken from a ledger: the run is not kept")
    gathering = Gathering()
    without_id = new_id()  # a run that is kept has its id from the keeper, which is told first
    outputs: list[Output] = [*([keeper] if keeper else []), screen, gathering, *files]
    name_run(lambda: keeper.run if keeper else without_id)
    interrupts = Interrupts(options.graceful_stop_ns, say)
    github = choices.papers.github
    with (
        contextlib.closing(screen),
        interrupts.obeyed(),
        commands_stopped(os.environ, wanted=github),
        contextlib.closing(keeper) if keeper else contextlib.nullcontext(),
        exporting(
            plan, choices.outs, say=say, run_id=lambda: (keeper and keeper.run) or without_id, files=files
        ) as exports,
        opened_dashboard(choices.watching, plan, run_id=lambda: keeper.run if keeper else None, say=say) as dashboard,
    ):
        outputs.append(exports)
        outputs += [dashboard] if dashboard else []
        held = choices.watching.hold
        session = Session(plan, options, stop=interrupts.stop, workers=workers, outputs=outputs, hold=held)
        suspension = Suspension(session, screen, say)
        result = asyncio.run(_drive(session, interrupts, suspension, screen, dashboard))
        found = Conclusion(result, gathering.report(result, run=keeper.run if keeper else None))
        for finding in choices.findings:
            finding(found)
        add_exports(exports, found)
        code = conclude(found, files=files, keeper=keeper, quiet=choices.quiet)
        if dashboard:
            dashboard.finish(found.report, str(keeper.directory) if keeper and keeper.directory else None)
        linger(exports, lambda text: write_line(sys.stderr, text))
    tell_end(code)
    if github:
        tell_github([found.report], _report_file(report, keeper), os.environ)
    return code


def _tell_before(plan: Plan, choices: Choices) -> None:
    """Say what whoever starts the run should know, and ask where load might hurt somebody. Raises what forbids the run."""
    asked_address(choices.watching, keys=_takes_keys(choices))  # its faults are told before anything else happens
    for warning in () if choices.quiet else rendered_warnings(plan):
        write_line(sys.stderr, warning)
    for way in () if choices.quiet else plan.ways:
        write_line(sys.stderr, f"note: {way}")
    for text in () if choices.quiet else port_warnings(plan, usable_ports(plan)):
        write_line(sys.stderr, f"warning: {text}")
    check_addresses(plan)
    import_processor(plan)
    if not (choices.yes or choices.quiet):
        ask_before_load(plan)


def _report_file(report: FileOutput | None, keeper: Keeper | None) -> str | None:
    """Return where the report of a run can be read."""
    if report:
        return str(report.path)
    return str(keeper.directory / REPORT) if keeper and keeper.directory else None


def _keeper(choices: Choices, say: Callable[[str], None]) -> Keeper | None:
    """Return what keeps the run, unless it is not to be kept. Raises UsageError for a history that cannot be one."""
    if not choices.keeping.keeps():
        return None
    url = choices.keeping.store or os.environ.get("LOADKIT_STORE")
    history = HistoryWriter(url, say, choices.then)
    if url:
        history.check()
    return Keeper(RUNS, history, say, json_log=json_lines() is not None)


def choose_screen(choices: Choices) -> Screen:
    """Return how the run is shown: in the terminal, as plain text when it is none, as lines of JSON, or not at all."""
    lines = json_lines()
    if lines is not None:
        return json_screen(lines, quiet=choices.quiet)
    if choices.quiet:
        return LogOnly(sys.stdout, sys.stderr)
    if not _draws(choices):
        return PlainText(sys.stdout, sys.stderr)
    from loadkit.outputs.live.screen import LiveView

    return LiveView(sys.stdout, sys.stderr, typed=sys.stdin)


def _draws(choices: Choices) -> bool:
    """Say whether there is a live view; the debug mode prints more than one could stay calm above."""
    plain = choices.quiet or choices.making.debug or os.environ.get("TERM") == "dumb"
    return not plain and sys.stdout.isatty() and sys.stderr.isatty()


def _takes_keys(choices: Choices) -> bool:
    """Say whether somebody sees a live view and can press keys."""
    sits = sys.stdin is not None and sys.stdin.isatty() and not os.environ.get("CI")
    return sits and _draws(choices) and json_lines() is None


async def _drive(
    session: Session, interrupts: Interrupts, suspension: Suspension, screen: Screen, dashboard: Dashboard | None
) -> RunResult:
    interrupts.listen()
    screen.attend(session)
    if dashboard:
        dashboard.attend(session)
    try:
        with suspension.obeyed():
            async with session as events:
                async for event in events:
                    if isinstance(event, Finished):
                        return event.result
    finally:
        screen.close()
    raise FleetError("the run ended without a result: its workers were lost")
