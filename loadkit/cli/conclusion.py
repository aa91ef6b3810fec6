"""The end of a run, in one order for all commands: what is found is added to the report, the report is kept and written, the
summary is printed, and the exit code follows.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from loadkit.cli.history import Keeper
from loadkit.engine.result import RunResult
from loadkit.errors import ExitCode
from loadkit.outputs.base import FileOutput, paint_for, write_line
from loadkit.outputs.summary import Section, quiet_summary, summary


@dataclass(slots=True)
class Conclusion:
    """What a run came to. Who finds something about it adds to the report, and says it in a section and by the exit code."""

    result: RunResult
    report: dict[str, Any]
    sections: list[Section] = field(default_factory=list)
    last: str = ""
    """The line that says it all, where the result's own does not."""

    @property
    def code(self) -> ExitCode:
        """Return the exit code, as the report says it."""
        return ExitCode(self.report["loadkit"]["exit_code"])

    def add_code(self, code: ExitCode) -> None:
        """Let the run end with this exit code where nothing takes precedence over it."""
        self.report["loadkit"]["exit_code"] = int(ExitCode.foremost(self.code, code))


Finding = Callable[[Conclusion], None]


def conclude(found: Conclusion, *, files: Sequence[FileOutput], keeper: Keeper | None, quiet: bool) -> ExitCode:
    """Keep and write the report, print the summary and return the exit code."""
    if keeper:
        keeper.finish(found.result, found.report)
    kept = [str(keeper.directory)] if keeper and keeper.directory else []
    written, troubles = [], []
    for file in files:
        try:
            file.finish(found.report)
            written.append(str(file.path))
        except OSError as error:
            troubles.append(f"error: the report cannot be written to {file.path}: {error.strerror or error}")
    _print(found, [*written, *kept], quiet=quiet)
    for trouble in troubles:
        write_line(sys.stderr, trouble)
    if keeper:
        keeper.add(found.report)  # after the summary: a database may keep us waiting
    # what was measured is lost but for the summary
    return ExitCode.foremost(found.code, ExitCode.INVALID_MEASUREMENT) if troubles else found.code


def _print(found: Conclusion, reports: list[str], *, quiet: bool) -> None:
    paint = paint_for(sys.stdout, os.environ)
    if quiet:
        lines = quiet_summary(found.result, sections=found.sections, last=found.last, paint=paint)
    else:
        lines = summary(found.result, sections=found.sections, last=found.last, reports=reports, paint=paint)
    for line in lines:
        write_line(sys.stdout, found.result.plan.secrets.mask_values(line))
