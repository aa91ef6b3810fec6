"""Which thresholds a load is held against."""

from dataclasses import replace

import pytest

from loadkit.analysis.criteria import criteria_of
from loadkit.errors import Severity
from loadkit.slo.expression import Confidence, parse_threshold
from tests.support.observed import observed


@pytest.mark.parametrize(
    ("text", "confidence"),
    [
        ("http.response_time.p99 < 200ms", Confidence.STRICT),
        ("http.error_rate < 1%", Confidence.STRICT),
        ("http.response_time.mean < 90ms", Confidence.POINT),  # no interval is known of it
        ("http.codes.5xx == 0", Confidence.POINT),
        ("http.response_time.p95 < 1s each", Confidence.STRICT),
    ],
)
def test_a_criterion_is_decided_by_its_interval_where_there_is_one(text: str, confidence: Confidence) -> None:
    (made,), notes = criteria_of([parse_threshold(text)])
    assert (made.text, made.confidence, notes) == (text, confidence, ())


@pytest.mark.parametrize("text", ["http.requests > 1000", "http.request_rate >= 50/s"])
def test_how_much_is_sent_is_no_criterion(text: str) -> None:
    made, (note,) = criteria_of([parse_threshold(text)])
    assert made == ()
    assert text in note


def test_growth_is_no_criterion_since_a_trial_is_short() -> None:
    text = "observe.api.rss.growth < 5MB per 500 requests"
    made, (note,) = criteria_of([parse_threshold(text, observed=observed())])
    assert made == ()
    assert text in note


def test_a_warning_is_no_criterion() -> None:
    made, notes = criteria_of([replace(parse_threshold("http.error_rate < 1%"), severity=Severity.WARNING)])
    assert made == ()
    assert len(notes) == 1


def test_a_threshold_of_a_phase_is_held_against_the_trial() -> None:
    (made,), (note,) = criteria_of([replace(parse_threshold('http.error_rate < 1% in phase "peak"'), after_s=30)])
    assert (made.selection.phase, made.after_s) == (None, 0)
    assert "phase" in note
