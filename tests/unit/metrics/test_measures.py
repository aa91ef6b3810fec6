"""What a run is compared by: its steady part, of those that went well and of all."""

import numpy as np
import pytest

from loadkit.metrics.histogram import Histogram
from loadkit.metrics.measures import Measures, measure
from loadkit.metrics.snapshot import Snapshot, merge_all
from loadkit.metrics.track import Leg, Track
from loadkit.units import NS_PER_MS, NS_PER_S
from tests.unit.metrics.test_track import part, second


def times(ms: float, count: int) -> Histogram:
    made = Histogram()
    made.record(np.full(count, int(ms * NS_PER_MS)))
    return made


def measured(seconds: list[Snapshot], *, warm: int = 0) -> Measures:
    """The measures of a run whose seconds came so; the first `warm` of them are a warm-up phase."""
    phases = [Leg(0, 0, warm * NS_PER_S, judged=False)] if warm else []
    track = Track([*phases, Leg(1, warm * NS_PER_S, len(seconds) * NS_PER_S)])
    for one in seconds:
        track.add(one)
    summary = merge_all(seconds)
    parts = {place: part for place, part in summary.parts.items() if place[0] == 1}
    return measure(track, Snapshot.of_parts(0, summary.end_ns, parts))


def run(count: int, *, slow: int = 0, warm: int = 0, rest: bool = False) -> list[Snapshot]:
    made = [
        second(number, {(0 if number < warm else 1, "buy"): part(ms=900 if number < slow else 20, seed=number)})
        for number in range(count)
    ]
    if rest:
        made.append(second(count, {(1, "buy"): part(ms=5000, seed=count)}, lasts_ns=NS_PER_S // 4))
    return made


def test_the_slow_beginning_and_the_rest_of_a_last_second_are_left_out() -> None:
    found = measured(run(40, slow=4, rest=True))
    assert (found.begun_s, found.steady_s) == (4, 36)
    whole, named = found.series
    assert (whole.name, named.name) == (None, "/")
    for word, spread in (("p50", 0.0), ("p95", 1.645), ("p99", 2.326)):
        estimate = whole.good[word]
        assert estimate.n == 3600
        assert estimate.value == pytest.approx(20 * NS_PER_MS * np.exp(0.4 * spread), rel=0.06)
        assert estimate.low is not None
        assert estimate.low <= estimate.value
        assert estimate.degrees == 9
    assert whole.requests == 4100  # errors are counted in all that is judged


def test_after_a_warm_up_phase_nothing_more_is_left_out() -> None:
    found = measured(run(15, slow=5, warm=5), warm=5)
    assert (found.begun_s, found.steady_s) == (0, 10)
    assert found.series[0].good["p95"].n == 1000
    assert found.series[0].good["p95"].degrees == 4
    assert found.series[0].good["p50"].value < 30 * NS_PER_MS


def test_fast_errors_do_not_make_a_run_look_fast() -> None:
    """Of 100 requests a second 10 get a 503 in 1 ms, 20 fail after 3 s, and 70 take 20 ms."""
    made = []
    for number in range(40):
        counters = {("http.requests", "/"): 100, ("http.responses", "/"): 80, ("http.codes.503", "/"): 10}
        responses = times(20, 70)
        responses.merge(times(1, 10))
        histograms = {
            ("http.response_time", "/"): responses,
            ("http.response_time.5xx", "/"): times(1, 10),
            ("http.failure_time", "/"): times(3000, 20),
        }
        made.append(second(number, {(1, "buy"): Snapshot(counters=counters, histograms=histograms)}))
    whole = measured(made).series[0]
    assert (whole.requests, whole.errors) == (4000, 1200)
    assert whole.every is not None
    assert whole.good["p50"].n == 36 * 70
    assert whole.every["p50"].n == 36 * 100
    assert whole.good["p95"].value == pytest.approx(20 * NS_PER_MS, rel=0.01)
    assert whole.every["p95"].value == pytest.approx(3000 * NS_PER_MS, rel=0.01)
    assert whole.every["p95"].n_eff == pytest.approx(3600)  # the same in each second: no dependence


def test_failures_that_come_late_are_told_apart_from_the_cells_of_all() -> None:
    """Cells of what failed may be narrower than those of responses; a burst of failures counts as dependence."""
    made = []
    for number in range(130):
        one = part(ms=20, seed=number)
        if number == 100:
            one.counters["http.requests", "/"] += 50
            one.histograms["http.failure_time", "/"] = times(3000, 50)
        made.append(second(number, {(1, "buy"): one}))
    whole = measured(made).series[0]
    assert (whole.errors, whole.clustering.degrees) == (50, 9)
    assert whole.clustering.inflation > 5
    assert whole.every is not None
    assert whole.every["p99"].n == whole.good["p99"].n + 50


def test_a_run_of_nothing_has_no_series() -> None:
    assert measured([Snapshot(0, NS_PER_S)]).series == ()
