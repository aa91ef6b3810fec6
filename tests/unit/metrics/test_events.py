"""Good and bad events, counted from the rows of a series and from what is no row."""

from time import perf_counter_ns

import pytest

from loadkit.metrics.book import Series
from loadkit.metrics.family import PYTHON
from loadkit.metrics.recorder import Recorder
from loadkit.metrics.snapshot import Snapshot
from loadkit.slo.condition import parse_condition
from loadkit.slo.indicator import Counted, Indicator, availability, checks, condition, latency
from loadkit.units import NS_PER_MS

KINDS = frozenset({"statusCode"})


def counted(indicator: Indicator, **narrowed: str) -> Counted:
    return Counted(good="slo.it.good", bad="slo.it.bad", indicator=indicator, **narrowed)


def request(series: Series, status: int, ms: int, start: int = 0) -> None:
    begun, end = start or perf_counter_ns(), ms * NS_PER_MS
    series.rows.extend((begun, begun, begun, begun, begun, begun + end, status, 10, 5, 5))


def seen(snapshot: Snapshot) -> tuple[int, int]:
    return snapshot.count("slo.it.good"), snapshot.count("slo.it.bad")


def test_status_and_time_of_one_request_decide_together() -> None:
    recorder = Recorder()
    series = recorder.book("s").series("/")
    text = "status < 500 and latency < 300ms"
    recorder.count_all_events([counted(condition(text, parse_condition(text)))])
    for status, ms in ((200, 10), (200, 300), (503, 10), (503, 400), (404, 299)):
        request(series, status, ms)
    assert seen(recorder.snapshot(0, 1)) == (2, 3)


def test_a_request_without_a_response_is_an_event() -> None:
    recorder = Recorder()
    book = recorder.book("s")
    series = book.series("/")
    recorder.count_all_events([counted(latency(300 * NS_PER_MS))])
    book.failure("/", "ECONNREFUSED", NS_PER_MS, events=series.counts)
    assert seen(recorder.snapshot(0, 1)) == (0, 1)


def test_a_check_that_does_not_hold_takes_back_that_the_request_was_good() -> None:
    recorder = Recorder()
    book = recorder.book("s")
    series, other = book.series("/", checks=KINDS), book.series("/")
    recorder.count_all_events([counted(checks(frozenset()))])
    for _ in range(3):
        request(series, 200, 1)
    book.unheld(series, KINDS)
    request(other, 200, 1)  # a request of the same name without checks is no event
    assert seen(recorder.snapshot(0, 1)) == (2, 1)


def test_checks_of_other_kinds_take_nothing_back() -> None:
    recorder = Recorder()
    book = recorder.book("s")
    series = book.series("/", checks=KINDS | {"hasHeader"})
    recorder.count_all_events([counted(checks(KINDS))])
    request(series, 200, 1)
    book.unheld(series, frozenset({"hasHeader"}))
    assert seen(recorder.snapshot(0, 1)) == (1, 0)


def test_events_belong_to_the_phase_of_the_intended_instant() -> None:
    recorder = Recorder()
    book = recorder.book("s")
    series = book.series("/", checks=KINDS)
    recorder.count_all_events([counted(checks(frozenset()))])
    recorder.begin_phase(0, 100)
    recorder.begin_phase(1, 200)
    request(series, 200, 1, start=150)
    book.unheld(series, KINDS)
    request(series, 200, 1, start=250)
    snapshot = recorder.snapshot(0, 1)
    assert [seen(snapshot.select(phase=phase)) for phase in (0, 1)] == [(0, 1), (1, 0)]


@pytest.mark.parametrize(
    ("narrowed", "good"), [({}, 3), ({"request": "/a"}, 2), ({"scenario": "buy"}, 1), ({"scenario": "x"}, 0)]
)
def test_an_objective_may_be_about_one_request_or_scenario(narrowed: dict[str, str], good: int) -> None:
    recorder = Recorder()
    made = [
        recorder.book("browse").series("/a"),
        recorder.book("browse").series("/b"),
        recorder.book("buy").series("/a"),
    ]
    recorder.count_all_events([counted(availability(), **narrowed)])
    for series in made:
        request(series, 200, 1)
    assert seen(recorder.snapshot(0, 1)) == (good, 0)


def test_a_call_that_returned_is_available_and_has_no_status() -> None:
    recorder = Recorder()
    series = recorder.book("s").calls("pay")
    text = "status < 500"
    about_status = Counted(good="slo.http.good", bad="slo.http.bad", indicator=condition(text, parse_condition(text)))
    recorder.count_all_events([counted(availability()), about_status])
    now = perf_counter_ns()
    series.rows.extend((now, now, now + 5))
    assert series.family is PYTHON
    snapshot = recorder.snapshot(0, 1)
    assert seen(snapshot) == (1, 0)
    assert snapshot.count("slo.http.good") + snapshot.count("slo.http.bad") == 0


def test_without_objectives_nothing_is_counted() -> None:
    recorder = Recorder()
    request(recorder.book("s").series("/"), 200, 1)
    assert not [metric for metric, _ in recorder.snapshot(0, 1).counters if metric.startswith("slo.")]
