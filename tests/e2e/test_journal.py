"""What is left of runs, also of one whose coordinator was killed."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.e2e.test_run import SCHEMA, children_of, wait_for_line
from tests.support.command import Result, finish, loadkit, scenario, start, write_yaml
from tests.support.steady_server import steady_server

FLOW: list[Any] = [{"get": {"url": "/", "name": "home", "expect": {"statusCode": 200}}}, {"get": {"url": "/other"}}]
THRESHOLDS = ["http.response_time.p95 < 10s", "http.codes.200 < 3", 'http.error_rate < 1% of "home"']


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with steady_server() as made:
        yield made


def shop(url: str, seconds: int) -> dict[str, Any]:
    config = {
        "thresholds": THRESHOLDS,
        "plugins": {"ensure": {}},
        "ensure": {"thresholds": [{"http.response_time.p99": 5000}], "maxErrorRate": 1},
        "payload": {"path": "names.csv", "fields": ["name"]},
        "variables": {"secret": "canary"},
    }
    phases = [
        {"name": "first", "duration": 1, "arrivalRate": 20, "warmup": True},
        {"duration": seconds - 1, "arrivalRate": 40},
    ]
    return scenario(url, phases, FLOW, **config)


def begin(directory: Path, url: str, seconds: int, *arguments: str) -> Any:
    """Start a run that is kept in a directory; what it reads is gone when its report is rebuilt."""
    (directory / "names.csv").write_text("ann\nbob\n")
    path = write_yaml(directory, shop(url, seconds))
    return start("run", path, "-o", directory / "report.json", *arguments, cwd=directory, store=True)


def rebuilt(directory: Path, run: str = "latest") -> tuple[Result, dict[str, Any]]:
    for name in ("names.csv", "test.yaml"):
        (directory / name).unlink(missing_ok=True)
    result = loadkit("report", "journal", run, "-o", directory / "again.json", cwd=directory)
    assert "Traceback" not in result.err
    report = json.loads((directory / "again.json").read_text())
    jsonschema.Draft202012Validator(SCHEMA).validate(report)
    return result, report


def test_a_run_that_ended_by_itself_is_rebuilt_field_by_field(tmp_path: Path, url: str) -> None:
    ended = finish(begin(tmp_path, url, 3, "--workers", "2", "--tag", "team:a"), tmp_path / "report.json")
    result, report = rebuilt(tmp_path)
    assert report == ended.report
    assert result.code == ended.code != 0
    (kept,) = (tmp_path / ".loadkit/runs").iterdir()
    assert json.loads((kept / "report.json").read_text()) == ended.report
    assert f"\n  .loadkit/runs/{kept.name}\n" in ended.out
    assert b"canary" not in (kept / "journal").read_bytes()


@pytest.mark.parametrize(
    ("loss", "number"), [("degrade", signal.SIGKILL), ("abort", signal.SIGKILL), ("abort", signal.SIGTERM)]
)
def test_runs_that_end_badly_are_rebuilt_as_well(loss: str, number: int, tmp_path: Path, url: str) -> None:
    process = begin(tmp_path, url, 4, "--workers", "2", "--on-worker-loss", loss)
    wait_for_line(process.stderr, lambda line: "requests" in line)
    os.kill(children_of(process.pid)[0] if number == signal.SIGKILL else process.pid, number)
    ended = finish(process, tmp_path / "report.json")
    result, report = rebuilt(tmp_path)
    assert report == ended.report
    assert result.code == ended.code == (5 if number == signal.SIGKILL else 143)


def test_what_was_measured_before_the_coordinator_was_killed_is_there(tmp_path: Path, url: str) -> None:
    process = begin(tmp_path, url, 60)
    for _ in range(3):
        wait_for_line(process.stderr, lambda line: "requests" in line)
    process.kill()
    process.communicate()
    assert not (tmp_path / "report.json").exists()
    result, report = rebuilt(tmp_path)
    assert result.code == 5
    rows = report["loadkit"]["timeline"]["rows"]
    assert len(rows) in (2, 3, 4)  # the third may have been shown and not be written yet, a fourth may be
    assert f"INVALID: the run was cut off after {len(rows)}" in result.out
    assert report["loadkit"]["elapsed_s"] == pytest.approx(len(rows), abs=1)
    assert report["aggregate"]["counters"]["http.requests"] == sum(row[1] for row in rows) > 80
    verdicts = [row["status"] for row in report["loadkit"]["verdicts"] if row["origin"] != "expect"]
    assert verdicts == ["invalid"] * 5
    assert [row["name"] for row in report["loadkit"]["requests"]] == ["/other", "home"]


@pytest.mark.parametrize("option", [True, False])
def test_a_run_need_not_be_kept(option: bool, tmp_path: Path, url: str) -> None:
    path = write_yaml(tmp_path, scenario(url, [{"duration": 1, "arrivalCount": 1}], [{"get": {"url": "/"}}]))
    ended = finish(start("run", path, *(["--no-store"] if option else []), cwd=tmp_path, store=option))
    assert ended.code == 0
    assert not (tmp_path / ".loadkit").exists()


def test_a_directory_that_takes_no_journal_costs_a_warning(tmp_path: Path, url: str) -> None:
    path = write_yaml(tmp_path, scenario(url, [{"duration": 1, "arrivalCount": 1}], [{"get": {"url": "/"}}]))
    (tmp_path / ".loadkit").write_text("in the way")
    ended = finish(start("run", path, cwd=tmp_path, store=True))
    assert ended.code == 0
    assert ended.err.count("warning: the run is not kept in .loadkit/runs: ") == 1
