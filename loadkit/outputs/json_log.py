"""`--log-format json`: what a run prints on standard error as JSON, one object a line, for systems that collect logs.

    {"time": "2026-11-21T09:02:55.104Z", "level": "info", "message": "...", "run": "20261121-090255-k3f9", ...}

`run` is there from the run's start on, `trace_id` and `span_id` where a line is about a virtual user's traced request. `event` says
what a line is where it is more than a message:

    started    the run begins             test, target, workers, seed
    second     a second has gone by       elapsed_s, phase, vusers, requests_per_s, errors, and times in ms
    error      one of the first errors    error: its name
    log        a `log` step, or --debug
    finished   the run is over            exit_code
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TextIO

import msgspec

from loadkit.engine.events import Interval, LogLine, Started
from loadkit.outputs.base import Controls, write_line
from loadkit.outputs.progress import Progress, progress
from loadkit.outputs.text import SHORTEST_NS, headline, second_line
from loadkit.scenario.plan import Plan
from loadkit.units import NS_PER_MS, NS_PER_S

_LEVEL = re.compile(r"(?:\S*:\d+:\d+: )?(error|warning|note)\b")
_LEVELS = {"error": "error", "warning": "warning"}
_TRACE = re.compile(r" \(trace ([0-9a-f]{32})\)$")


def record(level: str, message: str, **fields: Any) -> str:
    """Return a line; fields without a value are left out."""
    now = time.time()
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now))
    told = {name: value for name, value in fields.items() if value not in ("", None)}
    text = message.encode("utf-8", "replace").decode()  # what a target sent may hold half characters
    shown = {"time": f"{stamp}.{int(now % 1 * 1000):03d}Z", "level": level, "message": text, **told}
    return msgspec.json.encode(shown).decode()


def log_record(event: LogLine, run: str | None) -> str:
    """Return a log line of a run."""
    return record(level_of(event), event.text, run=run, event="log", trace_id=event.trace, span_id=event.span)


def level_of(event: LogLine) -> str:
    """Return how much a line matters: as its first word says, else that of the stream it is for."""
    found = _LEVEL.match(event.text)
    if found is not None:
        return _LEVELS.get(found[1], "info")
    return "debug" if event.stream == "stderr" and event.text.startswith("--- VU ") else "info"


class JsonLines:
    """A stream that writes each text it is given as a line of JSON. It stands in for standard error."""

    def __init__(self, stream: TextIO) -> None:
        self.run: Callable[[], str | None] = lambda: None
        self._stream = stream

    def write(self, text: str) -> int:
        """Write a message, of one line or several, with the level that its first word says."""
        if text.strip():
            self.tell(level_of(LogLine(text=text, stream="stderr")), text.rstrip("\n"))
        return len(text)

    def tell(self, level: str, message: str, **fields: Any) -> None:
        """Write a message with fields."""
        write_line(self._stream, record(level, message, run=self.run(), **fields))

    def log(self, event: LogLine) -> None:
        """Write a log line."""
        write_line(self._stream, log_record(event, self.run()))

    def flush(self) -> None:
        """Do nothing: each line is written at once."""

    def isatty(self) -> bool:
        """Say no: nobody colours or redraws JSON."""
        return False

    def fileno(self) -> int:
        """Return the descriptor behind it."""
        return self._stream.fileno()


class JsonLog:
    """A screen of lines of JSON. When `quiet`, there are none of the seconds."""

    def __init__(self, lines: JsonLines, *, quiet: bool = False) -> None:
        self._lines = lines
        self._quiet = quiet
        self._plan: Plan | None = None

    def start(self, event: Started) -> None:
        """Say what begins."""
        self._plan = plan = event.plan
        target = plan.secrets.mask(event.target)
        self._lines.tell(
            "info",
            headline(event),
            event="started",
            test=plan.name,
            target=target,
            workers=event.workers,
            seed=plan.seed,
        )

    def interval(self, event: Interval) -> None:
        """Tell of the second, and of the first errors of each kind; the moment after the last whole second has no figures."""
        for error, texts in event.snapshot.examples.items():
            for _, text in texts:
                found = _TRACE.search(text)
                self._lines.tell("error", text, event="error", error=error, trace_id=found[1] if found else "")
        long_enough = event.snapshot.end_ns - event.snapshot.start_ns >= SHORTEST_NS
        if self._plan and long_enough and not self._quiet:
            figures = _figures(progress(self._plan, event))
            self._lines.tell("info", second_line(self._plan, event).strip(), event="second", **figures)

    def log(self, event: LogLine) -> None:
        """Write the line."""
        self._lines.log(event)

    def attend(self, controls: Controls) -> None:
        """Do nothing: it takes no keys."""

    def away(self) -> AbstractContextManager[None]:
        """Do nothing: the terminal is as it was."""
        return nullcontext()

    def close(self) -> None:
        """Do nothing: lines hold nothing."""


def _figures(seen: Progress) -> dict[str, Any]:
    times = seen.response_time
    shown = {name: times.percentile_ns(percent) for name, percent in (("p50_ms", 50), ("p95_ms", 95), ("p99_ms", 99))}
    return {
        "elapsed_s": round(seen.elapsed_ns / NS_PER_S, 3),
        "phase": seen.phase,
        "vusers": seen.vusers,
        "requests_per_s": round(seen.requests_per_s, 3),
        "errors": seen.errors,
        "dropped": seen.dropped,
        **({name: round(value / NS_PER_MS, 3) for name, value in shown.items()} if times.total else {}),
    }
