"""What is left of a run whose process is killed with SIGKILL, wherever that strikes: a whole run, one that was cut off, or none."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from loadkit.cli.main import app
from loadkit.report.history import open_store
from loadkit.report.store import RUNS

# What happens at the end of a run, from its first second on; the process kills itself where one of these is called.
PLACES = {
    "a second has been written": "loadkit.outputs.kept.end_frame",
    "the report is about to take its place": "os.replace",
    "the run is about to be added": "loadkit.report.history.facts",
    "the row is there and its transaction is open": "loadkit.report.history._put_tags",
    "the run has been added": "loadkit.report.collecting.choose",
}
CUT_OFF = {"a second has been written", "the report is about to take its place"}
ADDED = {"the run has been added"}

_RUN = """
import importlib, os, signal, sys
from loadkit.cli.history import HistoryWriter, Keeper
from loadkit.report.store import RUNS
from tests.support.results import interval, report_of, result, second, started

keeper = Keeper(RUNS, HistoryWriter(sys.argv[1], print), print)
keeper.start(started())
keeper.interval(interval(second(0)))
made = result(second(0), tags={"team": "shop"})
report = report_of(made)
report["loadkit"]["run"] = keeper.run
import loadkit.report.collecting, loadkit.report.history
module, _, name = sys.argv[2].rpartition(".")
setattr(importlib.import_module(module), name, lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL))
keeper.finish(made, report)
keeper.add(report)
"""


def runs(*arguments: object):
    shown = CliRunner().invoke(app, ["runs", *map(str, arguments)])
    assert shown.exit_code == 0, shown.output
    return shown


def listed(url: str) -> list[tuple[str, str]]:
    return [(run["id"], run["status"]) for run in json.loads(runs("list", "--json", "--store", url).stdout)["runs"]]


def killed(url: str, place: str) -> None:
    command = [sys.executable, "-c", _RUN, url, place]
    ended = subprocess.run(command, capture_output=True, text=True, env={"PYTHONPATH": str(Path(__file__).parents[2])})
    assert ended.returncode == -9, ended.stderr


@pytest.mark.parametrize("when", PLACES)
def test_a_run_is_listed_whole_or_as_cut_off_and_can_be_brought_in(
    when: str, history_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    killed(history_url, PLACES[when])
    (directory,) = RUNS.iterdir()
    assert listed(history_url) == [(directory.name, "cut off" if when in CUT_OFF else "passed")]
    with open_store(history_url) as store:
        assert len(store.runs()) == (1 if when in ADDED else 0)
    for word in ("had already" if when in ADDED else "imported", "had already"):
        assert runs("import", directory, "--store", history_url).output.startswith(f"{word} {directory.name}: shop, ")
    with open_store(history_url) as store:
        (run,) = store.runs()
        assert store.report(run)["aggregate"]["counters"]["http.requests"] == 10
        assert run.directory == directory.absolute()
        if when not in CUT_OFF:
            assert run.tags == {"team": "shop"}
    assert listed(history_url) == [(directory.name, "cut off" if when == "a second has been written" else "passed")]


def test_a_removal_that_was_killed_leaves_a_run_that_can_be_removed(
    history_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    killed(history_url, PLACES["the run has been added"])
    (directory,) = RUNS.iterdir()
    code = (
        "import os, signal, sys, loadkit.report.store as store; from loadkit.cli.main import app\n"
        "store.remove = lambda directory: os.kill(os.getpid(), signal.SIGKILL)\n"
        "app(['runs', 'rm', 'latest', '--store', sys.argv[1]])"
    )
    assert subprocess.run([sys.executable, "-c", code, history_url], cwd=tmp_path).returncode == -9
    assert listed(history_url) == [(directory.name, "passed")]
    assert directory.name in runs("rm", directory.name, "--store", history_url).output
    assert listed(history_url) == []
    assert not directory.exists()
