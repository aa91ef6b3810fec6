"""Growth of what is observed: what is kept of a run, and what a threshold says about it."""

import random
import re

import pytest

from loadkit.metrics.gauge import Gauge
from loadkit.metrics.snapshot import COORDINATOR, Snapshot
from loadkit.slo.evaluate import Status, Verdict
from loadkit.slo.expression import parse_threshold
from loadkit.slo.growing import MOST_CELLS, Cells, GrowthWatch
from loadkit.slo.judge import judge_objectives
from loadkit.slo.leak import findings
from loadkit.slo.observed import LOST
from loadkit.slo.validity import Measurement, Validity
from loadkit.stats.course import Course
from loadkit.stats.growth import Severity
from tests.support.observed import MB, observed, seconds

NOISE = random.Random(7)


def course(per_s: float, length: int = 60) -> list[float]:
    """Memory that grows by so much a second, with noise."""
    return [100 * MB + per_s * second + NOISE.uniform(0, 0.2 * MB) for second in range(length)]


def watched(values: list[float], requests: int = 50, warmup_s: float | None = 5.0) -> GrowthWatch:
    watch = GrowthWatch(observed(warmup_s))
    for snapshot in seconds(values, requests):
        watch.add(snapshot)
    return watch


def verdict(text: str, watch: GrowthWatch, measurement: Measurement | None = None) -> Verdict:
    objective = parse_threshold(text, observed=observed())
    (made,) = judge_objectives([objective], Snapshot(), 60.0, measurement=measurement or Measurement(), growth=watch)
    return made


def test_a_leak_of_ten_kilobytes_a_request_is_told_as_such() -> None:
    (found,) = findings(watched(course(0.5 * MB)).all())
    assert found.severity is Severity.CRITICAL
    assert found.grown.growth.per(1).value == pytest.approx(10_000, rel=0.05)
    assert "per 1,000 requests (95% CI" in found.text
    assert "heap snapshots" in found.advice


def test_memory_that_stays_is_no_leak_and_asks_for_nothing() -> None:
    (found,) = findings(watched(course(0.0)).all())
    assert (found.severity, found.advice) == (Severity.NONE, "")
    assert found.text.startswith("no leak: ")


def test_a_cache_that_fills_is_no_critical_leak() -> None:
    filling = [100 * MB + 60 * MB * (1 - 0.93**second) for second in range(60)]
    (found,) = findings(watched(filling).all())
    assert (found.grown.growth.course, found.severity) == (Course.CACHE, Severity.WARNING)
    assert "ever slower" in found.text


def test_what_grew_only_towards_the_end_is_said_and_decides_nothing() -> None:
    late = [100 * MB + max(0, second - 45) * 2 * MB + NOISE.uniform(0, 0.2 * MB) for second in range(60)]
    watch = watched(late)
    (found,) = findings(watch.all())
    assert (found.grown.growth.course, found.severity) == (Course.LATE, Severity.WARNING)
    assert re.search(r"from 95\.\d MiB to 11\d\.\d MiB, only since 4\ds: ", found.text), found.text
    assert "run longer to see whether it stops" in found.advice
    made = verdict("observe.api.rss.growth < 8MB per 500 requests", watch)
    assert made.status is Status.INCONCLUSIVE
    assert made.reason == "it grew only towards the end: a longer run decides"
    assert verdict("observe.api.rss.growth < 1GB per 500 requests", watch).status is not Status.FAIL


def test_what_was_0_all_the_time_holds() -> None:
    watch = GrowthWatch(observed())
    for snapshot in seconds([0.0] * 60, series="restarts"):
        watch.add(snapshot)
    assert verdict("observe.api.restarts.growth < 1 per 1h", watch).status is Status.PASS


def test_a_step_is_told_with_its_time() -> None:
    (found,) = findings(
        watched([(100 if second < 30 else 150) * MB + NOISE.uniform(0, MB) for second in range(60)]).all()
    )
    assert (found.grown.growth.course, found.severity) == (Course.STEP, Severity.NONE)
    assert re.search(r"in one step before 3\d", found.text), found.text


def test_without_requests_growth_is_told_over_time() -> None:
    (found,) = findings(watched(course(0.5 * MB), requests=0).all())
    assert found.grown.by_time
    assert "an hour" in found.text


def test_too_short_a_run_says_what_it_takes() -> None:
    (found,) = findings(watched(course(0.5 * MB, length=12)).all())
    assert "7 samples after the warm-up, and it takes 10" in found.text
    assert findings(GrowthWatch(observed()).all()) == ()


@pytest.mark.parametrize(
    ("text", "status", "reason"),
    [
        ("observe.api.rss.growth < 8MB per 500 requests", Status.PASS, ""),
        ("observe.api.rss.growth < 3MB per 500 requests", Status.FAIL, ""),
        ("observe.api.rss.growth < 2GB per 1h", Status.PASS, ""),
        ("observe.api.rss.growth < 1GB per 1h", Status.FAIL, ""),
        (
            "observe.api.rss.growth < 1GB per 9000 requests",
            Status.INCONCLUSIVE,
            "2350 requests in the 47s after the warm-up",
        ),
    ],
)
def test_the_whole_interval_decides(text: str, status: Status, reason: str) -> None:
    made = verdict(text, watched(course(0.5 * MB)))
    assert made.status is status
    assert reason in made.reason
    if made.observed is not None:
        assert made.low is not None
        assert made.high is not None
        assert made.low <= made.observed <= made.high


def test_an_interval_that_holds_the_limit_decides_nothing() -> None:
    watch = watched([100 * MB + 0.02 * MB * second + NOISE.uniform(0, 8 * MB) for second in range(60)])
    slope = watch.grown("api", "rss").growth.per(500)
    made = verdict(f"observe.api.rss.growth < {max(1, round((slope.low + slope.high) / 2))} per 500 requests", watch)
    assert (made.status, made.reason) == (Status.INCONCLUSIVE, "the interval holds the limit: a longer run decides")


def test_what_was_never_seen_does_not_hold_and_what_is_invalid_decides_nothing() -> None:
    text = "observe.api.rss.growth < 8MB per 500 requests"
    never = verdict(text, GrowthWatch(observed()))
    assert (never.status, never.observed_text) == (Status.FAIL, "no samples")
    assert never.reason == "no samples: observe.api.rss was never measured"
    made = verdict(text, watched(course(0.5 * MB)), Measurement(status=Validity.INVALID))
    assert made.status is Status.INVALID


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (course(0.0, 20), course(1.0 * MB, 40), Severity.CRITICAL),  # the leak is that of the process that is there now
        ([20 * MB] * 20, course(0.0, 40), Severity.NONE),  # a new process that holds more has not grown
    ],
)
def test_growth_is_that_of_the_process_that_took_the_place(
    before: list[float], after: list[float], told: Severity
) -> None:
    watch = GrowthWatch(observed())
    times = [0.0] * len(before) + [1.0] * len(after)
    for memory, restarts in zip(seconds([*before, *after]), seconds(times, series="restarts"), strict=True):
        memory.merge(restarts)
        watch.add(memory)
    (found,) = findings(watch.all())
    assert (found.severity, found.grown.first) == (told, after[0])


def test_how_often_a_process_was_started_anew_is_not_forgotten_when_it_is_again() -> None:
    watch = GrowthWatch(observed())
    for snapshot in seconds([float(second // 5) for second in range(60)], series="restarts"):
        watch.add(snapshot)
    assert verdict("observe.api.restarts.growth < 1 per 1h", watch).status is Status.FAIL


def test_the_unit_of_work_stands_in_the_verdict() -> None:
    made = verdict("observe.api.rss.growth < 8MB per 500 requests", watched(course(0.5 * MB)))
    assert made.observed_text.endswith("MB per 500 requests")
    assert made.limit_text == "< 8 MB per 500 requests"


def test_a_long_run_keeps_its_low_points_and_stays_small() -> None:
    cells = Cells()
    for second in range(50_000):
        cells.add(float(second), second * 10, 100.0 + second + (50 if second % 2 else 0))
    assert len(cells.values) < MOST_CELLS
    assert cells.at_s == sorted(cells.at_s)
    assert all(value == 100.0 + at for at, value in list(zip(cells.at_s, cells.values, strict=True))[:1000])
    assert cells.most == 100.0 + 49_999 + 50


def test_the_limit_of_a_series_says_how_much_time_is_left() -> None:
    watch = GrowthWatch(observed())
    for memory, most in zip(seconds(course(0.5 * MB)), seconds([1000.0 * MB] * 60, series="most"), strict=True):
        memory.merge(most)
        watch.add(memory)
    (found,) = findings(watch.all())
    assert found.grown.growth.left_s == pytest.approx(1740, rel=0.1)
    assert "its limit (most) is reached in 2" in found.text


@pytest.mark.parametrize(("lost", "reason"), [(5, ""), (30, "30 of 60 s without a sample")])
def test_a_verdict_says_what_was_missing_of_what_it_is_about(lost: int, reason: str) -> None:
    summary = Snapshot()
    for index, snapshot in enumerate(seconds([1.0] * 60)):
        if index >= 60 - lost:
            snapshot.gauges = {(f"{LOST}api", COORDINATOR): Gauge.seen(snapshot.end_ns, 1.0)}
        summary.merge(snapshot)
    objective = parse_threshold("observe.api.rss.max < 8MB", observed=observed())
    (made,) = judge_objectives([objective], summary, 60.0, measurement=Measurement())
    assert (made.status, made.reason) == (Status.PASS, reason)
