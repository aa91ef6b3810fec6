import json
from typing import Any

import jsonschema
import pytest

from loadkit.errors import UsageError
from loadkit.outputs.k6 import render
from loadkit.slo.evaluate import Status
from tests.support.k6 import SCHEMA
from tests.support.reports import judged_report
from tests.support.results import failing_second, report_of, result, second, verdict


def read(report: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(render([report]))
    jsonschema.Draft202012Validator(SCHEMA).validate(made)
    return made


def test_it_is_what_k6_gives_a_script():
    metrics = read(judged_report())["metrics"]
    assert metrics["http_reqs"]["values"] == {"count": 12, "rate": 4.0}
    assert metrics["data_received"]["contains"] == "data"
    assert metrics["vus"]["values"] == {"value": 0, "min": 0, "max": 3}
    assert metrics["vus_max"]["values"]["value"] == 3


def test_times_are_milliseconds_from_the_intended_instant():
    report = judged_report()
    values = read(report)["metrics"]["http_req_duration"]["values"]
    ours = report["loadkit"]["metrics"]["summaries"]["http.response_time"]
    assert (values["med"], values["p(95)"], values["max"]) == (ours["p50"], ours["p95"], 45.0)


def test_failed_requests_are_those_of_our_error_rate():
    seconds = [
        second(0, requests=6),
        second(1, requests=1, status=503),
        second(2, requests=2, status=404),
        failing_second(3),
    ]
    values = read(report_of(result(*seconds), *seconds))["metrics"]["http_req_failed"]["values"]
    assert values == {"rate": 3 / 11, "passes": 3, "fails": 8}


def test_thresholds_stand_beside_the_metric_they_are_about():
    held = (
        verdict(Status.PASS, "http.response_time.p95 < 250ms"),
        verdict(Status.FAIL, "http.response_time.p95 < 1ms"),
        verdict(Status.PASS, "http.error_rate < 1%"),
        verdict(Status.FAIL, "generator.lag.p99 < 1us"),
        verdict(Status.PASS, "checks.pass_rate > 90%"),
    )
    metrics = read(report_of(result(verdicts=held)))["metrics"]
    assert metrics["http_req_duration"]["thresholds"] == {
        "http.response_time.p95 < 250ms": {"ok": True},
        "http.response_time.p95 < 1ms": {"ok": False},
    }
    assert metrics["http_req_failed"]["thresholds"] == {"http.error_rate < 1%": {"ok": True}}
    assert metrics["loadkit_objectives"]["thresholds"] == {"generator.lag.p99 < 1us": {"ok": False}}
    assert metrics["loadkit_objectives"]["values"] == {"rate": 0.6, "passes": 3, "fails": 2}


def test_a_run_without_requests_is_a_summary_too():
    made = read(report_of(result()))
    report = report_of(result())
    report["loadkit"]["metrics"] = {"counters": {}, "summaries": {}}
    report["loadkit"]["timeline"]["rows"] = []
    assert made["metrics"]["http_reqs"]["values"]["count"] == 20
    assert read(report)["metrics"]["http_reqs"]["values"]["count"] == 0


def test_it_has_place_for_one_run_only():
    with pytest.raises(UsageError, match="has place for one run"):
        render([judged_report(), judged_report()])
