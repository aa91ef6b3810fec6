"""A coroutine driven without a Task."""

import asyncio
from typing import Any

import pytest

from loadkit.flow.fiber import Cancelled, Fiber, park


class Watched:
    """Runs a coroutine function on a fiber and remembers how it ended."""

    def __init__(self, work: Any) -> None:
        self.ends: list[BaseException | None] = []
        self.fiber = Fiber(work, lambda fiber, error: self.ends.append(error))


def test_a_parked_fiber_goes_on_when_resumed() -> None:
    steps: list[int] = []

    async def work() -> None:
        for number in range(3):
            steps.append(number)
            await park()

    watched = Watched(work())
    watched.fiber.start()
    for _ in range(3):
        assert watched.ends == []
        watched.fiber.resume()
    assert (steps, watched.ends) == ([0, 1, 2], [None])


def test_an_exception_ends_the_fiber_and_is_handed_over() -> None:
    async def work() -> None:
        raise RuntimeError("x")

    watched = Watched(work())
    watched.fiber.start()
    assert isinstance(watched.ends[0], RuntimeError)


def test_throw_raises_where_the_fiber_waits_and_may_be_handled() -> None:
    async def work() -> None:
        try:
            await park()
        except Cancelled:
            await park()

    watched = Watched(work())
    watched.fiber.start()
    watched.fiber.throw(Cancelled())
    assert watched.ends == []
    watched.fiber.resume()
    assert watched.ends == [None]


def test_futures_sleep_and_tasks_can_be_awaited() -> None:
    seen: list[Any] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        ended = loop.create_future()

        async def work() -> None:
            seen.append(await future)
            await asyncio.sleep(0)
            await asyncio.sleep(0.001)
            seen.append(await asyncio.ensure_future(asyncio.sleep(0, "task")))

        Fiber(work(), lambda fiber, error: ended.set_result(error)).start()
        loop.call_soon(future.set_result, "future")
        assert await ended is None

    asyncio.run(main())
    assert seen == ["future", "task"]


def test_throwing_into_a_fiber_that_awaits_a_future_frees_it_of_the_future() -> None:
    async def main() -> list[BaseException | None]:
        future = asyncio.get_running_loop().create_future()

        async def work() -> None:
            await future

        watched = Watched(work())
        watched.fiber.start()
        watched.fiber.throw(Cancelled())
        await asyncio.sleep(0)
        assert future.cancelled()
        return watched.ends

    ends = asyncio.run(main())
    assert len(ends) == 1
    assert isinstance(ends[0], Cancelled)


def test_throwing_into_a_fiber_that_is_about_to_go_on_resumes_it_no_second_time() -> None:
    async def main() -> list[BaseException | None]:
        async def work() -> None:
            await asyncio.sleep(0)

        watched = Watched(work())
        watched.fiber.start()
        watched.fiber.throw(Cancelled())
        await asyncio.sleep(0.01)
        return watched.ends

    assert len(asyncio.run(main())) == 1


@pytest.mark.parametrize("error", [ValueError("x"), OSError("y")])
def test_a_failed_future_raises_in_the_fiber(error: Exception) -> None:
    async def main() -> list[BaseException | None]:
        future = asyncio.get_running_loop().create_future()

        async def work() -> None:
            await future

        watched = Watched(work())
        watched.fiber.start()
        future.set_exception(error)
        await asyncio.sleep(0)
        return watched.ends

    assert asyncio.run(main()) == [error]
