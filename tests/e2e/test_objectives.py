"""`slos` in a real run, against a demo that answers some requests with 503."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.command import Result, ends_with, finish, scenario, start, write_yaml
from tests.support.failing_demo import failing_demo

FLOW = [{"get": {"url": "/products", "expect": {"statusCode": 200}}}, {"get": {"url": "/products/1"}}]
AVAILABLE = {"name": "available", "sli": {"availability": True}, "target": "99%"}


def run(
    directory: Path, target: str, *slos: dict[str, Any], seconds: int = 6, options: tuple[object, ...] = ()
) -> Result:
    phases = [{"duration": seconds, "arrivalRate": 50, "name": "steady"}]
    config = {"slos": list(slos), "thresholds": ["checks.failed < 10000"]}
    file, report = write_yaml(directory, scenario(target, phases, FLOW, **config)), directory / "report.json"
    return finish(start("run", file, "-o", report, *options), report)


def slo_of(result: Result, name: str) -> dict[str, Any]:
    assert result.report is not None
    return next(one for one in result.report["loadkit"]["slos"] if one["name"] == name)


def test_a_target_that_breaks_one_request_in_ten_misses_its_objective(tmp_path: Path) -> None:
    both = {"name": "both", "sli": {"good": "status < 500 and latency < 5s"}, "target": "50%"}
    checked = {"name": "checked", "sli": {"checks": True}, "target": "50%", "of": "/products"}
    with failing_demo(0.1) as url:
        result = run(tmp_path, url, AVAILABLE, both, checked)
    assert ends_with(result, 3), result.out + result.err
    if result.code == 5:
        pytest.skip("this machine was too busy to keep the schedule")
    found, others = slo_of(result, "available"), [slo_of(result, name) for name in ("both", "checked")]
    errors = result.counters["http.codes.503"]
    assert (found["status"], [one["status"] for one in others]) == ("fail", ["pass", "pass"])
    assert (found["bad"], found["good"] + found["bad"]) == (errors, result.counters["http.requests"])
    assert (others[0]["bad"], others[1]["bad"]) == (errors, result.counters["checks.failed"])
    assert found["burn_rate"] == pytest.approx(100 * errors / result.counters["http.requests"])
    assert [one["state"] for one in found["alerts"]] == ["fires", "fires", "not_judged", "not_judged"]
    assert "FAIL         available  SLI " in result.out
    assert "production would burn" in result.out
    assert "1 of 3 objectives failed" in result.out
    assert "budget available" in result.err


def test_a_run_whose_objective_cannot_be_met_any_more_is_stopped(tmp_path: Path) -> None:
    with failing_demo(0.5) as url:
        result = run(tmp_path, url, {**AVAILABLE, "abort": True}, seconds=60, options=("--workers", 2))
    assert result.code == 3, result.out + result.err
    assert result.report is not None
    assert result.report["loadkit"]["aborted_by"]["objective"] == "slo available"
    assert result.report["loadkit"]["elapsed_s"] < 40
    found = slo_of(result, "available")
    assert (found["status"], found["run_budget"]["planned"], found["run_budget"]["overspent"]) == ("fail", 6000, True)


def test_too_few_events_prove_nothing_and_fail_nobody(tmp_path: Path) -> None:
    result = run(tmp_path, "demo://", {**AVAILABLE, "target": "99.9%"})
    assert ends_with(result, 0), result.out + result.err
    if result.code == 5:
        pytest.skip("this machine was too busy to keep the schedule")
    assert slo_of(result, "available")["status"] == "inconclusive"
    assert "to prove the target with no bad event takes n >= 2,995 (had 600)" in result.out
