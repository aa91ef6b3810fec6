import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from loadkit.analysis.recommendation import Decision, Occasion, Recommendation, recommend
from loadkit.analysis.recommendation_schema import recommendation_schema
from loadkit.errors import ExitCode
from tests.unit.analysis.test_standing import FAILED, HELD, OPEN, WARNED, attempt, compared, invalid, judged

PASSED = judged(HELD, HELD)
BLOCKING = judged(HELD, comparison=compared(blocked=True))


def made(*attempts: Any, **changes: Any) -> Recommendation:
    occasion = {
        "gate": "shop",
        "file": "gate.yaml",
        "environment": "ci",
        "budget_s": 600.0,
        "elapsed_s": 61.2,
        **changes,
    }
    return recommend(Occasion(**occasion), attempts)


@pytest.mark.parametrize(
    ("attempts", "decision", "code", "score"),
    [
        ([attempt(PASSED)], Decision.APPROVED, 0, 100.0),
        ([attempt(judged(HELD, OPEN))], Decision.APPROVED, 0, 87.5),
        ([attempt(PASSED), attempt(judged(HELD, WARNED))], Decision.WARNED, 0, 79.0),
        ([attempt(PASSED), attempt(judged(FAILED), required=False)], Decision.WARNED, 0, 50.0),
        ([attempt(PASSED), attempt(required=False)], Decision.WARNED, 0, 79.0),
        ([attempt(PASSED, weight=9), attempt(judged(HELD, FAILED))], Decision.BLOCKED, 3, 49.0),
        ([attempt(PASSED), attempt(BLOCKING)], Decision.BLOCKED, 4, 49.0),
        ([attempt(judged(FAILED)), attempt(BLOCKING)], Decision.BLOCKED, 3, 41.0),
        ([attempt(PASSED), attempt()], Decision.NONE, 5, None),
        ([attempt(PASSED), attempt(judged(HELD, measurement=invalid()))], Decision.NONE, 5, None),
        ([attempt(PASSED), attempt(judged())], Decision.NONE, 5, None),
        ([attempt(judged(FAILED)), attempt()], Decision.BLOCKED, 3, None),
    ],
)
def test_runs_come_to_one_decision(attempts, decision, code, score):
    found = made(*attempts)
    assert (found.decision, int(found.exit_code), found.health.score) == (decision, code, score)


def test_an_interrupted_gate_decides_nothing():
    found = made(attempt(judged(FAILED)), attempt(judged(HELD, signal="SIGINT")), signal="SIGINT")
    assert (found.decision, found.exit_code) == (Decision.NONE, ExitCode.SIGINT)
    assert [reason.gravity.value for reason in found.reasons] == ["critical", "unknown"]


def test_weights_are_those_of_a_mean():
    found = made(attempt(PASSED, weight=3), attempt(judged(HELD, OPEN), weight=1))
    assert found.health.score == pytest.approx((3 * 100 + 87.5) / 4)


def test_the_formula_is_told_with_its_numbers():
    found = made(attempt(PASSED, name="light", weight=2), attempt(judged(HELD, WARNED), name="stress"))
    data = found.to_data()
    assert [run["formula"] for run in data["runs"]] == [
        "100 - 0 (none of 2) - 0 - 0 = 100",
        "100 - 25 (1 warned of 2) - 0 - 0 = 75",
    ]
    assert data["health"]["formula"][-2:] == [
        "mean by weight = (2 x 100 + 1 x 75) / 3 = 91.7",
        "at most 79, since there is a warning",
    ]


def test_missing_data_is_told_and_never_a_hundred():
    found = made(attempt(PASSED, name="light"), attempt(name="spike", trouble="no time is left"))
    assert found.health.score is None
    assert found.health.unknown == ("spike",)
    assert "unknown, since a run that is required has no score" in found.health.formula


def test_reasons_stand_in_the_order_of_their_gravity():
    found = made(attempt(judged(HELD, OPEN, WARNED)), attempt(), attempt(judged(FAILED)))
    assert [reason.gravity.value for reason in found.reasons] == ["critical", "unknown", "warning", "note"]


def test_data_are_as_the_schema_says_and_equal_for_equal_reports():
    attempts = [attempt(judged(HELD, FAILED, comparison=compared())), attempt(trouble="no time", remedy="more time")]
    found = made(*attempts).to_data()
    Draft202012Validator(recommendation_schema()).validate(found)
    assert json.dumps(found) == json.dumps(made(*attempts).to_data())
