"""A server that answers everything with JSON about the request, and /page with HTML, on a thread of its own."""

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aiohttp import web

PAGE = '<form><input name="csrf" value="k3y"></form><ul><li>one</li><li>two</li><li> three </li></ul>'


class Echo:
    """The server: its URL, and how often each "METHOD path" was asked for."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: Counter[str] = Counter()
        self.bodies: dict[str, bytes] = {}
        self.headers: dict[str, dict[str, str]] = {}
        self.traces: list[str] = []  # the traceparent of each request that has one

    async def answer(self, request: web.Request) -> web.StreamResponse:
        what = f"{request.method} {request.path}"
        self.asked[what] += 1
        self.bodies[what] = await request.read()
        self.headers[what] = {name.lower(): value for name, value in request.headers.items()}
        if "traceparent" in request.headers:
            self.traces.append(request.headers["traceparent"])
        if request.path == "/page":
            return web.Response(text=PAGE, content_type="text/html")
        about: dict[str, Any] = {
            "id": 7, "method": request.method, "path": request.path, "query": dict(request.query), "items": [{"id": 1}, {"id": 2}],
        }  # fmt: skip
        response = web.json_response(about, headers={"x-answer": "yes", "x-cache": "HIT"})
        response.set_cookie("seen", "1")
        return response


@contextmanager
def echo_server() -> Iterator[Echo]:
    """Serve on a free port of the loopback interface."""
    echo, loop, ready = Echo(), asyncio.new_event_loop(), threading.Event()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", echo.answer)
    runner = web.AppRunner(app, access_log=None)

    async def begin() -> None:
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        echo.url = f"http://{host}:{port}"
        ready.set()

    def serve() -> None:
        loop.run_until_complete(begin())
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        assert ready.wait(10)
        yield echo
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
