"""How a command with several runs stops the one that is under way."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from loadkit.fleet.stop import Stop


@contextlib.asynccontextmanager
async def passed_on(outer: Stop) -> AsyncIterator[Stop]:
    """Give a Stop for one run, which gets what `outer` is asked for as long as the block lasts.

    A run asks its Stop for its own end as well, which must not end the runs after it.
    """
    inner = Stop()

    async def pass_on() -> None:
        while True:
            await outer.asked()
            inner.request(outer.signal)

    task = asyncio.create_task(pass_on())
    try:
        yield inner
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
