"""Thresholds over time in real runs: which part of a run they judge, and that one of them can stop it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import ends_with, finish, loadkit, run, scenario, start, write_yaml
from tests.support.steady_server import steady_server

GET: list[Any] = [{"get": {"url": "/"}}]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with steady_server(delay_ms=300) as made:
        yield made


@pytest.mark.alone
@pytest.mark.parametrize("workers", [1, 2])
def test_a_failed_threshold_stops_every_worker_at_once(tmp_path: Path, url: str, workers: int) -> None:
    thresholds = [
        {"expr": "http.codes.200 == 0", "for": "2s", "abort": True, "name": "silence", "tags": {"team": "shop"}},
        "http.codes.500 == 0",
    ]
    data = scenario(url, [{"duration": 40, "arrivalRate": 50}], GET, thresholds=thresholds)
    report = tmp_path / "report.json"
    command = ("run", write_yaml(tmp_path, data), "-o", report, "--workers", workers)
    result = finish(start(*command, cwd=tmp_path, store=True), report)

    assert ends_with(result, 3), result.out + result.err
    assert result.report is not None
    made, counters = result.report["loadkit"], result.counters
    second = made["aborted_by"]["second"]
    assert made["aborted_by"]["objective"] == "http.codes.200 == 0"
    assert second >= 2  # later only where this machine was too busy for its first seconds to be believed
    assert second <= made["elapsed_s"] < 39  # the run would have lasted 40 s
    assert f"stopped at 0:{second:02} by http.codes.200 == 0" in result.out
    assert counters["errors.CANCELLED"] > 0
    assert counters["vusers.created"] == counters["vusers.completed"] + counters["vusers.failed"]
    assert counters["arrivals.planned"] == counters["arrivals.started"] + counters.get("arrivals.dropped", 0)
    assert counters["arrivals.planned"] < 40 * 50
    if result.code == 3:
        failed, held = made["verdicts"]
        assert (failed["status"], held["status"]) == ("fail", "pass")
        assert (failed["name"], failed["tags"], failed["severity"]) == ("silence", {"team": "shop"}, "error")
        assert failed["window"] == {"logic": "for", "seconds": 2}
        assert 2 <= failed["breaches"]["failed_s"] <= second

    again = loadkit("report", "journal", "latest", "-o", tmp_path / "again.json", cwd=tmp_path)
    assert (again.code, json.loads((tmp_path / "again.json").read_text())) == (result.code, result.report)


def test_a_target_that_freezes_is_left_alone(tmp_path: Path) -> None:
    thresholds = [{"expr": "http.error_rate < 50%", "over": "1s", "abort": True}]
    http = {"timeout": 1}
    with steady_server(freeze_at_s=1, freeze_s=60) as frozen:
        data = scenario(frozen, [{"duration": 40, "arrivalRate": 40}], GET, thresholds=thresholds, http=http)
        result = run(tmp_path, data)

    assert ends_with(result, 3), result.out + result.err
    assert result.report is not None
    made = result.report["loadkit"]
    second = made["aborted_by"]["second"]
    assert second >= 2  # frozen at 1 s, and a second until requests are given up
    # of 40 s; a busy machine may first make the measurement doubtful, and that aborts nothing
    assert made["elapsed_s"] < 30
    assert result.counters["errors.CANCELLED"] > 0


def test_a_threshold_judges_the_part_of_the_run_that_it_names(tmp_path: Path, url: str) -> None:
    phases = [
        {"name": "warm", "duration": 1, "arrivalRate": 5, "warmup": True},
        {"name": "calm", "duration": 2, "arrivalRate": 10},
        {"name": "peak", "duration": 2, "arrivalRate": 30},
    ]
    thresholds = [
        {"expr": "http.requests == 60", "scope": 'phase "peak"'},
        "http.requests == 20 in phase calm",
        'http.requests == 80 in scenario "it"',
        {"expr": "http.requests == 80", "scope": "each"},
        {"expr": "http.response_time.p95 < 5s", "over": "2s"},
        {"expr": "http.response_time.p95 < 1ms", "over": "2s", "severity": "warning"},
        {"expr": "http.request_rate > 5", "within": "2s", "scope": "phase peak"},
        {"expr": "http.requests >= 1", "after": "10m"},
    ]
    result = run(tmp_path, scenario(url, phases, GET, thresholds=thresholds))

    assert ends_with(result, 0), result.out + result.err
    assert result.report is not None
    if result.code == 0:
        verdicts = result.report["loadkit"]["verdicts"]
        assert [one["status"] for one in verdicts] == [*["pass"] * 5, "fail", "pass", "inconclusive"]
        assert verdicts[3]["scope"] == 'of "/"'
        assert "failed at 0:" in verdicts[5]["reason"]
        assert "(does not fail the run)" in result.out
