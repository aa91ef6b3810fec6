"""Series that a scenario names, and what they are by their names."""

import pytest

from loadkit.observe.declared import series_faults, wanted
from loadkit.slo.metric import Kind


@pytest.mark.parametrize(
    ("item", "kind"),
    [
        ("process_resident_memory_bytes", Kind.BYTES),
        ({"metric": "sent_bytes_total", "rate": True}, Kind.BYTES),
        ({"metric": "process_cpu_seconds_total", "rate": True}, Kind.RATIO),
        ({"metric": "http_requests_total", "rate": True}, Kind.RATE),
        ("http_requests_total", Kind.COUNT),
        ("cache_hit_ratio", Kind.RATIO),
        ("gc_pause_seconds", Kind.TIME),
        ("process_start_time_seconds", Kind.COUNT),
        ("process_open_fds", Kind.COUNT),
        ({"metric": "queue", "unit": "bytes"}, Kind.BYTES),
    ],
)
def test_the_end_of_a_name_says_what_it_is_unless_the_unit_does(item: object, kind: Kind) -> None:
    (found,) = wanted({"series": [item]})
    assert found.series.kind is kind


def test_what_holds_bytes_is_judged_for_leaks_and_rates_are_not() -> None:
    held, sent = wanted({"series": ["held_bytes", {"metric": "sent_bytes_total", "rate": True}]})
    assert held.series.least_growth
    assert sent.series.least_growth is None


def test_seconds_are_counted_in_nanoseconds() -> None:
    (found,) = wanted({"series": [{"metric": "gc_pause_seconds", "as": "gc"}]})
    assert (found.series.name, found.scaled(0.25)) == ("gc", 250_000_000)


def test_a_single_number_is_called_value() -> None:
    assert [one.series.name for one in wanted({})] == ["value"]


@pytest.mark.parametrize("series", [["a.b"], ["a b"], ["up", "up"], [{"metric": "x", "as": "9"}]])
def test_names_that_no_threshold_could_say_are_refused(series: list[object]) -> None:
    assert [fault.key for fault in series_faults({"series": series})] == ["series"]
