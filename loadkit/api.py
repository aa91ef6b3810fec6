"""loadkit for Python programs: load a plan, run it on the running event loop, read the result. The package root offers this.

A command does the same by the same way: `scenario.reading` makes the plan, `fleet.session` carries it through.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import warnings
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from loadkit.engine.events import Event, Finished, Interval, LogLine, Started
from loadkit.engine.interventions import Intervention
from loadkit.engine.result import RunResult
from loadkit.errors import (
    ExitCode,
    FleetError,
    LoadkitError,
    PluginError,
    PreflightError,
    ScenarioError,
    UsageError,
)
from loadkit.fleet.local import RunOptions
from loadkit.fleet.loss import OnWorkerLoss
from loadkit.fleet.session import Session
from loadkit.fleet.sizing import asked_workers
from loadkit.outputs.base import FileOutput
from loadkit.outputs.exports import Exports, sent_data
from loadkit.outputs.files import open_report
from loadkit.outputs.gathering import Gathering
from loadkit.outputs.summary import summary
from loadkit.report.store import new_id
from loadkit.scenario.merge import Overrides
from loadkit.scenario.plan import Plan
from loadkit.scenario.reading import read_plan
from loadkit.scenario.settings import Settings
from loadkit.units import parse_duration_ns

__all__ = [
    "Event",
    "ExitCode",
    "Finished",
    "FleetError",
    "Interval",
    "Intervention",
    "LoadkitError",
    "LogLine",
    "Plan",
    "PluginError",
    "PreflightError",
    "RunResult",
    "ScenarioError",
    "Session",
    "Started",
    "UsageError",
    "describe",
    "load",
    "run",
    "run_sync",
]


def load(
    files: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    *,
    environment: str | None = None,
    target: str | None = None,
    variables: Mapping[str, Any] | None = None,
    overrides: Mapping[str, Any] | None = None,
    payload: str | os.PathLike[str] | None = None,
    insecure: bool = False,
    seed: int | None = None,
    solo: bool = False,
    scenario_name: str | None = None,
    name: str | None = None,
    tags: Mapping[str, str] | None = None,
) -> Plan:
    """Read scenario files and return the plan of a run; each argument means what the option of `loadkit run` does.

    `variables` and `overrides` hold plain data, as JSON does. LOADKIT_TARGET is not asked. Raises ScenarioError, with
    every fault of the files in `diagnostics`, and TypeError for data that JSON cannot hold.
    """
    paths = [Path(files)] if isinstance(files, str | os.PathLike) else [Path(file) for file in files]
    changes = Overrides(
        environment=environment,
        target=target,
        insecure=insecure,
        payload=None if payload is None else Path(payload),
        overrides=None if overrides is None else json.dumps(overrides),
        variables=None if variables is None else json.dumps(variables),
        seed=seed,
    )
    settings = Settings(
        seed=seed,
        solo=solo,
        scenario_name=scenario_name,
        name=name,
        environment=environment,
        tags=dict(tags or {}),
    )
    return read_plan(paths, changes, settings, runs=True)


def run(
    plan: Plan,
    *,
    workers: int | str = "auto",
    graceful_stop: str = "30s",
    on_worker_loss: str = "abort",
    debug: bool = False,
    output: str | os.PathLike[str] | None = None,
    hold: bool = False,
) -> Session:
    """Return the run of a plan, which begins when it is first iterated over: Started, Interval, LogLine, Finished.

    `async for event in loadkit.run(plan)` on any asyncio event loop; no signal handler is set. Leaving the loop early ends
    the load and its processes. `output` is where the report goes; one that cannot be written in the end is a
    RuntimeWarning. What `config.outputs` names is told of the run; trouble with it is a warning of the logger "loadkit".
    In the end what waits for a receiver is sent for at most 5 s, in a thread: Finished comes so much later, and the loop goes on.
    With `hold` the workers are made ready and load waits for `begin`.

    Raises UsageError for arguments that mean nothing and PreflightError when no report can be written there, or an output of
    the plan cannot be had; iterating
    raises PreflightError when `demo://` does not start or `before` fails, and FleetError without workers.
    What `before` logs comes ahead of Started.
    """
    try:
        options = RunOptions(
            workers=asked_workers(str(workers)),
            graceful_stop_ns=parse_duration_ns(graceful_stop),
            debug=debug,
            on_worker_loss=OnWorkerLoss(on_worker_loss),
        )
    except ValueError as error:
        raise UsageError(str(error)) from error
    file = open_report(None if output is None else os.fspath(output))
    exports = Exports(plan.exports, say=logging.getLogger("loadkit").warning, run_id=new_id)
    try:
        exports.check()
    except LoadkitError:
        exports.close()
        raise
    gathering = Gathering()
    outputs = [*([gathering, file] if file else []), exports]
    finish = _finishing(gathering, exports, file)
    return Session(plan, options, outputs=outputs, finish=finish, closing=exports.close, hold=hold)


def _finishing(
    gathering: Gathering, exports: Exports, file: FileOutput | None
) -> Callable[[RunResult], Awaitable[None]]:
    """Return what is done with a result: what is sent, ends, and the report is written."""

    async def finish(result: RunResult) -> None:
        sent = await asyncio.to_thread(exports.finish)
        if file is None:
            return
        report = gathering.report(result)
        report["loadkit"]["exports"] = [sent_data(one) for one in sent]
        try:
            file.finish(report)
        except OSError as error:
            text = f"the report cannot be written to {file.path}: {error.strerror or error}"
            warnings.warn(text, RuntimeWarning, stacklevel=2)

    return finish


def run_sync(
    plan: Plan,
    *,
    workers: int | str = "auto",
    graceful_stop: str = "30s",
    on_worker_loss: str = "abort",
    debug: bool = False,
    output: str | os.PathLike[str] | None = None,
) -> RunResult:
    """Run a plan to its end on an event loop of its own and return the result; the arguments are those of `run`.

    Raises what `run` raises, and RuntimeError where an event loop is running already.
    """
    if _loop_is_running():
        raise RuntimeError("an event loop is running: use `async for event in loadkit.run(plan)` instead of run_sync")
    session = run(
        plan, workers=workers, graceful_stop=graceful_stop, on_worker_loss=on_worker_loss, debug=debug, output=output
    )
    return asyncio.run(_finished(session))


def _loop_is_running() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def _finished(session: Session) -> RunResult:
    async with session as events:
        async for event in events:
            if isinstance(event, Finished):
                return event.result
    raise FleetError("the run ended without a result: its workers were lost")


def describe(result: RunResult) -> str:
    """Return the summary of a run as the command prints it: times, outcomes, thresholds, and what it came to."""
    return "\n".join(summary(result)).strip("\n")
