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
    from loadkit.report.merging import Merged


def merge(
    runs: Annotated[
        list[str],
        typer.Argument(metavar="RUN RUN...", help="Runs of one plan: ids, `latest`, their directories, or journals."),
    ],
    output: options.ReportFile = None,
    quiet: options.Quiet = False,
) -> int:
    """Make one run of several that ran the same plan.

    It is exact: every second is read again, counters are added, histograms merged bin by bin, percentiles taken of the whole,
    and all thresholds are judged anew. Rates of runs that were made at the same time add up. The exit code is that of the whole.

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
    found = merge_runs([_journal(run) for run in runs])
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


def _journal(run: str) -> Path:
    """Return the journal of a run. Raises UsageError for a report, which does not hold the seconds of its run."""
    from loadkit.report.store import RUNS, find_journal

    path = find_journal(run, RUNS)
    if path.suffix == ".json":
        raise UsageError(
            f"{run} is a report: it has no seconds to lay over those of others. Name the run's directory, or take the run along "
            "with `loadkit runs export RUN` and `loadkit runs import FILE`"
        )
    return path


def _notes(found: Merged) -> list[str]:
    sources = [source for group in found.groups for source in group]
    notes = [f"{counted(len(sources), 'run')}, {found.how}: {', '.join(source.name for source in sources)}"]
    if len({source.plan.seed for source in sources}) < len(sources):
        notes.append(
            "some have the same seed, so they asked for the same things at the same instants; leave out --seed"
        )
    return notes
