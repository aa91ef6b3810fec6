"""Numbers of a run with what encloses them."""

import numpy as np
import pytest

from loadkit.metrics.estimates import Estimates
from loadkit.metrics.histogram import Histogram
from loadkit.metrics.snapshot import Snapshot, merge_all
from loadkit.metrics.track import Leg, Place, Track
from loadkit.units import NS_PER_MS, NS_PER_S
from tests.unit.metrics.test_track import part, second

RESPONSE = "http.response_time"


def estimates(seconds: int, requests: int = 100, *, warm: int = 0) -> Estimates:
    """Of a run whose first seconds are slow, and judged unless they are a warm-up phase."""
    phases = [Leg(0, 0, warm * NS_PER_S, judged=False)] if warm else []
    phases.append(Leg(1, warm * NS_PER_S, seconds * NS_PER_S))
    track, told = Track(phases), []
    for number in range(seconds):
        slow = 200 if number < 3 else 20
        parts = {(0 if number < warm else 1, "browse"): part(ms=slow, requests=requests, seed=number)}
        told.append(second(number, parts))
        track.add(told[-1])
    summary = merge_all(told)
    judged = Snapshot.of_parts(0, summary.end_ns, {(1, "browse"): summary.parts[1, "browse"]}) if warm else summary
    return Estimates(track, summary, judged)


def test_a_percentile_is_that_of_the_judged_and_lies_in_its_interval() -> None:
    made = estimates(120, warm=5).percentile(Place(RESPONSE), 95)
    assert made is not None
    assert made.low is not None
    assert made.high is not None
    assert made.low < made.value < made.high
    truth = 20 * NS_PER_MS * np.exp(0.4 * 1.6448536)
    assert made.low < truth < made.high
    assert made.value == pytest.approx(truth, rel=0.03)
    assert (made.n, made.seconds) == (11_500, 114.0)  # 115 s in cells of 2 s
    assert made.certified


def test_the_first_tenth_is_no_steady_load() -> None:
    made = estimates(50).percentile(Place(RESPONSE), 50)
    assert made is not None
    assert made.seconds == 45
    assert made.n_eff > made.n / 4  # the slow beginning is not taken for dependence
    assert made.note == "not certified: 45 s of steady load, 100 s are needed"


def test_too_few_samples_leave_the_number_alone() -> None:
    made = estimates(20, requests=2).percentile(Place(RESPONSE, "/"), 99)
    assert made is not None
    assert made.note == "not enough samples: p99 needs at least 299, has 40"


@pytest.mark.parametrize(
    "place", [Place(RESPONSE, "/nowhere"), Place("http.first_byte"), Place(RESPONSE, "/", phase=1)]
)
def test_what_has_no_course_has_no_estimate(place: Place) -> None:
    assert estimates(5).percentile(place, 95) is None


def test_phases_and_scenarios_have_their_own() -> None:
    made = estimates(40, warm=5).all()
    assert made[Place(f"{RESPONSE}.p50", phase=0)].value > 4 * made[Place(f"{RESPONSE}.p50", phase=1)].value
    assert made[Place(f"{RESPONSE}.p50", scenario="browse")] == made[Place(f"{RESPONSE}.p50")]
    assert {place.metric for place in made} == {
        f"http.{time}_time.{p}" for time in ("response", "service") for p in ("p50", "p95", "p99")
    }


def test_a_ratio_has_an_interval_of_its_own() -> None:
    made = estimates(40).ratio(Place("http.error_rate"), 0, 4000)
    assert made is not None
    assert (made.low, made.high) == (0.0, pytest.approx(3.69 / 4000, rel=0.01))
    assert estimates(5).ratio(Place("http.error_rate"), 0, 0) is None


def test_quantiles_are_spread_evenly_within_a_bin() -> None:
    histogram = Histogram()
    histogram.record(np.full(1000, 100 * NS_PER_MS, np.int64))
    histogram.record(np.array([1, 200 * NS_PER_MS]))
    middle, later = histogram.quantile_ns(0.5), histogram.quantile_ns(0.75)
    assert 99.9 * NS_PER_MS < middle < later < 100.1 * NS_PER_MS
    assert histogram.quantile_ns(2.0) == 200 * NS_PER_MS
    assert Histogram().quantile_ns(0.5) == 0
