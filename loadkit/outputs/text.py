"""A run as plain text, one line a second, for logs and pipes; and as nothing but what its `log` steps say."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TextIO

from loadkit import __version__
from loadkit.engine.events import Interval, LogLine, Started
from loadkit.outputs.base import Controls, against, counted, printable, write_line, write_log
from loadkit.outputs.progress import (
    describe_arrivals,
    describe_budget,
    describe_missing,
    describe_times,
    format_rate,
    progress,
)
from loadkit.scenario.plan import Plan
from loadkit.units import NS_PER_S, format_duration_ns

SHORTEST_NS = NS_PER_S // 10
"""A part of a run that is shorter has no rate worth telling."""


class PlainText:
    """Writes a line a second to `err` and what `log` steps say to `out`."""

    def __init__(self, out: TextIO, err: TextIO) -> None:
        self._out = out
        self._err = err
        self._plan: Plan | None = None

    def start(self, event: Started) -> None:
        """Say what begins."""
        self._plan = event.plan
        write_line(self._err, headline(event))

    def interval(self, event: Interval) -> None:
        """Write the second's line; the moment that is left after the last whole second has none."""
        if self._plan and event.snapshot.end_ns - event.snapshot.start_ns >= SHORTEST_NS:
            write_line(self._err, second_line(self._plan, event))

    def log(self, event: LogLine) -> None:
        """Write the line."""
        write_log(event, self._out, self._err)

    def attend(self, controls: Controls) -> None:
        """Do nothing: it takes no keys."""

    def away(self) -> AbstractContextManager[None]:
        """Do nothing: the terminal is as it was."""
        return nullcontext()

    def close(self) -> None:
        """Do nothing: plain text holds nothing."""


class LogOnly:
    """Writes nothing but what `log` steps and the debug mode say."""

    def __init__(self, out: TextIO, err: TextIO) -> None:
        self._out = out
        self._err = err

    def start(self, event: Started) -> None:
        """Do nothing."""

    def interval(self, event: Interval) -> None:
        """Do nothing."""

    def log(self, event: LogLine) -> None:
        """Write the line."""
        write_log(event, self._out, self._err)

    def attend(self, controls: Controls) -> None:
        """Do nothing."""

    def away(self) -> AbstractContextManager[None]:
        """Do nothing: the terminal is as it was."""
        return nullcontext()

    def close(self) -> None:
        """Do nothing."""


def headline(event: Started) -> str:
    """Return the line that says what begins."""
    plan = event.plan
    return printable(
        f"loadkit {__version__}: {plan.name}{against(plan.secrets.mask(event.target))}, "
        f"{format_duration_ns(plan.duration_ns)}, {counted(event.workers, 'worker')}, seed {plan.seed}"
    )


def second_line(plan: Plan, event: Interval) -> str:
    """Return the line of a second."""
    seen = progress(plan, event)
    done = f" {seen.share:.0%}" if seen.share < 1 else ""
    parts = [
        f"{format_duration_ns(seen.elapsed_ns):>6} {printable(seen.phase)}{done}",
        f"{describe_arrivals(seen)}, {seen.vusers} VUs active",
        f"{format_rate(seen.requests_per_s)} {seen.made}",
        f"response time {describe_times(seen.response_time)}",
        counted(seen.errors, "error"),
    ]
    budgets = [f"budget {printable(one.name)} {describe_budget(one)}" for one in seen.budgets]
    return " | ".join([*parts, *describe_missing(seen), *budgets])
