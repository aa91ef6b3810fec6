"""The addresses of `loadkit ui`: which is which page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loadkit.analysis.policy import Settings
from loadkit.dashboard.compare_page import compare_page
from loadkit.dashboard.finding import seen
from loadkit.dashboard.kept import Seen
from loadkit.dashboard.kitchen import Kitchen
from loadkit.dashboard.run_page import run_page
from loadkit.dashboard.runs_page import runs_page
from loadkit.dashboard.templates import Page
from loadkit.dashboard.trend_page import trend_page
from loadkit.report.history import Store

if TYPE_CHECKING:
    from aiohttp import web


class Site:
    """The pages of a history. `settings` are those that comparisons are made by."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._kitchen = Kitchen(store.name)

    def add_routes(self, app: web.Application) -> None:
        """Add all addresses."""
        store, page = self._store, self._kitchen.page
        add = app.router.add_get
        add("/", page(lambda request: runs_page(store, request.query)))
        add("/trend", page(lambda request: trend_page(store, request.query)))
        add("/compare", page(self._compare))
        add("/runs/{id}", page(lambda request: run_page(self._seen(request), store, stays="stay" in request.query)))
        for kind in ("json", "html"):
            add(f"/runs/{{id}}/report.{kind}", self._kitchen.file(kind, self._seen))
        self._kitchen.add_files(app)

    def _seen(self, request: web.Request) -> Seen:
        return seen(self._store, request.match_info["id"])

    def _compare(self, request: web.Request) -> Page:
        query = request.query
        return compare_page(self._store, self._settings, query.getall("run", []), query.get("base", ""))
