"""Processes that are killed or hang: who notices, how soon, and whether the books still balance."""

import asyncio
import os
import select
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import loadkit
from loadkit.fleet.local import RunOptions
from loadkit.fleet.loss import OnWorkerLoss
from loadkit.fleet.session import Session
from loadkit.units import NS_PER_S
from tests.e2e.test_run import children_of, wait_for_line
from tests.support.command import scenario, start, write_yaml
from tests.support.steady_server import steady_server

GET = [{"get": {"url": "/"}}]
SILENT_S = 2.5


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with steady_server() as made:
        yield made


def plan_of(directory: Path, url: str, seconds: int) -> Any:
    return loadkit.load(write_yaml(directory, scenario(url, [{"duration": seconds, "arrivalRate": 40}], GET)))


def check_account(result: loadkit.RunResult) -> None:
    count = result.summary.count
    assert count("arrivals.planned") == count("arrivals.started") + count("arrivals.dropped") + count("arrivals.lost")


@pytest.mark.alone
def test_workers_are_gone_half_a_second_after_their_coordinator(tmp_path: Path, url: str) -> None:
    path = write_yaml(tmp_path, scenario(url, [{"duration": 60, "arrivalRate": 40}], GET))
    process = start("run", path, "--workers", "3")
    assert process.stderr is not None
    wait_for_line(process.stderr, lambda line: "requests" in line)
    handles = [os.pidfd_open(pid) for pid in children_of(process.pid)]
    try:
        assert len(handles) == 3
        until = time.monotonic() + 0.5
        process.kill()
        for handle in handles:
            assert select.select([handle], [], [], max(0.0, until - time.monotonic()))[0], "a worker is still there"
    finally:
        for handle in handles:
            os.close(handle)
        process.communicate()


async def lose_a_worker(session: Session, number: int) -> tuple[float, list[Any], loadkit.RunResult]:
    """Signal the first worker after a second; return the seconds until the end, the intervals after it, and the result."""
    before = set(children_of(os.getpid()))
    at, intervals = 0.0, []
    async with session as events:
        async for event in events:
            if isinstance(event, loadkit.Interval) and not at:
                os.kill(min(set(children_of(os.getpid())) - before), number)
                at = time.monotonic()
            elif isinstance(event, loadkit.Interval):
                intervals.append(event)
            elif isinstance(event, loadkit.Finished):
                return time.monotonic() - at, intervals, event.result
    raise AssertionError("a run without an end")


@pytest.mark.alone
def test_a_killed_worker_is_noticed_at_once(tmp_path: Path, url: str) -> None:
    session = loadkit.run(plan_of(tmp_path, url, 60), workers=1)
    noticed_s, _, result = asyncio.run(lose_a_worker(session, signal.SIGKILL))
    assert noticed_s < 0.25
    assert (result.lost_workers, result.exit_code) == (1, 5)
    check_account(result)


def test_a_worker_that_hangs_is_lost_and_the_run_ends(tmp_path: Path, url: str) -> None:
    options = RunOptions(workers=2, silent_ns=int(SILENT_S * NS_PER_S))
    took_s, _, result = asyncio.run(lose_a_worker(Session(plan_of(tmp_path, url, 60), options), signal.SIGSTOP))
    assert SILENT_S - 0.5 < took_s < 30
    assert (result.lost_workers, result.exit_code) == (1, 5)
    assert result.summary.count("arrivals.lost") >= 20  # a second and a half of every second one
    check_account(result)


def test_a_run_may_go_on_without_a_worker_that_hangs(tmp_path: Path, url: str) -> None:
    options = RunOptions(workers=2, silent_ns=int(SILENT_S * NS_PER_S), on_worker_loss=OnWorkerLoss.DEGRADE)
    _, intervals, result = asyncio.run(lose_a_worker(Session(plan_of(tmp_path, url, 5), options), signal.SIGSTOP))
    assert sum(event.snapshot.count("http.requests") > 0 for event in intervals) >= 3
    assert (result.lost_workers, result.exit_code) == (1, 5)
    assert result.summary.count("arrivals.planned") == 200
    check_account(result)


def test_nobody_is_lost_because_the_coordinator_was_held_up(tmp_path: Path, url: str) -> None:
    options = RunOptions(workers=2, silent_ns=int(SILENT_S * NS_PER_S))

    async def main() -> loadkit.RunResult:
        held_up = False
        async for event in Session(plan_of(tmp_path, url, 6), options):
            if isinstance(event, loadkit.Interval) and not held_up:
                time.sleep(SILENT_S + 1)  # the caller's code blocks the loop, or the whole machine was asleep
                held_up = True
            if isinstance(event, loadkit.Finished):
                return event.result
        raise AssertionError("a run without an end")

    result = asyncio.run(main())
    assert (result.lost_workers, result.summary.count("http.requests")) == (0, 240)
