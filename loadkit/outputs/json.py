"""JSON that people read too: as a text, and as the file of a report, complete or not there at all."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from loadkit.outputs.writing import check_writable, write_whole

if TYPE_CHECKING:  # commands that run nothing write JSON, too
    from loadkit.engine.events import Interval, LogLine, Started


class JsonReport:
    """Writes the report to a file, or into a directory under a name with the time in it."""

    def __init__(self, path: Path) -> None:
        name = time.strftime("loadkit_report_%Y%m%d_%H%M%S.json")
        self.path = path / name if os.path.isdir(path) else path

    def check(self) -> None:
        """Raise PreflightError, before any load, when the file cannot be written."""
        check_writable(self.path, "-o")

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
    write_whole(path, json_file(report))


def json_file(data: Any) -> bytes:
    """Return plain data as what a JSON file holds."""
    return json_text(data).encode() + b"\n"


def json_text(data: Any) -> str:
    """Return plain data as JSON, indented, without a line break at its end."""
    return msgspec.json.format(msgspec.json.encode(data), indent=2).decode()
