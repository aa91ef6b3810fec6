"""Carry a plan through: check the outputs, start the demo, run, show, report, exit code."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from dataclasses import dataclass

from loadkit.cli.consent import ask_before_load
from loadkit.cli.interrupts import Interrupts
from loadkit.cli.limits import check_addresses
from loadkit.engine.events import Finished, LogLine
from loadkit.engine.result import RunResult
from loadkit.errors import ExitCode, FleetError, UsageError
from loadkit.fleet.local import RunOptions
from loadkit.fleet.loss import OnWorkerLoss
from loadkit.fleet.preflight import port_warnings, usable_ports
from loadkit.fleet.process import WorkerProcess
from loadkit.fleet.session import Session
from loadkit.fleet.sizing import asked_workers
from loadkit.outputs.base import FileOutput, Screen, paint_for, write_line
from loadkit.outputs.files import open_report
from loadkit.outputs.journal import Journal
from loadkit.outputs.summary import quiet_summary, summary
from loadkit.outputs.text import LogOnly, PlainText
from loadkit.report.store import RUNS
from loadkit.scenario.hidden import rendered_warnings
from loadkit.scenario.plan import Plan
from loadkit.scenario.processor import import_processor
from loadkit.units import parse_duration_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What the command line says about how a plan is run and shown."""

    graceful_stop: str = "30s"
    output: str | None = None
    quiet: bool = False
    yes: bool = False
    debug: bool = False
    workers: str = "auto"
    on_worker_loss: OnWorkerLoss = OnWorkerLoss.ABORT
    store: bool = True


def execute(plan: Plan, choices: Choices, workers: list[WorkerProcess]) -> ExitCode:
    """Run a plan on workers, of which some may have been started already, show it, and return what it came to."""
    options = RunOptions(
        workers=asked_workers(choices.workers),
        graceful_stop_ns=_graceful_stop_ns(choices.graceful_stop),
        debug=choices.debug,
        on_worker_loss=choices.on_worker_loss,
    )
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
    report = open_report(choices.output)
    screen = choose_screen(choices)

    def say(text: str) -> None:
        screen.log(LogLine(text=text, stream="stderr"))

    journal = Journal(RUNS, say) if _is_kept(choices) else None
    outputs = [output for output in (screen, report, journal) if output is not None]
    interrupts = Interrupts(options.graceful_stop_ns, say)
    with contextlib.closing(screen), interrupts.obeyed():
        session = Session(plan, options, stop=interrupts.stop, workers=workers, outputs=outputs)
        with contextlib.closing(journal) if journal else contextlib.nullcontext():
            result = asyncio.run(_drive(session, interrupts))
            screen.finish(result)
            if journal:
                journal.finish(result)
            kept = [str(journal.directory)] if journal and journal.directory else []
            return _conclude(result, report, choices, kept)


def _is_kept(choices: Choices) -> bool:
    return choices.store and not os.environ.get("LOADKIT_NO_STORE")


def choose_screen(choices: Choices) -> Screen:
    """Return how the run is shown: in the terminal, as plain text when it is none, or not at all."""
    if choices.quiet:
        return LogOnly(sys.stdout, sys.stderr)
    # The debug mode prints more than a view could stay calm above.
    if choices.debug or not (sys.stdout.isatty() and sys.stderr.isatty()) or os.environ.get("TERM") == "dumb":
        return PlainText(sys.stdout, sys.stderr)
    from loadkit.outputs.console import LiveView

    return LiveView(sys.stdout, sys.stderr)


async def _drive(session: Session, interrupts: Interrupts) -> RunResult:
    interrupts.listen()
    async with session as events:
        async for event in events:
            if isinstance(event, Finished):
                return event.result
    raise FleetError("the run ended without a result: its workers were lost")


def _conclude(result: RunResult, report: FileOutput | None, choices: Choices, kept: list[str]) -> ExitCode:
    code, written, trouble = result.exit_code, [], ""
    if report:
        try:
            report.finish(result)
            written = [str(report.path)]
        except OSError as error:
            trouble = f"error: the report cannot be written to {report.path}: {error.strerror or error}"
            if not result.signal:  # what was measured is lost but for the summary
                code = ExitCode.INVALID_MEASUREMENT
    paint = paint_for(sys.stdout, os.environ)
    lines = (
        quiet_summary(result, paint=paint) if choices.quiet else summary(result, reports=[*written, *kept], paint=paint)
    )
    for line in lines:
        write_line(sys.stdout, result.plan.secrets.mask_values(line))
    if trouble:
        write_line(sys.stderr, trouble)
    return code


def _graceful_stop_ns(text: str) -> int:
    try:
        return parse_duration_ns(text)
    except ValueError as error:
        raise UsageError(f"--graceful-stop: {error}") from error
