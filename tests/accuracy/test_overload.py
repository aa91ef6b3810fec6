"""More load than the target can serve: the wait in its queue is in response time, and the plan's bounds hold.

The target is a server that serves one request after another, each for a known time, so its capacity is known by construction.
"""

from pathlib import Path

import pytest

from tests.support.command import Result, run, scenario
from tests.support.ideal_client import ideal_latencies_ms
from tests.support.queue_server import queue_server

GET = [{"get": {"url": "/"}}]
SERVICE_MS = 10
CAPACITY = 1000 // SERVICE_MS
SECONDS = 4


def percentile(values: list[float], percent: float) -> float:
    return values[int(len(values) * percent / 100)]


def measured(tmp_path: Path, phase: dict[str, object], **config: object) -> Result:
    with queue_server(SERVICE_MS) as url:
        return run(tmp_path, scenario(url, [phase], GET, **config), "--graceful-stop", "30s", timeout=90)


def truth(rate: int, seconds: int = SECONDS) -> list[float]:
    with queue_server(SERVICE_MS) as url:
        return ideal_latencies_ms(url, rate, seconds)


def test_response_time_under_twice_the_capacity_is_what_an_ideal_client_sees(tmp_path: Path) -> None:
    """The k-th of R*T arrivals waits for k services less k/R: up to T seconds, and 95 % of that at p95."""
    rate = 2 * CAPACITY
    true = truth(rate)
    result = measured(tmp_path, {"duration": SECONDS, "arrivalRate": rate})
    assert result.counters["http.responses"] == len(true) == rate * SECONDS
    response, service = result.summaries["http.response_time"], result.summaries["http.service_time"]
    assert response["p95"] == pytest.approx(percentile(true, 95), rel=0.05)
    assert response["p95"] == pytest.approx(0.95 * SECONDS * 1000, rel=0.1)
    # open arrivals are sent when they are due, so the queue is the target's and both times see it
    assert service["p95"] == pytest.approx(response["p95"], rel=0.01)


def test_a_paced_closed_model_owes_what_an_overloaded_target_keeps_waiting(tmp_path: Path) -> None:
    """Ten users send one request at a time: service time is ten services, the slots that pass meanwhile are in response time."""
    rate, users = 2 * CAPACITY, 10
    result = measured(tmp_path, {"duration": SECONDS, "users": users, "throughput": f"{rate}/s"})
    response, service = result.summaries["http.response_time"], result.summaries["http.service_time"]
    served = result.counters["http.responses"]
    assert served == pytest.approx(CAPACITY * SECONDS, rel=0.1)
    # slot k is due at k/R and its response is there at k services: of all that were served, p95 waited so long
    true_p95_ms = 0.95 * served * (SERVICE_MS - 1000 / rate)
    assert response["p95"] == pytest.approx(true_p95_ms, rel=0.05)
    assert service["median"] == pytest.approx(users * SERVICE_MS, rel=0.1)


def test_a_target_ten_times_too_slow_drops_what_the_plan_says_and_stays_valid(tmp_path: Path) -> None:
    rate, most = 10 * CAPACITY, 50
    result = measured(tmp_path, {"duration": SECONDS, "arrivalRate": rate, "maxVusers": most})
    counters = result.counters
    dropped = counters["arrivals.due"] - counters["arrivals.started"]
    assert counters["arrivals.due"] == rate * SECONDS
    assert (
        dropped == counters["arrivals.dropped"] == counters["arrivals.dropped.max_vusers"] == counters["vusers.skipped"]
    )
    assert counters["arrivals.started"] == pytest.approx(CAPACITY * SECONDS + most, rel=0.1)
    assert result.report is not None
    loadkit = result.report["loadkit"]
    assert loadkit["measurement"]["status"] != "invalid", loadkit["measurement"]
    assert result.code == 0
    (worker,) = loadkit["health"]["workers"]
    assert worker["vusers_active"]["max"] <= most
    assert worker["rss_bytes"]["max"] < 150 * 2**20
    # fifty at a time in a queue of one server
    assert result.summaries["http.response_time"]["median"] == pytest.approx(most * SERVICE_MS, rel=0.1)


def test_the_median_at_half_load_is_within_a_third_of_a_millisecond(tmp_path: Path) -> None:
    """In turn with the ideal client, until the machine is quiet for both: what else it does only ever adds to a time.

    Both use a connection again once it is free; opening one takes 0.3 to 0.4 ms here, which is response time, too.
    """
    rate, seconds = CAPACITY // 2, 2
    true, seen = [], []
    for _ in range(14):
        true.append(percentile(truth(rate, seconds), 50))
        result = measured(tmp_path, {"duration": seconds, "arrivalRate": rate}, http={"pool": 20})
        seen.append(result.summaries["http.response_time"]["median"])
        if seen[-1] <= true[-1] + 0.3:
            break
    assert min(seen) >= SERVICE_MS, seen
    assert min(ours - ideal for ours, ideal in zip(seen, true, strict=True)) <= 0.3, (seen, true)
