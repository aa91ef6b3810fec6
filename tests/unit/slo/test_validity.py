"""The one rule that says whether a measurement can be believed."""

from __future__ import annotations

import numpy as np
import pytest

from loadkit.metrics.gauge import Gauge
from loadkit.metrics.histogram import Histogram
from loadkit.metrics.snapshot import COORDINATOR, Snapshot
from loadkit.slo.cause import Generator
from loadkit.slo.validity import Validity, judge, late_limit_ns
from loadkit.units import NS_PER_S

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
    assert judge(run(1000), generator=Generator(busy_s={0: 4.9, 1: 3})).status is Validity.VALID
    measurement = judge(run(1000), generator=Generator(busy_s={0: 4.9, 1: 7}, cores=2))
    assert measurement.status is Validity.SUSPECT
    assert measurement.reasons == ("worker 1 kept its core above 80% for 7s; use --workers 2",)
    assert judge(run(1000, late=100), generator=Generator(busy_s={0: 60})).status is Validity.INVALID


def test_a_busy_coordinator_is_suspect() -> None:
    measurement = judge(run(1000), generator=Generator(busy_s={COORDINATOR: 6, 0: 1}))

    assert measurement.status is Validity.SUSPECT
    assert measurement.reasons[0].startswith("the coordinator kept its core above 80% for 6s; ")


@pytest.mark.parametrize(
    ("late", "phase", "status"),
    [(10, 0, Validity.VALID), (11, 0, Validity.SUSPECT), (900, 1, Validity.VALID)],
)
def test_responses_that_lay_unread_are_suspect_where_a_rate_was_asked_for(
    late: int, phase: int, status: Validity
) -> None:
    """Phase 1 is closed and without pacing."""
    lags = {("generator.loop_lag", "worker 0"): histogram((late, 30), (1000 - late, 1))}
    summary = Snapshot.of_parts(0, 20 * 10**9, {(phase, ""): Snapshot(end_ns=20 * 10**9, histograms=lags)})

    measurement = judge(summary, generator=Generator(unpaced=frozenset([1])))

    assert measurement.status is status
    assert all("up to 30ms (the p99 of the loop lag of worker 0)" in reason for reason in measurement.reasons)


def test_an_unpaced_closed_run_is_as_fast_as_the_generator_and_valid() -> None:
    measurement = judge(Snapshot(), generator=Generator(bound_s={0: 20.0, 1: 0.5, COORDINATOR: 9}))

    assert (measurement.status, measurement.reasons) == (Validity.VALID, ())
    assert [note[:44] for note in measurement.notes] == ["generator-bound: without pacing worker 0 use"]


@pytest.mark.parametrize(
    ("text", "what", "remedy"),
    [
        ("a:80: [Errno 24] Too many open files (x)", "ran out of descriptors 3 times", "raise `ulimit -n`"),
        ("a:80: [Errno 99] Cannot assign requested address", "at 900 new connections/s: a closed", "use more source"),
        ("a:80: odd", "ran out of ports or descriptors 3 times", "raise `ulimit -n`"),
    ],
)
def test_descriptors_and_ports_have_remedies_of_their_own(text: str, what: str, remedy: str) -> None:
    summary = run(1000, starved=3)
    summary.counters["http.connections", "/"] = 9000
    summary.examples["ERR_GENERATOR"] = [(0, text)]

    measurement = judge(summary, generator=Generator(seconds=10))

    assert measurement.status is Validity.INVALID
    assert what in measurement.reasons[0]
    assert remedy in measurement.reasons[0]


def test_arrivals_without_descriptors_are_not_blamed_on_the_core() -> None:
    summary = run(1000, dropped=40)
    summary.counters["arrivals.dropped.generator", "descriptors"] = 60
    summary.gauges = {("worker.fds_limit", 1): Gauge.seen(1, 1000.0), ("worker.cpu", 1): Gauge.seen(1, 0.99)}

    (reason,) = judge(summary).reasons
    assert "(100 of 1000)" in reason
    assert "for want of descriptors (worker 1 may have 1,000); raise `ulimit -n`" in reason


def test_the_reason_is_a_sentence_with_numbers_and_the_remedy() -> None:
    measurement = judge(run(1000, late=120))

    remedy = "lower the rate or give the generator another core"
    assert measurement.reasons == (f"12% of the arrivals (120 of 1000) started more than 10ms late; {remedy}",)


def test_every_reason_is_given() -> None:
    measurement = judge(run(1000, late=120, dropped=100, starved=3), lost_workers=2)

    assert len(measurement.reasons) == 4
    assert "10% of the due arrivals (100 of 1000)" in measurement.reasons[0]
    assert "2 workers were lost" in measurement.reasons[2]
    assert "3 times" in measurement.reasons[3]


def test_calls_that_waited_for_a_thread_want_threads() -> None:
    waited = run(100, late=3, lag_ms=200)
    waited.gauges = {("worker.cpu", 0): Gauge.seen(1, 0.2)}
    label = "worker 0"
    for name in ("generator.lag", "generator.thread_wait"):
        waited.histograms[name, label] = histogram((3, 200), (97, 0))
    found = judge(waited)
    assert found.status is Validity.INVALID
    assert "of the arrivals and calls" in found.reasons[0]
    assert "calls on worker 0 waited up to 200ms for a thread; raise `config.python.threads`" in found.reasons[0]


def test_calls_without_a_thread_want_threads() -> None:
    starved = run(100, starved=2)
    starved.examples = {"ERR_GENERATOR": [(1, "call f: none of 4 threads was free within 10 s")]}
    assert judge(starved).reasons[0].startswith("calls found no free thread 2 times; raise `config.python.threads`")


def test_the_limit_of_lateness_follows_the_median() -> None:
    assert late_limit_ns(Snapshot()) == 10 * MS
    assert late_limit_ns(run(10, p50_ms=50)) == 10 * MS
    assert late_limit_ns(run(10, p50_ms=1000)) == pytest.approx(100 * MS, rel=0.001)


@pytest.mark.parametrize(("delay_s", "noted"), [(0.2, False), (4.9, False), (12.0, True)])
def test_a_coordinator_that_stood_still_is_noted(delay_s: float, noted: bool) -> None:
    """Ctrl-Z pauses the load first; SIGSTOP does not ask."""
    summary = run(1000)
    summary.gauges[("coordinator.delay_s", COORDINATOR)] = Gauge.seen(NS_PER_S, delay_s)
    measurement = judge(summary)
    assert measurement.status is Validity.VALID
    assert ["a second of the run was read 12s late" in note for note in measurement.notes] == [True] * noted
