from dataclasses import replace

import pytest

from loadkit.engine.events import Interval
from loadkit.metrics.histogram import Histogram
from loadkit.metrics.snapshot import merge_all
from loadkit.outputs.progress import describe_arrivals, describe_times, format_rate, phase_at, progress
from loadkit.units import NS_PER_S
from tests.support.results import failing_second, interval, phase, plan, second

TWO = plan(phase(0, name="warm up", duration_s=10), phase(1, name="steady", start_s=10, duration_s=30))


def test_figures_are_of_the_interval():
    seen = progress(TWO, interval(second(3, requests=8)))
    assert seen.elapsed_ns == 4 * NS_PER_S
    assert seen.requests_per_s == seen.started_per_s == 8.0
    assert seen.planned_per_s == 10.0
    assert seen.vusers == 3
    assert seen.users is None


def test_phase_and_time_left_come_from_the_plan():
    seen = progress(TWO, interval(second(14)))
    assert seen.phase == "steady (2 of 2)"
    assert seen.share == pytest.approx(5 / 30)
    assert seen.left_ns == 25 * NS_PER_S


def test_the_second_that_ends_with_a_phase_belongs_to_it():
    seen = progress(TWO, interval(second(9)))
    assert seen.phase == "warm up (1 of 2)"
    assert (seen.share, seen.left_ns) == (1.0, 0)


def test_a_warm_up_is_called_one():
    warm = plan(replace(phase(0, name="slowly", duration_s=10), warmup=True), phase(1, start_s=10))
    assert progress(warm, interval(second(3))).phase == "slowly (warm-up, 1 of 2)"


def test_the_only_phase_needs_no_number():
    assert progress(plan(phase(name="steady")), interval(second(0))).phase == "steady"


def test_a_second_that_ends_a_little_late_belongs_to_its_phase():
    late = second(39)
    late.end_ns += 300_000
    assert progress(TWO, interval(late, draining=True)).phase == "steady (2 of 2)"


@pytest.mark.parametrize("index", [45, 5])  # after the last phase, and interrupted half-way
def test_once_nobody_starts_any_more_the_run_is_finishing(index):
    seen = progress(TWO, interval(second(index), draining=True))
    assert (seen.phase, seen.share, seen.planned_per_s) == ("finishing", 1.0, None)
    assert describe_arrivals(seen) == "nobody starts any more"


def test_a_moment_has_no_rate_of_its_own():
    moment = second(0, requests=1)
    moment.end_ns = 500_000
    assert progress(TWO, interval(moment)).requests_per_s == 1.0


def test_a_closed_phase_has_users_instead_of_a_rate():
    seen = progress(plan(phase(kind="closed")), interval(second(2)))
    assert (seen.users, describe_arrivals(seen)) == (5, "5 users")


def test_errors_and_drops_count_from_the_start():
    early = failing_second(0)
    early.counters["arrivals.dropped", ""] = 7
    now = second(1)
    seen = progress(TWO, Interval(snapshot=now, summary=merge_all([early, now]), draining=False))
    assert (seen.errors, seen.dropped) == (2, 7)


def test_arrivals_are_said_with_what_was_planned():
    assert describe_arrivals(progress(TWO, interval(second(0, requests=8)))) == "8.0/s of 10.0/s planned"


@pytest.mark.parametrize(("rate", "text"), [(0.0, "0.0/s"), (0.44, "0.4/s"), (48.25, "48.2/s"), (12_345.6, "12,346/s")])
def test_rates_are_said_with_what_precision_is_worth(rate, text):
    assert format_rate(rate) == text


def test_times_without_samples_say_so():
    assert describe_times(Histogram()) == "no samples"
    assert describe_times(second(0).histogram("http.service_time")).startswith("p50 20ms  p95 20ms")


def test_phase_at_is_none_after_the_last():
    assert phase_at(TWO, 40 * NS_PER_S) is None
