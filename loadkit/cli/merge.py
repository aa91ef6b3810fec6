"""`loadkit merge`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from loadkit.cli import options
from loadkit.errors import PreflightError, UsageError
from loadkit.outputs.base import counted, paint_for, write_line

if TYPE_CHECKING:
    from loadkit.report.facts import Run
    from loadkit.report.merging import Merged


def merge(
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN RUN...", help="Runs of one plan: ids, `latest`, their directories, journals or reports."
        ),
    ],
    output: options.ReportFile = None,
    quiet: options.Quiet = False,
    store: options.StoreUrl = None,
) -> int:
    """Make one run of several that ran the same plan.

    They may have made load side by side on several machines, or one after another. It is exact: every second is read again,
    counters are added, histograms merged bin by bin, percentiles taken of the whole, and all thresholds are judged anew. Rates of
    runs that were made at the same time add up. The exit code is that of the whole.

    \b
    Examples:
      loadkit merge 20261121-0902 20261121-0903 -o merged.json
      loadkit merge .loadkit/runs/20261121-090255-k3f9 /mnt/other/20261121-090256-m2wd
      loadkit runs import merged.json
    """
    from loadkit.outputs.files import open_report
    from loadkit.outputs.summary import quiet_summary, summary
    from loadkit.report.merging import merge_runs

    if len(runs) < 2:
        raise UsageError("name two runs or more to merge")
    report = open_report(output)
    found = merge_runs([_journal(run, store) for run in runs])
    written = []
    if report:
        try:
            report.finish(found.report())
        except OSError as error:
            raise PreflightError(f"cannot write {report.path}: {error.strerror or error}") from error
        written = [str(report.path)]
    paint = paint_for(sys.stdout, os.environ)
    for note in () if quiet else _notes(found):
        write_line(sys.stderr, f"note: {note}")
    lines = quiet_summary(found.result, paint=paint) if quiet else summary(found.result, reports=written, paint=paint)
    for line in lines:
        write_line(sys.stdout, line)
    return found.result.exit_code


def _journal(run: str, store: str | None) -> Path:
    """Return the journal of a run; of a report, or an id of the history, that of the run it tells of. Raises UsageError."""
    from loadkit.report.store import JOURNAL, REPORT, RUNS, find_journal

    path = Path(run)
    if path.suffix != ".json" or not path.is_file():
        try:
            return find_journal(run, RUNS)
        except UsageError as error:
            found = _stored(run, store)
            if found is None:
                raise
            if found.directory is None:
                raise UsageError(_without_journal(run)) from error
            return found.directory / JOURNAL
    from loadkit.report.facts import facts
    from loadkit.report.history import read_report

    run_id = facts(read_report(path), file=path).id
    for place in ([path.parent] if path.name == REPORT else []) + [RUNS / run_id]:
        if (place / JOURNAL).is_file():
            return place / JOURNAL
    kept = _stored(run_id, store)
    if kept and kept.directory and (kept.directory / JOURNAL).is_file():
        return kept.directory / JOURNAL
    raise UsageError(_without_journal(run))


def _stored(run: str, store: str | None) -> Run | None:
    """Return the run that the history has under a text; None where it has none."""
    from loadkit.report.history import open_store

    try:
        with open_store(store) as kept:
            return kept.find(run)
    except UsageError:
        return None


def _without_journal(run: str) -> str:
    return (
        f"{run} cannot be merged: its journal is not on this machine, and a report has no seconds to lay over those of others. "
        "Name the run's directory, or bring the run here with `loadkit runs export RUN` and `loadkit runs import FILE`"
    )


def _notes(found: Merged) -> list[str]:
    sources = [source for group in found.groups for source in group]
    notes = [f"{counted(len(sources), 'run')}, {found.how}: {', '.join(source.name for source in sources)}"]
    if len({source.plan.seed for source in sources}) < len(sources):
        notes.append(
            "some have the same seed, so they asked for the same things at the same instants; leave out --seed"
        )
    return notes
