"""`loadkit report RUN`, which is `loadkit report export`: a page, or files for other tools, about runs that are over."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from loadkit.cli import options
from loadkit.cli.papers import NO_PAPERS, Papers, with_papers, write_papers
from loadkit.errors import ExitCode, UsageError
from loadkit.outputs.base import write_line


@with_papers(github=False)
def export(
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN...",
            help="`latest`, `latest~1`, the id of a run or its beginning, a run's directory, or a report's file.",
        ),
    ],
    store: options.StoreUrl = None,
    papers: Papers = NO_PAPERS,
) -> int:
    """Write a page, or files for other tools, about runs that are over, as `loadkit run` does at their end.

    `loadkit report RUN...` is short for it. Of several runs the page lays the curves over each other, with the first as what the
    others are held against; the tables hold the seconds of all, the lists of tests what was judged of each, and the distribution
    all response times together.

    \b
    Examples:
      loadkit report latest --html report.html
      loadkit report latest~1 latest --html both.html
      loadkit report export latest --junit junit.xml --markdown summary.md
      loadkit report export latest latest~1 --csv seconds.csv
    """
    from loadkit.cli.kept_log import copy_log, log_of
    from loadkit.report.history import open_store

    if not papers.files:
        raise UsageError("name a file to write, such as --html report.html or --markdown summary.md")
    if len(runs) > 1 and "hlog" in papers.files:
        raise UsageError("--hlog holds the seconds of one run; name one, or merge runs with `loadkit merge`")
    with open_store(store) as history:
        found = [history.find(text) for text in runs]
        reports = [history.report(run) for run in found]
    files = papers.open_finished()
    log = log_of(found[0]) if "hlog" in papers.files else None
    for name in (*write_papers(files, reports), *([copy_log(log, papers.files["hlog"])] if log else [])):
        write_line(sys.stderr, f"wrote {name}")
    return ExitCode.PASS
