"""What of a run is kept for confidence intervals, and how much memory that takes."""

import numpy as np
import pytest

from loadkit.metrics.histogram import Histogram
from loadkit.metrics.snapshot import Part, Snapshot
from loadkit.metrics.track import PART_NS, Leg, Place, Track
from loadkit.units import NS_PER_MS, NS_PER_S

ALL = [Leg(0, 0, 100 * NS_PER_S)]


def part(ms: float = 20, requests: int = 100, *, name: str = "/", failed: int = 0, seed: int = 0) -> Snapshot:
    """A second of one scenario in one phase: response times around so many milliseconds."""
    random = np.random.default_rng(seed)
    histogram = Histogram()
    histogram.record((random.lognormal(np.log(ms * NS_PER_MS), 0.4, requests)).astype(np.int64))
    counters = {("http.requests", name): requests, ("http.responses", name): requests, ("http.codes.503", name): failed}
    times = {("http.response_time", name): histogram, ("http.service_time", name): histogram}
    return Snapshot(counters=counters, histograms=dict(times))


def second(number: int, parts: dict[Part, Snapshot], *, lasts_ns: int = NS_PER_S) -> Snapshot:
    return Snapshot.of_parts(number * NS_PER_S, number * NS_PER_S + lasts_ns, parts)


def track_of(seconds: int, *, phases: list[Leg] | None = None, failed: int = 0) -> Track:
    made = Track(phases or ALL)
    for number in range(seconds):
        made.add(second(number, {(0, "browse"): part(seed=number, failed=failed)}))
    return made


def test_every_scope_has_its_series() -> None:
    made = Track(ALL)
    made.add(second(0, {(0, "browse"): part(), (0, "buy"): part(name="/buy")}))
    times = {place for place in made.places() if place.metric == "http.response_time"}
    assert times == {
        Place("http.response_time"),
        Place("http.response_time", "/"),
        Place("http.response_time", "/buy"),
        Place("http.response_time", phase=0),
        Place("http.response_time", scenario="browse"),
        Place("http.response_time", scenario="buy"),
    }
    assert Place("http.service_time") in made.places()
    assert Place("http.error_rate", "/buy") in made.places()


def test_independent_seconds_are_found_independent() -> None:
    found = track_of(60).dependence(Place("http.response_time"), 20 * NS_PER_MS, skip_s=6)
    assert found is not None
    assert (found.batches, found.seconds) == (10, 54.0)
    assert found.inflation < 3


def test_a_target_that_slows_down_for_a_while_is_found() -> None:
    made = Track(ALL)
    for number in range(60):
        made.add(second(number, {(0, "browse"): part(ms=40 if 20 <= number < 32 else 20, seed=number)}))
    found = made.dependence(Place("http.response_time"), 30 * NS_PER_MS, skip_s=0)
    assert found is not None
    assert found.inflation > 100


def test_an_unknown_series_has_no_course() -> None:
    assert track_of(3).dependence(Place("http.first_byte"), 1, skip_s=0) is None


def test_what_is_left_of_a_last_second_is_left_out() -> None:
    made = track_of(10)
    made.add(second(10, {(0, "browse"): part()}, lasts_ns=NS_PER_S // 3))
    assert made.seconds() == 10


def test_an_interval_that_ends_late_counts_in_its_own_second() -> None:
    made = Track(ALL)
    for number in range(10):
        made.add(second(number, {(0, "browse"): part()}, lasts_ns=NS_PER_S + 6 * NS_PER_MS))
    assert made.seconds() == 10


def test_a_warm_up_counts_in_its_own_phase_alone() -> None:
    phases = [Leg(0, 0, 5 * NS_PER_S, judged=False), Leg(1, 5 * NS_PER_S, 15 * NS_PER_S)]
    made = Track(phases)
    for number in range(15):
        made.add(second(number, {(0 if number < 5 else 1, "browse"): part(seed=number)}))
    assert (made.seconds(), made.seconds(0), made.seconds(1)) == (10, 5, 10)
    whole = made.dependence(Place("http.response_time"), 20 * NS_PER_MS, skip_s=0)
    own = made.dependence(Place("http.response_time", phase=1), 20 * NS_PER_MS, skip_s=0)
    assert whole == own
    assert Place("http.response_time", phase=0) in made.places()


def test_the_time_of_a_pause_is_nobodys() -> None:
    phases = [
        Leg(0, 0, 10 * NS_PER_S),
        Leg(1, 10 * NS_PER_S, 40 * NS_PER_S, loaded=False),
        Leg(2, 40 * NS_PER_S, 50 * NS_PER_S),
    ]
    made = Track(phases)
    for number in (*range(10), *range(40, 50)):
        made.add(second(number, {(0 if number < 10 else 2, "browse"): part(seed=number)}))
    assert made.seconds() == 20


def test_a_late_response_of_a_phase_counts_in_its_last_second() -> None:
    made = Track([Leg(0, 0, 2 * NS_PER_S), Leg(1, 2 * NS_PER_S, 9 * NS_PER_S)])
    made.add(second(5, {(0, "browse"): part(), (1, "browse"): part()}))
    assert (made.seconds(0), made.seconds(1)) == (2, 4)


def test_what_comes_after_the_last_phase_belongs_to_it() -> None:
    assert track_of(12, phases=[Leg(0, 0, 10 * NS_PER_S)]).seconds(0) == 12


def test_a_server_error_is_an_error_though_it_is_a_response() -> None:
    made = Track(ALL)
    for number in range(20):
        made.add(second(number, {(0, "browse"): part(failed=50 if number == 7 else 0, seed=number)}))
    found = made.dependence(Place("http.error_rate", "/"), PART_NS, skip_s=0)
    assert found is not None
    assert found.inflation == pytest.approx(10 * (45**2 + 9 * 5**2) / 9 / (2000 * 0.025 * 0.975))


def test_an_hour_of_a_hundred_names_takes_no_more_memory_than_promised() -> None:
    made = Track([Leg(0, 0, 3600 * NS_PER_S)])
    names = {f"/{number}": part(ms=5 + number, requests=300, name=f"/{number}", seed=number) for number in range(100)}
    whole = Snapshot()
    for each in names.values():
        whole.histograms |= each.histograms
        whole.counters |= each.counters
    sizes = []
    for number in range(0, 3600, 15):  # an hour of seconds, most of them empty, fills the same cells
        made.add(second(number, {(0, "browse"): whole}))
        sizes.append(made.nbytes())
    assert max(sizes) < 100 * 660_000
    assert max(sizes) < 20_000_000  # what so wide a spread takes in fact


def test_calls_of_functions_have_series_of_their_own() -> None:
    calls = part()
    for metric in ("requests", "responses"):
        calls.counters["python.calls" if metric == "requests" else "python.returns", "f"] = 50
    for kind in ("response_time", "service_time"):
        calls.histograms[f"python.{kind}", "f"] = calls.histogram("http.response_time")
    made = Track(ALL)
    made.add(second(0, {(0, "browse"): calls}))
    places = {place for place in made.places() if place.metric.startswith("python.")}
    assert places == {
        Place("python.response_time"),
        Place("python.response_time", "f"),
        Place("python.response_time", phase=0),
        Place("python.response_time", scenario="browse"),
        Place("python.service_time"),
        Place("python.error_rate"),
        Place("python.error_rate", "f"),
    }
