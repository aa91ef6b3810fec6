"""`loadkit report`: what was measured before."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from loadkit.cli import options
from loadkit.errors import PreflightError
from loadkit.outputs.base import counted, paint_for, write_line


def journal(
    run: Annotated[
        str,
        typer.Argument(
            metavar="RUN",
            help="`latest`, the id of a run in .loadkit/runs or its beginning, a directory, or a journal file.",
        ),
    ],
    output: options.ReportFile = None,
    quiet: options.Quiet = False,
) -> int:
    """Rebuild the report of a run from its journal, also of one that was killed.

    Each run keeps a journal in .loadkit/runs while it goes on. Of a run that was cut off it has everything up to the last
    second, and its measurement is INVALID. The exit code is that of the run.

    \b
    Examples:
      loadkit report journal latest
      loadkit report journal 20261121-0902 -o report.json
    """
    from loadkit.outputs.files import open_report
    from loadkit.outputs.json import write_report
    from loadkit.outputs.summary import quiet_summary, summary
    from loadkit.report.rebuild import rebuild
    from loadkit.report.store import RUNS, find_journal, goes_on

    path = find_journal(run, RUNS)
    report = open_report(output)
    found = rebuild(path)
    recovered = counted(len(found.timeline.rows), "second")
    if found.damage:
        write_line(sys.stderr, f"warning: {path}: the end is damaged ({found.damage}); {recovered} were recovered")
    if goes_on(path):
        write_line(sys.stderr, f"warning: {path}: the run still goes on; these are its first {recovered}")
    if report:
        try:
            write_report(report.path, found.report())
        except OSError as error:
            raise PreflightError(f"cannot write {report.path}: {error.strerror or error}") from error
    paint = paint_for(sys.stdout, os.environ)
    written = [str(report.path)] if report else []
    lines = quiet_summary(found.result, paint=paint) if quiet else summary(found.result, reports=written, paint=paint)
    for line in lines:
        write_line(sys.stdout, line)
    return found.result.exit_code
