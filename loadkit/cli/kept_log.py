"""The histograms of each second of a run that is over, for who asks with --hlog: they are kept in its directory alone."""

from __future__ import annotations

import shutil
from pathlib import Path

from loadkit.errors import PreflightError, UsageError
from loadkit.outputs.writing import replacing
from loadkit.report.facts import Run
from loadkit.report.store import HISTOGRAMS, REPORT


def log_of(run: Run) -> Path:
    """Return the histograms of each second that a run keeps. Raises UsageError where they are not there."""
    beside = run.file.parent if run.file and run.file.name == REPORT else None
    log = next((place / HISTOGRAMS for place in (run.directory, beside) if place), None)
    if log is None or not log.is_file():
        raise UsageError(f"of {run.id} there are no histograms of each second: its directory is not here any more")
    return log


def copy_log(log: Path, path: Path) -> str:
    """Copy them to a file and return its name. Raises PreflightError."""
    try:
        with log.open("rb") as source, replacing(path) as target:
            shutil.copyfileobj(source, target)
    except OSError as error:
        raise PreflightError(f"cannot write {path}: {error.strerror or error}") from error
    return str(path)
