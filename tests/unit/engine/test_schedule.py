"""Phases on a running loop: who is started, dropped and cut off, and that the account adds up."""

import asyncio
from dataclasses import replace
from fractions import Fraction
from time import perf_counter_ns
from typing import Any

import pytest

from loadkit.engine.run import Orders, ShardRun
from loadkit.engine.schedule import share
from loadkit.metrics.recorder import Recorder
from loadkit.metrics.snapshot import Snapshot, merge_all
from loadkit.scenario.plan import Plan
from loadkit.workload.base import Shard
from loadkit.workload.closed import Closed
from loadkit.workload.constant import Constant
from loadkit.workload.count import Count
from tests.support.engine import S, on_loop, plan_of, run_flow

TARGET = "http://127.0.0.1:9"
NOTHING: list[Any] = [{"set": {"a": 1}}]


def test_arrivals_are_started_and_counted() -> None:
    ran = on_loop(run_flow(NOTHING, TARGET, workload=Constant(Fraction(200), S // 2), duration_ns=S // 2))
    assert ran.count("arrivals.due") == ran.count("arrivals.started") + ran.count("arrivals.dropped") == 100
    assert ran.count("vusers.created") == ran.count("vusers.completed") == ran.count("arrivals.started")
    assert ran.summary.histogram("generator.lag").total == ran.count("arrivals.started")
    assert ran.summary.histogram("vusers.session_length", "scenario 0").total == ran.count("vusers.completed")


def test_arrivals_above_max_vusers_are_dropped_for_that_reason() -> None:
    flow = [{"think": 10}]
    options = {"workload": Constant(Fraction(100), S // 2), "duration_ns": S // 2, "max_vusers": 4}
    ran = on_loop(run_flow(flow, TARGET, graceful_stop_ns=0, **options))
    assert ran.count("vusers.created") == 4
    assert (
        ran.count("arrivals.dropped") == ran.count("arrivals.dropped.max_vusers") == ran.count("vusers.skipped") == 46
    )
    assert ran.errors == {"CANCELLED": 4}


def test_arrivals_that_were_not_started_when_their_phase_ended_are_dropped_by_the_generator() -> None:
    flow = [{"log": "x" * 10}]
    ran = on_loop(run_flow(flow, TARGET, workload=Constant(Fraction(2_000_000), S // 5), duration_ns=S // 5))
    dropped = ran.count("arrivals.dropped.generator")
    assert dropped > 0
    assert ran.count("arrivals.started") + dropped == ran.count("arrivals.due") == 400_000


def test_a_last_phase_of_a_fixed_number_ends_with_its_arrivals() -> None:
    began = perf_counter_ns()
    ran = on_loop(run_flow(NOTHING, TARGET, workload=Count(1, 60 * S), duration_ns=60 * S))
    assert ran.count("vusers.completed") == 1
    assert perf_counter_ns() - began < 20 * S


def test_closed_users_repeat_visits_that_are_numbered_user_plus_users_times_iteration() -> None:
    flow = [{"log": "{{ $randomNumber(1, 1000000000) }}"}, {"think": "20ms"}]

    def values(users: int) -> list[str]:
        workload = Closed(users, users, S // 3, None)
        return [text for _, text in on_loop(run_flow(flow, TARGET, workload=workload, duration_ns=S // 3)).lines]

    one, three = values(1), values(3)
    assert len(three) > len(one) > 5
    # visit v draws the same value however many users share the visits
    assert set(one) & set(three) == set(one) if len(one) <= len(three) else True
    assert len(set(three)) == len(three)


def test_paced_users_take_no_slot_behind_the_end_of_their_phase() -> None:
    workload = Closed(10, 10, S, Fraction(10))
    options: dict[str, Any] = {"workload": workload, "duration_ns": S}
    began = perf_counter_ns()
    ran = on_loop(run_flow([{"get": {"url": "/", "timeout": 1}}], TARGET, **options))
    assert ran.count("vusers.created") == ran.count("vusers.failed") == ran.count("http.requests") == 10
    assert perf_counter_ns() - began < 5 * S


def test_paced_users_that_only_wait_for_a_slot_go_home_when_the_run_drains() -> None:
    recorder = Recorder()
    workload = Closed(5, 5, 60 * S, Fraction(1, 10))  # the first slot at once, the others ten seconds apart
    flow = [{"get": {"url": "/", "timeout": 1}}]
    plan = plan_of(flow, TARGET, recorder=recorder, workload=workload, duration_ns=60 * S)
    snapshots: list[Snapshot] = []

    async def main() -> None:
        orders = Orders(shard=Shard(), start_ns=perf_counter_ns(), graceful_stop_ns=60 * S)
        run = ShardRun(plan, recorder, orders, lambda snapshot, *_: snapshots.append(snapshot))
        asyncio.get_running_loop().call_later(0.3, run.stop)
        await run.run()

    began = perf_counter_ns()
    on_loop(main())
    assert perf_counter_ns() - began < 8 * S
    assert merge_all(snapshots).count("vusers.created") == 1


def test_visits_in_which_nothing_takes_time_leave_room_for_others() -> None:
    ran = on_loop(run_flow(NOTHING, TARGET, workload=Closed(3, 3, S // 2, None), duration_ns=S // 2))
    assert ran.count("vusers.completed") == ran.count("vusers.created") > 3


def shard_of(plan: Plan, recorder: Recorder, shard: Shard) -> Snapshot:
    snapshots: list[Snapshot] = []

    async def main() -> None:
        orders = Orders(shard=shard, start_ns=perf_counter_ns(), graceful_stop_ns=S)
        await ShardRun(plan, recorder, orders, lambda snapshot, *_: snapshots.append(snapshot)).run()

    on_loop(main())
    return merge_all(snapshots)


@pytest.mark.parametrize("count", [1, 2, 7])
def test_shards_together_start_what_one_would(count: int) -> None:
    merged = []
    for index in range(count):
        recorder = Recorder(index)
        plan = plan_of(NOTHING, TARGET, recorder=recorder, workload=Count(50, S // 10), duration_ns=S // 10)
        merged.append(shard_of(replace(plan, seed=5), recorder, Shard(index, count)))
    assert merge_all(merged).count("arrivals.due") == 50


def test_stop_starts_nobody_any_more_and_lets_those_at_work_finish() -> None:
    recorder = Recorder()
    flow = [{"think": "100ms"}]
    plan = plan_of(flow, TARGET, recorder=recorder, workload=Constant(Fraction(100), 60 * S), duration_ns=60 * S)
    snapshots: list[Snapshot] = []

    async def main() -> None:
        orders = Orders(shard=Shard(), start_ns=perf_counter_ns(), graceful_stop_ns=5 * S)
        run = ShardRun(plan, recorder, orders, lambda snapshot, *_: snapshots.append(snapshot))
        asyncio.get_running_loop().call_later(0.3, run.stop)
        await run.run()

    on_loop(main())
    summary = merge_all(snapshots)
    assert 0 < summary.count("vusers.created") == summary.count("vusers.completed") < 200
    assert summary.count("arrivals.dropped") == 0


def test_kill_cuts_everybody_off() -> None:
    recorder = Recorder()
    plan = plan_of([{"think": 60}], TARGET, recorder=recorder, workload=Count(180, 60 * S), duration_ns=60 * S)
    snapshots: list[Snapshot] = []

    async def main() -> None:
        orders = Orders(shard=Shard(), start_ns=perf_counter_ns(), graceful_stop_ns=60 * S)
        run = ShardRun(plan, recorder, orders, lambda snapshot, *_: snapshots.append(snapshot))
        asyncio.get_running_loop().call_later(0.9, run.kill)
        await run.run()

    on_loop(main())
    summary = merge_all(snapshots)
    assert summary.count("errors.CANCELLED") == summary.count("vusers.failed") == summary.count("vusers.created") > 0


@pytest.mark.parametrize("total", [0, 1, 5, 7, 100])
def test_shares_add_up(total: int) -> None:
    for count in (1, 2, 3, 7):
        assert sum(share(total, Shard(index, count)) for index in range(count)) == total
