import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from loadkit.cli.main import app
from loadkit.outputs.kept import KeptRun
from loadkit.report.store import JOURNAL, REPORT, RUNS
from tests.support.results import interval, report_of, result, second, started


@pytest.fixture
def run_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory of a run of two seconds that ended well, kept under the current directory."""
    monkeypatch.chdir(tmp_path)
    kept = KeptRun(RUNS, pytest.fail)
    kept.start(started())
    assert kept.directory is not None
    seconds = [second(0), second(1)]
    for one in seconds:
        kept.interval(interval(one))
    kept.finish(result(*seconds), report_of(result(*seconds), *seconds))
    return kept.directory


def report_journal(*arguments: object):
    return CliRunner().invoke(app, ["report", "journal", *map(str, arguments)])


def test_a_run_that_ended_well_is_shown_and_written_again(run_of: Path) -> None:
    shown = report_journal("latest", "-o", "again.json")
    assert shown.exit_code == 0
    assert "VALID: the generator kept up" in shown.output
    assert "\n  again.json\n" in shown.output
    again, written = json.loads(Path("again.json").read_text()), json.loads((run_of / REPORT).read_text())
    for key in ("requests", "series", "timeline", "verdicts", "measurement", "versions", "host", "started_at"):
        assert again["loadkit"][key] == written["loadkit"][key], key


def test_a_run_that_was_cut_off_says_so(run_of: Path) -> None:
    path = run_of / JOURNAL
    path.write_bytes(path.read_bytes()[:-1])
    shown = report_journal(run_of.name)
    assert shown.exit_code == 5
    assert f"warning: {path}: the end is damaged (it ends within a frame); 2 seconds were recovered" in shown.output
    assert "INVALID: the run was cut off after 2s; " in shown.output
    assert report_journal(run_of, "-q").output.splitlines()[-1].startswith("INVALID")


def test_a_run_that_goes_on_is_shown_as_far_as_it_has_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    kept = KeptRun(RUNS, pytest.fail)
    kept.start(started())
    kept.interval(interval(second(0)))
    try:
        shown = report_journal("latest")
    finally:
        kept.close()
    assert "the run still goes on; these are its first 1 second" in shown.output


@pytest.mark.parametrize("what", ["nothing", "latest"])
def test_what_is_not_there_is_exit_code_2(what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shown = report_journal(what)
    assert shown.exit_code == 2
    assert f"error: there is no run {what}: no run is kept in .loadkit/runs" in shown.output


def test_what_is_no_journal_is_exit_code_2(tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    path.write_text("config: {}\n")
    shown = report_journal(path)
    assert shown.exit_code == 2
    assert f"error: {path} is not a journal of loadkit" in shown.output


def test_help_teaches_with_an_example() -> None:
    assert "  loadkit report journal latest" in report_journal("--help").output
