"""Arrivals come when they are due, whatever becomes of them."""

import os
import re
import signal
import socket
import time
from pathlib import Path

from tests.support.command import finish, run, scenario, start, write_yaml
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
        data = scenario(url, [{"duration": 3, "arrivalRate": 60_000}], GET, thresholds=["http.requests > 0"])
        result = run(tmp_path, data, "-q", "--workers", "1", "--graceful-stop", "2s", timeout=90)
    assert result.code == 5
    assert "INVALID      http.requests > 0" in result.out  # it holds, and is not passed
    reason = next(line for line in result.out.splitlines() if line.startswith("INVALID: ") and "arrivals" in line)
    assert re.search(r"worker 0 at \d+% CPU", reason), reason
    assert re.search(r"use --workers 2|lower the rate below about [\d,]+/s \(achieved [\d,]+/s\)", reason), reason
    counters = result.counters
    assert counters["arrivals.due"] == counters["arrivals.started"] + counters["arrivals.dropped"] == 180_000
    assert counters["vusers.created"] == counters["vusers.completed"] + counters.get("vusers.failed", 0)
    assert result.report is not None
    assert result.report["loadkit"]["measurement"]["status"] == "invalid"
    health = result.report["loadkit"]["health"]
    assert max(one["rss_bytes"]["max"] for one in (*health["workers"], health["coordinator"])) < 200 * 2**20


def test_a_worker_that_the_machine_did_not_run_is_not_told_to_work_less(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    with steady_server() as url:
        flow = [{"get": {"url": "/"}}, {"log": "begun"}]
        process = start(
            "run", write_yaml(tmp_path, scenario(url, [{"duration": 4, "arrivalRate": 100}], flow)), "-o", report
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        (worker,) = map(int, Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split())
        os.kill(worker, signal.SIGSTOP)
        time.sleep(1)
        os.kill(worker, signal.SIGCONT)
        result = finish(process, report)
    assert result.code == 5
    assert re.search(r"the machine did not give worker 0 its core for \d", result.out), result.out
    assert "lower the rate" not in result.out
    assert result.report is not None
    (seen,) = result.report["loadkit"]["health"]["workers"]
    assert 900 <= seen["stall_ms"]["max"] <= seen["loop_lag_ms"]["max"]
    assert seen["lag_ms"]["max"] >= 900
