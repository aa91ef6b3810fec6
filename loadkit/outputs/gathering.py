"""What a run is gathered into while it goes on, so that in the end one report is made of it, for whoever writes or reads one."""

from __future__ import annotations

from typing import Any

from loadkit.engine.events import Interval, LogLine, Started
from loadkit.engine.result import RunResult
from loadkit.report.report import build_report
from loadkit.report.timeline import Timeline


class Gathering:
    """Collects what the report needs beside the result."""

    def __init__(self) -> None:
        self._timeline: Timeline | None = None

    def start(self, event: Started) -> None:
        """Begin the timeline."""
        self._timeline = Timeline(event.started_at, event.plan.naming)

    def interval(self, event: Interval) -> None:
        """Add a second to the timeline."""
        if self._timeline:
            self._timeline.add(event.snapshot)

    def log(self, event: LogLine) -> None:
        """Do nothing: log lines are not part of the report."""

    def report(self, result: RunResult, *, run: str | None = None) -> dict[str, Any]:
        """Return the report of the run; `run` is its id where it is kept."""
        timeline = self._timeline or Timeline(result.started_at, result.plan.naming)
        return build_report(result, timeline, run=run)
