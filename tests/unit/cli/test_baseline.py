import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from loadkit.cli.main import app
from loadkit.report.history import open_store
from loadkit.slo.evaluate import Status
from tests.support.histories import run_id, run_report
from tests.support.interventions import PAUSED
from tests.support.results import verdict

LEVELS = [200, 206, 194, 203, 198, 201]


@pytest.fixture
def history(tmp_path: Path) -> str:
    """Six runs that passed, one of something else, and the newest, which failed."""
    url = str(tmp_path / "history.db")
    with open_store(url) as store:
        for number, level in enumerate(LEVELS):
            store.add(run_report(number, p95_ms=level))
        store.add(run_report(6, fingerprint="f2"))
        store.add(run_report(7, verdicts=(verdict(Status.FAIL),)))
    return url


def run(history: str, *arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["baseline", *arguments, "--store", history], env={"NO_COLOR": "1"})
    return done.exit_code, done.output


def held(history: str, name: str = "main") -> list[str]:
    code, out = run(history, "show", name, "--json")
    assert code == 0
    return list(json.loads(out)["runs"])


def test_the_last_runs_that_passed_make_a_rolling_baseline(history: str) -> None:
    code, out = run(history, "set", "main", "--last", "4", "--like", run_id(0))
    assert (code, "baseline main (rolling): 4 runs" in out) == (0, True)
    assert held(history) == [run_id(number) for number in (2, 3, 4, 5)]


def test_without_a_number_it_is_five(history: str) -> None:
    run(history, "set", "main", "--like", run_id(0))
    assert held(history) == [run_id(number) for number in (1, 2, 3, 4, 5)]


def test_the_newest_run_that_passed_says_what_is_comparable(history: str) -> None:
    code, out = run(history, "set", "main", "--last", "5")
    assert code == 0
    assert held(history) == [run_id(6)]
    assert "note: there are no more comparable runs that passed; it grows to 5 as runs are added" in out
    assert "note: a comparison needs 3 baseline runs to block" in out


def test_runs_that_are_named_are_pinned(history: str) -> None:
    code, out = run(history, "set", "release/2.4", run_id(1), run_id(0))
    assert (code, "baseline release/2.4 (pinned): 2 runs" in out) == (0, True)
    assert held(history, "release/2.4") == [run_id(0), run_id(1)]


def test_the_last_runs_can_be_pinned(history: str) -> None:
    run(history, "set", "main", "--last", "3", "--like", run_id(0), "--pinned")
    run(history, "update", "main", run_id(0))
    assert len(held(history)) == 4


def test_a_run_that_failed_is_refused_with_a_word(history: str) -> None:
    code, out = run(history, "set", "main", "latest")
    assert code == 2
    assert f"{run_id(7)} cannot be part of a baseline: a threshold, an objective or a check did not hold" in out


def test_a_run_whose_load_people_changed_is_refused_with_a_word(history: str) -> None:
    with open_store(history) as store:
        store.add(run_report(8, interventions=PAUSED))
    code, out = run(history, "set", "main", run_id(8))
    assert code == 2
    assert "people paused it or changed its rate while it went on, so its load was another" in out


def test_runs_and_a_number_of_them_are_not_both_given(history: str) -> None:
    assert run(history, "set", "main", run_id(0), "--last", "3") == (
        2,
        "error: name runs, or ask for --last N; not both\n",
    )


def test_a_history_without_a_run_that_passed_says_why_the_newest_did_not(tmp_path: Path) -> None:
    url = str(tmp_path / "other.db")
    with open_store(url) as store:
        store.add(run_report(0, signal="SIGINT"))
    code, out = run(url, "set", "main", "--last", "5")
    assert code == 2
    assert "there is no run that passed in" in out
    assert "it was stopped before its end" in out


def test_an_update_says_what_it_dropped(history: str) -> None:
    run(history, "set", "main", "--last", "5", "--like", run_id(0))
    with open_store(history) as store:
        store.add(run_report(8, p95_ms=200))
    code, out = run(history, "update", "main")
    assert (code, out) == (0, f"baseline main: added {run_id(8)}, dropped {run_id(1)}; 5 runs now\n")
    assert "it began with, and drift is measured against:" in run(history, "show", "main")[1]


def test_baselines_are_listed_and_removed(history: str) -> None:
    assert "no baseline is set" in run(history, "list")[1]
    run(history, "set", "main", run_id(0))
    run(history, "set", "old", run_id(1))
    assert [one["name"] for one in json.loads(run(history, "list", "--json")[1])] == ["main", "old"]
    assert run(history, "rm", "old") == (0, "removed the baseline old; the history keeps its 1 run\n")
    assert "old" not in run(history, "list")[1]
    assert run(history, "rm", "old")[0] == 2


def test_noise_is_measured_with_the_runs_of_a_baseline_and_kept(history: str) -> None:
    run(history, "set", "main", "--last", "5", "--like", run_id(0))
    assert "5% between runs is assumed" in run(history, "show", "main")[1]
    code, out = run(history, "calibrate", "main")
    assert code == 0
    assert "noise between runs: 1.9%, measured with 5 runs" in out
    assert json.loads(run(history, "show", "main", "--json")[1])["noise"]["runs"] == 5
    assert "noise        1.9% between runs, measured with 5 runs" in run(history, "show", "main")[1]


def test_noise_needs_some_runs(history: str) -> None:
    run(history, "set", "main", run_id(0), run_id(1))
    assert run(history, "calibrate", "main") == (
        2,
        "error: 3 runs are needed to measure noise, better 5; there are 2\n",
    )


def test_what_is_neither_a_baseline_nor_a_file_cannot_be_calibrated(history: str) -> None:
    code, out = run(history, "calibrate", "shop.yaml")
    assert code == 2
    assert "nor is there a file shop.yaml" in out
