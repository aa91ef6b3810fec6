import json
from typing import Any

import jsonschema

from loadkit.outputs.ctrf import render
from tests.support.ctrf import SCHEMA
from tests.support.reports import comparison, invalid_report, judged_report


def read(*reports: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(render(reports))
    jsonschema.Draft7Validator(SCHEMA, format_checker=jsonschema.FormatChecker()).validate(made)
    return made


def test_the_document_is_what_the_format_demands():
    found = read(judged_report(comparison=comparison()))["results"]
    assert found["summary"] | {"start": 0, "stop": 0} == {
        "tests": 11, "passed": 5, "failed": 4, "skipped": 0, "pending": 0, "other": 2, "suites": 5, "start": 0, "stop": 0,
    }  # fmt: skip
    assert found["summary"]["stop"] - found["summary"]["start"] == 3000
    assert found["environment"] == {
        "reportName": "shop",
        "osPlatform": found["environment"]["osPlatform"],
        "commit": "0123456789abcdef",
        "healthy": False,
    }


def test_a_test_has_our_own_word_and_the_line_of_the_scenario():
    test = read(judged_report())["results"]["tests"][3]
    assert (test["name"], test["status"], test["rawStatus"]) == ("http.response_time.p99 < 10ms", "failed", "fail")
    assert (test["filePath"], test["line"], test["suite"]) == ("shop.yaml", 14, ["shop", "thresholds"])
    assert test["extra"] == {"observed": 25_000_000.0, "samples": 10, "severity": "error"}


def test_what_is_undecided_or_only_warned_of_is_other():
    tests = {test["name"]: test for test in read(judged_report())["results"]["tests"]}
    assert tests["http.error_rate < 1%"]["status"] == tests["http.response_time.p50 < 1ms"]["status"] == "other"
    assert tests["http.error_rate < 1%"]["rawStatus"] == "inconclusive"


def test_what_was_not_judged_since_the_measurement_is_invalid_counts_as_failed():
    tests = read(invalid_report())["results"]["tests"]
    assert [(test["status"], test["rawStatus"]) for test in tests] == [
        ("failed", "invalid"), ("passed", "pass"), ("failed", "invalid"),
    ]  # fmt: skip


def test_several_runs_stand_in_one_document():
    found = read(judged_report(), judged_report(name="pay"))["results"]
    assert {test["suite"][0] for test in found["tests"]} == {"shop", "pay"}
    assert [run["verdict"] for run in found["extra"]["runs"]] == ["fail", "fail"]
