"""What a page may do to a run: begin, pause, resume, set the rate, stop. The session's loop carries it out, and records it.

    POST /api/control     {"action": "pause"}     {"action": "rate", "factor": 0.5}

The answer says whether it had an effect: a pause within a pause has none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, Protocol

import msgspec

from loadkit.dashboard.problem import Problem
from loadkit.outputs.base import Controls as Watched

if TYPE_CHECKING:
    from aiohttp import web

BY = "dashboard"
_WITHIN_S = 5.0


class Order(msgspec.Struct, forbid_unknown_fields=True):
    """What is asked for; `factor` is how many times the planned rate is to be made."""

    action: Literal["begin", "pause", "resume", "rate", "stop"]
    factor: float | None = None


class Steered(Watched, Protocol):
    """A run that may be held, too, such as fleet/session.py's."""

    def begin(self, *, by: str) -> bool:
        """Let load begin that was held."""


class Controls:
    """The way from the server's loop to that of the session. Until `attach`, and after `detach`, there is nothing to control."""

    def __init__(self) -> None:
        self._session: Steered | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def attach(self, session: Steered) -> None:
        """Control a run, whose session is in the loop that this is called from."""
        self._session, self._loop = session, asyncio.get_running_loop()

    def detach(self) -> None:
        """Control nothing any more."""
        self._session = None

    async def answer(self, request: web.Request) -> web.Response:
        """Answer a POST. Raises Problem for an order that makes no sense, and where no run can be controlled."""
        from aiohttp import web

        order = read_order(await request.read())
        session, loop = self._session, self._loop
        if session is None or loop is None or loop.is_closed():
            raise Problem(409, "No run can be controlled now.", "It has not begun, or it is over.")
        asked = asyncio.run_coroutine_threadsafe(_carry_out(session, order), loop)
        try:
            async with asyncio.timeout(_WITHIN_S):
                effect = await asyncio.wrap_future(asked)
        except ValueError as error:
            raise Problem(400, f"{error}.", "Give another factor.") from error
        except TimeoutError as error:
            raise Problem(503, "The run did not answer.", "It may be ending; try once more.") from error
        return web.json_response({"action": order.action, "effect": effect})


def read_order(body: bytes) -> Order:
    """Return what a body asks for. Raises Problem 400."""
    try:
        order = msgspec.json.decode(body, type=Order)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Problem(400, f"That is no order: {error}.", 'Send one such as {"action": "pause"}.') from error
    if (order.action == "rate") != (order.factor is not None):
        raise Problem(400, "A rate needs a factor, and nothing else has one.", '{"action": "rate", "factor": 0.5}')
    return order


async def _carry_out(session: Steered, order: Order) -> bool:
    if order.factor is not None:
        return session.set_rate(order.factor, by=BY)
    acts: dict[str, Callable[..., bool]] = {
        "begin": session.begin,
        "pause": session.pause,
        "resume": session.resume,
        "stop": session.stop,
    }
    return acts[order.action](by=BY)
