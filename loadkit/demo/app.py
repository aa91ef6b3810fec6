"""The embedded target as an HTTP server: routes, latencies and a share of errors.

`python -m loadkit.demo.app` serves it, and prints its URL as the first line on standard output.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import gc
import os
import random
import resource
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

import msgspec

from loadkit.demo.keeping import Keeping
from loadkit.demo.latency import Latency
from loadkit.demo.options import DemoOptions
from loadkit.demo.queue import serve_queue
from loadkit.demo.route import Call, Refused, Reply, Route, fault
from loadkit.demo.services import Services
from loadkit.demo.shop import Shop
from loadkit.scenario.demo_target import read_queue

if TYPE_CHECKING:
    from aiohttp import web

_MOST_BODY_BYTES = 64 * 1024
_KEEP_ALIVE_S = 3600  # virtual users may think for long
_BACKLOG = 4096  # thousands of them may connect at once
_HEALTH = Reply(200, b'{"status":"ok"}')
_UNAVAILABLE = fault(503, "out of order, as asked for by the error rate")
_NOTHING: dict[str, str] = {}


def make_app(options: DemoOptions) -> web.Application:
    """Return the demo as an application, for any aiohttp server."""
    from aiohttp import web

    latency = Latency(scale=options.latency, seed=options.seed)
    shop, services = Shop(latency, options.seed), Services(latency, perf_counter_ns, options.seed)
    outage, keep = _outage(options), Keeping(options.leak, options.cache)
    app = web.Application(client_max_size=_MOST_BODY_BYTES)
    app.router.add_get("/health", _handler(Route("GET", "/health", lambda call: _HEALTH), lambda: False, Keeping()))
    for route in (*shop.routes(), *services.routes()):
        add = app.router.add_get if route.method == "GET" else app.router.add_post
        add(route.path, _handler(route, outage, keep))
    app.router.add_route("*", "/{path:.*}", _handler(Route("*", "", _unknown), outage, keep))
    return app


def _outage(options: DemoOptions) -> Callable[[], bool]:
    """Return what decides, request by request, whether the demo is out of order."""
    rate, draw = options.error_rate, random.Random(f"errors {options.seed}").random
    return (lambda: draw() < rate) if rate else (lambda: False)


def _unknown(call: Call) -> Reply:
    raise Refused(404, f"there is nothing at /{call.path['path'][:200]} for this method")


def _handler(
    route: Route, outage: Callable[[], bool], keep: Callable[[], None]
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    from aiohttp import web

    act = route.act
    decode = msgspec.json.Decoder(route.body).decode if route.body else None

    async def handle(request: web.Request) -> web.StreamResponse:
        body = None
        keep()
        try:
            if decode:
                body = decode(await request.read())
            query = request.query if request.query_string else _NOTHING
            answer = act(Call(request.match_info, query, _token(request), body))
        except Refused as refused:
            answer = refused.reply
        except msgspec.DecodeError as error:
            answer = fault(400, f"the body is not what is expected here: {error}")
        if outage():
            answer = _UNAVAILABLE
        if answer.delay_s:
            await asyncio.sleep(answer.delay_s)
        return web.Response(
            status=answer.status, body=answer.body, content_type=answer.media_type, headers=answer.headers
        )

    return handle


def _token(request: web.Request) -> str:
    return request.headers.get("Authorization", "").removeprefix("Bearer ")


async def serve(host: str, port: int, options: DemoOptions, ready: Callable[[str], None]) -> None:
    """Serve until cancelled or SIGTERM. Port 0 takes a free one; `ready` gets the URL once requests are taken.

    Raises OSError when it cannot listen.
    """
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    try:
        if options.law is not None:
            await serve_queue(host, port, options.law, ready, stop)
        else:
            await _serve_shop(host, port, options, ready, stop)
    finally:
        loop.remove_signal_handler(signal.SIGTERM)


async def _serve_shop(
    host: str, port: int, options: DemoOptions, ready: Callable[[str], None], stop: asyncio.Event
) -> None:
    from aiohttp import web

    runner = web.AppRunner(
        make_app(options),
        access_log=None,
        keepalive_timeout=_KEEP_ALIVE_S,
        shutdown_timeout=0.2,
        handler_cancellation=True,
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, backlog=_BACKLOG).start()
        ready(_url(runner.addresses[0]))
        await stop.wait()
    finally:
        await runner.cleanup()


def _url(address: Any) -> str:
    host, port = address[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def main(arguments: list[str] | None = None) -> int:
    """Serve the demo as a process of its own, as process.py starts it."""
    parser = argparse.ArgumentParser(prog="python -m loadkit.demo.app", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--error-rate", type=float, default=0.0, help="share of requests answered with 503")
    parser.add_argument("--latency", type=float, default=1.0, help="multiplies all latencies")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--queue", type=read_queue, help="a queueing station in place of the shop: servers=4,service=5ms"
    )
    parser.add_argument("--with-parent", action="store_true", help="end with the parent: at the end of standard input")
    parser.add_argument("--leak", type=float, default=0.0, help="bytes of each request that are never let go")
    parser.add_argument("--cache", type=int, default=0, help="bytes of a cache that requests fill")
    asked = parser.parse_args(arguments)
    options = DemoOptions(
        error_rate=asked.error_rate,
        latency=asked.latency,
        seed=asked.seed,
        queue=asked.queue,
        leak=asked.leak,
        cache=asked.cache,
    )
    _allow_connections()
    if asked.with_parent:
        _die_with_parent()
    try:
        _run(_serve(asked.host, asked.port, options, asked.with_parent))
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 0
    except OSError as error:
        reason = os.strerror(error.errno).lower() if error.errno else str(error)
        sys.stderr.write(f"cannot listen on {asked.host}:{asked.port}: {reason}\n")
        return 1
    return 0


async def _serve(host: str, port: int, options: DemoOptions, with_parent: bool) -> None:
    if with_parent:
        _cancel_at_end_of_input()

    def ready(url: str) -> None:
        gc.collect()
        gc.freeze()  # what lives from here on is never looked at again: collections take no noticeable time
        sys.stdout.write(f"{url}\n")
        sys.stdout.flush()

    await serve(host, port, options, ready)


def _cancel_at_end_of_input() -> None:
    loop, task = asyncio.get_running_loop(), asyncio.current_task()

    def readable() -> None:
        if not os.read(0, 1024):
            loop.remove_reader(0)
            if task:
                task.cancel()

    loop.add_reader(0, readable)


def _run(main_part: Coroutine[Any, Any, None]) -> None:
    """Run on uvloop, which doubles the requests per second, where it exists."""
    try:
        import uvloop
    except ImportError:
        asyncio.run(main_part)
    else:
        uvloop.run(main_part)


def _allow_connections() -> None:
    """Raise the limit of open files to the most that is allowed: each connection is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _die_with_parent() -> None:
    """Ask the kernel to end this process when its parent ends, even if nothing here gets to run any more."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


if __name__ == "__main__":
    sys.exit(main())
