import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from loadkit.cli.main import app
from loadkit.report.history import open_store
from loadkit.slo.evaluate import Status
from tests.support.histories import run_id, run_report
from tests.support.interventions import PAUSED
from tests.support.results import invalid, verdict


@pytest.fixture
def history(tmp_path: Path) -> str:
    url = str(tmp_path / "history.db")
    with open_store(url) as store:
        for number in range(20):
            store.add(run_report(number, p95_ms=200 if number < 10 else 260))
        store.add(run_report(20, fingerprint="f2"))
        store.add(run_report(21, measurement=invalid()))
        store.add(run_report(22, signal="SIGINT"))
        store.add(run_report(23, interventions=PAUSED, verdicts=(verdict(Status.FAIL),)))
    return url


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["trend", *arguments], env={"NO_COLOR": "1", "COLUMNS": "90"})
    return done.exit_code, done.output


def test_a_history_is_drawn_and_its_change_named(history: str) -> None:
    code, out = run(run_id(5), "--store", history)
    assert code == 0
    assert "20 comparable runs" in out
    assert f"A  since {run_id(10)}" in out
    assert "+30% slower" in out
    assert "1 run left out: of another scenario, phases, target or host" in out
    assert "2 runs left out: invalid, stopped or cut off" in out
    assert "1 run left out: paused or of a changed rate" in out
    assert max(map(len, out.split("\n\n")[1].splitlines())) <= 90


def test_json_holds_the_runs_and_the_changes(history: str) -> None:
    code, out = run(run_id(5), "--store", history, "--json", "--metric", "p99", "--of", "/products", "--last", "15")
    found = json.loads(out)
    assert (code, found["metric"], found["of"], len(found["runs"])) == (0, "p99", "/products", 15)
    assert [change["run"] for change in found["changes"]] == [run_id(10)]


def test_a_table_is_written_beside_it(history: str, tmp_path: Path) -> None:
    code, _ = run(run_id(5), "--store", history, "--csv", str(tmp_path / "history.csv"))
    assert code == 0
    assert len((tmp_path / "history.csv").read_text().splitlines()) == 21


def test_a_place_that_cannot_be_written_is_said(history: str) -> None:
    code, out = run(run_id(5), "--store", history, "--csv", "/nowhere/history.csv")
    assert (code, "cannot write /nowhere/history.csv" in out) == (6, True)


def test_an_unknown_name_says_which_there_are(history: str) -> None:
    code, out = run(run_id(5), "--store", history, "--of", "/prodcts")
    assert code == 2
    assert "no comparable run has requests named /prodcts: there are /products" in out


def test_an_empty_history_says_so(tmp_path: Path) -> None:
    code, out = run("--store", str(tmp_path / "other.db"))
    assert code == 2
    assert "no run is kept" in out
