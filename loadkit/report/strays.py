"""Runs that have a directory and no row in the history: they go on, came to no end, or the history was out of reach."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from loadkit.errors import UsageError
from loadkit.report.facts import Run, RunStatus, facts
from loadkit.report.history import Store, read_report
from loadkit.report.store import JOURNAL, REPORT, goes_on, runs


def strays(store: Store) -> list[Run]:
    """Return these runs, the oldest first."""
    directories = runs(store.directories)
    known = {run.id for run in store.runs(ids=[directory.name for directory in directories])}
    return [_stray(directory) for directory in directories if directory.name not in known]


def _stray(directory: Path) -> Run:
    if (directory / REPORT).is_file():
        try:
            return facts(read_report(directory / REPORT), directory=directory, file=directory / REPORT)
        except UsageError:
            pass  # a file that is no report any more
    started_at = datetime.strptime(directory.name[:15], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
    status = RunStatus.RUNNING if goes_on(directory / JOURNAL) else RunStatus.CUT_OFF
    nothing = {"fingerprint": None, "p50_ms": None, "p95_ms": None, "p99_ms": None, "error_rate": None}
    return Run(
        id=directory.name, started_at=started_at, name="-", target="", status=status, exit_code=-1, duration_s=0.0, host="",
        tags={}, requests=0, rate_per_s=0.0, directory=directory, **nothing,
    )  # fmt: skip
