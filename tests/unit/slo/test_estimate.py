"""Verdicts carry what encloses their value."""

import pytest

from loadkit.metrics.estimates import Estimates
from loadkit.metrics.snapshot import Snapshot, merge_all
from loadkit.metrics.track import Leg, Track
from loadkit.slo.ensure import evaluate_ensure
from loadkit.slo.ensure_parser import parse_ensure
from loadkit.slo.estimate import estimator
from loadkit.slo.evaluate import Verdict, evaluate
from loadkit.slo.expression import parse_threshold
from loadkit.slo.judge import judge_objectives
from loadkit.slo.metric import Kind
from loadkit.slo.selection import Stretch
from loadkit.slo.text import interval_text
from loadkit.slo.threshold import parse_thresholds
from loadkit.slo.validity import Measurement
from loadkit.units import NS_PER_MS, NS_PER_S
from tests.unit.metrics.test_track import part, second


def measured(seconds: int = 110, *, failed: int = 3) -> tuple[Estimates, Snapshot]:
    track = Track([Leg(0, 0, seconds * NS_PER_S)])
    told = [second(number, {(0, "browse"): part(seed=number, failed=failed)}) for number in range(seconds)]
    for snapshot in told:
        track.add(snapshot)
    summary = merge_all(told)
    return Estimates(track, summary, summary), summary


def judged(text: str) -> Verdict:
    estimates, summary = measured()
    (verdict,) = evaluate(
        [parse_threshold(text)], summary, 110.0, measurement=Measurement(), estimator=estimator(estimates, summary)
    )
    return verdict


@pytest.mark.parametrize(
    "text",
    [
        "http.response_time.p95 < 250ms",
        'http.response_time.p50 < 250ms of "/"',
        "http.service_time.p90 < 250ms",
        "http.error_rate < 10%",
        'http.error_rate < 10% of "/"',
        "http.availability > 90%",
    ],
)
def test_percentiles_and_ratios_are_enclosed(text: str) -> None:
    verdict = judged(text)
    assert verdict.low is not None
    assert verdict.high is not None
    assert verdict.observed is not None
    assert verdict.low < verdict.observed < verdict.high


@pytest.mark.parametrize("text", ["http.response_time.mean < 1s", "http.requests > 3", "http.request_rate > 1/s"])
def test_other_numbers_stand_alone(text: str) -> None:
    verdict = judged(text)
    assert (verdict.low, verdict.high, verdict.note) == (None, None, "")


def test_the_number_is_judged_whatever_its_interval() -> None:
    text = "http.response_time.p99 < {}ms"
    exact = judged(text.format(50)).observed
    assert exact is not None
    assert judged(text.format(exact / NS_PER_MS - 0.001)).status.value == "fail"
    assert judged(text.format(exact / NS_PER_MS + 0.001)).status.value == "pass"


@pytest.mark.parametrize(
    ("expression", "status", "reason"),
    [
        ("http.response_time.p95 < 250ms", "pass", ""),
        ("http.response_time.p95 > 250ms", "fail", ""),
        ("http.response_time.p95 < {}ms", "inconclusive", "the interval holds the limit"),
        ("http.error_rate < 50%", "pass", ""),
        ("http.error_rate < 1%", "fail", ""),
        ("http.requests > 3", "inconclusive", "no interval is known for http.requests"),
        ("http.response_time.p99.99 < 1s", "inconclusive", ""),  # the note says why
    ],
)
def test_a_strict_threshold_is_judged_on_the_whole_interval(expression: str, status: str, reason: str) -> None:
    estimates, summary = measured()
    middle = summary.histogram("http.response_time").percentile_ms(95)
    (objective,) = parse_thresholds([{"expr": expression.format(middle + 0.001), "confidence": "strict"}]).objectives
    (verdict,) = judge_objectives([objective], summary, 110.0, measurement=Measurement(), estimates=estimates)
    assert (verdict.status.value, verdict.reason) == (status, reason)


def test_a_strict_threshold_on_nothing_measured_fails() -> None:
    estimates, _ = measured()
    (objective,) = parse_thresholds([{"expr": "http.tls.p95 < 1s", "confidence": "strict"}]).objectives
    (verdict,) = judge_objectives([objective], Snapshot(), 110.0, measurement=Measurement(), estimates=estimates)
    assert verdict.status.value == "fail"


@pytest.mark.parametrize(
    ("scope", "known"),
    [('phase "load"', True), ('scenario "browse"', True), ("each", True), ('phase "load" scenario "browse"', False)],
)
def test_scopes_that_are_kept_are_enclosed(scope: str, known: bool) -> None:
    estimates, summary = measured()
    stretches = [Stretch(index=0, name="load", start_ns=0, end_ns=110 * NS_PER_S, last=True)]
    (objective,) = parse_thresholds([{"expr": "http.response_time.p95 < 1s", "scope": scope}]).objectives
    (verdict,) = judge_objectives(
        [objective], summary, 110.0, measurement=Measurement(), stretches=stretches, estimates=estimates
    )
    assert (verdict.low is not None) is known


def test_two_phases_of_one_name_have_no_interval() -> None:
    estimates, summary = measured()
    stretches = [
        Stretch(index=index, name="load", start_ns=index * 55 * NS_PER_S, end_ns=(index + 1) * 55 * NS_PER_S)
        for index in (0, 1)
    ]
    (objective,) = parse_thresholds(['http.response_time.p95 < 1s in phase "load"']).objectives
    (verdict,) = judge_objectives(
        [objective], summary, 110.0, measurement=Measurement(), stretches=stretches, estimates=estimates
    )
    assert (verdict.observed is not None, verdict.low) == (True, None)


def test_an_availability_is_what_errors_leave() -> None:
    errors, available = judged("http.error_rate < 10%"), judged("http.availability > 90%")
    assert errors.low is not None
    assert available.high == pytest.approx(1 - errors.low)


def test_ensure_is_enclosed_as_well() -> None:
    estimates, summary = measured()
    ensure = parse_ensure({"plugins": {"ensure": {"p95": 250}}})
    (verdict,) = evaluate_ensure(ensure, summary, 110.0, Measurement(), estimator(estimates, summary))
    assert verdict.low is not None


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (205e6, 219e6, "205ms to 219ms"),
        (205e6, None, "above 205ms"),
        (None, 219e6, "below 219ms"),
        (None, None, ""),
        (249.9999e6, 250e6, "249.9999ms to 250ms"),  # never looks like a limit that it is not
    ],
)
def test_an_interval_is_said_in_words(low: float | None, high: float | None, text: str) -> None:
    assert interval_text(Kind.TIME, low, high, 250e6) == text
