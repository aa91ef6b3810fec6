"""What a summary comes to against objectives."""

from __future__ import annotations

import numpy as np
import pytest

from loadkit.errors import Position
from loadkit.metrics.gauge import Gauge
from loadkit.metrics.histogram import Histogram
from loadkit.metrics.snapshot import COORDINATOR, Snapshot
from loadkit.slo.evaluate import Status, Verdict, evaluate
from loadkit.slo.expression import parse_threshold
from loadkit.slo.validity import Measurement, Validity

MS = 1_000_000
VALID = Measurement()
INVALID = Measurement(status=Validity.INVALID, reasons=("12% of the arrivals started more than 10ms late",))


def times(*values_ms: float) -> Histogram:
    made = Histogram()
    made.record(np.array([round(value * MS) for value in values_ms], np.int64))
    return made


SUMMARY = Snapshot(
    counters={
        ("http.requests", "/a"): 600,
        ("http.requests", "/b"): 400,
        ("http.responses", "/a"): 600,
        ("http.responses", "/b"): 392,
        ("http.codes.200", "/a"): 600,
        ("http.codes.200", "/b"): 380,
        ("http.codes.404", "/b"): 10,
        ("http.codes.500", "/b"): 1,
        ("http.codes.503", "/b"): 1,
        ("http.downloaded_bytes", "/a"): 3 * 2**20,
        ("errors.ECONNREFUSED", "/b"): 8,
        ("errors.Failed capture or match", "/b"): 2,
        ("checks.ok", "/a"): 999,
        ("checks.failed", "/a"): 1,
        ("plugins.expect.failed", "/a"): 1,
        ("plugins.expect.failed.statusCode", "/a"): 1,
        ("vusers.created", "buy"): 90,
        ("vusers.created", "browse"): 10,
        ("vusers.completed", "buy"): 82,
        ("vusers.completed", "browse"): 10,
        ("vusers.failed", "buy"): 8,
        ("arrivals.due", ""): 100,
    },
    histograms={
        ("http.response_time", "/a"): times(*range(1, 101)),
        ("http.response_time", "/b"): times(200, 300),
        ("vusers.session_length", "buy"): times(1000, 3000),
    },
)


def judge(text: str, summary: Snapshot = SUMMARY, *, measurement: Measurement = VALID) -> Verdict:
    (verdict,) = evaluate([parse_threshold(text)], summary, 20.0, measurement=measurement)
    return verdict


@pytest.mark.parametrize(
    ("text", "observed", "samples"),
    [
        ("http.requests == 1000", 1000, 1000),
        ('http.requests == 400 of "/b"', 400, 400),
        ("http.responses == 992", 992, 1000),
        ("http.request_rate == 50/s", 50, 1000),
        ('http.request_rate == 30/s of "/a"', 30, 600),
        ("http.error_rate == 1%", 0.01, 1000),
        ('http.error_rate == 2.5% of "/b"', 0.025, 400),
        ('http.error_rate == 0 of "/a"', 0, 600),
        ("http.availability == 99%", 0.99, 1000),
        ("http.codes.200 == 980", 980, 1000),
        ("http.codes.5xx == 2", 2, 1000),
        ('http.codes.5xx == 0 of "/a"', 0, 600),
        ("http.codes.4xx == 10", 10, 1000),
        ("http.codes.418 == 0", 0, 1000),
        ("http.downloaded_bytes == 3MiB", 3 * 2**20, 1000),
        ("errors.ECONNREFUSED == 8", 8, 1000),
        ("errors.Failed capture or match == 2", 2, 1000),
        ("errors.ETIMEDOUT == 0", 0, 1000),
        ("checks.pass_rate >= 99.9%", 0.999, 1000),
        ("checks.failed <= 1", 1, 1000),
        ("plugins.expect.failed.statusCode == 1", 1, 1000),
        ("vusers.created == 100", 100, 100),
        ('vusers.failed == 8 of "buy"', 8, 90),
        ("vusers.error_rate == 8%", 0.08, 100),
        ("arrivals.due == 100", 100, 100),
        ("arrivals.dropped == 0", 0, 100),
        ("http.response_time.min == 1ms", 1 * MS, 102),
        ("http.response_time.max == 300ms", 300 * MS, 102),
        ("http.response_time.count == 102", 102, 102),
        ('http.response_time.mean == 50.5ms of "/a"', 50.5 * MS, 100),
        ("vusers.session_length.mean == 2s", 2000 * MS, 2),
    ],
)
def test_a_value_is_read_from_the_summary_and_holds(text: str, observed: float, samples: int) -> None:
    verdict = judge(text)

    assert verdict.observed == pytest.approx(observed)
    assert (verdict.status, verdict.samples) == (Status.PASS, samples)
    assert (verdict.reason, verdict.origin, verdict.strict) == ("", "threshold", True)


@pytest.mark.parametrize(
    ("aggregate", "ms"), [("p50", 50), ("median", 50), ("p75", 75), ("p90", 90), ("p99.5", 100), ("p999", 100)]
)
def test_percentiles_are_within_the_histograms_resolution(aggregate: str, ms: float) -> None:
    verdict = judge(f'http.response_time.{aggregate} < 1s of "/a"')

    assert verdict.observed == pytest.approx(ms * MS, rel=0.001)


def test_percentiles_of_everything_come_from_merged_histograms() -> None:
    assert judge("http.response_time.p99 > 150ms").status is Status.PASS
    assert judge('http.response_time.p99 > 150ms of "/a"').status is Status.FAIL


@pytest.mark.parametrize(
    "text",
    [
        "http.response_time.p95 < 5ms",
        "http.error_rate < 1%",
        "http.availability > 99%",
        "http.request_rate >= 51/s",
        "http.codes.5xx == 0",
        "checks.pass_rate == 100%",
        "vusers.failed < 8",
    ],
)
def test_what_does_not_hold_fails(text: str) -> None:
    verdict = judge(text)

    assert verdict.status is Status.FAIL
    assert verdict.reason == ""


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("http.response_time.p95 < 1s", "no samples: no request was made"),
        ("http.tls.p95 < 1s", "no samples: http.tls was never measured"),
        ("http.response_time.mean < 1s", "no samples: no request was made"),
        ('http.response_time.max < 1s of "/x"', 'no samples: no request was made for "/x"'),
        ("http.error_rate < 100%", "no samples: no request was made"),
        ("http.availability >= 0%", "no samples: no request was made"),
        ("checks.pass_rate >= 0%", "no samples: no check was made"),
        ('checks.pass_rate >= 0% of "/x"', 'no samples: no check was made for "/x"'),
        ("vusers.error_rate <= 100%", "no samples: no virtual user ended"),
    ],
)
def test_nothing_measured_fails_and_says_so(text: str, reason: str) -> None:
    verdict = judge(text, Snapshot())

    assert (verdict.status, verdict.observed, verdict.observed_text) == (Status.FAIL, None, "no samples")
    assert (verdict.samples, verdict.reason) == (0, reason)


def test_a_target_that_never_answered_is_named_as_the_reason() -> None:
    refused = Snapshot(counters={("http.requests", "/a"): 312, ("errors.ECONNREFUSED", "/a"): 312})

    assert judge("http.response_time.p95 < 1s", refused).reason == (
        "no samples: none of 312 requests got a valid response"
    )
    assert judge('http.service_time.p95 < 1s of "/a"', refused).reason == (
        'no samples: none of 312 requests of "/a" got a valid response'
    )
    assert judge("http.error_rate == 100%", refused).status is Status.PASS


@pytest.mark.parametrize("text", ["errors.ETIMEDOUT == 0", "http.requests == 0", "http.response_time.count == 0"])
def test_a_counter_that_never_occurred_is_zero(text: str) -> None:
    assert judge(text, Snapshot()).status is Status.PASS


def test_a_rate_over_no_time_is_zero() -> None:
    (verdict,) = evaluate([parse_threshold("http.request_rate >= 1/s")], SUMMARY, 0.0, measurement=VALID)

    assert (verdict.observed, verdict.status) == (0, Status.FAIL)


@pytest.mark.parametrize("text", ["http.requests > 1", "http.requests < 1", "http.tls.p95 < 1s"])
def test_an_invalid_measurement_neither_passes_nor_fails(text: str) -> None:
    valid, invalid = judge(text), judge(text, measurement=INVALID)

    assert invalid.status is Status.INVALID
    assert invalid.observed_text == valid.observed_text
    assert invalid.reason == "not judged: the measurement is invalid"


def test_a_suspect_measurement_is_judged() -> None:
    assert judge("http.requests > 1", measurement=Measurement(status=Validity.SUSPECT)).status is Status.PASS


def test_a_verdict_carries_what_reports_need() -> None:
    at = Position("shop.yaml", 12, 7)

    (verdict,) = evaluate([parse_threshold("http.response_time.max<250ms", at)], SUMMARY, 20.0, measurement=VALID)

    assert (verdict.objective_text, verdict.at) == ("http.response_time.max<250ms", at)
    assert (verdict.observed_text, verdict.limit_text) == ("300ms", "< 250ms")
    assert (verdict.observed, verdict.limit, verdict.unit) == (300 * MS, 250 * MS, "ns")


@pytest.mark.parametrize(
    ("text", "observed", "samples", "status"),
    [
        ("worker.cpu.max < 80%", 0.9, 3, Status.FAIL),
        ("worker.cpu.mean < 80%", 0.55, 3, Status.PASS),  # of worker 1: what worker 0 has left does not help it
        ("worker.rss_bytes.max <= 64MiB", 2.0**26, 1, Status.PASS),
        ("coordinator.cpu.max < 5%", 0.02, 1, Status.PASS),
    ],
)
def test_gauges_of_several_workers_are_judged_by_the_one_with_most(
    text: str, observed: float, samples: int, status: Status
) -> None:
    gauges = {
        ("worker.cpu", 0): Gauge.seen(1, 0.1),
        ("worker.cpu", 1): Gauge.seen(1, 0.9).merged(Gauge.seen(2, 0.2)),
        ("worker.rss_bytes", 0): Gauge.seen(1, 2.0**26),
        ("coordinator.cpu", COORDINATOR): Gauge.seen(1, 0.02),
    }
    verdict = judge(text, Snapshot(gauges=gauges))
    assert (verdict.observed, verdict.samples, verdict.status) == (pytest.approx(observed), samples, status)


def test_a_gauge_that_was_never_seen_has_no_value() -> None:
    verdict = judge("worker.fds.max < 100", Snapshot())
    assert (verdict.status, verdict.reason) == (Status.FAIL, "no samples: worker.fds was never measured")


def test_a_generator_that_never_paused_holds_a_limit_of_its_pauses() -> None:
    for metric in ("generator.gc_pause.max", "generator.stall.p99"):
        assert judge(f"{metric} < 5ms", Snapshot()).status is Status.PASS
    assert judge("generator.loop_lag.p99 < 5ms", Snapshot()).status is Status.FAIL
