"""Pauses and rates on a running loop: who is started, what is counted, and that phases end when planned."""

import asyncio
import gc
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial
from time import perf_counter_ns
from typing import Any

import pytest

from loadkit.engine.run import Orders, ShardRun
from loadkit.engine.services import Line
from loadkit.metrics.recorder import Recorder
from loadkit.metrics.snapshot import Snapshot, merge_all
from loadkit.scenario.plan import Plan
from loadkit.workload.base import WHOLE, Shard, Workload
from loadkit.workload.closed import Closed
from loadkit.workload.constant import Constant
from tests.support.engine import S, on_loop, plan_of

TARGET = "http://127.0.0.1:9"
LOGS: list[Any] = [{"log": "{{ $randomNumber(1, 1000000000) }}"}]
Steps = Sequence[tuple[float, str | float]]
"""After so many seconds "stop", "kill", or a rate; after none before the first arrival."""


class Steered:
    """What came of a run of one shard."""

    def __init__(self, plan: Plan, steps: Steps, shard: Shard = WHOLE) -> None:
        self.lines: list[str] = []
        snapshots: list[Snapshot] = []
        began = perf_counter_ns()

        def emit(snapshot: Snapshot, lines: list[Line], draining: bool, spans: object) -> None:
            snapshots.append(snapshot)
            self.lines += [line.text for line in lines]

        async def main() -> None:
            gc.freeze()  # the run's own collection would go through all that the tests hold
            orders = Orders(shard=shard, start_ns=perf_counter_ns() + 5_000_000, graceful_stop_ns=S)
            run = ShardRun(plan, RECORDERS.pop(), orders, emit)
            for after_s, step in steps:
                do = partial(run.adjust, step) if isinstance(step, float) else getattr(run, step)
                if after_s:
                    asyncio.get_running_loop().call_later(after_s, do)
                else:
                    do()
            await run.run()

        on_loop(main())
        self.summary = merge_all(snapshots)
        self.took_s = (perf_counter_ns() - began) / S

    def count(self, name: str) -> int:
        return self.summary.count(name)

    def account(self) -> int:
        """Return by how many arrivals the account is wrong."""
        planned = self.count("arrivals.due") + self.count("arrivals.added")
        told = sum(self.count(f"arrivals.{name}") for name in ("started", "dropped", "withheld"))
        return planned - told


RECORDERS: list[Recorder] = []


def plan_for(workload: Workload, flow: list[Any] = LOGS) -> Plan:
    RECORDERS[:] = [Recorder()]
    return plan_of(flow, TARGET, recorder=RECORDERS[0], workload=workload, duration_ns=workload.duration_ns)


def steady(per_s: int, seconds: float = 1.0) -> Constant:
    return Constant(Fraction(per_s), round(seconds * S))


def test_who_is_due_in_a_pause_is_withheld_and_nobody_makes_up_for_it() -> None:
    ran = Steered(plan_for(steady(100)), [(0.3, 0.0), (0.7, 1.0)])
    assert ran.count("arrivals.due") == 100
    assert 10 <= ran.count("arrivals.withheld") <= 70  # 40, where nothing holds the machine up
    assert ran.count("arrivals.started") == ran.count("vusers.created") <= 100 - ran.count("arrivals.withheld")
    assert ran.account() == 0


def test_a_phase_ends_when_planned_although_it_is_paused() -> None:
    ran = Steered(plan_for(steady(50, 0.5)), [(0.2, 0.0)])
    assert ran.count("arrivals.due") == 50 * 0.5
    assert ran.count("arrivals.started") + ran.count("arrivals.withheld") == 50 * 0.5
    assert 0.5 <= ran.took_s < 5


@pytest.mark.parametrize(("factor", "started"), [(0.25, 10), (0.5, 20), (1.5, 60), (3.0, 119)])
def test_a_rate_from_the_first_instant_makes_the_exact_number(factor: float, started: int) -> None:
    ran = Steered(plan_for(steady(100, 0.4)), [(0.0, factor)])
    assert ran.count("arrivals.started") + ran.count("arrivals.dropped") == pytest.approx(started, abs=0.1 * started)
    assert ran.count("arrivals.due") == 40
    assert ran.account() == 0


def test_users_that_are_added_are_others_than_the_planned_ones() -> None:
    plain = Steered(plan_for(steady(100, 0.5)), [])
    doubled = Steered(plan_for(steady(100, 0.5)), [(0.0, 2.0)])
    assert len(set(doubled.lines)) == len(doubled.lines) > 60  # no visit draws what another drew
    assert len(set(plain.lines) & set(doubled.lines)) > 40  # and the planned ones draw what they always draw


def test_arrivals_are_added_where_the_plan_has_one_in_a_long_time() -> None:
    ran = Steered(plan_for(steady(1)), [(0.1, 10.0)])
    assert 3 <= ran.count("arrivals.added") <= 9
    assert ran.account() == 0


def test_a_lower_rate_forgets_what_was_to_be_added() -> None:
    ran = Steered(plan_for(steady(1)), [(0.1, 10.0), (0.3, 1.0)])
    assert 1 <= ran.count("arrivals.added") <= 6
    assert ran.account() == 0


def test_later_phases_keep_the_rate() -> None:
    plan = plan_for(steady(100, 0.3))
    later = replace(plan.phases[0], index=1, start_ns=plan.phases[0].end_ns, first_number=30)
    ran = Steered(replace(plan, phases=(plan.phases[0], later)), [(0.1, 0.5)])
    assert ran.summary.select(phase=1).count("arrivals.withheld") in (15, 16)  # of 30
    assert ran.account() == 0


@pytest.mark.parametrize("end", ["stop", "kill"])
@pytest.mark.parametrize("factor", [0.0, 0.5, 4.0])
def test_the_account_holds_when_a_run_ends_early(end: str, factor: float) -> None:
    ran = Steered(plan_for(steady(100, 60)), [(0.1, factor), (0.4, end)])
    assert ran.took_s < 10
    assert 10 <= ran.count("arrivals.due") < 300
    assert ran.account() == 0


@pytest.mark.parametrize("count", [2, 3])
def test_shards_add_and_withhold_what_one_would(count: int) -> None:
    for factor, started in ((0.5, 20), (2.0, 80)):
        ran = [Steered(plan_for(steady(100, 0.4)), [(0.0, factor)], Shard(index, count)) for index in range(count)]
        assert all(one.account() == 0 for one in ran)
        assert sum(one.count("arrivals.due") for one in ran) == 40
        made = sum(one.count("arrivals.started") + one.count("arrivals.dropped") for one in ran)
        assert made == pytest.approx(started, abs=0.15 * started)


def test_closed_users_wait_before_their_next_visit_and_go_on_at_once() -> None:
    flow: list[Any] = [{"think": "20ms"}]
    free = Steered(plan_for(Closed(5, 5, S, None), flow), [])
    held = Steered(plan_for(Closed(5, 5, S, None), flow), [(0.2, 0.0), (0.8, 1.0)])
    assert held.count("vusers.created") == held.count("vusers.completed")
    assert 5 <= held.count("vusers.created") < 0.8 * free.count("vusers.created")


def test_closed_users_know_no_rate() -> None:
    flow: list[Any] = [{"think": "20ms"}]
    ran = Steered(plan_for(Closed(2, 2, S // 2, None), flow), [(0.0, 0.01)])
    assert ran.count("vusers.completed") > 8  # and with that rate it would be one


def test_closed_users_that_are_paused_go_home_when_their_phase_ends_or_the_run_stops() -> None:
    flow: list[Any] = [{"think": "20ms"}]
    ended = Steered(plan_for(Closed(5, 5, S // 2, None), flow), [(0.1, 0.0)])
    stopped = Steered(plan_for(Closed(5, 5, 60 * S, None), flow), [(0.1, 0.0), (0.4, "stop")])
    for ran in (ended, stopped):
        assert ran.count("vusers.created") == ran.count("vusers.completed") > 0
        assert ran.took_s < 5


def test_slots_of_paced_users_that_pass_in_a_pause_are_skipped() -> None:
    flow: list[Any] = [{"get": {"url": "/", "timeout": 1}}]  # nobody listens there
    plan = plan_for(Closed(10, 10, S, Fraction(100)), flow)
    ran = Steered(plan, [(0.3, 0.0), (0.7, 1.0)])
    assert 20 <= ran.count("http.requests") <= 85  # of 100 slots, 40 of them in the pause
    lags = ran.summary.histogram("generator.lag")
    assert lags.count_above(300_000_000) == 0  # nobody is told to be late by a pause of 400 ms


def test_a_pause_before_the_first_instant_holds() -> None:
    ran = Steered(plan_for(steady(100, 0.3)), [(0.0, 0.0)])
    assert ran.count("arrivals.withheld") == 30
    assert ran.account() == 0
