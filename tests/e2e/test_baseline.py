"""Baselines by the command line: real runs against the demo shop, which another run finds slower."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from loadkit.report.history import open_store
from tests.support.command import Result, ends_with, finish, scenario, start, write_yaml

SEARCH: list[Any] = [{"get": {"url": "/search?q=tea", "name": "search"}}]


def run(directory: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> Result:
    """Run the scenario for 12 s, kept in the directory's own history."""
    phases = [{"duration": 12, "arrivalRate": 30}]
    write_yaml(directory, scenario("demo://", phases, SEARCH))
    report = directory / "report.json"
    report.unlink(missing_ok=True)
    process = start("run", "test.yaml", "-o", report, *arguments, cwd=directory, store=True, environment=environment)
    return finish(process, report)


def like(report: dict[str, Any], number: int, factor: float) -> dict[str, Any]:
    """Return the report of a run of another day that was slower or faster by a factor, and valid however busy this machine is."""
    made: dict[str, Any] = json.loads(json.dumps(report))
    found = made["loadkit"]
    found["run"] = f"2026010{number}-090000-aaaa"
    found["started_at"] = f"2026-01-0{number}T09:00:00.000+00:00"
    found["measurement"], found["exit_code"] = {"status": "valid", "reasons": [], "notes": []}, 0
    for series in found["measures"]["series"]:
        for percentile in series["good"]:
            percentile.update(
                {key: percentile[key] and percentile[key] * factor for key in ("value_ms", "low_ms", "high_ms")}
            )
    return made


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a baseline of five runs like one that was made."""
    directory = tmp_path_factory.mktemp("baseline")
    report = run(directory).report
    assert report is not None
    with open_store(str(directory / ".loadkit/history.db")) as store:
        for number, factor in enumerate((0.97, 1.02, 0.99, 1.03, 1.0), 1):
            store.add(like(report, number, factor))
    made = finish(start("baseline", "set", "main", "--last", "5", "--like", "20260101", cwd=directory, store=True))
    assert made.code == 0, made.err
    assert "baseline main (rolling): 5 runs" in made.out
    return directory


@pytest.mark.alone
def test_a_slower_target_is_a_regression_and_exits_with_4(measured: Path) -> None:
    done = run(measured, "--baseline", "main", environment={"LOADKIT_DEMO_SLOWDOWN": "3"})
    assert ends_with(done, 4), done.out
    assert done.report is not None
    if done.code == 4:
        assert "REGRESSION critical" in done.out
        assert done.report["loadkit"]["comparison"]["severity"] == "critical"
        assert done.report["loadkit"]["exit_code"] == 4


@pytest.mark.alone
def test_an_unchanged_target_is_no_regression(measured: Path) -> None:
    done = run(measured, "--baseline", "main")
    assert ends_with(done, 0), done.out
    assert done.report is not None
    if done.code == 0:
        comparison = done.report["loadkit"]["comparison"]
        assert (comparison["severity"], comparison["blocked"], len(comparison["runs"])) == (None, False, 5)


def test_what_counts_as_a_regression_is_said_as_to_compare(measured: Path) -> None:
    done = run(measured, "--baseline", "main", "--minor", "60%")
    assert done.code == 2
    assert "error: major (20%) must not be below minor (60%)" in done.err


def test_a_baseline_that_is_not_there_is_said_before_any_load(measured: Path) -> None:
    done = run(measured, "--baseline", "mian")
    assert (done.code, done.report) == (2, None)
    assert done.err == "error: there is no baseline mian: did you mean main?\n"


def test_a_change_of_the_scenario_is_said_before_any_load(measured: Path) -> None:
    write_yaml(measured, scenario("demo://", [{"duration": 1, "arrivalRate": 5}], SEARCH), "other.yaml")
    done = finish(start("run", "other.yaml", "--baseline", "main", cwd=measured, store=True))
    assert done.code == 2
    assert "the baseline main is not comparable with this run: it was made with another phases" in done.err
    assert "LOADKIT_UPDATE_BASELINE=true" in done.err


def test_timeouts_are_as_patient_as_the_environment_says(tmp_path: Path) -> None:
    data = scenario("demo://", [{"duration": 1, "arrivalRate": 5}], SEARCH, http={"timeout": 0.02})
    write_yaml(tmp_path, data)

    def errors(multiplier: str) -> int:
        environment = {"LOADKIT_DEMO_SLOWDOWN": "10", "LOADKIT_TIMEOUT_MULTIPLIER": multiplier}
        process = start("run", "test.yaml", "-o", "report.json", cwd=tmp_path, environment=environment)
        report = finish(process, tmp_path / "report.json").report
        assert report is not None
        return sum(report["loadkit"]["judged"]["errors"].values())

    assert errors("1") > 0
    assert errors("100") == 0
    wrong = finish(start("run", "test.yaml", cwd=tmp_path, environment={"LOADKIT_TIMEOUT_MULTIPLIER": "fast"}))
    assert wrong.code == 2
    assert "LOADKIT_TIMEOUT_MULTIPLIER='fast' is not a number from 0.1 to 100" in wrong.err
