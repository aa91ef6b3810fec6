"""What a paper is: a file about runs that are over, made of their reports alone, for a reader that is no part of loadkit.

Equal reports give equal bytes: every time in a paper is one of the report's, and nothing is drawn at random.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from loadkit.engine.events import Interval, LogLine, Started
from loadkit.outputs.base import printable
from loadkit.outputs.writing import check_writable, write_whole
from loadkit.report.interventions import intervened

Report = Mapping[str, Any]
MOST_CHARS = 1000
"""How much of a name or a message a paper shows."""


@dataclass(frozen=True, slots=True)
class Paper:
    """A kind of paper; a plugin of kind "paper". `render` makes the bytes of the file from one report or several.

    `prepare` does what of it takes long and needs no report.
    """

    render: Callable[[Sequence[Report]], bytes]
    prepare: Callable[[], None] = lambda: None


class PaperFile:
    """Writes a paper about a run to a file."""

    def __init__(self, path: Path, paper: Paper, option: str) -> None:
        self.path = path
        self._paper = paper
        self._option = option

    def check(self) -> None:
        """Raise PreflightError, before any load, when the file cannot be written."""
        check_writable(self.path, self._option)

    def start(self, event: Started) -> None:
        """Do nothing: a paper is made of the report."""

    def interval(self, event: Interval) -> None:
        """Do nothing: a paper is made of the report."""

    def log(self, event: LogLine) -> None:
        """Do nothing: log lines are not part of a paper."""

    def finish(self, report: Report) -> None:
        """Write the paper. Raises OSError when the place has become unwritable since the check."""
        self.write([report])

    def write(self, reports: Sequence[Report]) -> None:
        """Write the paper about several runs. Raises OSError."""
        write_whole(self.path, self._paper.render(reports))


def legible(text: str, most: int = MOST_CHARS) -> str:
    """Return a text on one line that no reader obeys: control characters shown, and cut where it is long."""
    shown = printable(text[: most + 1].replace("\t", " "))
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


def run_facts(report: Report) -> dict[str, str]:
    """Return what identifies a run, by name: its id, the commit, seed, plan, target and tags; only what is known."""
    found = report["loadkit"]
    run = found.get("run")
    facts = {
        "run": run,
        "commit": found.get("commit"),
        "seed": found["seed"],
        "plan": found["digest"],
        "target": found["target"],
        "loadkit": found["versions"].get("loadkit"),
        "exit_code": found["exit_code"],
        "interventions": intervened(found),
        **{f"tag.{key}": value for key, value in sorted(found["tags"].items())},
    }
    return {legible(name): legible(str(value)) for name, value in facts.items() if value not in (None, "")}


def started(report: Report) -> datetime:
    """Return when load began, in UTC."""
    return datetime.fromisoformat(report["loadkit"]["started_at"])


def ended(report: Report) -> datetime:
    """Return when the run ended, in UTC."""
    return started(report) + timedelta(seconds=report["loadkit"]["elapsed_s"])


def unix_ms(instant: datetime) -> int:
    """Return an instant in Unix milliseconds."""
    return round(instant.timestamp() * 1000)
