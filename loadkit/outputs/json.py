"""The report as a JSON file, complete or not there at all."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from loadkit.engine.events import Interval, LogLine, Started
from loadkit.errors import PreflightError

_PROBE_BYTES = 1_000_000  # room for the report of some hours


class JsonReport:
    """Writes the report to a file, or into a directory under a name with the time in it."""

    def __init__(self, path: Path) -> None:
        name = time.strftime("loadkit_report_%Y%m%d_%H%M%S.json")
        self.path = path / name if os.path.isdir(path) else path

    def check(self) -> None:
        """Raise PreflightError, before any load, when the file cannot be written."""
        folder = self.path.parent
        if not os.path.isdir(folder):
            raise PreflightError(f"cannot write {self.path}: there is no directory {folder}; create it first")
        if os.path.exists(self.path) and not os.access(self.path, os.W_OK):
            raise PreflightError(f"cannot write {self.path}: the file is write-protected; choose another one with -o")
        if _is_special(self.path):
            return
        probe = _beside(self.path)
        try:
            try:
                probe.write_bytes(bytes(_PROBE_BYTES))
            finally:
                probe.unlink(missing_ok=True)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise PreflightError(f"cannot write {self.path}: {reason}; choose another place with -o") from error

    def start(self, event: Started) -> None:
        """Do nothing: the report is made when all is known."""

    def interval(self, event: Interval) -> None:
        """Do nothing: the report is made when all is known."""

    def log(self, event: LogLine) -> None:
        """Do nothing: log lines are not part of the report."""

    def finish(self, report: Mapping[str, Any]) -> None:
        """Write the report. Raises OSError when the place has become unwritable since the check."""
        write_report(self.path, report)


OUTPUTS: Mapping[str, Callable[[Path], JsonReport]] = {"json": JsonReport}


def write_report(path: Path, report: Mapping[str, Any]) -> None:
    """Write a report as JSON. Raises OSError."""
    write_whole(path, msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that a reader sees the old one or the whole new one. Raises OSError."""
    if _is_special(path):
        # /dev/stdout or a pipe: nothing to replace. A pipe that nobody reads is an error, and nothing to wait for.
        descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CREAT, 0o666)
        with open(descriptor, "wb") as file:
            os.set_blocking(descriptor, True)
            file.write(data)
        return
    beside = _beside(path)
    try:
        beside.write_bytes(data)
        os.replace(beside, path.resolve())
    finally:
        beside.unlink(missing_ok=True)


def _is_special(path: Path) -> bool:
    return os.path.exists(path) and not os.path.isfile(path)


def _beside(path: Path) -> Path:
    target = path.resolve()  # a symbolic link stays one
    return target.with_name(f".{target.name}.{os.getpid()}.tmp")
