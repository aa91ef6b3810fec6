"""Carry a plan through: check the outputs, start the demo, run, show, report, exit code."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from loadkit import registry
from loadkit.cli.interrupts import Interrupts
from loadkit.cli.reading import DEMO
from loadkit.engine.events import Event, Finished, Interval, LogLine, Started
from loadkit.engine.result import RunResult
from loadkit.errors import ExitCode, FleetError, PluginError, PreflightError, UsageError
from loadkit.fleet.local import RunOptions, run
from loadkit.fleet.loss import OnWorkerLoss
from loadkit.fleet.process import WorkerProcess
from loadkit.fleet.sizing import asked_workers, usable_cores, worker_count
from loadkit.outputs.base import FileOutput, Output, Screen, paint_for, write_line
from loadkit.outputs.summary import quiet_summary, summary
from loadkit.outputs.text import LogOnly, PlainText
from loadkit.scenario.compile import Settings, compile_plan
from loadkit.scenario.plan import Plan
from loadkit.scenario.source import Document
from loadkit.units import parse_duration_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What the command line says about how a plan is run and shown."""

    graceful_stop: str = "30s"
    output: str | None = None
    quiet: bool = False
    debug: bool = False
    workers: str = "auto"
    on_worker_loss: OnWorkerLoss = OnWorkerLoss.ABORT


def execute(
    document: Document, settings: Settings, plan: Plan, choices: Choices, workers: list[WorkerProcess]
) -> ExitCode:
    """Run a plan on workers, show it, and return what it came to."""
    options = RunOptions(
        graceful_stop_ns=_graceful_stop_ns(choices.graceful_stop),
        debug=choices.debug,
        on_worker_loss=choices.on_worker_loss,
    )
    count = worker_count(plan, asked_workers(choices.workers), usable_cores())
    workers.extend(WorkerProcess() for _ in range(count - len(workers)))
    for warning in () if choices.quiet else plan.warnings:
        write_line(sys.stderr, warning.render(document.sources))
    report = open_report(choices.output)
    screen = choose_screen(choices)
    outputs: list[Output] = [screen, *([report] if report else [])]
    interrupts = Interrupts(options.graceful_stop_ns, lambda text: screen.log(LogLine(text=text, stream="stderr")))
    with _demo(plan.target) as url, contextlib.closing(screen):
        if url:
            # Steps hold the target in compiled form, so the plan is made again for where the demo listens.
            settings = replace(settings, target=url, seed=plan.seed)
            plan = replace(compile_plan(document, settings), warnings=plan.warnings)
        with interrupts.obeyed():
            events = run(document, settings, plan, options, interrupts.stop, workers)
            result = asyncio.run(_drive(events, interrupts, outputs))
            screen.finish(result)
            return _conclude(result, report, choices)


def open_report(output: str | None) -> FileOutput | None:
    """Return where the report goes. Raises PreflightError when nothing can be written there."""
    if output is None:
        return None
    if output.endswith(os.sep) and not os.path.isdir(output):
        raise PreflightError(f"cannot write into {output}: there is no such directory; create it first")
    report: FileOutput = _output_for(Path(output))(Path(output))
    report.check()
    return report


def _output_for(path: Path) -> Callable[[Path], FileOutput]:
    """Return the output that a file's ending names; a report in JSON for any other."""
    name = path.suffix.removeprefix(".").lower()
    try:
        made: Callable[[Path], FileOutput] = registry.plugin("output", name or "json")
    except PluginError:
        made = registry.plugin("output", "json")
    return made


def choose_screen(choices: Choices) -> Screen:
    """Return how the run is shown: in the terminal, as plain text when it is none, or not at all."""
    if choices.quiet:
        return LogOnly(sys.stdout, sys.stderr)
    # The debug mode prints more than a view could stay calm above.
    if choices.debug or not (sys.stdout.isatty() and sys.stderr.isatty()) or os.environ.get("TERM") == "dumb":
        return PlainText(sys.stdout, sys.stderr)
    from loadkit.outputs.console import LiveView

    return LiveView(sys.stdout, sys.stderr)


@contextlib.contextmanager
def _demo(target: str) -> Iterator[str | None]:
    if not target.startswith(DEMO):
        yield None
        return
    from loadkit.demo.app import DemoOptions
    from loadkit.demo.process import start_demo

    demo = start_demo(DemoOptions())
    try:
        yield demo.url
    finally:
        demo.stop()


async def _drive(events: AsyncGenerator[Event, None], interrupts: Interrupts, outputs: Sequence[Output]) -> RunResult:
    interrupts.listen()
    async with contextlib.aclosing(events):
        async for event in events:
            match event:
                case Finished(result=result):
                    return result
                case _:
                    _show(event, outputs)
    raise FleetError("the run ended without a result: its workers were lost")


def _show(event: Started | Interval | LogLine, outputs: Sequence[Output]) -> None:
    for output in outputs:
        match event:
            case Interval():
                output.interval(event)
            case LogLine():
                output.log(event)
            case Started():
                output.start(event)


def _conclude(result: RunResult, report: FileOutput | None, choices: Choices) -> ExitCode:
    code, written, trouble = result.exit_code, [], ""
    if report:
        try:
            report.finish(result)
            written = [str(report.path)]
        except OSError as error:
            trouble = f"error: the report cannot be written to {report.path}: {error.strerror or error}"
            code = code or ExitCode.PREFLIGHT
    paint = paint_for(sys.stdout, os.environ)
    lines = quiet_summary(result, paint=paint) if choices.quiet else summary(result, reports=written, paint=paint)
    for line in lines:
        write_line(sys.stdout, line)
    if trouble:
        write_line(sys.stderr, trouble)
    return code


def _graceful_stop_ns(text: str) -> int:
    try:
        return parse_duration_ns(text)
    except ValueError as error:
        raise UsageError(f"--graceful-stop: {error}") from error
