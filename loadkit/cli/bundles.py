"""The options that several commands share, as they belong together; `unfolding` makes them parameters of a command."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loadkit.cli import options
from loadkit.cli.logs import LogFormat
from loadkit.errors import UsageError
from loadkit.fleet.loss import OnWorkerLoss
from loadkit.outputs.base import write_line
from loadkit.units import parse_duration_ns

if TYPE_CHECKING:
    from loadkit.cli.comparing import Asked
    from loadkit.fleet.local import RunOptions
    from loadkit.scenario.merge import Overrides
    from loadkit.scenario.plan import Plan
    from loadkit.scenario.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What is changed in scenario files: -c -e -p -v --overrides -k, and the environment variables that they may name."""

    config: options.ConfigFile = None
    environment: options.Environment = None
    payload: options.Payload = None
    variables: options.Variables = None
    overrides: options.OverridesJson = None
    dotenv: options.Dotenv = None
    insecure: options.Insecure = False

    def at(self, target: str | None, *, seed: int | None = None, objectives: Sequence[str] | None = None) -> Overrides:
        """Return the changes, with what else a command knows; `target` is what -t says, or another. Raises UsageError."""
        from loadkit.cli.reading import chosen_target
        from loadkit.scenario.merge import Overrides

        return Overrides(
            config=self.config,
            environment=self.environment,
            target=chosen_target(target),
            insecure=self.insecure,
            payload=self.payload,
            overrides=self.overrides,
            variables=self.variables,
            seed=seed,
            objectives=tuple(objectives or ()),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Input(Changes):
    """The input of a command but for its files: what is changed in them, where load goes, and more files."""

    target: options.Target = None
    inputs: options.Inputs = None

    def changes(self, *, seed: int | None = None, objectives: Sequence[str] | None = None) -> Overrides:
        """Return what is changed. Raises UsageError."""
        return self.at(self.target, seed=seed, objectives=objectives)

    def files(self, *first: Path | str) -> list[Path | str]:
        """Return these files and those of -i."""
        return [*first, *(self.inputs or ())]

    def plan(self, files: Sequence[Path | str], settings: Settings | None = None) -> Plan:
        """Return the plan of files that are not run. Raises ScenarioError with every fault; also UsageError."""
        from loadkit.cli.dotenv import set_environment
        from loadkit.scenario.reading import read_plan
        from loadkit.scenario.settings import Settings

        set_environment(self.dotenv)
        settings = replace(settings or Settings(), environment=self.environment, **Limits().read())
        return read_plan(files, self.changes(seed=settings.seed), settings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Where load may go, and how much."""

    allow_host: options.AllowHost = None
    max_rate: options.MaxRate = None
    yes: options.Yes = False

    def read(self) -> dict[str, Any]:
        """Return the limits as fields of Settings, with those of the project. Raises UsageError, and ScenarioError for its file."""
        from loadkit.cli.limits import read_limits

        return read_limits(self.allow_host, self.max_rate)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """Whether the run is kept, and where the history is."""

    no_store: options.NoStore = False
    store: options.StoreUrl = None

    def keeps(self) -> bool:
        """Say whether the run is kept."""
        return not (self.no_store or os.environ.get("LOADKIT_NO_STORE"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Picked:
    """What of the files is run, and with which seed."""

    solo: options.Solo = False
    seed: options.Seed = None
    scenario_name: options.ScenarioName = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """How load is made, and ends."""

    graceful_stop: options.GracefulStop = "30s"
    workers: options.Workers = "auto"
    on_worker_loss: options.WorkerLoss = OnWorkerLoss.ABORT
    debug: options.Debug = False

    def read(self) -> RunOptions:
        """Return the options of a run. Raises UsageError."""
        from loadkit.fleet.local import RunOptions
        from loadkit.fleet.sizing import asked_workers

        workers = asked_workers(self.workers)
        try:
            graceful_stop_ns = parse_duration_ns(self.graceful_stop)
        except ValueError as error:
            raise UsageError(f"--graceful-stop: {error}") from error
        return RunOptions(
            workers=workers,
            graceful_stop_ns=graceful_stop_ns,
            debug=self.debug,
            on_worker_loss=self.on_worker_loss,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    """From when on a run is a regression, and what that comes to."""

    minor: options.Minor = None
    major: options.Major = None
    critical: options.Critical = None
    block_on: options.BlockOnSeverity = None
    on_inconclusive: options.OpenResult = None

    def asked(self, across: Sequence[str] | None = None) -> Asked:
        """Return what is asked for of a comparison, also where these parts differ."""
        from loadkit.cli.comparing import Asked

        return Asked(
            minor=self.minor,
            major=self.major,
            critical=self.critical,
            block_on=self.block_on,
            on_inconclusive=self.on_inconclusive,
            across=across or (),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """Whether the run is shown on a page while it goes on, and whether it waits there to be begun."""

    dashboard: options.Dashboard = None
    dashboard_token: options.DashboardToken = None
    hold: options.Hold = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """Who is told of the run, and how."""

    output: options.ReportFile = None
    out: options.Outs = None
    quiet: options.Quiet = False
    log_format: options.Logs = LogFormat.TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """What a run is called, and what is noted of it."""

    name: options.RunName = None
    tag: options.Tags = None
    tags: options.TagList = None
    note: options.Note = None

    def read(self) -> dict[str, str]:
        """Return the tags by key. Raises UsageError for one without a key."""
        noted = [f"note:{self.note}"] if self.note else []
        return read_tags([*(self.tag or []), *split_tags(self.tags), *noted])


@dataclass(frozen=True, slots=True, kw_only=True)
class Idle:
    """What only Artillery's cloud and its distributed runs know."""

    record: options.Record = False
    key: options.Key = None
    count: options.Count = None
    platform: options.Platform = None
    platform_opt: options.PlatformOptions = None

    def warn(self) -> None:
        """Say of those that were given that they have no effect."""
        given = {
            "--record": self.record,
            "--key": self.key,
            "--count": self.count,
            "--platform": self.platform != "local" and self.platform,
            "--platform-opt": self.platform_opt,
        }
        for option in (option for option, value in given.items() if value):
            write_line(
                sys.stderr,
                f"warning: {option} has no effect: load is made on this machine, and nothing is recorded elsewhere",
            )


def split_tags(text: str | None) -> list[str]:
    """Return the tags of one text, "team:shop,service:cart"."""
    return [tag for tag in (text or "").split(",") if tag.strip()]


def read_tags(tags: list[str]) -> dict[str, str]:
    """Return tags by key. Raises UsageError for one without a key."""
    found: dict[str, str] = {}
    for tag in tags:
        key, colon, value = tag.partition(":")
        if not colon or not key.strip():
            raise UsageError(f"--tag {tag} is not KEY:VALUE, such as --tag team:checkout")
        found[key.strip()] = value.strip()
    return found
