"""The input of commands that run nothing: the same options as those of `run`, and how they become a plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from loadkit.cli.dotenv import set_environment
from loadkit.cli.limits import read_limits
from loadkit.cli.reading import chosen_target
from loadkit.scenario.merge import Overrides
from loadkit.scenario.reading import read_plan
from loadkit.scenario.settings import Settings

if TYPE_CHECKING:
    from loadkit.scenario.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """What the options -c -t -e -p -v --overrides --dotenv say; `more` are files of -i, for who has no list of files."""

    config: Path | None = None
    target: str | None = None
    environment: str | None = None
    payload: Path | None = None
    variables: str | None = None
    overrides: str | None = None
    dotenv: Path | None = None
    more: tuple[Path, ...] = ()

    def read(self, files: Sequence[Path | str], settings: Settings | None = None) -> Plan:
        """Return the plan of files. Raises ScenarioError with every fault; also UsageError."""
        set_environment(self.dotenv)
        settings = replace(settings or Settings(), environment=self.environment, **read_limits(None, None))
        return read_plan(files, self.changes(settings.seed), settings)

    def changes(self, seed: int | None = None) -> Overrides:
        """Return what they change in the files."""
        return Overrides(
            config=self.config,
            environment=self.environment,
            target=chosen_target(self.target),
            payload=self.payload,
            overrides=self.overrides,
            variables=self.variables,
            seed=seed,
        )
