"""What `loadkit watch --serve` answers: `/metrics`, `/health`, `/snapshot`, `/leaks`, and what there is, at `/`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import msgspec

from loadkit.monitor.exposition import CONTENT_TYPE, exposition
from loadkit.monitor.state import State

if TYPE_CHECKING:
    from aiohttp import web

PATHS = {
    "/metrics": "what was seen last, for Prometheus",
    "/health": "whether samples come, and the worst that was found; status 503 where none come",
    "/snapshot": "what was seen last, with minimum, mean and maximum so far",
    "/leaks": "whether what holds something grows",
}


class Board:
    """The state that is served. It is replaced as a whole, so any thread may look at it at any time."""

    def __init__(self, state: State) -> None:
        self.state = state


def add_routes(app: web.Application, board: Board) -> None:
    """Let an application, which keeps the rules of who may ask, answer."""
    from aiohttp import web

    async def index(_request: web.Request) -> web.Response:
        return _json(dict(PATHS))

    async def metrics(_request: web.Request) -> web.Response:
        return web.Response(body=exposition(board.state), headers={"Content-Type": CONTENT_TYPE})

    async def health(_request: web.Request) -> web.Response:
        told = board.state.health()
        return _json(told, status=503 if told["status"] == "lost" else 200)

    def data(read: Callable[[State], object]) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(_request: web.Request) -> web.StreamResponse:
            return _json(read(board.state))

        return handle

    app.router.add_get("/", index)
    app.router.add_get("/metrics", metrics)
    app.router.add_get("/health", health)
    app.router.add_get("/snapshot", data(State.snapshot))
    app.router.add_get("/leaks", data(State.leaks))


def _json(data: object, status: int = 200) -> web.Response:
    from aiohttp import web

    body = msgspec.json.format(msgspec.json.encode(data), indent=2)
    return web.Response(body=body, status=status, content_type="application/json", charset="utf-8")
