"""`slos` in a real run, against a demo that answers some requests with 503."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import Result, ends_with, finish, scenario, start, write_yaml
from tests.support.failing_demo import failing_demo

FLOW = [{"get": {"url": "/products", "expect": {"statusCode": 200}}}, {"get": {"url": "/products/1"}}]
AVAILABLE = {"name": "available", "sli": {"availability": True}, "target": "99%"}


def run(
    directory: Path,
    target: str,
    *slos: dict[str, Any],
    seconds: int = 5,
    options: tuple[object, ...] = (),
    store: bool = False,
) -> Result:
    phases = [{"duration": seconds, "users": 5, "throughput": "100/s", "name": "steady"}]  # no arrival can be late
    config = {"slos": list(slos), "thresholds": ["checks.failed < 10000"]}
    file, report = write_yaml(directory, scenario(target, phases, FLOW, **config)), directory / "report.json"
    return finish(start("run", file, "-o", report, *options, cwd=directory, store=store), report)


def slo_of(result: Result, name: str) -> dict[str, Any]:
    assert result.report is not None
    return next(one for one in result.report["loadkit"]["slos"] if one["name"] == name)


def as_far_as_valid(result: Result, *statuses: str) -> list[str]:
    """Return statuses, or as many that say that this machine was too busy to keep the schedule."""
    return ["invalid"] * len(statuses) if result.code == 5 else list(statuses)


def test_a_target_that_breaks_one_request_in_ten_misses_its_objective(tmp_path: Path) -> None:
    both = {"name": "both", "sli": {"good": "status < 500 and latency < 5s"}, "target": "50%"}
    checked = {"name": "checked", "sli": {"checks": True}, "target": "50%", "of": "/products"}
    with failing_demo(0.1) as url:
        result = run(tmp_path, url, AVAILABLE, both, checked, seconds=14)  # of 5 s nothing is known about clusters
    assert ends_with(result, 3), result.out + result.err
    found, others = slo_of(result, "available"), [slo_of(result, name) for name in ("both", "checked")]
    errors = result.counters["http.codes.503"]
    assert (found["bad"], found["good"] + found["bad"]) == (errors, result.counters["http.requests"])
    assert (others[0]["bad"], others[1]["bad"]) == (errors, result.counters["checks.failed"])
    assert found["burn_rate"] == pytest.approx(100 * errors / result.counters["http.requests"])
    assert [one["state"] for one in found["alerts"]] == ["fires", "fires", "not_judged", "not_judged"]
    assert "production would burn" in result.out
    assert "budget available" in result.err
    assert [found["status"], *(one["status"] for one in others)] == as_far_as_valid(result, "fail", "pass", "pass")
    if result.code == 3:
        assert "FAIL         available  SLI " in result.out
        assert "1 of 3 objectives failed" in result.out


def test_a_run_whose_objective_cannot_be_met_any_more_is_stopped(tmp_path: Path) -> None:
    with failing_demo(0.5) as url:
        result = run(tmp_path, url, {**AVAILABLE, "abort": True}, seconds=60, options=("--workers", 2))
    assert ends_with(result, 3), result.out + result.err
    assert result.report is not None
    if result.code == 5 and result.report["loadkit"]["aborted_by"] is None:
        return  # this machine was too busy to keep the schedule, and then nothing fails
    assert result.report["loadkit"]["aborted_by"]["objective"] == "slo available"
    assert result.report["loadkit"]["elapsed_s"] < 40
    found = slo_of(result, "available")
    assert [found["status"]] == as_far_as_valid(result, "fail")
    assert (found["run_budget"]["planned"], found["run_budget"]["overspent"]) == (6000, True)


def test_too_few_events_prove_nothing_and_fail_nobody(tmp_path: Path) -> None:
    result = run(tmp_path, "demo://", {**AVAILABLE, "target": "99.9%"})
    assert ends_with(result, 0), result.out + result.err
    assert [slo_of(result, "available")["status"]] == as_far_as_valid(result, "inconclusive")
    assert "to prove the target with no bad event takes n >= 2,995 (had " in result.out


LEDGER = {**AVAILABLE, "expected_events": 100_000, "consume_budget": True}


def test_a_kept_run_takes_from_the_ledger_once(tmp_path: Path) -> None:
    with failing_demo(0.1) as url:
        result = run(tmp_path, url, LEDGER, store=True)
    shown = finish(start("slo", "show", "--json", cwd=tmp_path))
    assert shown.code == 0, shown.err
    objectives = json.loads(shown.out)["objectives"]
    if result.code == 5:  # this machine was too busy to keep the schedule
        assert "nothing is taken from a ledger: the measurement is invalid" in result.err
        assert objectives == []
        return
    (one,) = objectives
    bad = slo_of(result, "available")["bad"]
    assert one["ledger"]["remaining"] == pytest.approx(1 - bad / 1000)
    assert f"ledger: available: {bad} bad of 1,000 allowed in 30 d took" in result.err
    assert len(one["ledger"]["debits"]) == 1
    text = finish(start("slo", "show", tmp_path / "test.yaml", cwd=tmp_path)).out
    assert "99% over 30 d, occurrences; good is a valid response below 500" in text
    assert "left after 1 run in the last 30 d" in text


def test_a_run_that_is_not_kept_takes_nothing_and_says_so(tmp_path: Path) -> None:
    result = run(tmp_path, "demo://", LEDGER, seconds=1)
    assert "note: nothing is taken from a ledger: the run is not kept" in result.err
    assert finish(start("slo", "show", cwd=tmp_path)).out.startswith("no objective has a ledger")


def test_what_is_exported_can_be_imported_and_run(tmp_path: Path) -> None:
    file = write_yaml(tmp_path, scenario("demo://", [{"duration": 1, "arrivalRate": 5}], FLOW, slos=[AVAILABLE]))
    exported = finish(start("slo", "export", file, "--format", "openslo", "-o", tmp_path / "openslo.yaml"))
    assert exported.code == 0, exported.err
    assert "OpenSLO knows no alert on what is left of a budget" in exported.err
    imported = finish(start("slo", "import", tmp_path / "openslo.yaml", "-o", tmp_path / "slos.yaml"))
    assert imported.code == 0, imported.err
    plain = write_yaml(tmp_path, scenario("demo://", [{"duration": 1, "arrivalRate": 5}], FLOW), "plain.yaml")
    result = finish(start("run", plain, tmp_path / "slos.yaml", "-o", tmp_path / "r.json"), tmp_path / "r.json")
    assert ends_with(result, 0), result.out + result.err
    assert slo_of(result, "available")["target"] == 0.99
