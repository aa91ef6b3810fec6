"""The clock of the engine against a server whose delay is known."""

from pathlib import Path

import pytest

from tests.support.command import run, scenario
from tests.support.steady_server import steady_server

# A shared machine hands out its cores in slices of milliseconds; medians survive that, tails do not.
MARGIN_MS = 1.0


@pytest.mark.parametrize("delay_ms", [2, 20])
def test_the_median_is_the_servers_delay(tmp_path: Path, delay_ms: float) -> None:
    with steady_server(delay_ms) as url:
        data = scenario(url, [{"duration": 4, "arrivalRate": 100}], [{"get": {"url": "/"}}, {"get": {"url": "/"}}])
        result = run(tmp_path, data)
    for metric in ("http.response_time", "http.service_time"):
        median = result.summaries[metric]["median"]
        assert delay_ms <= median <= delay_ms + MARGIN_MS, metric
    assert result.counters["http.requests"] == 800


def test_a_closed_user_waits_for_the_server_and_no_longer(tmp_path: Path) -> None:
    with steady_server(10) as url:
        result = run(tmp_path, scenario(url, [{"duration": 3, "users": 5}], [{"get": {"url": "/"}}]))
    assert result.summaries["http.response_time"]["median"] == pytest.approx(10, abs=MARGIN_MS)
    assert result.counters["http.requests"] == pytest.approx(3 * 5 * 100, rel=0.15)
