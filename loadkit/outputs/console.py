"""A run as one calm view in the terminal, redrawn once a second: rich draws, this says what."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, TextIO

from loadkit.engine.events import Interval, LogLine, Started
from loadkit.metrics.snapshot import Snapshot
from loadkit.outputs.base import printable, write_line, write_log
from loadkit.outputs.progress import (
    Progress,
    describe_arrivals,
    describe_budget,
    describe_missing,
    describe_times,
    format_rate,
    merged,
    progress,
)
from loadkit.outputs.text import headline
from loadkit.scenario.plan import Plan
from loadkit.slo.spending import RunBudget
from loadkit.units import format_duration_ns

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live

RECENT = 5
HOT = 0.8
"""What share of the run's own budget is spent when its gauge turns yellow."""
_LOG_EVERY_S = 0.1


class LiveView:
    """Draws on `err`, a terminal; what `log` steps say goes to `out`, above the view.

    The view is taken away for log lines, so they are collected for a tenth of a second rather than written one by one.
    """

    def __init__(self, out: TextIO, err: TextIO) -> None:
        self._out = out
        self._err = err
        self._live: Live | None = None
        self._shown: RenderableType = ""
        self._plan: Plan | None = None
        self._recent: deque[Snapshot] = deque(maxlen=RECENT)
        self._waiting: list[LogLine] = []
        self._logged_at = 0.0

    def start(self, event: Started) -> None:
        """Say what begins, and draw."""
        from rich.text import Text

        write_line(self._err, headline(event))
        self._plan = event.plan
        self._draw(Text("starting"))

    def interval(self, event: Interval) -> None:
        """Draw the second."""
        if not self._plan:
            return
        self._recent.append(event.snapshot)
        self._write_waiting()
        self._draw(view(progress(self._plan, event), list(self._recent)))

    def log(self, event: LogLine) -> None:
        """Write the line above the view, together with those that come right after it."""
        self._waiting.append(event)
        if time.monotonic() - self._logged_at >= _LOG_EVERY_S:
            self._write_waiting()

    def close(self) -> None:
        """Take the view away and write what waits."""
        self._plan = None
        self._clear()
        self._write_waiting()

    def _draw(self, shown: RenderableType) -> None:
        self._shown = shown
        if self._live:
            self._live.update(shown, refresh=True)
            return
        from rich.console import Console
        from rich.live import Live

        # Always a new one: a Live that is started again goes up over the lines that were written in between.
        self._live = Live(
            shown,
            console=Console(file=self._err, markup=False, highlight=False, emoji=False),
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._live.start(refresh=True)

    def _clear(self) -> None:
        if self._live:
            self._live.stop()
            self._live = None

    def _write_waiting(self) -> None:
        if not self._waiting:
            return
        drawn = self._live is not None
        self._clear()
        for event in self._waiting:
            write_log(event, self._out, self._err)
        self._waiting.clear()
        self._logged_at = time.monotonic()
        if drawn:
            self._draw(self._shown)


def view(seen: Progress, recent: list[Snapshot]) -> RenderableType:
    """Return the view of one second. Percentiles are of the last RECENT seconds, so that they do not flicker."""
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    head = Table.grid(padding=(0, 2))
    left = f"{format_duration_ns(seen.left_ns)} left" if seen.left_ns else "waiting for the last virtual users"
    bar = ProgressBar(total=1.0, completed=seen.share, width=40)
    head.add_row(Text(printable(seen.phase), style="bold"), bar, left)
    body = Table.grid(padding=(0, 2))
    window = f"(last {len(recent)} s)"
    for name, text in (
        ("arrivals", describe_arrivals(seen)),
        ("virtual users", f"{seen.vusers} active"),
        (seen.made, format_rate(seen.requests_per_s)),
        ("response time", f"{describe_times(merged(recent, 'http.response_time'))}  {window}"),
        ("service time", f"{describe_times(merged(recent, 'http.service_time'))}  {window}"),
    ):
        body.add_row(Text(name, style="dim"), Text(text))
    body.add_row(Text("errors", style="dim"), Text(_troubles(seen), style="red" if seen.errors or seen.lost else ""))
    return Group(head, body, *([_budgets(seen)] if seen.budgets else []))


def _budgets(seen: Progress) -> RenderableType:
    """Return a gauge for each objective: what of the run's own budget is spent."""
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    gauges = Table.grid(padding=(0, 2))
    for spent in seen.budgets:
        bar = ProgressBar(total=1.0, completed=min(1.0, spent.used), width=20, complete_style=_heat(spent))
        style = "red" if spent.overspent else ""
        gauges.add_row(
            Text("budget", style="dim"), Text(printable(spent.name)), bar, Text(describe_budget(spent), style=style)
        )
    return gauges


def _heat(spent: RunBudget) -> str:
    return "red" if spent.used > 1 else "yellow" if spent.used > HOT else "green"


def _troubles(seen: Progress) -> str:
    return ", ".join([f"{seen.errors:,}", *describe_missing(seen)])
