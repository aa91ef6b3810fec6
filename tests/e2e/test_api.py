"""The Python API on real workers: its events, and that nothing outlives a run however it is left."""

import asyncio
import gc
import json
import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvloop

import loadkit
from loadkit.outputs import isolated
from loadkit.outputs.exports import Exports
from tests.e2e.test_run import children_of
from tests.support.command import scenario, write_yaml
from tests.support.ports import free_port
from tests.support.receivers import deaf_receiver
from tests.support.steady_server import steady_server

GET = [{"get": {"url": "/"}}]
LONG = [{"duration": 60, "arrivalRate": 20}]
SHORT = [{"duration": 1, "arrivalRate": 20}]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with steady_server() as made:
        yield made


def plan_of(directory: Path, url: str, phases: list[dict[str, Any]] = SHORT, flow: Any = GET, **config: Any) -> Any:
    return loadkit.load(write_yaml(directory, scenario(url, phases, flow, **config)))


def open_files() -> set[str]:
    """What the open descriptors of this process lead to, sockets and pipes by their number."""
    found = set()
    for name in os.listdir("/proc/self/fd"):
        try:
            found.add(f"{name} {os.readlink(f'/proc/self/fd/{name}')}")
        except FileNotFoundError:
            continue  # the one that lists
    return found


class Traces:
    """What there was before a run; `check` finds what it left."""

    def __init__(self) -> None:
        gc.collect()
        uvloop.new_event_loop().close()  # the first one leaves a pipe for signals, for the life of the process
        self.children = set(children_of(os.getpid()))
        self.files = open_files()
        self.handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]

    def check(self) -> None:
        assert set(children_of(os.getpid())) - self.children == set()
        assert {file for file in open_files() - self.files if "/proc/" not in file} == set()
        assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == self.handlers


async def others() -> set[asyncio.Task[Any]]:
    """The tasks beside this one that do not end by themselves."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    return (await asyncio.wait(tasks, timeout=5))[1] if tasks else set()


@pytest.mark.parametrize("loop_factory", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_a_run_tells_what_happens_in_order(loop_factory: Any, tmp_path: Path, url: str) -> None:
    flow = [*GET, {"log": "got it"}]
    plan = plan_of(tmp_path, url, flow=flow, thresholds=["http.response_time.p95 < 10s"])

    async def main() -> list[loadkit.Event]:
        return [event async for event in loadkit.run(plan, workers=2)]

    traces = Traces()
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        events = runner.run(main())
    traces.check()
    assert isinstance(events[0], loadkit.Started)
    assert (events[0].workers, events[0].target) == (2, url)
    assert isinstance(events[-1], loadkit.Finished)
    kinds = {type(event) for event in events[1:-1]}
    assert kinds == {loadkit.Interval, loadkit.LogLine}
    assert sum(isinstance(event, loadkit.LogLine) for event in events) == 20
    result = events[-1].result
    assert result.summary.count("http.requests") == 20
    assert result.summary.histogram("http.response_time").percentile_ms(95) > 0
    assert [verdict.objective_text for verdict in result.verdicts] == ["http.response_time.p95 < 10s"]
    assert result.passed or not result.valid


def test_outputs_of_the_plan_are_told_and_let_go(tmp_path: Path, url: str) -> None:
    port = free_port()
    outputs = [f"jsonl:{tmp_path}/seconds.jsonl", f"prometheus:{port}"]
    plan = plan_of(tmp_path, url, outputs=outputs)
    traces = Traces()
    result = loadkit.run_sync(plan, workers=1, output=tmp_path / "report.json")
    traces.check()
    rows = [json.loads(line) for line in (tmp_path / "seconds.jsonl").read_text().splitlines()]
    assert sum(row["requests"] for row in rows) == result.summary.count("http.requests") == 20
    told = json.loads((tmp_path / "report.json").read_text())["loadkit"]["exports"]
    assert [(one["kind"], one["sent"], one["lost"]) for one in told] == [
        (k, len(rows), 0) for k in ("jsonl", "prometheus")
    ]
    with socket.create_server(("127.0.0.1", port)), pytest.raises(loadkit.PreflightError, match="cannot listen on"):
        loadkit.run(plan)


def test_a_receiver_that_hangs_holds_up_the_end_and_not_the_loop(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(isolated, "FLUSH_S", 1.0)
    turns: list[None] = []
    meanwhile: list[int] = []

    def watched(call: Callable[[Exports], Any]) -> Callable[[Exports], Any]:
        def made(exports: Exports) -> Any:
            before = len(turns)
            found = call(exports)
            meanwhile.append(len(turns) - before)
            return found

        return made

    monkeypatch.setattr(Exports, "finish", watched(Exports.finish))

    async def turn() -> None:
        while True:
            turns.append(None)
            await asyncio.sleep(0.01)

    async def main(plan: Any) -> None:
        turning = asyncio.create_task(turn())
        async with loadkit.run(plan, output=tmp_path / "report.json") as events:
            async for event in events:
                assert event is not None
        turning.cancel()

    with deaf_receiver() as deaf:
        asyncio.run(main(plan_of(tmp_path, url, outputs=[f"pushgateway:http://127.0.0.1:{deaf.port}"])))
    (told,) = json.loads((tmp_path / "report.json").read_text())["loadkit"]["exports"]
    assert told["lost"] > told["sent"] == 0
    assert meanwhile[0] > 0


def leave_by_break(plan: Any) -> Any:
    async def main() -> None:
        async for event in loadkit.run(plan, workers=2):
            if isinstance(event, loadkit.Interval):
                break
        assert not await others()

    return main()


def leave_at_once(plan: Any) -> Any:
    async def main() -> None:
        async for _ in loadkit.run(plan, workers=2):
            return  # and the loop ends with it

    return main()


def leave_by_exception(plan: Any) -> Any:
    async def main() -> None:
        events = loadkit.run(plan, workers=2)
        try:
            async with events:
                async for event in events:
                    if isinstance(event, loadkit.Interval):
                        raise ZeroDivisionError
        except ZeroDivisionError:
            pass
        assert not await others()

    return main()


def leave_by_exception_without_with(plan: Any) -> Any:
    async def main() -> None:
        try:
            async for event in loadkit.run(plan, workers=2):
                if isinstance(event, loadkit.Interval):
                    raise ZeroDivisionError
        except ZeroDivisionError:
            pass
        assert not await others()

    return main()


def leave_by_cancelling(plan: Any, *, before: type = loadkit.Interval) -> Any:
    async def main() -> None:
        reached = asyncio.Event()

        async def consume() -> None:
            async for event in loadkit.run(plan, workers=2):
                if isinstance(event, before):
                    reached.set()

        task = asyncio.create_task(consume())
        await reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not await others()

    return main()


def cancel_while_it_prepares(plan: Any) -> Any:
    async def main() -> None:
        task = asyncio.ensure_future(anext(loadkit.run(plan, workers=2)))
        while len(children_of(os.getpid())) < 2:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        del task
        assert not await others()

    return main()


def never_begin(plan: Any) -> Any:
    async def main() -> None:
        loadkit.run(plan, workers=2)
        async with loadkit.run(plan, workers=2):
            pass

    return main()


WAYS = [
    leave_by_break,
    leave_at_once,
    leave_by_exception,
    leave_by_exception_without_with,
    leave_by_cancelling,
    cancel_while_it_prepares,
    never_begin,
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("loop_factory", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_nothing_outlives_a_run_that_is_left(way: Any, loop_factory: Any, tmp_path: Path, url: str) -> None:
    plan = plan_of(tmp_path, url, LONG, outputs=[f"prometheus:{free_port()}"])
    traces = Traces()
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(way(plan))
        assert set(children_of(os.getpid())) - traces.children == set()
    traces.check()


def test_the_demo_ends_with_a_run_that_is_left(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, "demo://", LONG)
    traces = Traces()

    async def main() -> None:
        async for event in loadkit.run(plan):
            if isinstance(event, loadkit.Interval):
                assert event.summary.count("http.requests") > 0
                break

    asyncio.run(main())
    traces.check()


def test_runs_can_follow_each_other_and_go_on_together(tmp_path: Path, url: str) -> None:
    plan = plan_of(tmp_path, url)

    async def finished() -> int:
        async for event in loadkit.run(plan):
            if isinstance(event, loadkit.Finished):
                return event.result.summary.count("http.requests")
        raise AssertionError("a run without an end")

    async def main() -> list[int]:
        return [await finished(), *await asyncio.gather(finished(), finished())]

    traces = Traces()
    assert asyncio.run(main()) == [20, 20, 20]
    traces.check()


def test_a_run_can_be_stopped_gently(tmp_path: Path, url: str) -> None:
    plan = plan_of(tmp_path, url, LONG)

    async def main() -> loadkit.RunResult:
        async with loadkit.run(plan) as events:
            async for event in events:
                if isinstance(event, loadkit.Interval) and not event.draining:
                    events.stop()
                if isinstance(event, loadkit.Finished):
                    return event.result
        raise AssertionError("a run without an end")

    result = asyncio.run(main())
    assert result.signal is None
    assert result.passed or not result.valid
    created = result.summary.count("vusers.created")
    assert 0 < created < 1200
    assert created == result.summary.count("vusers.completed")


def test_without_a_loop(tmp_path: Path, url: str) -> None:
    plan = plan_of(tmp_path, url, thresholds=["http.response_time.p95 < 1us"])
    report = tmp_path / "report.json"
    result = loadkit.run_sync(plan, output=report)
    assert [verdict.objective_text for verdict in result.failures or result.verdicts] == [
        "http.response_time.p95 < 1us"
    ]
    assert result.exit_code in (loadkit.ExitCode.FAILED, loadkit.ExitCode.INVALID_MEASUREMENT)
    assert report.exists()

    async def main() -> None:
        with pytest.raises(RuntimeError, match="an event loop is running"):
            loadkit.run_sync(plan)

    asyncio.run(main())


def test_a_report_that_cannot_be_written_in_the_end_costs_nobody_the_result(tmp_path: Path, url: str) -> None:
    (tmp_path / "reports").mkdir()
    plan = plan_of(tmp_path, url)

    async def main() -> loadkit.RunResult:
        async for event in loadkit.run(plan, output=tmp_path / "reports/report.json"):
            if isinstance(event, loadkit.Started):
                (tmp_path / "reports").rmdir()
            if isinstance(event, loadkit.Finished):
                return event.result
        raise AssertionError("a run without an end")

    with pytest.warns(RuntimeWarning, match="the report cannot be written to"):
        assert asyncio.run(main()).summary.count("http.requests") == 20
