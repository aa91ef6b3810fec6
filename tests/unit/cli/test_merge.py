import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from loadkit.cli.main import app
from loadkit.report.history import open_store
from loadkit.report.rebuild import rebuild
from tests.unit.report.test_merging import journal

IDS = ("20231114-221320-aaaa", "20231114-221320-bbbb")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with two runs that were made side by side, in `.loadkit/runs` as they are kept."""
    for seed, run in enumerate(IDS, 1):
        directory = tmp_path / ".loadkit/runs" / run
        directory.mkdir(parents=True)
        journal(directory, "journal", seed=seed)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def merge(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["merge", *arguments], env={"NO_COLOR": "1"})
    return done.exit_code, done.output


def test_two_runs_become_one_report(place: Path) -> None:
    code, out = merge(*IDS, "-o", "merged.json")
    assert code == 0, out
    assert f"note: 2 runs, side by side: {IDS[0]}, {IDS[1]}" in out
    assert "120 requests" in out
    merged = json.loads((place / "merged.json").read_text())["loadkit"]
    assert [run["run"] for run in merged["merged"]["runs"]] == list(IDS)
    assert merged["judged"]["requests"] == 80


def test_the_merge_is_a_run_that_can_be_kept(place: Path) -> None:
    merge(*IDS, "-q", "-o", "merged.json")
    done = CliRunner().invoke(app, ["runs", "import", "merged.json"])
    assert done.exit_code == 0, done.output
    with open_store() as store:
        assert store.find("latest").requests == 80


def test_a_run_is_found_by_its_report_where_its_journal_is_here(place: Path) -> None:
    directory = place / ".loadkit/runs" / IDS[0]
    (place / "a.json").write_text(json.dumps(rebuild(directory / "journal").report()))
    assert merge("a.json", IDS[1], "-q")[0] == 0
    directory.rename(place / "elsewhere")
    code, out = merge("a.json", IDS[1])
    assert code == 2
    assert "a.json cannot be merged: its journal is not on this machine" in out


def test_a_run_is_found_by_the_report_beside_its_journal_and_by_the_history(place: Path) -> None:
    directory = place / ".loadkit/runs" / IDS[0]
    report = rebuild(directory / "journal").report()
    report["loadkit"]["run"] = IDS[0]
    away = directory.rename(place / "elsewhere")
    (away / "report.json").write_text(json.dumps(report))
    assert merge("elsewhere/report.json", IDS[1], "-q")[0] == 0
    (away / "report.json").rename(place / "a.json")
    assert merge("a.json", IDS[1], "-q")[0] == 2
    with open_store() as store:
        store.add(report, away)
    assert merge("a.json", IDS[1], "-q")[0] == 0


def test_a_single_run_is_nothing_to_merge(place: Path) -> None:
    assert merge(IDS[0]) == (2, "error: name two runs or more to merge\n")


def test_an_unknown_run_says_which_there_are(place: Path) -> None:
    code, out = merge(IDS[0], "2030")
    assert (code, f"there is no run 2030: there are {IDS[1]}, {IDS[0]}" in out) == (2, True)
