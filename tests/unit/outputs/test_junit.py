"""JUnit XML, read by junitparser."""

from typing import Any

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase

from loadkit.outputs.junit import render
from loadkit.report.interventions import interventions_data
from tests.support.interventions import EVERY
from tests.support.reports import comparison, invalid_report, judged_report


def read(*reports: dict[str, Any]) -> JUnitXml:
    return JUnitXml.fromstring(render(reports))


def cases(*reports: dict[str, Any]) -> dict[tuple[str, str], TestCase]:
    return {(suite.name, case.name): case for suite in read(*reports) for case in suite}


def test_what_is_judged_are_test_cases_by_suite():
    assert [
        (suite.name, suite.tests, suite.failures, suite.skipped, suite.errors) for suite in read(judged_report())
    ] == [
        ("run", 2, 0, 0, 0),
        ("thresholds", 4, 1, 2, 0),
        ("slo", 1, 1, 0, 0),
        ("expectations", 1, 0, 0, 0),
    ]


def test_the_totals_are_those_of_the_suites():
    found = read(judged_report())
    assert (found.tests, found.failures, found.skipped, found.errors, found.time) == (8, 2, 2, 0, 3.0)


def test_a_failure_says_what_was_measured_and_where_it_is_asked_for():
    case = cases(judged_report())["thresholds", "http.response_time.p99 < 10ms"]
    (failure,) = case.result
    assert isinstance(failure, Failure)
    assert (failure.message, failure.type) == ("measured 25ms, wanted < 250ms", "threshold")
    assert failure.text == "measured 25ms, wanted < 250ms\nat shop.yaml:14:7"
    assert (case.classname, case._elem.get("file"), case._elem.get("line")) == ("shop", "shop.yaml", "14")


def test_what_is_undecided_or_only_warned_of_is_skipped_with_a_message():
    found = cases(judged_report())
    (undecided,) = found["thresholds", "http.error_rate < 1%"].result
    (warned,) = found["thresholds", "http.response_time.p50 < 1ms"].result
    assert isinstance(undecided, Skipped)
    assert undecided.message.startswith("inconclusive: measured 25ms")
    assert isinstance(warned, Skipped)
    assert warned.message.startswith("does not hold, which is only a warning: ")


def test_an_invalid_measurement_is_an_error():
    found = cases(invalid_report())
    for case in (found["run", "the measurement can be trusted"], found["thresholds", "http.response_time.p95 < 250ms"]):
        assert [type(result) for result in case.result] == [Error]


def test_a_regression_is_a_failure_also_where_it_blocks_nothing():
    found = cases(judged_report(comparison=comparison()))
    (failure,) = found["regression", "p95 of /cart"].result
    assert isinstance(failure, Failure)
    assert (failure.type, failure.message[:9]) == ("regression", "p95 /cart")


def test_a_suite_says_which_run_it_is_about():
    (suite, *_) = read(judged_report(tags={"team": "shop"}))
    found = {given.name: given.value for given in suite.properties()}
    assert found["run"] == "20261121-090255-k3f9"
    assert (found["commit"], found["seed"], found["tag.team"]) == ("0123456789abcdef", "42", "shop")
    assert (suite.timestamp, suite.time) == ("2023-11-14T22:13:24", 3.0)


def test_a_suite_says_what_people_did() -> None:
    suite = next(iter(read(judged_report(interventions=interventions_data(EVERY)))))
    found = {given.name: given.value for given in suite.properties()}
    assert found["interventions"].startswith("3 interventions: paused 750ms at 0:00 by keyboard")


def test_several_runs_have_suites_of_their_own():
    found = read(judged_report(), judged_report(name="pay"))
    assert {suite.name for suite in found} >= {"shop: thresholds", "pay: thresholds"}
    assert (found.tests, found.time) == (16, 6.0)
