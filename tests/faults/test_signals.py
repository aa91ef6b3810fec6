"""Ctrl-C and SIGTERM: no new arrivals, those at work finish, the report is written, the exit code says which."""

import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.case import load
from tests.faults.server import Target
from tests.support.command import Result, finish, start, write_yaml

SETTLED_S = 0.1


def until(true: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def interrupted(
    tmp_path: Path, faults: Target, path: str, numbers: list[int], *arguments: str
) -> tuple[Result, float, int]:
    """Send signals, half a second apart, once load has begun; return the result, the seconds from the last signal to the end,
    and how many requests came more than 100 ms after the first one."""
    report = tmp_path / "report.json"
    scenario = load(faults.http, path, phases=[{"duration": 60, "arrivalRate": 50}])
    process = start("run", write_yaml(tmp_path, scenario), "-o", report, *arguments)
    until(lambda: faults.seen(path)[0] > 20)
    came = 0
    for number in numbers:
        process.send_signal(number)
        sent = time.monotonic()
        time.sleep(SETTLED_S)
        came = came or faults.seen(path)[0]
        time.sleep(0.4)
    result = finish(process, report)
    return result, time.monotonic() - sent, faults.seen(path)[0] - came


@pytest.mark.alone
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_arrivals_at_once_and_lets_those_at_work_finish(
    faults: Target, tmp_path: Path, number: int, code: int
) -> None:
    result, seconds, later = interrupted(tmp_path, faults, f"/slow?ms=500&signal={number}", [number])
    assert (result.code, "Traceback" in result.err) == (code, False)
    assert later <= 1  # one may have been on its way when this process looked
    counters = result.counters
    assert counters["vusers.created"] == counters["vusers.completed"] == counters["http.codes.200"]
    assert counters["arrivals.planned"] == counters["arrivals.started"]
    assert seconds < 0.5 + 2 + 1  # the drain, the report, and what this machine needs


@pytest.mark.alone
def test_the_graceful_stop_bounds_the_drain(faults: Target, tmp_path: Path) -> None:
    result, seconds, _ = interrupted(tmp_path, faults, "/hang?graceful", [signal.SIGTERM], "--graceful-stop", "1s")
    assert (result.code, "Traceback" in result.err) == (143, False)
    assert result.counters["errors.CANCELLED"] > 0
    assert result.counters["vusers.created"] == result.counters["vusers.failed"]
    assert seconds < 1 + 2 + 1


@pytest.mark.alone
def test_a_second_signal_ends_within_two_seconds(faults: Target, tmp_path: Path) -> None:
    result, seconds, _ = interrupted(tmp_path, faults, "/hang?twice", [signal.SIGINT, signal.SIGTERM])
    assert (result.code, "Traceback" in result.err) == (130, False)
    assert seconds < 2 + 1
    assert result.counters["vusers.created"] == result.counters["vusers.failed"]


def test_a_signal_before_load_begins_is_obeyed(faults: Target, tmp_path: Path) -> None:
    scenario = load(faults.http, "/ok?early", phases=[{"duration": 60, "arrivalRate": 50}])
    process = start("run", write_yaml(tmp_path, scenario))
    process.send_signal(signal.SIGTERM)
    result = finish(process)
    assert result.code in (143, -signal.SIGTERM)  # Python itself had not started yet
    assert "Traceback" not in result.err
    assert faults.seen("/ok?early")[0] == 0
