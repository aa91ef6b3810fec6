"""A client of the embedded target, for tests that speak HTTP to it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import aiohttp

T = TypeVar("T")
Visit = Callable[[aiohttp.ClientSession], Awaitable[T]]


def visit(url: str, steps: Visit[T]) -> T:
    """Run `steps` with a client of the demo at `url`."""

    async def run() -> T:
        async with aiohttp.ClientSession(url, cookie_jar=aiohttp.CookieJar(unsafe=True)) as client:
            return await steps(client)

    return asyncio.run(run())


def ask(url: str, method: str, path: str, **more: Any) -> tuple[int, Any]:
    """Return status and JSON of one request."""

    async def one(client: aiohttp.ClientSession) -> tuple[int, Any]:
        async with client.request(method, path, **more) as response:
            return response.status, await response.json()

    return visit(url, one)
