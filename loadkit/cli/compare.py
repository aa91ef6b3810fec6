"""`loadkit compare`."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from loadkit.cli import options
from loadkit.cli.bundles import Judging
from loadkit.cli.comparing import settings_of
from loadkit.cli.github import commands_stopped, tell_github
from loadkit.cli.judged_by import usual_settings
from loadkit.cli.papers import NO_PAPERS, Papers, telling_of_reports, with_papers, write_papers
from loadkit.cli.unfolding import unfolded
from loadkit.errors import UsageError
from loadkit.outputs.base import paint_for, write_line

if TYPE_CHECKING:
    from loadkit.analysis.compare import Comparison
    from loadkit.analysis.policy import Settings
    from loadkit.outputs.paper import PaperFile
    from loadkit.report.facts import Run
    from loadkit.report.history import Store


RunName = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        help="The run in question: `latest`, the id of a kept run or its beginning, or a report's file.",
    ),
]
BaselineNames = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="BASELINE...",
        help="What it is compared with: runs, named in the same way, and names of baselines.",
        show_default=False,
    ),
]
Last = Annotated[
    int | None,
    typer.Option("--last", metavar="N", min=1, help="Compare with the N runs before it that are like it and passed."),
]


@unfolded
@with_papers()
def compare(
    run: RunName,
    baseline: BaselineNames = None,
    last: Last = None,
    *,
    judging: Judging,
    across: options.Across = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as one JSON object.")] = False,
    quiet: Annotated[
        bool, typer.Option("-q", "--quiet", help="Print nothing unless it is a regression or invalid.")
    ] = False,
    store: options.StoreUrl = None,
    papers: Papers = NO_PAPERS,
) -> int:
    """Say whether a run is slower or fails more often than others.

    Compared are the p95 of the response time and the error rate, of all requests and of each name with 5 % of them or more; five
    baseline runs are a good number, fewer than three hardly block. Exit code 4: a critical regression, certain to be a major one.
    5: nothing could be compared. An open result is said, and passes.

    \b
    Examples:
      loadkit compare latest --last 5
      loadkit compare latest main
      loadkit compare new.json old1.json old2.json old3.json --block-on major --junit regressions.xml
    """
    settings = settings_of(judging.asked(across), usual_settings(os.environ))
    if not baseline and last is None:
        raise UsageError("name what to compare with: runs, report files or a baseline; or --last 5")
    from loadkit.cli.kept_log import copy_log, log_of

    files = papers.open_finished()
    with ExitStack() as stack:
        history = _History(store, stack)
        report, found = _compared(history, run, baseline or [], last, settings)
        log = log_of(history.run(run)) if "hlog" in papers.files else None
    _refuse_itself(found)
    github = papers.github and not as_json  # JSON is for another reader
    with commands_stopped(os.environ, wanted=github):
        _print(found, as_json=as_json, quiet=quiet)
    _tell(report, found, files, github=github)
    if log:
        copy_log(log, papers.files["hlog"])
    return found.exit


def _compared(
    history: _History, run: str, baseline: Sequence[str], last: int | None, settings: Settings
) -> tuple[dict[str, Any], Comparison]:
    """Return the report of a run, and how it compares with baselines and with the last runs before it."""
    from loadkit.analysis.compare import compare as compare_reports

    report = history.report(run)
    base = [one for text in baseline for one in history.reports(text)]
    if last is not None:
        base += history.before(run, last)
    if (noise := history.noise(report)) is not None:
        settings = replace(settings, noise_floor=noise)
    return report, compare_reports(report, base, settings, name=", ".join(baseline or [f"the last {last}"]))


class _History:
    """Reads files, and opens the history only when something else is asked for."""

    def __init__(self, url: str | None, stack: ExitStack) -> None:
        self._url = url
        self._stack = stack
        self._store: Store | None = None

    def report(self, text: str) -> dict[str, Any]:
        """Return the one report that a text means."""
        return _read(text) if Path(text).is_file() else self._opened().report(text)

    def run(self, text: str) -> Run:
        """Return the run that a text means."""
        from loadkit.report.facts import facts

        path = Path(text)
        return facts(_read(text), file=path) if path.is_file() else self._opened().find(text)

    def reports(self, text: str) -> list[dict[str, Any]]:
        """Return the reports that a text means: of a baseline's runs, or of one run."""
        if Path(text).is_file():
            return [_read(text)]
        from loadkit.report.baselines import Baselines

        store = self._opened()
        return [store.report(run) for run in Baselines(store).resolve(text)]

    def before(self, text: str, number: int) -> list[dict[str, Any]]:
        """Return the reports of the runs before one that have its fingerprint and passed."""
        from loadkit.report.facts import RunStatus

        store = self._opened()
        run = store.find(text)
        like = store.runs(fingerprint=run.fingerprint, statuses=[RunStatus.PASSED]) if run.fingerprint else []
        earlier = [one for one in like if (one.started_at, one.id) < (run.started_at, run.id)][:number]
        if not earlier:
            raise UsageError(
                f"before {run.id} there is no run of the same scenario, phases, target and host that passed: make some first"
            )
        return [store.report(one) for one in earlier]

    def noise(self, report: dict[str, Any]) -> float | None:
        """Return what runs like this one differ by, where that was measured; None where the history is not open."""
        from loadkit.report.noise import calibration_of

        if self._store is None:
            return None
        found = calibration_of(self._store, ((report.get("loadkit") or {}).get("fingerprint") or {}).get("id"))
        return found.tau if found else None

    def _opened(self) -> Store:
        from loadkit.report.history import open_store

        if self._store is None:
            self._store = self._stack.enter_context(open_store(self._url))
        return self._store


def _read(path: str) -> dict[str, Any]:
    from loadkit.report.history import read_report

    return read_report(Path(path))


def _tell(report: dict[str, Any], found: Comparison, files: Sequence[PaperFile], *, github: bool) -> None:
    """Write files for CI about the run with its comparison. Raises UsageError where the run's report is not whole."""
    if not files and not isinstance(report.get("loadkit"), dict):
        return  # it is nothing to tell of; the comparison has said so
    with telling_of_reports():
        judged = _judged_alone(report, found)
        write_papers(files, [judged])
        if github:
            tell_github([judged], None, os.environ)


def _judged_alone(report: Mapping[str, Any], found: Comparison) -> dict[str, Any]:
    """Return the report of the run with nothing judged in it but the comparison, as the exit code of this command has it."""
    run = {
        **report["loadkit"],
        "comparison": found.to_data(),
        "exit_code": int(found.exit),
        "verdicts": [],
        "signal": None,
        "aborted_by": None,
        "after_failed": None,
        "interventions": [],
    }
    return {**report, "loadkit": run}


def _refuse_itself(found: Comparison) -> None:
    if not found.runs and any("the run itself" in left.reason for left in found.left_out):
        raise UsageError(f"{found.run} cannot be compared with itself; name another run as its baseline")


def _print(found: Comparison, *, as_json: bool, quiet: bool) -> None:
    if as_json:
        from loadkit.outputs.json import json_text

        write_line(sys.stdout, json_text(found.to_data()))
        return
    from loadkit.outputs.comparison import comparison_lines, quiet_lines, verdict_line

    paint = paint_for(sys.stdout, os.environ)
    lines: Sequence[str]
    if quiet:
        lines = list(quiet_lines(found, paint=paint))
    else:
        lines = [verdict_line(found, paint=paint), "", *(f"  {line}" for line in comparison_lines(found, paint=paint))]
    for line in lines:
        write_line(sys.stdout, line)
