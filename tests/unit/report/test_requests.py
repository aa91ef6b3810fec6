import pytest

from loadkit.metrics.snapshot import Snapshot, merge_all
from loadkit.report.requests import calls_data, requests_data
from tests.support.results import failing_second, second


@pytest.fixture
def summary() -> Snapshot:
    return merge_all([second(0, requests=6), second(1, requests=4, name="/cart", ms=40), failing_second(2)])


def test_each_name_has_its_own_counts_and_times(summary: Snapshot):
    cart, products = requests_data(summary)
    assert (cart["name"], cart["requests"], cart["errors"]) == ("/cart", 6, {"ECONNREFUSED": 2})
    assert (products["name"], products["codes"]) == ("/products", {"200": 6})
    assert products["response_time_ms"]["count"] == 6
    assert products["response_time_ms"]["p95"] == pytest.approx(25, rel=0.01)
    assert products["service_time_ms"]["p95"] == pytest.approx(20, rel=0.01)
    assert list(products["timing_ms"]) == ["send", "first_byte", "receive"]
    assert products["timing_ms"]["receive"]["max"] == pytest.approx(15, rel=0.01)
    assert products["timing_ms"]["first_byte"]["count"] == 6


def test_only_names_that_are_asked_for_are_worked_out(summary: Snapshot):
    assert [row["name"] for row in requests_data(summary, ["/cart", "/nobody"])] == ["/cart"]
    assert requests_data(summary, []) == []


def test_a_run_that_calls_no_function_has_no_calls(summary: Snapshot):
    assert calls_data(summary) == []
