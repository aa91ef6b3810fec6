import pytest

from loadkit.errors import Position, Severity
from loadkit.report.interventions import interventions_data
from loadkit.report.judgements import Judgement, Suite, by_weight, judgements, verdict_word
from loadkit.slo.evaluate import Status
from loadkit.slo.window import Breaches, Logic, Window
from tests.support.interventions import BEGUN, EVERY
from tests.support.reports import comparison, invalid_report, judged_report, series
from tests.support.results import report_of, result, verdict


def of(suite: Suite, report) -> list[Judgement]:
    return [judgement for judgement in judgements(report) if judgement.suite is suite]


def only(**changes) -> Judgement:
    (made,) = of(Suite.THRESHOLDS, report_of(result(verdicts=(verdict(**changes),))))
    return made


def test_each_verdict_is_in_the_suite_it_belongs_to():
    found = [(judgement.suite.value, judgement.status.value) for judgement in judgements(judged_report())]
    assert found == [
        ("run", "pass"),
        ("run", "pass"),
        ("thresholds", "pass"),
        ("thresholds", "fail"),
        ("thresholds", "fail"),
        ("thresholds", "inconclusive"),
        ("slo", "fail"),
        ("expectations", "pass"),
    ]


def test_a_judgement_says_what_was_found_and_where_it_is_asked_for():
    made = only(status=Status.FAIL, low=20e6, high=30e6, observed=25e6, limit=250e6, unit="ns")
    assert made.name == "http.response_time.p95 < 250ms"
    assert made.message == "measured 25ms (95 % CI 20ms to 30ms), wanted < 250ms"
    assert made.at == Position("shop.yaml", 12, 7)


def test_names_stay_the_same_from_run_to_run():
    one, other = only(observed_text="1ms"), only(observed_text="2ms", status=Status.FAIL)
    assert one.name == other.name


def test_scope_and_window_tell_objectives_of_one_text_apart():
    made = only(scope='in phase "peak"', window=Window(Logic.OVER, 30), breaches=Breaches(failed_s=75), name="fast")
    assert made.name == 'fast: http.response_time.p95 < 250ms [in phase "peak"] over 30 s'
    assert made.message == "measured 25ms at worst, wanted < 250ms, failed at 1:15"


def test_what_is_only_a_warning_does_not_fail_the_run():
    made = only(status=Status.FAIL, strict=False)
    assert (made.severity, made.fails, made.is_failure) == (Severity.WARNING, False, False)


def test_an_invalid_measurement_is_judged_of_the_run_itself():
    (trust, end, *_) = judgements(invalid_report())
    assert (trust.status, end.status) == (Status.INVALID, Status.PASS)
    assert trust.message == "invalid: 12% of the arrivals started late; lower the rate"


@pytest.mark.parametrize(
    ("changes", "status", "message"),
    [
        ({"signal": "SIGINT"}, Status.INVALID, "interrupted by SIGINT: the figures cover the part that ran"),
        ({"aborted_by": {"objective": "a < 1", "second": 75}}, Status.PASS, "stopped at 1:15 by a < 1"),
    ],
)
def test_an_early_end_is_told(changes, status, message):
    made = of(Suite.RUN, judged_report(**changes))[1]
    assert (made.status, made.message) == (status, message)


def test_what_people_did_is_a_warning_of_the_run() -> None:
    made = of(Suite.RUN, judged_report(interventions=interventions_data(EVERY)))[2]
    assert (made.name, made.status, made.fails) == ("nobody intervened", Status.FAIL, False)
    assert made.message.startswith("3 interventions: paused")
    assert len(of(Suite.RUN, judged_report(interventions=interventions_data(BEGUN)))) == 2


def test_a_flow_that_failed_after_the_load_fails_the_run():
    made = of(Suite.RUN, judged_report(after_failed="after: GET /clean: refused"))[-1]
    assert made.fails
    assert made.message == "after: GET /clean: refused"


def test_a_comparison_is_judged_as_a_whole_and_by_what_decides_it():
    found = of(Suite.REGRESSION, judged_report(comparison=comparison()))
    assert [(judgement.name, judgement.status.value) for judgement in found] == [
        ("no slower than the baseline main", "fail"),
        ("error rate of all requests", "pass"),
        ("p95 of /cart", "fail"),
    ]
    assert found[1].message == "errors all requests 0.005 -> 0.03 %, pass"
    assert found[2].message == "p95 /cart 212 -> 251 ms, +18 %, regression; could detect >= 12 %"


def test_a_regression_that_blocks_nothing_is_a_failure_and_does_not_fail_the_run():
    found = of(Suite.REGRESSION, judged_report(comparison=comparison()))
    assert [(judgement.is_failure, judgement.fails) for judgement in found] == [
        (True, False),
        (False, False),
        (True, False),
    ]


def test_a_regression_that_blocks_fails_the_run():
    held = comparison(blocked=True, exit=4, series=[series(blocked=True)])
    assert [judgement.fails for judgement in of(Suite.REGRESSION, judged_report(comparison=held))] == [
        True,
        False,
        True,
    ]


@pytest.mark.parametrize(
    ("verdict_text", "exit_code", "status", "fails"),
    [
        ("pass", 0, Status.PASS, False),
        ("improvement", 0, Status.PASS, False),
        ("within_noise_but_slower", 0, Status.PASS, False),
        ("inconclusive", 0, Status.INCONCLUSIVE, False),
        ("unresolved", 0, Status.INCONCLUSIVE, False),
        ("inconclusive", 4, Status.FAIL, True),
        ("invalid", 5, Status.INVALID, True),
    ],
)
def test_each_end_of_a_comparison(verdict_text, exit_code, status, fails):
    held = comparison(verdict=verdict_text, severity=None, exit=exit_code, series=[], errors=[])
    (made,) = of(Suite.REGRESSION, judged_report(comparison=held))
    assert (made.status, made.fails) == (status, fails)


@pytest.mark.parametrize(
    ("code", "word"), [(0, "pass"), (3, "fail"), (4, "regression"), (5, "invalid"), (130, "interrupted")]
)
def test_a_run_comes_to_one_word(code, word):
    assert verdict_word(judged_report(exit_code=code)) == word


def test_the_gravest_come_first():
    found = sorted(judgements(judged_report(comparison=comparison())), key=by_weight)
    told = [(judgement.fails, judgement.status.value) for judgement in found]
    assert told[:2] == [(True, "fail")] * 2
    assert told[2:5] == [(False, "fail")] * 3
    assert told[5] == (False, "inconclusive")
    assert {status for _, status in told[6:]} == {"pass"}
