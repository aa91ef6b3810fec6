"""The live page on a run that is kept (`loadkit view`). Of a run that goes on it is told whenever there is more in the journal.

GET  /                                the page
GET  /api/run                         the run
GET  /api/events                      that it has grown, or is over: the page asks for the run again
GET  /report.json, /report.html       its report as files
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from loadkit.dashboard.events import Events
from loadkit.dashboard.kept import Journalled, Seen, Stored
from loadkit.dashboard.kitchen import Kitchen
from loadkit.dashboard.live_page import LiveShell
from loadkit.dashboard.stored_run import stored_run
from loadkit.errors import LoadkitError

if TYPE_CHECKING:
    from aiohttp import web

REFRESH_S = 2.0
"""How often it is looked whether a run that goes on has come further."""


class StoredPage:
    """Adds the addresses of one run's page."""

    def __init__(self, kept: Stored | Journalled) -> None:
        self._kept = kept
        self._kitchen = Kitchen("")
        self._shell = LiveShell()
        self._events: Events | None = None  # made on the server's loop

    def add_routes(self, app: web.Application) -> None:
        """Add all addresses."""
        add = app.router.add_get
        add("/", self._shell.answer)
        add("/api/run", self._whole)
        add("/api/events", self._stream)
        for kind in ("json", "html"):
            add(f"/report.{kind}", self._kitchen.file(kind, lambda _request: self._kept.see()))
        self._shell.add_files(app)
        app.cleanup_ctx.append(self._followed)

    async def _whole(self, request: web.Request) -> web.Response:
        from aiohttp import web

        body = await self._kitchen.aside(lambda: msgspec.json.encode({"id": self._id, **stored_run(self._kept.see())}))
        return web.Response(body=body, content_type="application/json")

    @property
    def _id(self) -> str:
        return self._events.id if self._events else "0.0"

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        assert self._events is not None
        return await self._events.stream(request)

    async def _followed(self, app: web.Application) -> AsyncIterator[None]:
        self._events = Events()
        following = asyncio.create_task(self._follow(self._events))
        yield
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following

    async def _follow(self, events: Events) -> None:
        """Tell of a run that goes on until it is over."""
        known: Seen | None = None
        while known is None or known.runs:
            with suppress(LoadkitError, OSError):  # whoever asks for the run is told
                seen = await asyncio.to_thread(self._kept.see)
                if known is not None and seen is not known:
                    events.publish("reset", b"{}")
                known = seen
            await asyncio.sleep(REFRESH_S)
