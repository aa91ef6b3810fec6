"""People who intervene in a run of real workers: the account, who is told, and what the result says of it."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

import loadkit
from loadkit.fleet.local import RunOptions
from loadkit.fleet.session import Session
from loadkit.outputs.summary import summary
from tests.e2e.test_run import children_of
from tests.support.command import scenario, write_yaml
from tests.support.steady_server import steady_server

GET = [{"get": {"url": "/"}}]
Step = tuple[float, Callable[[loadkit.Session], object]]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with steady_server() as made:
        yield made


class Ran:
    """What came of a run in which somebody intervened, so many seconds after its start."""

    def __init__(self, plan: loadkit.Plan, steps: Sequence[Step], **options: Any) -> None:
        self.intervals: list[loadkit.Interval] = []
        self.lines: list[str] = []
        asyncio.run(self._follow(loadkit.run(plan, **options), steps))

    async def _follow(self, session: loadkit.Session, steps: Sequence[Step]) -> None:
        async with session as events:
            async for event in events:
                match event:
                    case loadkit.Started():
                        for after_s, act in steps:
                            asyncio.get_running_loop().call_later(after_s, act, session)
                    case loadkit.Interval():
                        self.intervals.append(event)
                    case loadkit.LogLine():
                        self.lines.append(event.text)
                    case loadkit.Finished():
                        self.result = event.result

    def count(self, name: str) -> int:
        return self.result.summary.count(f"arrivals.{name}")

    def check_account(self) -> None:
        told = sum(map(self.count, ("started", "dropped", "withheld", "lost")))
        assert self.count("planned") + self.count("added") == told
        assert not any("account" in reason for reason in self.result.measurement.reasons)


def plan_of(directory: Path, url: str, phases: list[dict[str, Any]], **config: Any) -> loadkit.Plan:
    return loadkit.load(write_yaml(directory, scenario(url, phases, GET, **config)))


def kill_one(session: loadkit.Session) -> None:
    os.kill(max(children_of(os.getpid())), signal.SIGKILL)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_pause_across_a_phases_end_and_a_higher_rate_after_it(tmp_path: Path, url: str, workers: int) -> None:
    phases = [{"duration": 1, "arrivalRate": 60, "name": "first"}, {"duration": 2, "arrivalRate": 60, "name": "second"}]
    ran = Ran(
        plan_of(tmp_path, url, phases),
        [
            (0.7, lambda session: session.pause(by="keyboard")),
            (1.4, lambda session: session.resume(by="keyboard")),
            (2.0, lambda session: session.set_rate(2, by="dashboard")),
        ],
        workers=workers,
    )
    ran.check_account()
    assert ran.count("planned") == 180
    assert 15 <= ran.count("withheld") <= 80  # 42 and 60, where nothing holds the machine up
    assert 20 <= ran.count("added") <= 90
    for phase in (0, 1):  # the pause is part of both
        assert ran.result.summary.select(phase=phase).count("arrivals.withheld") > 0
    assert [(one.kind, one.by, one.value) for one in ran.result.interventions] == [
        ("pause", "keyboard", 0.0),
        ("resume", "keyboard", 1.0),
        ("rate", "dashboard", 2.0),
    ]
    assert ran.intervals[-1].interventions == ran.result.interventions
    assert {interval.rate for interval in ran.intervals} >= {0.0, 2.0}
    assert any("paused by keyboard" in line for line in ran.lines)


def test_a_stop_in_a_pause_ends_the_run_by_its_verdicts(tmp_path: Path, url: str) -> None:
    plan = plan_of(tmp_path, url, [{"duration": 60, "arrivalRate": 50}], thresholds=["http.error_rate < 1%"])
    ran = Ran(plan, [(0.5, lambda session: session.pause()), (1.0, lambda session: session.stop())], workers=2)
    ran.check_account()
    assert ran.count("withheld") > 5
    assert ran.result.elapsed_s < 10
    assert (ran.result.signal, ran.result.interventions[-1].kind) == (None, "stop")
    if ran.result.valid:
        assert ran.result.passed


def test_an_abort_in_a_pause(tmp_path: Path, url: str) -> None:
    threshold = {"expr": "arrivals.withheld < 20", "for": "1s", "abort": True}
    # nobody is started before the pause: where three arrivals are late, on a busy machine, no threshold ends a run
    plan = plan_of(tmp_path, url, [{"pause": 1}, {"duration": 60, "arrivalRate": 40}], thresholds=[threshold])
    ran = Ran(plan, [(0.0, lambda session: session.pause())], workers=2)
    ran.check_account()
    assert ran.result.aborted_by is not None
    assert ran.count("withheld") >= 20
    assert ran.result.elapsed_s < 20


@pytest.mark.parametrize("on_worker_loss", ["abort", "degrade"])
def test_a_worker_that_is_lost_in_a_pause(tmp_path: Path, url: str, on_worker_loss: str) -> None:
    plan = plan_of(tmp_path, url, [{"duration": 2, "arrivalRate": 50}])
    steps: list[Step] = [
        (0.4, lambda session: session.pause()),
        (1.2, kill_one),
        (1.5, lambda session: session.resume()),
    ]
    ran = Ran(plan, steps, workers=2, on_worker_loss=on_worker_loss)
    ran.check_account()
    assert ran.result.lost_workers == 1
    assert ran.count("withheld") > 5
    if on_worker_loss == "degrade":
        assert ran.count("planned") == 100


def test_closed_users_are_paused_and_the_run_says_that_they_know_no_rate(tmp_path: Path, url: str) -> None:
    plan = plan_of(tmp_path, url, [{"duration": 2, "users": 3, "throughput": 60, "name": "shoppers"}])
    ran = Ran(
        plan,
        [
            (0.2, lambda session: session.set_rate(3)),
            (0.5, lambda session: session.pause()),
            (1.5, lambda session: session.resume()),
        ],
    )
    assert 30 <= ran.result.summary.count("http.requests") <= 80
    assert any("no effect on users of a closed model (shoppers)" in line for line in ran.lines)


def test_a_load_that_is_held_begins_when_it_is_told_to_or_never(tmp_path: Path, url: str) -> None:
    plan = plan_of(tmp_path, url, [{"duration": 1, "arrivalRate": 20}])

    async def main(act: Callable[[Session], object]) -> list[loadkit.Event]:
        events = []
        async with Session(plan, RunOptions(workers=1), hold=True) as session:
            assert not session.pause()  # nothing is there to be paused
            async for event in session:
                events.append(event)
                if isinstance(event, loadkit.LogLine) and "workers are ready" in event.text:
                    asyncio.get_running_loop().call_later(0.1, lambda: (seen.append(session.held), act(session)))
        return events

    seen: list[bool] = []
    begun = asyncio.run(main(lambda session: session.begin(by="dashboard")))
    never = asyncio.run(main(lambda session: session.stop(by="dashboard")))
    assert seen == [True, True]
    assert [type(event).__name__ for event in begun][:2] == ["LogLine", "Started"]
    assert isinstance(begun[-1], loadkit.Finished)
    assert begun[-1].result.summary.count("arrivals.started") == 20
    assert [one.kind for one in begun[-1].result.interventions] == ["begin"]
    assert not any(isinstance(event, loadkit.Started) for event in never)
    assert isinstance(never[-1], loadkit.Finished)
    assert never[-1].result.elapsed_s == 0  # however long it was held
    assert "load never began" in "\n".join(summary(never[-1].result))
