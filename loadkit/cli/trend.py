"""`loadkit trend`."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from loadkit.cli import options
from loadkit.errors import ExitCode, PreflightError, UsageError
from loadkit.outputs.base import paint_for, write_line


class Metric(StrEnum):
    """What a trend is of."""

    P50 = "p50"
    P95 = "p95"
    P99 = "p99"
    ERROR_RATE = "error_rate"
    REQUEST_RATE = "request_rate"


RunName = Annotated[
    str, typer.Argument(metavar="RUN", help="The runs that are comparable with this one: an id, or `latest~1`.")
]


def trend(
    run: RunName = "latest",
    metric: Annotated[Metric, typer.Option("--metric", help="Percentiles are of response time.")] = Metric.P95,
    of: Annotated[
        str | None, typer.Option("--of", metavar="NAME", help="Only requests of this name, instead of all.")
    ] = None,
    last: Annotated[
        int | None, typer.Option("--last", metavar="N", min=1, help="Only the newest N comparable runs.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a chart.")] = False,
    csv: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="Write the history as a table, for Apache Otava.")
    ] = None,
    store: options.StoreUrl = None,
) -> int:
    """Show how a number went from run to run, and its changes.

    Only runs with the same fingerprint are shown: the same scenario, phases, target and host. Changes of 5 % or more are looked for
    once there are 12 of them, and named with the first run after the change.

    \b
    Examples:
      loadkit trend
      loadkit trend --metric p99 --of /checkout --last 50
      loadkit trend --json > trend.json
      loadkit trend --csv history.csv
    """
    from loadkit.analysis.trend import names_of, point_of
    from loadkit.analysis.trend import trend as trend_of
    from loadkit.outputs.trend import written
    from loadkit.report.history import open_store
    from loadkit.report.search import comparable

    with open_store(store) as kept:
        shown = kept.find(run)
        runs, left_out = comparable(kept, shown, last)
        reports = [(one.id, kept.report(one)) for one in runs]
    points = [point for name, report in reports if (point := point_of(name, report, metric, of))]
    if of is not None and not points:
        raise UsageError(f"no comparable run has requests named {of}: {_names([names_of(one) for _, one in reports])}")
    left_out["without a value of this"] = len(reports) - len(points)
    found = trend_of(shown.name, metric, points, of=of, left_out=left_out)
    if csv is not None:
        _write_csv(csv, reports, of)
    if as_json:
        write_line(sys.stdout, written(found))
    else:
        _show(found)
    return ExitCode.PASS


def _names(names: Sequence[Sequence[str]]) -> str:
    known = sorted({name for some in names for name in some})
    return f"there are {', '.join(known)}" if known else "there are no runs with requests"


def _write_csv(path: Path, reports: Sequence[tuple[str, Any]], of: str | None) -> None:
    from loadkit.outputs.history_csv import history_csv
    from loadkit.outputs.writing import write_whole

    try:
        write_whole(path, history_csv(reports, of=of).encode())
    except OSError as error:
        raise PreflightError(f"cannot write {path}: {error.strerror or error}") from error


def _show(found: Any) -> None:
    from loadkit.outputs.chart import glyphs_for
    from loadkit.outputs.trend import trend_lines

    width = shutil.get_terminal_size((100, 24)).columns
    glyphs, paint = glyphs_for(sys.stdout, os.environ), paint_for(sys.stdout, os.environ)
    for line in trend_lines(found, width=width, glyphs=glyphs, paint=paint):
        write_line(sys.stdout, line)
