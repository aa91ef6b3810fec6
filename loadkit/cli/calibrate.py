"""`loadkit baseline calibrate`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

from loadkit.cli import options
from loadkit.errors import ExitCode, PreflightError, UsageError
from loadkit.outputs.base import write_line

if TYPE_CHECKING:
    from loadkit.report.history import Store

Report = dict[str, Any]


def calibrate(
    what: Annotated[
        str,
        typer.Argument(metavar="NAME|FILE", help="A baseline, whose runs are looked at, or a scenario, which is run."),
    ],
    run_options: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[-- OPTION...]", help="Options of `loadkit run` for the runs, after --.", show_default=False
        ),
    ] = None,
    runs: Annotated[int, typer.Option("--runs", metavar="N", min=3, help="How many runs to make of a file.")] = 5,
    store: options.StoreUrl = None,
) -> int:
    """Measure how much unchanged runs differ by themselves here, for comparisons to reckon with.

    Without this, runs are taken to differ by 5 %. What is measured is kept in the history and holds for runs of the same
    fingerprint. Change nothing while it goes on. The runs that it makes are kept like others.

    \b
    Examples:
      loadkit baseline calibrate main
      loadkit baseline calibrate shop.yaml --runs 5
      loadkit baseline calibrate shop.yaml -- -e staging
    """
    from loadkit.analysis.noise import measure_noise
    from loadkit.report.history import open_store
    from loadkit.report.noise import put_calibration

    with open_store(store) as kept:
        reports = _made(Path(what), runs, run_options or [], store) if Path(what).is_file() else _held(kept, what)
        noise = measure_noise(reports)
        fingerprints = {report["loadkit"]["fingerprint"]["id"] for report in reports}
        if len(fingerprints) > 1:
            raise UsageError("these runs are not comparable: their scenario, phases, target or host differ")
        put_calibration(kept, fingerprints.pop(), noise.tau, noise.runs)
    for name, tau in noise.series.items():
        write_line(sys.stdout, f"  {name}: p95 differs by {tau:.1%} between runs")
    write_line(
        sys.stdout, f"noise between runs: {noise.tau:.1%}, measured with {noise.runs} runs; comparisons reckon with it"
    )
    return ExitCode.PASS


def _held(store: Store, name: str) -> list[Report]:
    from loadkit.report.baselines import Baselines

    try:
        found = Baselines(store).find(name)
    except UsageError as error:
        raise UsageError(f"{error}; nor is there a file {name}") from error
    return [store.report(run) for run in found.runs]


def _made(file: Path, runs: int, run_options: list[str], store: str | None) -> list[Report]:
    """Run a scenario so many times, each in a process of its own, and return the reports; an INVALID run is made again."""
    reports: list[Report] = []
    with TemporaryDirectory(prefix="loadkit-") as directory:
        for attempt in range(2 * runs):
            path = Path(directory) / f"{attempt}.json"
            write_line(sys.stderr, f"run {len(reports) + 1} of {runs}: {file}")
            command = [sys.executable, "-m", "loadkit", "run", str(file), "-q", "-y", "-o", str(path), *run_options]
            code = subprocess.run([*command, *(["--store", store] if store else [])], check=False).returncode
            report = _read(path, code)
            reports += [report] if report else []
            if len(reports) == runs:
                return reports
    raise PreflightError(
        f"{2 * runs - len(reports)} of {2 * runs} runs were INVALID: the generator was the limit, so nothing was measured"
    )


def _read(path: Path, code: int) -> Report | None:
    """Return the report of a run; None of one that was INVALID. Raises PreflightError where there was none at all."""
    from loadkit.report.history import read_report

    if code == ExitCode.INVALID_MEASUREMENT:
        return None
    if code not in (ExitCode.PASS, ExitCode.FAILED, ExitCode.REGRESSION) or not path.is_file():
        raise PreflightError(
            f"the run ended with {code}, so there is nothing to measure noise with; nothing was changed"
        )
    return read_report(path)
