"""A run kept in a directory of its own while it goes on; the report makes it a whole one, and its page is made of that.

    journal            what was measured, second by second
    histograms.hlog    the histograms of each second, for HdrHistogram's tools
    scenario.yaml      the scenario as it ran
    log.txt            what was printed while it ran, as JSON with --log-format json
    report.json        the report
    report.html        the report as a page

A second reaches the operating system before the next one begins, so it outlives the death of this process, by SIGKILL or for want
of memory. Nothing waits for the disk until the run is over: when the machine itself fails, what the kernel had not written yet is
lost, some seconds on most systems.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import Any

from loadkit.engine.events import Interval, LogLine, Started
from loadkit.engine.interventions import Intervention
from loadkit.engine.result import RunResult
from loadkit.errors import PluginError
from loadkit.outputs.base import printable
from loadkit.outputs.json import write_report
from loadkit.outputs.json_log import log_record
from loadkit.outputs.kept_page import KeptPage
from loadkit.report.hlog import HistogramLog
from loadkit.report.journal import end_frame, header_frame, interval_frame, intervention_frame
from loadkit.report.store import HISTOGRAMS, JOURNAL, LOG, PAGE, REPORT, SCENARIO, new_run
from loadkit.scenario.hidden import rendered_warnings
from loadkit.scenario.shown import shown_scenario

MAX_LOG = 16 * 1024 * 1024
"""Bytes of `log.txt`; a flow that prints much would fill the disk."""


class KeptRun:
    """Keeps a run under `root`. What cannot be written is said once through `say`, and the run goes on without."""

    def __init__(self, root: Path, say: Callable[[str], None], *, json_log: bool = False) -> None:
        self.directory: Path | None = None
        self._root = root
        self._say = say
        self._json_log = json_log
        self._files: dict[str, FileIO] = {}
        self._page = KeptPage()
        self._histograms: HistogramLog | None = None
        self._early: list[LogLine] = []  # printed before there is a directory
        self._noted = 0  # interventions in the journal
        self._logged = 0

    @property
    def run(self) -> str | None:
        """Return the run's id; None where it is not kept."""
        return self.directory.name if self.directory else None

    def start(self, event: Started) -> None:
        """Make the run's directory and begin its files."""
        try:
            self.directory = new_run(self._root)
            self._open(JOURNAL)
            with suppress(OSError):  # some network file systems know no locks
                fcntl.flock(self._files[JOURNAL], fcntl.LOCK_EX | fcntl.LOCK_NB)
            (self.directory / SCENARIO).write_text(shown_scenario(event.plan), encoding="utf-8")
            self._open(HISTOGRAMS)
            self._open(LOG)
        except OSError as error:
            self._give_up(error)
            return
        self._append(JOURNAL, header_frame(event))
        self._histograms = HistogramLog(event.started_at)
        self._append(HISTOGRAMS, self._histograms.head().encode())
        for text in rendered_warnings(event.plan):
            self._log(LogLine(text=text, stream="stderr"))
        for line in self._early:
            self._log(line)
        self._page.begin()

    def interval(self, event: Interval) -> None:
        """Write the second."""
        if JOURNAL in self._files:
            self._note(event.interventions)
            self._append(JOURNAL, interval_frame(event))
        if HISTOGRAMS in self._files and self._histograms:
            self._append(HISTOGRAMS, self._histograms.rows(event.snapshot).encode())

    def log(self, event: LogLine) -> None:
        """Write the line, with the time."""
        if self.directory:
            self._log(event)
        elif len(self._early) < 1000:
            self._early.append(event)

    def finish(self, result: RunResult, report: Mapping[str, Any]) -> None:
        """Write how the run ended, and its report."""
        if JOURNAL not in self._files or not self.directory:
            return
        self._note(result.interventions)
        self._append(JOURNAL, end_frame(result))
        try:
            if self.directory:
                os.fsync(self._files[JOURNAL].fileno())
                write_report(self.directory / REPORT, report)
        except OSError as error:
            self._give_up(error)
        self.close()
        self._write_page(report)

    def close(self) -> None:
        """Let go of the files, also when the run broke off. May be called twice."""
        for file in self._files.values():
            file.close()
        self._files.clear()

    def _note(self, interventions: Sequence[Intervention]) -> None:
        """Write those that are new."""
        for intervention in interventions[self._noted :]:
            self._append(JOURNAL, intervention_frame(intervention))
        self._noted = len(interventions)

    def _write_page(self, report: Mapping[str, Any]) -> None:
        if not self.directory:
            return
        try:
            self._page.write(self.directory / PAGE, report)
        except (OSError, PluginError) as error:
            self._say(f"warning: {self.directory / PAGE} cannot be written: {error}")

    def _open(self, name: str) -> None:
        if self.directory:
            self._files[name] = FileIO(self.directory / name, "xb")

    def _log(self, event: LogLine) -> None:
        for line in self._lines(event):
            data = f"{line}\n".encode(errors="backslashreplace")
            if self._logged <= MAX_LOG < self._logged + len(data):
                (more,) = self._lines(LogLine(text="more was printed; it is not kept", stream="stderr"))
                data = f"{more}\n".encode()
                self._logged = MAX_LOG
            if self._logged <= MAX_LOG:
                self._append(LOG, data)
            self._logged += len(data)

    def _lines(self, event: LogLine) -> list[str]:
        """Return the lines of the log that an event comes to."""
        if self._json_log:
            return [log_record(event, self.run)]
        stamp = time.strftime("%H:%M:%SZ", time.gmtime())
        return [f"{stamp} {printable(line)}" for line in event.text.split("\n")]

    def _append(self, name: str, data: bytes) -> None:
        file = self._files.get(name)
        if not file:
            return
        try:
            if file.write(data) != len(data):
                raise OSError(0, "the disk took only a part of it")
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        self.close()
        place = self.directory or self._root
        self.directory = None
        self._say(f"warning: the run is not kept in {place}: {error.strerror or error}; --no-store does without")
