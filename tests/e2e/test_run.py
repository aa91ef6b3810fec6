"""`loadkit run` from the outside: real processes, real HTTP, real signals."""

import asyncio
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.support.command import ROOT, Result, ends_with, finish, loadkit, run, scenario, start, write_yaml
from tests.support.raw_server import Handler, Peer, raw_server, response
from tests.support.steady_server import steady_server

GET = [{"get": {"url": "/"}}]
SCHEMA = json.loads((ROOT / "schemas/report.schema.json").read_text())


@contextmanager
def serving(handler: Handler) -> Iterator[str]:
    """Run a raw server on a thread of its own."""
    ready: list[str] = []
    started = threading.Event()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def main() -> None:
        async with raw_server(handler) as server:
            ready.append(server.url)
            started.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(main()))
    thread.start()
    assert started.wait(10)
    try:
        yield ready[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


async def hang(peer: Peer) -> None:
    await peer.request()
    await asyncio.sleep(600)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with steady_server() as made:
        yield made


def check_books(result: Result) -> None:
    """The invariants of every run: a valid report, an account that adds up, no traceback."""
    assert result.report is not None, result.err
    jsonschema.Draft202012Validator(SCHEMA).validate(result.report)
    counters = result.counters
    assert counters.get("vusers.created", 0) == counters.get("vusers.completed", 0) + counters.get("vusers.failed", 0)
    due = counters.get("arrivals.due", 0)
    assert due == counters.get("arrivals.started", 0) + counters.get("arrivals.dropped", 0)
    assert "Traceback" not in result.err + result.out


def test_a_run_that_holds_its_thresholds_exits_0(tmp_path: Path, url: str) -> None:
    thresholds = ["http.response_time.p95 < 1s", "http.availability == 100%", "http.codes.500 == 0"]
    phases = [{"duration": 1, "arrivalRate": 50}]
    flow = [{"get": {"url": "/", "expect": {"statusCode": 200}}}]
    result = run(tmp_path, scenario(url, phases, flow, thresholds=thresholds))
    check_books(result)
    assert ends_with(result, 0), result.out + result.err
    assert result.counters["http.codes.200"] == result.counters["vusers.completed"] == 50


def test_a_failed_threshold_exits_3_and_is_named_with_its_line(tmp_path: Path, url: str) -> None:
    data = scenario(url, [{"duration": 1, "arrivalCount": 2}], GET, thresholds=["http.response_time.p95 < 1us"])
    result = run(tmp_path, data, "-q")
    check_books(result)
    assert result.code == 3
    line = (tmp_path / "test.yaml").read_text().splitlines().index("  - http.response_time.p95 < 1us") + 1
    assert "http.response_time.p95 < 1us" in result.out + result.err
    assert f"test.yaml:{line}" in result.out + result.err


def test_a_failed_check_exits_3(tmp_path: Path, url: str) -> None:
    flow = [{"get": {"url": "/", "expect": {"statusCode": 201}}}]
    result = run(tmp_path, scenario(url, [{"duration": 1, "arrivalCount": 2}], flow))
    check_books(result)
    assert (result.code, result.counters["plugins.expect.failed.statusCode"]) == (3, 2)


def test_an_invalid_file_exits_2_with_seven_positions(tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text((ROOT / "tests/scenarios/invalid/seven-mistakes.yaml").read_text())
    for command in ("run", "validate"):
        result = loadkit(command, path)
        assert result.code == 2
        lines = [line for line in (result.out + result.err).splitlines() if ": error LK" in line]
        assert len(lines) == 7, result.out + result.err


def test_a_closed_port_is_data_and_the_schedule_is_kept(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        target = f"http://127.0.0.1:{unused.getsockname()[1]}"
        data = scenario(target, [{"duration": 2, "arrivalRate": 50}], GET, thresholds=["http.error_rate < 1%"])
        result = run(tmp_path, data)
    check_books(result)
    assert ends_with(result, 3)
    assert result.counters["errors.ECONNREFUSED"] == result.counters["http.requests"] == 100


def test_a_hanging_server_ends_on_time(tmp_path: Path) -> None:
    with serving(hang) as target:
        data = scenario(target, [{"duration": 1, "arrivalRate": 20}], GET, http={"timeout": "500ms"})
        began = time.monotonic()
        result = run(tmp_path, data)
    check_books(result)
    assert time.monotonic() - began < 45  # the server hangs for good
    assert result.counters["errors.ETIMEDOUT"] == 20
    assert 500 <= result.summaries["http.failure_time"]["min"] < 5000


def test_the_graceful_stop_cuts_off_who_is_still_at_work(tmp_path: Path) -> None:
    with serving(hang) as target:
        result = run(tmp_path, scenario(target, [{"duration": 1, "arrivalRate": 20}], GET), "--graceful-stop", "300ms")
    check_books(result)
    assert result.counters["errors.CANCELLED"] == result.counters["vusers.failed"] == 20


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_signal_half_way_drains_reports_and_exits_with_its_code(
    tmp_path: Path, url: str, name: str, code: int
) -> None:
    report = tmp_path / "report.json"
    path = write_yaml(tmp_path, scenario(url, [{"duration": 60, "arrivalRate": 20}], GET))
    process = start("run", path, "-o", report)
    assert process.stderr is not None
    wait_for_line(process.stderr, lambda line: "requests" in line)
    began = time.monotonic()
    process.send_signal(getattr(signal, name))
    result = finish(process, report)
    check_books(result)
    assert (result.code, time.monotonic() - began < 40) == (code, True)
    assert result.report is not None
    assert result.report["loadkit"]["signal"] == name
    assert 0 < result.counters["http.requests"] < 1200


def test_a_second_signal_ends_the_run_and_still_reports(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    with serving(hang) as target:
        data = scenario(target, [{"duration": 60, "arrivalRate": 20}], GET, http={"timeout": 120})
        process = start("run", write_yaml(tmp_path, data), "-o", report, "--graceful-stop", "120s")
        assert process.stderr is not None
        wait_for_line(process.stderr, lambda line: "requests" in line)
        process.send_signal(signal.SIGINT)
        wait_for_line(process.stderr, lambda line: "finishing" in line or "stop" in line.lower())
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        result = finish(process, report)
    check_books(result)
    assert result.code == 130
    assert time.monotonic() - began < 40  # of 120 that were granted
    assert result.counters["errors.CANCELLED"] > 0


def wait_for_line(stream: Any, wanted: Callable[[str], bool]) -> None:
    for line in stream:
        if wanted(line):
            return
    raise AssertionError("the expected line never came")


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_a_killed_worker_makes_the_run_invalid(tmp_path: Path, url: str) -> None:
    report = tmp_path / "report.json"
    path = write_yaml(tmp_path, scenario(url, [{"duration": 60, "arrivalRate": 20}], GET))
    process = start("run", path, "-o", report)
    assert process.stderr is not None
    wait_for_line(process.stderr, lambda line: "requests" in line)
    (worker,) = children_of(process.pid)
    os.kill(worker, signal.SIGKILL)
    result = finish(process, report)
    assert result.code == 5
    assert "Traceback" not in result.err
    assert result.report is not None
    assert result.report["loadkit"]["measurement"]["status"] == "invalid"


def test_no_worker_outlives_a_killed_coordinator(tmp_path: Path, url: str) -> None:
    path = write_yaml(tmp_path, scenario(url, [{"duration": 60, "arrivalRate": 20}], GET))
    process = start("run", path)
    assert process.stderr is not None
    wait_for_line(process.stderr, lambda line: "requests" in line)
    (worker,) = children_of(process.pid)
    process.kill()
    process.communicate()
    deadline = time.monotonic() + 30
    while not gone(worker):
        assert time.monotonic() < deadline, "the worker is still there"
        time.sleep(0.01)


def test_log_steps_print_on_standard_output_also_when_quiet(tmp_path: Path, url: str) -> None:
    result = run(tmp_path, scenario(url, [{"duration": 1, "arrivalCount": 2}], [{"log": "hello {{ target }}"}]), "-q")
    assert result.out.splitlines() == [f"hello {url}"] * 2


def test_the_same_seed_gives_the_same_arrivals_picks_and_random_values(tmp_path: Path, url: str) -> None:
    data = scenario(url, [{"duration": 1, "arrivalRate": 40, "mode": "poisson"}], [])
    flow = [{"log": "{{ $randomNumber(1, 1000000) }} {{ $uuid() }} {{ color }}"}]
    data["scenarios"] = [{"name": name, "weight": 2, "flow": [{"log": name}, *flow]} for name in ("a", "b", "c")]
    data["config"]["variables"] = {"color": ["red", "green", "blue"]}
    outputs = []
    for seed in ("5", "5", "6"):
        lines = run(tmp_path, data, "-q", "--seed", seed).out.splitlines()
        outputs.append(sorted(line for line in lines if "INVALID" not in line))  # what a busy machine adds
    assert len(outputs[0]) > 30
    assert outputs[0] == outputs[1] != outputs[2]


def test_users_repeat_visits_and_finish_the_one_in_progress(tmp_path: Path, url: str) -> None:
    result = run(tmp_path, scenario(url, [{"duration": 1, "users": 3}], [*GET, {"think": "100ms"}]))
    check_books(result)
    assert ends_with(result, 0)
    assert 6 <= result.counters["vusers.completed"] <= 33
    assert result.counters.get("vusers.failed", 0) == 0


def test_throughput_paces_a_closed_model(tmp_path: Path, url: str) -> None:
    data = scenario(url, [{"duration": 2, "users": 5, "throughput": "50/s"}], GET)
    result = run(tmp_path, data)
    assert result.counters["http.requests"] <= 106
    assert result.counters["http.requests"] >= 60  # 100, where nothing holds this machine up


def test_an_arrival_above_max_vusers_is_dropped_and_counted(tmp_path: Path) -> None:
    with serving(hang) as target:
        data = scenario(target, [{"duration": 1, "arrivalRate": 50, "maxVusers": 5}], GET)
        result = run(tmp_path, data, "--graceful-stop", "100ms")
    check_books(result)
    assert result.counters["vusers.created"] == 5
    assert result.counters["vusers.skipped"] == result.counters["arrivals.dropped.max_vusers"] == 45


def test_no_phases_means_one_virtual_user(tmp_path: Path, url: str) -> None:
    data = {"config": {"target": url}, "scenarios": [{"flow": GET}]}
    result = run(tmp_path, data)
    assert (result.code, result.counters["vusers.created"]) == (0, 1)


def test_ensure_counts_with_its_plugin_only(tmp_path: Path, url: str) -> None:
    ensure = {"thresholds": [{"http.response_time.p95": 0}], "maxErrorRate": 1}
    phases = [{"duration": 1, "arrivalCount": 2}]  # too few to be late
    without = run(tmp_path, scenario(url, phases, GET, ensure=ensure))
    assert without.code == 0
    assert "LK503" in without.err
    within = run(tmp_path, scenario(url, phases, GET, ensure=ensure, plugins={"ensure": {}}))
    assert within.code == 3


def test_an_output_that_cannot_be_written_is_said_before_load(tmp_path: Path, url: str) -> None:
    path = write_yaml(tmp_path, scenario(url, [{"duration": 300, "arrivalRate": 1}], GET))
    result = loadkit("run", path, "-o", tmp_path / "missing" / "report.json")
    assert result.code == 6
    assert "missing" in result.err


def test_a_csv_row_a_visit_in_sequence(tmp_path: Path, url: str) -> None:
    (tmp_path / "users.csv").write_text("name,age\nann,30\nbob,40\ncid,50\n")
    payload = {"path": "users.csv", "fields": ["name", "age"], "order": "sequence", "skipHeader": True}
    data = scenario(url, [{"duration": 1, "arrivalCount": 6}], [{"log": "{{ name }} {{ age }}"}], payload=payload)
    result = run(tmp_path, data, "-q")
    lines = [line for line in result.out.splitlines() if "INVALID" not in line]  # what a busy machine adds
    assert lines == ["ann 30", "bob 40", "cid 50"] * 2


def test_debug_prints_exchanges_with_secrets_masked(tmp_path: Path, url: str) -> None:
    flow = [{"get": {"url": "/?token=canary", "headers": {"Authorization": "Bearer canary"}}}]
    result = run(tmp_path, scenario(url, [{"duration": 1, "arrivalCount": 1}], flow), "--debug", "-q")
    assert "GET /?token=***" in result.err
    assert "canary" not in result.err + result.out


def test_the_embedded_target_serves_a_run(tmp_path: Path) -> None:
    flow = [{"get": {"url": "/products", "expect": {"statusCode": 200}}}]
    result = run(tmp_path, scenario("demo://", [{"duration": 1, "arrivalRate": 10}], flow))
    check_books(result)
    assert ends_with(result, 0)
    assert result.counters["http.codes.200"] == 10


def test_an_error_share_of_the_target_shows_in_the_codes(tmp_path: Path) -> None:
    async def handle(peer: Peer) -> None:
        while await peer.request():
            await peer.send(response(b"", "500 Internal Server Error"))

    with serving(handle) as target:
        thresholds = ["http.error_rate < 1%", "http.codes.5xx == 0", "http.availability > 99%"]
        data = scenario(target, [{"duration": 1, "arrivalCount": 2}], GET, thresholds=thresholds)
        result = run(tmp_path, data)
    assert result.code == 3
    assert result.counters["http.codes.500"] == result.counters["vusers.completed"] == 2
    assert result.report is not None
    statuses = {verdict["status"] for verdict in result.report["loadkit"]["verdicts"]}
    assert statuses == {"fail"}
