"""Arrivals come when they are due, whatever becomes of them."""

import resource
import socket
from pathlib import Path

from tests.support.command import run, scenario
from tests.support.steady_server import steady_server

GET = [{"get": {"url": "/"}}]


def test_the_schedule_is_kept_while_every_connection_is_refused(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound and not listening: refuses, and nobody else gets the port
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        result = run(tmp_path, scenario(url, [{"duration": 4, "arrivalRate": 500}], GET))
    assert result.counters["errors.ECONNREFUSED"] == result.counters["http.requests"] == 2000
    assert result.counters["arrivals.started"] == result.counters["vusers.failed"] == 2000
    assert result.summaries["generator.lag"]["p99"] < 20


def test_starts_are_on_time_at_a_thousand_arrivals_a_second(tmp_path: Path) -> None:
    with steady_server() as url:
        result = run(tmp_path, scenario(url, [{"duration": 4, "arrivalRate": 1000}], GET))
    assert result.counters["arrivals.started"] == 4000
    assert result.summaries["generator.lag"]["median"] < 1
    assert result.summaries["generator.lag"]["p99"] < 20


def test_a_rate_that_no_core_can_keep_is_invalid_and_memory_stays_bounded(tmp_path: Path) -> None:
    with steady_server() as url:
        data = scenario(url, [{"duration": 3, "arrivalRate": 60_000}], GET)
        result = run(tmp_path, data, "--graceful-stop", "2s", timeout=90)
    assert result.code == 5
    counters = result.counters
    assert counters["arrivals.due"] == counters["arrivals.started"] + counters["arrivals.dropped"] == 180_000
    assert counters["vusers.created"] == counters["vusers.completed"] + counters.get("vusers.failed", 0)
    assert result.report is not None
    assert result.report["loadkit"]["measurement"]["status"] == "invalid"
    largest_kib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss  # of all processes these tests have waited for
    assert largest_kib < 300 * 1024
