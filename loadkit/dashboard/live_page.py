"""The page of a run that goes on, and what it asks for: all in the server's thread.

GET  /                the page
GET  /api/run         the run so far; `id` is that of the last event in it
GET  /api/events      what comes after (events.py)
POST /api/control     begin, pause, resume, rate, stop (controls.py)
GET  /static/...      scripts and styles
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from loadkit.dashboard.assets import Assets
from loadkit.dashboard.controls import Controls
from loadkit.dashboard.events import Events
from loadkit.dashboard.guard import Guard, content_policy
from loadkit.dashboard.live_run import LiveRun, Second
from loadkit.engine.events import Started
from loadkit.outputs.pages import CHART_SCRIPTS, PAGE, bokeh_scripts

if TYPE_CHECKING:
    from aiohttp import web

_HERE = Path(__file__).parent
LARGEST_END = 4 * 1024 * 1024
"""A report of more bytes goes to the page without what it was told of already, second by second."""
_LARGE = ("series", "measures", "metrics", "timeline", "heat")
_SCRIPTS = ("live_stream.js", "live_draw.js", "live_model.js", "live_parts.js", "live_system.js", "live.js")


class LiveShell:
    """The page itself, without a run in it, and its scripts and styles."""

    def __init__(self) -> None:
        self._assets = Assets(
            {**bokeh_scripts(), **{name: PAGE / name for name in (*CHART_SCRIPTS, "page.css")}}
            | {name: _HERE / name for name in (*_SCRIPTS, "live.css")}
        )

    def add_files(self, app: web.Application) -> None:
        """Serve what the page loads."""
        self._assets.add_route(app)

    async def answer(self, request: web.Request) -> web.Response:
        """Answer with the page."""
        from aiohttp import web
        from jinja2 import Environment, FileSystemLoader

        environment = Environment(loader=FileSystemLoader(_HERE), autoescape=True)
        scripts = [*bokeh_scripts(), *CHART_SCRIPTS, *_SCRIPTS]
        text = environment.get_template("live.html").render(
            styles=["page.css", "live.css"],
            scripts=[(name, self._assets.integrity(name)) for name in scripts],
        )
        policy = content_policy(self._assets.integrity(name) for name in scripts)
        return web.Response(text=text, content_type="text/html", headers={"Content-Security-Policy": policy})


class LivePage:
    """What is known of the run, and who watches it."""

    def __init__(self, run: LiveRun, events: Events, controls: Controls, guard: Guard) -> None:
        self._run = run
        self._events = events
        self._controls = controls
        self._guard = guard
        self._encoded: tuple[str, bytes] = ("", b"")
        self._last: bytes | None = None
        self._shell = LiveShell()

    def application(self) -> web.Application:
        """Return what answers requests, behind the guard."""
        app = self._guard.application()
        app.router.add_get("/", self._shell.answer)
        app.router.add_get("/api/run", self._whole)
        app.router.add_get("/api/events", self._events.stream)
        app.router.add_post("/api/control", self._controls.answer)
        self._shell.add_files(app)
        return app

    def begin(self, event: Started, run: str | None) -> None:
        """Note that load begins."""
        self._run.begin(event, run)
        self._events.publish("begin", b"{}")

    def add(self, second: Second) -> None:
        """Take the next second, and tell everybody."""
        self._events.publish("second", msgspec.json.encode(self._run.add(second)))

    def end(self, report: Mapping[str, Any] | None, kept: str | None = None) -> None:
        """Tell everybody how the run ended: its report, None where it has none, and in which directory it is kept."""
        told = {"report": report, "whole": True, "kept": kept}
        data = msgspec.json.encode(told)
        if report is not None and len(data) > LARGEST_END:
            few = {key: value for key, value in report["loadkit"].items() if key not in _LARGE}
            few["observe"] = {key: value for key, value in few["observe"].items() if key != "rows"}
            told = {"report": {"loadkit": few}, "whole": False, "kept": kept}
            data = msgspec.json.encode(told)
        self._run.over = told
        self._events.publish("end", data)
        self._events.end()

    async def _whole(self, request: web.Request) -> web.Response:
        """Answer with the history. It is encoded once for everybody who asks in the same second."""
        from aiohttp import web

        if self._encoded[0] != self._events.id:
            self._encoded = self._events.id, msgspec.json.encode({"id": self._events.id, **self._run.whole()})
        may = b"true" if self._guard.may_control(request) else b"false"
        body = b'{"may_control":%b,%b' % (may, self._encoded[1][1:])
        return web.Response(body=body, content_type="application/json")
