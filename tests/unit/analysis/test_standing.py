from typing import Any

import pytest

from loadkit.analysis.comparison import (
    Comparison,
    ErrorComparison,
    OnInconclusive,
    SeriesComparison,
    Settings,
    Severity,
    Verdict,
)
from loadkit.analysis.standing import Attempt, Cause, Gravity, State, stand
from loadkit.errors import Position
from loadkit.slo.evaluate import Status
from loadkit.slo.validity import Measurement, Validity
from tests.support.results import AT, invalid, report_of, result, verdict

LISTED = Position("gate.yaml", 3, 15)


def attempt(report: dict[str, Any] | None = None, **changes: Any) -> Attempt:
    return Attempt(**{"name": "light", "at": LISTED, "planned_s": 60.0, "report": report, **changes})


def judged(*verdicts: Any, comparison: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    report = report_of(result(verdicts=verdicts, **changes))
    report["loadkit"]["comparison"] = comparison
    return report


def series(verdict: str, ratio: float, *, gated: bool = True, name: str | None = None) -> SeriesComparison:
    return SeriesComparison(
        family="http", name=name, percentile="p95", of="good", gated=gated, verdict=Verdict(verdict), ratio=ratio,
        baseline_ms=212.0, run_ms=212.0 * (1 + ratio),
    )  # fmt: skip


def compared(
    verdict: str = "regression", *, change: float = 0.18, blocked: bool = False, **more: Any
) -> dict[str, Any]:
    found = Comparison(
        baseline="main",
        run="one",
        runs=("two", "three"),
        left_out=(),
        verdict=Verdict(verdict),
        severity=Severity.MINOR if verdict == "regression" else None,
        blocked=blocked,
        series=(series(verdict, change, name="/pay"), series("regression", 5.0, gated=False), series("pass", 0.0)),
        **more,
    )
    return found.to_data()


def more_errors(points: float) -> ErrorComparison:
    return ErrorComparison(
        family="http", name=None, gated=True, verdict=Verdict.REGRESSION, difference=points / 100, low=0.0, high=1.0
    )


FAILED = verdict(Status.FAIL, observed_text="412ms")
WARNED = verdict(Status.FAIL, strict=False)
OPEN = verdict(Status.INCONCLUSIVE)
HELD = verdict()
STRICT = Settings(on_inconclusive=OnInconclusive.FAIL)
SUSPECT = Measurement(status=Validity.SUSPECT, reasons=("a worker was at 97 % of its core",))


@pytest.mark.parametrize(
    ("report", "state", "gravities", "points"),
    [
        (judged(HELD, HELD), State.PASSED, [], 100.0),
        (judged(HELD, WARNED), State.WARNED, [Gravity.WARNING], 75.0),
        (judged(HELD, OPEN), State.PASSED, [Gravity.NOTE], 87.5),
        (judged(HELD, FAILED), State.FAILED, [Gravity.CRITICAL], 50.0),
        (judged(HELD, measurement=SUSPECT), State.WARNED, [Gravity.WARNING], 90.0),
        (judged(HELD, after_failed="no answer"), State.FAILED, [Gravity.CRITICAL], 50.0),
        (judged(HELD, comparison=compared()), State.WARNED, [Gravity.WARNING], 82.0),
        (judged(HELD, comparison=compared(blocked=True, change=0.8)), State.REGRESSED, [Gravity.CRITICAL], 50.0),
        (judged(HELD, comparison=compared(errors=(more_errors(3),))), State.WARNED, [Gravity.WARNING], 70.0),
        (judged(comparison=compared("pass", change=0.01)), State.PASSED, [], 100.0),
        (judged(HELD, comparison=compared("unresolved", settings=STRICT)), State.REGRESSED, [Gravity.CRITICAL], 100.0),
        (judged(HELD, comparison=compared("inconclusive")), State.PASSED, [Gravity.NOTE], 100.0),
        (judged(FAILED, FAILED, comparison=compared(blocked=True)), State.FAILED, [Gravity.CRITICAL] * 3, 0.0),
    ],
)  # fmt: skip
def test_a_report_says_how_a_run_stands(report, state, gravities, points):
    found = stand(attempt(report))
    assert found.state is state
    assert [reason.gravity for reason in found.reasons] == gravities
    assert found.score is not None
    assert found.score.points == pytest.approx(points)


@pytest.mark.parametrize(
    ("report", "state", "words"),
    [
        (None, State.NOT_RUN, "not run: 5s are left"),
        (judged(FAILED, measurement=invalid()), State.INVALID, "the measurement is invalid: 12% of the arrivals"),
        (judged(FAILED, signal="SIGINT"), State.INTERRUPTED, "ended by SIGINT before its time"),
        (judged(), State.UNJUDGED, "nothing is judged"),
        (judged(OPEN), State.UNJUDGED, "all that is judged is inconclusive"),
        (judged(comparison=compared("inconclusive")), State.UNJUDGED, "all that is judged is inconclusive"),
        (
            judged(HELD, comparison=compared("invalid", reason="no run")),
            State.INVALID,
            "baseline main is invalid: no run",
        ),
    ],
)
def test_what_is_not_known_has_no_score(report, state, words):
    found = stand(attempt(report, trouble="5s are left", remedy="more time"))
    assert (found.state, found.score) == (state, None)
    first = next(reason for reason in found.reasons if reason.gravity is Gravity.UNKNOWN)
    assert words in first.text
    assert first.at == LISTED


def test_a_missed_objective_is_told_with_its_place():
    (reason,) = stand(attempt(judged(FAILED, HELD))).reasons
    assert reason.text == "http.response_time.p95 < 250ms: measured 412ms"
    assert (reason.at, reason.cause) == (AT, Cause.OBJECTIVE)


def test_the_worst_of_a_regression_is_told():
    (reason,) = stand(attempt(judged(HELD, comparison=compared(errors=(more_errors(3), more_errors(2)))))).reasons
    assert reason.text.endswith("main: error rate of all +3.00 points; p95 of /pay 212 -> 250 ms, +18%; and 1 more")


def test_drift_since_the_baseline_began_is_a_warning():
    report = judged(HELD, comparison=compared("pass", change=0.01))
    report["loadkit"]["drift"] = {
        "severity": "minor",
        "verdict": "regression",
        "runs": ["one"],
        "text": "drift since one: p95",
    }
    found = stand(attempt(report))
    assert [(reason.gravity, reason.text) for reason in found.reasons] == [(Gravity.WARNING, "drift since one: p95")]
    assert found.state is State.WARNED


def test_a_regression_is_told_with_what_to_do():
    report = judged(HELD, comparison=compared(blocked=True))
    report["loadkit"]["run"] = "20261121-090255-k3f9"
    (reason,) = stand(attempt(report)).reasons
    assert reason.cause is Cause.REGRESSION
    assert reason.text == "regression minor against the baseline main: p95 of /pay 212 -> 250 ms, +18%"
    assert "loadkit compare 20261121-090255-k3f9 main" in reason.remedy


@pytest.mark.parametrize("report", [judged(FAILED), judged(HELD, measurement=invalid()), judged(), None])
def test_a_run_that_is_not_required_only_warns(report):
    found = stand(attempt(report, required=False))
    assert {reason.gravity for reason in found.reasons} == {Gravity.WARNING}
