"""A trial on real workers: it measures as long as it is asked to, gives up a queue that grows, and leaves nothing behind."""

import asyncio
from pathlib import Path

import pytest

from loadkit.fleet.stop import Stop
from loadkit.fleet.trial import Early, Measured, Trial, TrialOptions
from loadkit.scenario.merge import Overrides
from loadkit.scenario.plan import Plan
from loadkit.scenario.reading import read_plan
from loadkit.scenario.settings import Settings
from loadkit.scenario.trial import Load, TrialShape
from loadkit.slo.evaluate import Status
from tests.support.command import scenario, write_yaml
from tests.support.queue_server import queue_server

SERVICE_MS = 10
CAPACITY = 1000 / SERVICE_MS
GET = [{"get": {"url": "/"}}]
LIMIT = "http.response_time.p95 < 5s"


def plan_of(directory: Path, url: str, flow: list[object] = GET) -> Plan:
    data = scenario(url, [{"duration": 1, "arrivalRate": 1}], flow, thresholds=[LIMIT])
    return read_plan([write_yaml(directory, data)], Overrides(), Settings(seed=1), runs=True)


async def measure(
    plan: Plan, load: Load, *seconds: float, settle_s: int = 1, stop: Stop | None = None, **options: object
) -> list[Measured]:
    shape = TrialShape(load=load, settle_s=settle_s, most_s=30)
    async with Trial(plan, shape, TrialOptions(**options), plan.objectives, stop=stop) as trial:
        found = [await trial.measured(wanted) for wanted in seconds]
    assert trial.result is not None
    return found


def test_a_trial_goes_on_where_more_is_asked_of_it(tmp_path: Path) -> None:
    two = [{"get": {"url": "/"}}, {"get": {"url": "/"}}]
    with queue_server(SERVICE_MS) as url:
        first, second = asyncio.run(measure(plan_of(tmp_path, url, two), Load(rate=20), 2, 4))
    assert 1.4 < first.seconds < second.seconds
    assert 3.4 < second.seconds < 30
    assert len(second.in_flight) > 2
    if second.valid:  # else this machine could not keep the schedule
        assert second.offered / second.seconds == pytest.approx(20, rel=0.1)
        assert second.achieved == pytest.approx(1, abs=0.1)
        assert second.requests_per_s == pytest.approx(40, rel=0.2)
        assert second.visits_per_s == pytest.approx(20, rel=0.2)
    assert second.early is None
    (verdict,) = second.verdicts
    assert verdict.status in (Status.PASS, Status.INVALID)  # the latter where this machine could not keep the schedule
    assert second.valid is (verdict.status is Status.PASS)
    assert second.times["p50"].value >= SERVICE_MS * 1e6


def test_users_of_a_closed_trial_get_what_the_target_can_serve(tmp_path: Path) -> None:
    with queue_server(SERVICE_MS) as url:
        (found,) = asyncio.run(measure(plan_of(tmp_path, url), Load(users=3), 2))
    assert 0.3 * CAPACITY < found.requests_per_s < 1.1 * CAPACITY
    assert found.achieved == 1
    assert set(found.in_flight) == {3}


def test_a_queue_that_grows_without_end_is_given_up(tmp_path: Path) -> None:
    with queue_server(SERVICE_MS) as url:
        (found,) = asyncio.run(measure(plan_of(tmp_path, url), Load(rate=5 * CAPACITY), 20, most_in_flight=300))
    assert found.early is Early.QUEUE
    assert found.seconds < 20  # that was asked for


def test_more_than_the_target_can_serve_is_seen_in_what_is_achieved_and_in_flight(tmp_path: Path) -> None:
    with queue_server(SERVICE_MS) as url:
        (found,) = asyncio.run(measure(plan_of(tmp_path, url), Load(rate=1.5 * CAPACITY), 4))
    grown = found.in_flight[-1] - found.in_flight[0]
    assert 0.3 < found.achieved < 1 / 1.5 + 0.05
    if found.valid:
        assert grown > 0.8 * (found.seconds - 1) * 0.5 * CAPACITY


def test_the_user_can_stop_a_trial(tmp_path: Path) -> None:
    stop = Stop()

    async def stopped() -> list[Measured]:
        asyncio.get_running_loop().call_later(1.5, stop.request, "SIGINT")
        return await measure(plan_of(tmp_path, url), Load(rate=20), 20, stop=stop)

    with queue_server(SERVICE_MS) as url:
        (found,) = asyncio.run(stopped())
    assert found.early is Early.SIGNAL
