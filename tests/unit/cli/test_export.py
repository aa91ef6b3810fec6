import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from loadkit.cli.main import app
from tests.support.reports import judged_report


def export(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["report", "export", *map(str, arguments)])


@pytest.fixture
def report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "report.json"
    path.write_text(json.dumps(judged_report()))
    return path


def test_files_are_written_of_a_report(report: Path) -> None:
    result = export(report, "--junit", "j.xml", "--csv", "s.csv")
    assert (result.exit_code, result.stderr) == (0, "wrote j.xml\nwrote s.csv\n")
    assert "http.response_time.p99 &lt; 10ms" in Path("j.xml").read_text()


def test_several_runs_go_into_one_file(report: Path) -> None:
    assert export(report, report, "--csv", "s.csv").exit_code == 0
    assert len(Path("s.csv").read_text().splitlines()) == 7


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "name a file to write"),
        (["report.json", "--hlog", "h"], "--hlog holds the seconds of one run"),
        (["--hlog", "h"], "there are no histograms of each second"),
        (["report.json", "--k6-summary", "k"], "has place for one run"),
        (["--junit", "x", "--csv", "x"], "--junit and --csv both write x"),
        (["nothing", "--csv", "x"], "there is no run nothing"),
    ],
)
def test_what_cannot_be_done_is_said(report: Path, arguments: list[str], words: str) -> None:
    result = export(report, *arguments)
    assert (result.exit_code, words in result.stderr) == (2, True), result.stderr


def test_a_place_that_cannot_be_written_is_said_before_anything_is_written(report: Path) -> None:
    result = export(report, "--csv", "s.csv", "--junit", "absent/j.xml")
    assert (result.exit_code, Path("s.csv").exists()) == (6, False)


@pytest.mark.parametrize("key", ["verdicts", "timeline", "measurement"])
def test_what_is_no_whole_report_is_refused(report: Path, key: str) -> None:
    data: dict[str, Any] = judged_report()
    del data["loadkit"][key]
    report.write_text(json.dumps(data))
    result = export(report, "--junit", "j.xml", "--csv", "s.csv")
    assert result.exit_code == 2
    assert "report of loadkit" in result.stderr
