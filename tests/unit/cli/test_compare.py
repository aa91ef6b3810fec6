"""`loadkit compare`: which runs it finds, what it refuses, its exit codes."""

import json
from pathlib import Path
from typing import Any

import pytest
from junitparser import Failure, JUnitXml
from typer.testing import CliRunner

from loadkit.cli.main import app
from loadkit.report.baselines import Baselines
from loadkit.report.history import open_store
from tests.support.compared import baseline, name_of, run_of


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LOADKIT_STORE", raising=False)
    return tmp_path


def compare(*arguments: str):
    return CliRunner().invoke(app, ["compare", *arguments])


def write(name: str, report: dict[str, Any]) -> str:
    Path(name).write_text(json.dumps(report))
    return name


def dated(report: dict[str, Any], minute: int) -> dict[str, Any]:
    report["loadkit"]["started_at"] = f"2026-11-21T09:{minute:02d}:00.000+00:00"
    return report


def store(*reports: dict[str, Any]) -> None:
    with open_store() as history:
        for minute, report in enumerate(reports):
            history.add(dated(report, minute))


def test_files_are_compared_without_a_history(place: Path) -> None:
    old = [write(f"old{n}.json", report) for n, report in enumerate(baseline())]
    shown = compare(write("new.json", run_of(name_of(p95=320))), *old)
    assert shown.exit_code == 4, shown.output
    assert shown.output.startswith("REGRESSION critical: p95 /buy 200 -> 320 ms")
    assert not (place / ".loadkit").exists()
    assert compare(write("same.json", run_of(name_of(p95=202), seed=2)), *old).exit_code == 0


def test_runs_are_found_in_the_history() -> None:
    store(*baseline(), run_of(name_of(p95=320)))
    by_hand = compare("latest", *(f"latest~{n}" for n in range(1, 6)))
    assert by_hand.exit_code == 4, by_hand.output
    last = compare("latest", "--last", "5")
    assert last.exit_code == 4
    assert "beside 5 runs of the last 5" in last.output
    assert compare("latest~1", "--last", "2").exit_code == 0


def test_the_last_runs_are_those_like_it_that_passed() -> None:
    failed, other = run_of(name_of(p95=900), seed=50), run_of(name_of(p95=900), seed=51, fingerprint={"id": "other"})
    failed["loadkit"]["exit_code"] = 3
    store(*baseline(), failed, other, run_of(name_of(p95=320)))
    shown = compare("latest", "--last", "9", "--json")
    assert len(json.loads(shown.output)["runs"]) == 5
    assert compare("latest~1", "--last", "1").exit_code == 2


def test_a_baseline_is_found_by_its_name() -> None:
    store(*baseline(), run_of(name_of(p95=320)))
    with open_store() as history:
        runs = history.runs()
        Baselines(history).set("main", runs[1:])
    shown = compare("latest", "main")
    assert shown.exit_code == 4, shown.output
    assert "beside 5 runs of main" in shown.output


def test_json_holds_everything() -> None:
    old = [write(f"old{n}.json", report) for n, report in enumerate(baseline())]
    shown = compare(write("new.json", run_of(name_of(p95=320))), *old, "--json")
    found = json.loads(shown.output)
    assert (found["verdict"], found["severity"], found["blocked"], found["exit"]) == ("regression", "critical", True, 4)
    assert {one["percentile"] for one in found["series"]} == {"p50", "p95", "p99"}
    assert found["series"][0]["text"].startswith("p50 ")


def test_thresholds_can_be_moved() -> None:
    old = [write(f"old{n}.json", report) for n, report in enumerate(baseline())]
    new = write("new.json", run_of(name_of(p95=270)))
    assert compare(new, *old).exit_code == 0
    assert compare(new, *old, "--block-on", "major").exit_code == 4
    assert compare(new, *old, "--critical", "30%").exit_code == 4
    assert compare(new, *old, "--critical", "30", "--block-on", "none").exit_code == 0
    open_one = write("open.json", run_of(name_of(p95=202)))
    assert compare(open_one, *old, "--on-inconclusive", "fail").exit_code == 4


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["new.json"], "name what to compare with"),
        (["new.json", "new.json"], "cannot be compared with itself"),
        (["new.json", "nowhere"], "there is no run nowhere"),
        (["missing.json", "new.json"], "there is no run missing.json"),
        (["new.json", "old.json", "--minor", "a lot"], "--minor: 'a lot' is not a percentage above 0; write it as 20%"),
        (["new.json", "old.json", "--minor", "0.2"], "write 20% or 0.2%"),
        (["new.json", "old.json", "--minor", "30%"], "major (20%) must not be below minor (30%)"),
        (["new.json", "old.json", "--across", "moon"], "there are scenario, phases, target, host"),
        (["broken.json", "old.json"], "broken.json cannot be read as a report"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_remedy(arguments: list[str], words: str) -> None:
    write("new.json", run_of(name_of()))
    write("old.json", run_of(name_of(), seed=9))
    Path("broken.json").write_text("{")
    shown = compare(*arguments)
    assert shown.exit_code == 2, shown.output
    assert words in shown.output


def test_what_cannot_be_compared_has_an_exit_code_of_its_own() -> None:
    old = [
        write(f"old{n}.json", run_of(name_of(), seed=20 + n, fingerprint={"target": "http://b.example"}))
        for n in range(3)
    ]
    new = write("new.json", run_of(name_of()))
    shown = compare(new, *old)
    assert shown.exit_code == 5
    assert shown.output.startswith("INVALID: none of the baseline's runs can be compared with")
    assert "target differs (http://b.example -> http://shop.example)" in shown.output
    knowingly = compare(new, *old, "--across", "target,host")
    assert knowingly.exit_code == 0
    assert "note: compared although target differs" in knowingly.output
    assert compare(write("artillery.json", {"aggregate": {}}), *old).exit_code == 5


def test_quiet_prints_only_trouble() -> None:
    old = [write(f"old{n}.json", report) for n, report in enumerate(baseline())]
    assert compare(write("same.json", run_of(name_of(), seed=2)), *old, "-q").output == ""
    shown = compare(write("new.json", run_of(name_of(p95=320))), *old, "-q")
    assert shown.output.count("\n") == 1


def test_files_for_ci_tell_of_the_comparison() -> None:
    old = [write(f"old{n}.json", report) for n, report in enumerate(baseline())]
    new = write("new.json", run_of(name_of(p95=320)))
    shown = compare(new, *old, "--junit", "found.xml", "--markdown", "found.md")
    assert shown.exit_code == 4, shown.output
    suites = {suite.name: suite for suite in JUnitXml.fromfile("found.xml")}
    failed = [case for case in suites["regression"] if any(isinstance(found, Failure) for found in case.result)]
    assert any("p95 of /buy" in case.name for case in failed)
    assert "/buy" in Path("found.md").read_text()
    assert compare(new, *old, "--junit", "nowhere/found.xml").exit_code == 6


def test_files_for_ci_hold_the_comparison_alone(place: Path) -> None:
    old = [write(f"old{n}.json", report) for n, report in enumerate(baseline())]
    new = write("new.json", run_of(name_of(p95=320)))
    shown = compare(new, *old, "--junit", "j.xml", "--markdown", "m.md", "--ctrf", "c.json")
    assert shown.exit_code == 4, shown.output
    suites = {suite.name: suite for suite in JUnitXml.fromfile("j.xml")}
    assert set(suites) == {"run", "regression"}
    failures = [result for case in suites["regression"] for result in case.result]
    assert failures
    assert all(isinstance(failure, Failure) for failure in failures)
    assert any("p95 /buy 200 -> 320 ms" in failure.message for failure in failures)
    assert Path("m.md").read_text().startswith("## REGRESSION")
    assert json.loads(Path("c.json").read_text())["results"]["summary"]["failed"] == len(failures)


def test_the_histograms_of_each_second_are_those_of_the_run(place: Path) -> None:
    old = [write(f"old{n}.json", report) for n, report in enumerate(baseline())]
    Path("run").mkdir()
    new = write("run/report.json", run_of(name_of(p95=320)))
    missing = compare(new, *old, "--hlog", "out.hlog")
    assert (missing.exit_code, "no histograms of each second" in missing.output) == (2, True)
    Path("run/histograms.hlog").write_text("#[Histogram log format version 1.3]\n")
    assert compare(new, *old, "--hlog", "out.hlog").exit_code == 4
    assert Path("out.hlog").read_text() == Path("run/histograms.hlog").read_text()


def test_a_step_of_github_is_told_of_the_regression(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": "out", "GITHUB_STEP_SUMMARY": "summary"}.items():
        monkeypatch.setenv(name, value)
    old = [write(f"old{n}.json", report) for n, report in enumerate(baseline())]
    new = write("new.json", run_of(name_of(p95=320)))
    shown = compare(new, *old).output
    assert "::error title=shop%3A regression::p95 of /buy: " in shown
    assert Path("out").read_text().startswith("verdict=regression\nexit-code=4\n")
    assert Path("summary").read_text().startswith("## REGRESSION")
    assert json.loads(compare(new, *old, "--json").output)["verdict"] == "regression"
    assert "::" not in compare(new, *old, "--no-github").output


def test_a_report_that_is_not_whole_gives_no_files(place: Path) -> None:
    old = [write(f"old{n}.json", report) for n, report in enumerate(baseline())]
    report = run_of(name_of(p95=320))
    del report["loadkit"]["timeline"]
    shown = compare(write("new.json", report), *old, "--csv", "s.csv")
    assert (shown.exit_code, "no whole report of loadkit" in shown.output) == (2, True)
