import asyncio
import os
import signal

import pytest

from loadkit.cli.interrupts import Interrupts


@pytest.mark.parametrize(("number", "name"), [(signal.SIGINT, "SIGINT"), (signal.SIGTERM, "SIGTERM")])
def test_a_signal_becomes_a_request_and_a_sentence(number, name):
    said = []
    interrupts = Interrupts(2_000_000_000, said.append)

    async def run() -> int:
        interrupts.listen()
        os.kill(os.getpid(), number)
        return await interrupts.stop.asked()

    with interrupts.obeyed():
        assert asyncio.run(run()) == 1
    assert interrupts.stop.signal == name
    assert said == [
        f"{name}: no new virtual users; those that run have 2s to finish, a second signal ends at once",
    ]


def test_a_signal_before_the_loop_is_not_lost():
    interrupts = Interrupts(0, lambda text: None)

    async def run() -> int:
        interrupts.listen()
        return await interrupts.stop.asked()

    with interrupts.obeyed():
        os.kill(os.getpid(), signal.SIGINT)
        assert asyncio.run(run()) == 1


def test_a_signal_after_the_loop_breaks_nothing_off():
    interrupts = Interrupts(0, lambda text: None)

    async def run() -> None:
        interrupts.listen()

    with interrupts.obeyed():
        asyncio.run(run())
        os.kill(os.getpid(), signal.SIGINT)
    assert interrupts.stop.requests == 0


def test_handlers_are_given_back():
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with Interrupts(0, lambda text: None).obeyed():
        assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) != before
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
