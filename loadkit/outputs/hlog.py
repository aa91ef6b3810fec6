"""HdrHistogram's log (.hlog) as a file beside a run: the histograms of each second, written while it goes on."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

from loadkit.engine.events import Interval, LogLine, Started
from loadkit.outputs.writing import check_writable, is_special, replacing
from loadkit.report.hlog import HistogramLog


class HlogFile:
    """Collects the log in a file without a name beside the place it goes to, so that it is whole or not there at all."""

    def __init__(self, path: Path, option: str = "-o") -> None:
        self.path = path
        self._option = option
        self._log: HistogramLog | None = None
        self._kept: IO[bytes] | None = None
        self._trouble: OSError | None = None

    def check(self) -> None:
        """Raise PreflightError, before any load, when the file cannot be written."""
        check_writable(self.path, self._option)

    def start(self, event: Started) -> None:
        """Begin the log."""
        self._log = HistogramLog(event.started_at)
        try:
            beside = None if is_special(self.path) else self.path.parent
            self._kept = tempfile.TemporaryFile(dir=beside)  # noqa: SIM115  # `finish` closes it
        except OSError as error:
            self._trouble = error
        self._write(self._log.head())

    def interval(self, event: Interval) -> None:
        """Add a second."""
        if self._log:
            self._write(self._log.rows(event.snapshot))

    def log(self, event: LogLine) -> None:
        """Do nothing: log lines are not part of it."""

    def finish(self, report: Mapping[str, Any]) -> None:
        """Put the log into its place. Raises OSError when a second could not be written, or now it cannot be."""
        if self._trouble:
            raise self._trouble
        if self._kept is None:
            return
        with self._kept, replacing(self.path) as file:
            self._kept.seek(0)
            shutil.copyfileobj(self._kept, file)

    def _write(self, text: str) -> None:
        """Write lines; a disk that is full does not end the run, but what cannot be whole is not written at all."""
        if self._kept is None or self._trouble:
            return
        try:
            self._kept.write(text.encode())
            self._kept.flush()
        except OSError as error:
            self._trouble = error


OUTPUTS: Mapping[str, Callable[[Path], HlogFile]] = {"hlog": HlogFile}
