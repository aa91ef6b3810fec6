"""Precise wake-ups on a real loop: order, cancelling, bursts. How precise is measured in accuracy/."""

import asyncio
from collections.abc import Callable
from time import perf_counter_ns

import pytest
import uvloop

from loadkit import clock

MS = 10**6


def on_clock(body: Callable[[clock.LoopClock, asyncio.Future[None]], None]) -> None:
    async def main() -> None:
        made = clock.LoopClock(asyncio.get_running_loop())
        done = asyncio.get_running_loop().create_future()
        body(made, done)
        async with asyncio.timeout(5):
            await done
        made.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


def test_callbacks_come_in_the_order_of_their_instants() -> None:
    seen: list[int] = []

    def body(made: clock.LoopClock, done: asyncio.Future[None]) -> None:
        now = made.now_ns()
        for delay in (3, 1, 2):
            made.at(now + delay * MS, lambda delay=delay: seen.append(delay))  # type: ignore[misc]
        made.at(now + 4 * MS, lambda: done.set_result(None))

    on_clock(body)
    assert seen == [1, 2, 3]


def test_nothing_is_called_before_its_instant() -> None:
    early: list[int] = []

    def body(made: clock.LoopClock, done: asyncio.Future[None]) -> None:
        for delay in range(1, 30):
            due = made.now_ns() + delay * MS // 3
            made.at(due, lambda due=due: early.append(due) if perf_counter_ns() < due else None)  # type: ignore[misc]
        made.at(made.now_ns() + 12 * MS, lambda: done.set_result(None))

    on_clock(body)
    assert early == []


def test_a_cancelled_ticket_is_forgotten() -> None:
    seen: list[str] = []

    def body(made: clock.LoopClock, done: asyncio.Future[None]) -> None:
        made.at(made.now_ns() + MS, lambda: seen.append("cancelled")).cancel()
        made.at(made.now_ns() + 2 * MS, lambda: done.set_result(None))

    on_clock(body)
    assert seen == []


@pytest.mark.parametrize("count", [1, 128, 129, 1000])
def test_a_burst_of_callbacks_is_carried_out_whole_and_a_past_instant_at_once(count: int) -> None:
    seen: list[int] = []

    def body(made: clock.LoopClock, done: asyncio.Future[None]) -> None:
        def note(number: int) -> None:
            seen.append(number)
            if len(seen) == count:
                done.set_result(None)

        for number in range(count):
            made.at(1, lambda number=number: note(number))  # type: ignore[misc]
        assert seen == []  # never from inside `at`

    on_clock(body)
    assert seen == list(range(count))


def test_a_callback_may_ask_for_an_earlier_instant_than_those_waiting() -> None:
    seen: list[str] = []

    def body(made: clock.LoopClock, done: asyncio.Future[None]) -> None:
        def first() -> None:
            made.at(made.now_ns(), lambda: seen.append("nested"))

        made.at(made.now_ns() + MS, first)
        made.at(made.now_ns() + 20 * MS, lambda: (seen.append("last"), done.set_result(None)))  # type: ignore[func-returns-value]

    on_clock(body)
    assert seen == ["nested", "last"]


def test_a_callback_that_raises_does_not_stop_the_clock() -> None:
    seen: list[str] = []

    def body(made: clock.LoopClock, done: asyncio.Future[None]) -> None:
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: seen.append("reported"))

        def bad() -> None:
            raise RuntimeError("bad")

        made.at(made.now_ns() + MS, bad)
        made.at(made.now_ns() + MS, lambda: seen.append("called"))
        made.at(made.now_ns() + 5 * MS, lambda: done.set_result(None))

    on_clock(body)
    assert sorted(seen) == ["called", "reported"]


def test_the_loop_timer_serves_where_there_is_no_timerfd(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loadkit.clock.sys.platform", "elsewhere")
    test_callbacks_come_in_the_order_of_their_instants()
