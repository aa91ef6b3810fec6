"""How pages are made: aside, in threads, so that none waits for another; with the hashes of the scripts that each may run."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from loadkit.dashboard.assets import PREFIX, Assets
from loadkit.dashboard.guard import content_policy
from loadkit.dashboard.kept import Seen
from loadkit.dashboard.problem import Problem
from loadkit.dashboard.templates import Page, render
from loadkit.errors import JournalError, PreflightError, UsageError
from loadkit.outputs.html import render as render_alone
from loadkit.outputs.json import json_file
from loadkit.outputs.pages import CHART_SCRIPTS, PAGE, bokeh_scripts

if TYPE_CHECKING:
    from aiohttp import web

_Made = TypeVar("_Made")
STATIC = Path(__file__).parent / "static"
_AT_ONCE = 4
"""How many pages are made at the same time: reports are large when they are read."""

_FILES: Mapping[str, tuple[str, Callable[[Mapping[str, Any]], bytes]]] = {
    "json": ("application/json", json_file),
    "html": ("text/html", lambda report: render_alone([report])),
}


class Kitchen:
    """Makes handlers of functions from requests to pages. `store` is the name of the history, "" where there is none."""

    def __init__(self, store: str) -> None:
        self._store = store
        shared = {name: PAGE / name for name in ("page.css", *CHART_SCRIPTS, "page.js")}
        self._assets = Assets({**bokeh_scripts(), **shared, **{name: STATIC / name for name in ("ui.css", "ui.js")}})
        self._turns = asyncio.Semaphore(_AT_ONCE)

    def add_files(self, app: web.Application) -> None:
        """Serve what pages load."""
        self._assets.add_route(app)

    def page(self, make: Callable[[web.Request], Page]) -> Callable[[web.Request], Awaitable[web.Response]]:
        """Return what answers with a page."""
        from aiohttp import web

        def made(request: web.Request) -> tuple[str, list[str]]:
            page = make(request)
            hashes = {f"{PREFIX}{name}": self._assets.integrity(name) for name in page.scripts}
            return render(page, hashes, self._store), list(hashes.values())

        async def handle(request: web.Request) -> web.Response:
            text, hashes = await self.aside(lambda: made(request))
            policy = {"Content-Security-Policy": content_policy(hashes)}
            return web.Response(text=text, content_type="text/html", headers=policy)

        return handle

    def file(self, kind: str, see: Callable[[web.Request], Seen]) -> Callable[[web.Request], Awaitable[web.Response]]:
        """Return what answers with a run's report as a file to be kept: `json` or `html`."""
        from aiohttp import web

        media_type, written = _FILES[kind]

        def made(request: web.Request) -> tuple[str, bytes]:
            found = see(request)
            if found.runs:
                raise Problem(409, "This run goes on, so it has no report yet.", "Come back when it is over.")
            return found.run.id, written(found.report)

        async def handle(request: web.Request) -> web.Response:
            name, body = await self.aside(lambda: made(request))
            told = {"Content-Disposition": f'attachment; filename="{name}.{kind}"'}
            return web.Response(body=body, content_type=media_type, charset="utf-8", headers=told)

        return handle

    async def aside(self, make: Callable[[], _Made]) -> _Made:
        """Return what is made in a thread. Raises Problem, also where what it is made of is out of reach."""
        async with self._turns:
            try:
                return await asyncio.to_thread(make)
            except PreflightError as error:
                raise Problem(503, "The history cannot be read.", str(error)) from error
            except (JournalError, UsageError) as error:
                raise Problem(404, "The run cannot be read.", str(error)) from error
