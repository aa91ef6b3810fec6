"""A run kept on disk while it goes on: its journal, and in the end its report beside it.

A frame reaches the operating system before the next second begins, so a journal outlives the death of this process, by SIGKILL
or for want of memory. Nothing waits for the disk until the run is over: when the machine itself fails, what the kernel had not
written yet is lost, some seconds on most systems.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import Any

from loadkit.engine.events import Interval, LogLine, Started
from loadkit.engine.result import RunResult
from loadkit.outputs.json import write_report
from loadkit.report.journal import end_frame, header_frame, interval_frame
from loadkit.report.store import JOURNAL, REPORT, new_run, prune


class Journal:
    """Keeps a run under `root`. What cannot be written is said once through `say`, and the run goes on without."""

    def __init__(self, root: Path, say: Callable[[str], None]) -> None:
        self.directory: Path | None = None
        self._root = root
        self._say = say
        self._file: FileIO | None = None

    @property
    def run(self) -> str | None:
        """Return the run's id; None where it is not kept."""
        return self.directory.name if self.directory else None

    def start(self, event: Started) -> None:
        """Make the run's directory and begin the journal; remove the oldest runs."""
        try:
            self.directory = new_run(self._root)
            self._file = FileIO(self.directory / JOURNAL, "xb")
            with suppress(OSError):  # some network file systems know no locks
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            prune(self._root)
        except OSError as error:
            self._give_up(error)
            return
        self._write(header_frame(event))

    def interval(self, event: Interval) -> None:
        """Write the second."""
        if self._file:
            self._write(interval_frame(event))

    def log(self, event: LogLine) -> None:
        """Do nothing: log lines are not kept."""

    def finish(self, result: RunResult, report: Mapping[str, Any]) -> None:
        """Write how the run ended, and its report."""
        if not self._file or not self.directory:
            return
        self._write(end_frame(result))
        try:
            if self._file:
                os.fsync(self._file.fileno())
                write_report(self.directory / REPORT, report)
        except OSError as error:
            self._give_up(error)
        self.close()

    def close(self) -> None:
        """Let go of the file, also when the run broke off. May be called twice."""
        if self._file:
            self._file.close()
            self._file = None

    def _write(self, frame: bytes) -> None:
        if not self._file:
            return
        try:
            if self._file.write(frame) != len(frame):
                raise OSError(0, "the disk took only a part of it")
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        self.close()
        place = self.directory or self._root
        self.directory = None
        self._say(f"warning: the run is not kept in {place}: {error.strerror or error}; --no-store does without")
