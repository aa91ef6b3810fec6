"""The one rule that says whether a measurement can be believed."""

from __future__ import annotations

import numpy as np
import pytest

from loadkit.metrics.histogram import Histogram
from loadkit.metrics.snapshot import Snapshot
from loadkit.slo.validity import Validity, judge, late_limit_ns

MS = 1_000_000


def histogram(*values: tuple[int, int]) -> Histogram:
    """Make a histogram of (count, ms) pairs."""
    made = Histogram()
    for count, ms in values:
        made.record(np.full(count, ms * MS, np.int64))
    return made


def run(
    due: int, *, late: int = 0, lag_ms: int = 20, dropped: int = 0, skipped: int = 0, p50_ms: int = 5, starved: int = 0
) -> Snapshot:
    counters = {
        ("arrivals.due", ""): due,
        ("arrivals.started", ""): due - dropped - skipped,
        ("arrivals.dropped", ""): dropped + skipped,
        ("arrivals.dropped.generator", ""): dropped,
        ("arrivals.dropped.max_vusers", ""): skipped,
        ("errors.ERR_GENERATOR", "/"): starved,
    }
    histograms = {
        ("generator.lag", ""): histogram((late, lag_ms), (max(0, due - late - dropped - skipped), 0)),
        ("http.service_time", "/"): histogram((100, p50_ms)),
    }
    return Snapshot(counters=counters, histograms=histograms)


@pytest.mark.parametrize(
    ("summary", "status"),
    [
        (run(1000), Validity.VALID),
        (run(0), Validity.VALID),
        (Snapshot(), Validity.VALID),
        # (a) dropped by the generator: at most 2 %
        (run(1000, dropped=20), Validity.VALID),
        (run(1000, dropped=21), Validity.INVALID),
        (run(1000, skipped=900), Validity.VALID),
        # (b) late: at most 1 %
        (run(1000, late=10), Validity.VALID),
        (run(1000, late=11), Validity.INVALID),
        (run(1000, late=1000, lag_ms=9), Validity.VALID),
        (run(1000, late=500, lag_ms=20, p50_ms=300), Validity.VALID),
        (run(1000, late=500, lag_ms=40, p50_ms=300), Validity.INVALID),
        # (b) in a small run: at least 3 late ones
        (run(10, late=2), Validity.VALID),
        (run(10, late=3), Validity.INVALID),
        (run(99, late=2), Validity.VALID),
        (run(100, late=2), Validity.INVALID),
        # (c) out of ports or descriptors
        (run(1000, starved=1), Validity.INVALID),
        (run(0, starved=1), Validity.INVALID),
    ],
)
def test_a_measurement_is_invalid_when_the_generator_was_the_limit(summary: Snapshot, status: Validity) -> None:
    assert judge(summary).status is status


@pytest.mark.parametrize(("late", "status"), [(10, Validity.VALID), (11, Validity.INVALID)])
def test_pacing_slots_are_judged_like_arrivals(late: int, status: Validity) -> None:
    paced = Snapshot(histograms={("generator.lag", ""): histogram((late, 20), (1000 - late, 0))})

    measurement = judge(paced)

    assert measurement.status is status
    assert all("of the pacing slots (11 of 1000)" in reason for reason in measurement.reasons)


def test_arrivals_dropped_by_the_plan_do_not_dilute_the_late_ones() -> None:
    assert judge(run(1000, skipped=800, late=5)).status is Validity.INVALID


def test_a_lost_worker_makes_it_invalid() -> None:
    measurement = judge(run(1000), lost_workers=1)

    assert measurement.status is Validity.INVALID
    assert measurement.reasons[0].startswith("1 worker was lost")


def test_a_busy_generator_alone_is_suspect() -> None:
    assert judge(run(1000), cpu_busy_s=4.9).status is Validity.VALID
    assert judge(run(1000), cpu_busy_s=5).status is Validity.SUSPECT
    assert judge(run(1000, late=100), cpu_busy_s=60).status is Validity.INVALID


def test_the_reason_is_a_sentence_with_numbers_and_the_remedy() -> None:
    measurement = judge(run(1000, late=120))

    remedy = "lower the rate or give the generator another core"
    assert measurement.reasons == (f"12% of the arrivals (120 of 1000) started more than 10ms late; {remedy}",)
    assert measurement.remedies == (remedy,)


def test_every_reason_is_given_and_each_remedy_once() -> None:
    measurement = judge(run(1000, late=120, dropped=100, starved=3), lost_workers=2)

    assert len(measurement.reasons) == 4
    assert len(measurement.remedies) == 3
    assert "10% of the due arrivals (100 of 1000)" in measurement.reasons[0]
    assert "2 workers were lost" in measurement.reasons[2]
    assert "3 times" in measurement.reasons[3]


def test_the_limit_of_lateness_follows_the_median() -> None:
    assert late_limit_ns(Snapshot()) == 10 * MS
    assert late_limit_ns(run(10, p50_ms=50)) == 10 * MS
    assert late_limit_ns(run(10, p50_ms=1000)) == pytest.approx(100 * MS, rel=0.001)
