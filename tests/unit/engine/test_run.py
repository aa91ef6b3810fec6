"""A shard's run: what callbacks raise is counted, and breaks neither the run nor the screen."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from loadkit.engine.run import Orders, ShardRun
from loadkit.metrics.recorder import Recorder
from loadkit.metrics.snapshot import Snapshot, merge_all
from loadkit.template.dealing import Feeder
from loadkit.workload.base import Shard, Workload
from loadkit.workload.closed import Closed
from loadkit.workload.count import Count
from tests.support.engine import Ran, S, on_loop, plan_of, run_plan


@pytest.mark.parametrize(
    ("exception", "counted"),
    [
        (RuntimeError("a bug"), 1),
        (ConnectionResetError("by peer"), 0),
        (ConnectionResetError, 0),  # as aiofastnet reports the end of a handshake
    ],
)
def test_what_nobody_hears_of_is_counted_and_not_printed(
    exception: object, counted: int, capfd: pytest.CaptureFixture[str]
) -> None:
    recorder, snapshots = Recorder(), list[Snapshot]()
    plan = plan_of([], "http://127.0.0.1:9", recorder=recorder, workload=Count(1, S // 5), duration_ns=S // 5)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        orders = Orders(shard=Shard(), start_ns=0, graceful_stop_ns=S)
        run = ShardRun(plan, recorder, orders, lambda snapshot, *_: snapshots.append(snapshot))
        loop.call_soon(loop.call_exception_handler, {"message": "in a callback", "exception": exception})
        await run.run()

    on_loop(main())
    assert merge_all(snapshots).count("errors.INTERNAL") == counted
    assert capfd.readouterr().err == ""


def run_with_rows(workload: Workload, rows: int, **spec: Any) -> Ran:
    """Run visits that log their row, for at most two seconds, which no test waits for."""
    recorder = Recorder()
    plan = plan_of(
        [{"log": "{{ id }}{{ own }}"}],
        "",
        recorder=recorder,
        workload=workload,
        variables={"own": "mine"},
        defines=["id"],
    )
    feeder = Feeder(path="ids.csv", fields=("id", "own"), rows=tuple((n, "no") for n in range(rows)), **spec)
    later = replace(plan.phases[0], start_ns=2 * S, index=1, first_number=7, workload=Count(5, S), duration_ns=S)
    phases = (replace(plan.phases[0], duration_ns=2 * S), later)
    return on_loop(run_plan(replace(plan, feeders=(feeder,), phases=phases), recorder))  # type: ignore[no-any-return]


@pytest.mark.parametrize("workload", [Count(100, 2 * S), Closed(3, 3, 2 * S, None)], ids=["open", "closed"])
def test_a_run_ends_when_no_row_is_left(workload: Workload) -> None:
    ran = run_with_rows(workload, 10, order="unique", on_exhausted="stop")
    assert sorted(text for _, text in ran.lines) == [f"{n}mine" for n in range(10)]  # a variable wins over a column
    assert ran.count("vusers.created") == ran.count("vusers.completed") == 10
    assert ran.count("payloads.exhausted") == 1
    assert ran.count("arrivals.dropped") == 0
    assert ran.summary.end_ns < 1.5 * S


def test_visits_without_a_row_fail_where_that_is_wanted() -> None:
    ran = run_with_rows(Count(8, S // 100), 5, order="unique", on_exhausted="fail")
    assert [text for _, text in ran.lines] == [f"{n}mine" for n in range(5)]
    assert ran.errors == {"ERR_NO_ROW": 8}  # five of the second phase
    assert ran.count("vusers.failed") == 8


def test_a_row_is_not_lost_to_an_arrival_that_is_dropped() -> None:
    recorder = Recorder()
    plan = plan_of(
        [{"log": "{{ id }}"}, {"think": "150ms"}],
        "",
        recorder=recorder,
        workload=Count(6, S // 2),
        duration_ns=S // 2,
        max_vusers=1,
        defines=["id"],
    )
    feeder = Feeder(path="ids.csv", fields=("id",), rows=tuple((n,) for n in range(9)), order="sequence")
    ran = on_loop(run_plan(replace(plan, feeders=(feeder,)), recorder))
    assert 1 <= ran.count("vusers.skipped") <= 5
    assert [text for _, text in ran.lines] == [str(n) for n in range(6 - ran.count("vusers.skipped"))]


@pytest.mark.parametrize("workers", [1, 2, 3, 7])
def test_numbers_of_all_phases_are_divided_among_workers_in_turn(workers: int) -> None:
    first = 11  # of a second phase
    for index in range(workers):
        part = Shard(index, workers).behind(first)
        assert all((first + number) % workers == index for number, _ in Count(9, S).fire_times(part))


@pytest.mark.parametrize(
    ("each", "iterations"), [(None, 11), (4, 12)], ids=["shared by three users", "the same for each of three"]
)
@pytest.mark.parametrize("workers", [1, 2, 3])
def test_a_last_phase_of_iterations_ends_when_they_are_done(each: int | None, iterations: int, workers: int) -> None:
    created = 0
    for index in range(workers):
        recorder = Recorder()
        users = Closed(3, 3, 20 * S, None).limited(iterations=iterations, each=each)
        plan = plan_of([{"log": "x"}], "", recorder=recorder, workload=users, duration_ns=20 * S)
        ran = on_loop(run_plan(plan, recorder, shard=Shard(index, workers)))
        assert ran.count("vusers.created") == ran.count("vusers.completed")
        assert ran.summary.end_ns < 5 * S
        created += ran.count("vusers.created")
    assert created == iterations


def test_users_without_rows_do_not_spin() -> None:
    recorder = Recorder()
    users = Closed(2, 2, S, None)
    plan = plan_of([{"log": "x"}], "", recorder=recorder, workload=users, duration_ns=S, defines=["id"])
    feeder = Feeder(path="ids.csv", fields=("id",), rows=((1,),), order="unique", on_exhausted="fail")
    ran = on_loop(run_plan(replace(plan, feeders=(feeder,)), recorder))
    assert ran.count("vusers.completed") == 1
    assert 4 <= ran.errors["ERR_NO_ROW"] <= 30
