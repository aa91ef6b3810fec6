"""A server that stands still for a second: what users felt is in response time, what closed tools see in service time."""

from pathlib import Path

import pytest

from tests.support.command import run, scenario
from tests.support.ideal_client import ideal_latencies_ms
from tests.support.steady_server import steady_server

RATE, SECONDS = 500, 8
PAIRS = 3
FREEZE = {"freeze_at_s": 3, "freeze_s": 1}


def test_response_time_tells_the_truth_about_a_freeze(tmp_path: Path) -> None:
    """The machine may freeze too, while either of the two is running: then another pair is compared."""
    pairs = []
    for _ in range(PAIRS):
        with steady_server(1, **FREEZE) as url:
            truth = ideal_latencies_ms(url, RATE, SECONDS)
        with steady_server(1, **FREEZE) as url:
            result = run(tmp_path, scenario(url, [{"duration": SECONDS, "arrivalRate": RATE}], [{"get": {"url": "/"}}]))
        assert result.counters["http.requests"] == len(truth) == RATE * SECONDS
        pairs.append((result.summaries["http.response_time"]["p95"], truth[int(len(truth) * 0.95)]))
        if pairs[-1][0] == pytest.approx(pairs[-1][1], rel=0.05):
            return
    pytest.fail(f"p95 and its truth, in ms, {PAIRS} times: {pairs}")


def test_a_paced_closed_model_counts_the_slots_that_passed(tmp_path: Path) -> None:
    """50 users at 500/s owe 500 requests after a freeze of one second; an unpaced tool would forget them."""
    phases = [{"duration": SECONDS, "users": 50, "throughput": f"{RATE}/s"}]
    with steady_server(1, **FREEZE) as url:
        truth = ideal_latencies_ms(url, RATE, SECONDS)
    with steady_server(1, **FREEZE) as url:
        result = run(tmp_path, scenario(url, phases, [{"get": {"url": "/"}}]))
    true_p95 = truth[int(len(truth) * 0.95)]
    assert result.counters["http.requests"] == pytest.approx(RATE * SECONDS, abs=50)
    assert result.summaries["http.response_time"]["p95"] == pytest.approx(true_p95, rel=0.05)
    # every user had one request on its way: that is all service time knows of the freeze
    assert result.summaries["http.service_time"]["p95"] < true_p95 / 10
