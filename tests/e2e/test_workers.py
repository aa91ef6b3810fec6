"""Several workers: the same schedule, one account, and what happens when one dies."""

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import loadkit
from loadkit.errors import FleetError
from loadkit.fleet.process import spawned
from tests.e2e.test_run import children_of, wait_for_line
from tests.support.command import Result, ends_with, finish, run, scenario, start, write_yaml
from tests.support.steady_server import steady_server

GET = [{"get": {"url": "/"}}]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with steady_server() as made:
        yield made


def test_any_number_of_workers_makes_the_same_load(tmp_path: Path, url: str) -> None:
    flow = [{"log": "{{ $randomNumber(1, 1000000) }} {{ name }}"}, *GET]
    (tmp_path / "names.csv").write_text("name\nann\nbob\ncid\n")
    payload = {"path": "names.csv", "order": "sequence"}
    data = scenario(url, [{"duration": 1, "arrivalRate": 60, "mode": "poisson"}], flow, payload=payload, seed=4)
    outputs = []
    for workers in (1, 2, 7):
        result = run(tmp_path, data, "-q", "--workers", workers)
        assert ends_with(result, 0), result.out + result.err
        assert result.report is not None
        assert result.report["loadkit"]["workers"] == workers
        outputs.append(sorted(line for line in result.out.splitlines() if line[0].isdigit()))  # not the verdict
        assert result.counters["arrivals.planned"] == result.counters["http.requests"] == len(outputs[0])
    assert outputs[0] == outputs[1] == outputs[2]


def test_no_worker_repeats_a_number_of_another(tmp_path: Path, url: str) -> None:
    flow = [{"log": "{{ $sequence }} {{ $sequence }}"}, *GET]
    result = run(tmp_path, scenario(url, [{"duration": 1, "arrivalRate": 40}], flow), "-q", "--workers", 3)
    assert ends_with(result, 0), result.out + result.err
    numbers = [int(word) for line in result.out.splitlines() if line[0].isdigit() for word in line.split()]
    assert (len(numbers), len(set(numbers)), min(numbers)) == (80, 80, 1)


def test_limits_are_divided_exactly(tmp_path: Path, url: str) -> None:
    data = scenario(url, [{"duration": 1, "arrivalRate": 100, "maxVusers": 5}], [{"think": 30}])
    result = run(tmp_path, data, "--workers", 3, "--graceful-stop", "0s")
    assert result.counters["vusers.created"] == 5
    assert result.counters["vusers.skipped"] == 95


def test_what_workers_do_in_the_last_second_is_one_interval(tmp_path: Path, url: str) -> None:
    data = scenario(url, [{"duration": 1, "arrivalRate": 12}], [{"think": 0.5}, *GET])
    plan = loadkit.load(write_yaml(tmp_path, data))

    async def main() -> list[Any]:
        return [event async for event in loadkit.run(plan, workers=3) if isinstance(event, loadkit.Interval)]

    told = [(len(event.wires), event.snapshot.count("vusers.created")) for event in asyncio.run(main())]
    assert told == [(4, 12), (4, 0)]  # three workers and the coordinator


def lose_one(tmp_path: Path, url: str, *arguments: str) -> Result:
    report = tmp_path / "report.json"
    path = write_yaml(tmp_path, scenario(url, [{"duration": 5, "arrivalRate": 40}], GET))
    process = start("run", path, "-o", report, "--workers", "2", *arguments)
    assert process.stderr is not None
    wait_for_line(process.stderr, lambda line: "requests" in line)
    os.kill(children_of(process.pid)[0], signal.SIGKILL)
    result = finish(process, report)
    assert (result.code, "Traceback" in result.err) == (5, False)
    assert result.report is not None
    assert result.report["loadkit"]["measurement"]["status"] == "invalid"
    counters = result.counters
    told = counters["arrivals.started"] + counters.get("arrivals.dropped", 0) + counters["arrivals.lost"]
    assert counters["arrivals.planned"] == told
    assert "(process " in result.err
    assert "was killed by SIGKILL" in result.err  # it had no last words of its own
    return result


def test_a_lost_worker_stops_the_run(tmp_path: Path, url: str) -> None:
    assert lose_one(tmp_path, url).counters["arrivals.planned"] < 200


def test_a_run_may_go_on_without_a_lost_worker(tmp_path: Path, url: str) -> None:
    result = lose_one(tmp_path, url, "--on-worker-loss", "degrade")
    assert result.counters["arrivals.planned"] == 200
    assert 100 <= result.counters["http.requests"] < 200
    assert "arrivals lost with their worker" in result.err  # as the run goes on, not only at its end


def test_a_worker_that_dies_before_load_begins_is_told_of_with_its_cause() -> None:
    async def main() -> None:
        with spawned(1) as (worker,):
            worker.kill()
            await worker.prepare({})

    with pytest.raises(FleetError, match=r"^worker \d+ was killed by SIGKILL before load began$"):
        asyncio.run(main())


def test_a_worker_that_is_ended_is_told_of_with_the_reason() -> None:
    async def main() -> str:
        with spawned(1) as (worker,):
            worker.kill("it said nothing for 6s")
            return await worker.fate()

    assert asyncio.run(main()) == "was ended: it said nothing for 6s"
