"""Fixtures: Debian's Chromium, driven by Playwright, which notes what no page of ours may do.

    def test_something(tab: Tab) -> None:
        page = tab.open("http://127.0.0.1:8000/")

After each test the tab must have logged no error and asked no other host for anything. CI sets LOADKIT_TEST_BROWSER, so that
nothing is left out there.

Playwright's loop counts as running for as long as a browser is there, so a module with a tab cannot also call asyncio.run.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request

CHROMIUM = "/usr/bin/chromium"
DESKTOP = (1280, 900)
PHONE = (390, 844)
# Not even a name is asked for; what a page tries is seen by Playwright before that.
_ALONE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_LOCAL = {"file", "data", "blob", "about"}
_PATIENCE_MS = 90_000  # what a page does takes as long as a busy machine takes for it


class Tab:
    """A window of its own, which notes what goes wrong in its pages: `errors` of their consoles, and `foreign` requests."""

    def __init__(self, context: BrowserContext) -> None:
        self._context = context
        self.errors: list[str] = []
        self.requests: list[str] = []
        self.foreign: list[str] = []
        self.page: Page = context.new_page()
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self.errors.append(f"uncaught: {error}"))
        self.page.on("request", self._check)

    def open(self, place: str | Path, *, wait: Literal["load", "domcontentloaded", "commit"] = "load") -> Page:
        """Go to a URL or a file, and return the page."""
        self.page.goto(place.resolve().as_uri() if isinstance(place, Path) else place, wait_until=wait)
        return self.page

    def resize(self, size: tuple[int, int]) -> None:
        """Make the window so many pixels wide and high."""
        self.page.set_viewport_size({"width": size[0], "height": size[1]})

    def scrolls_sideways(self) -> bool:
        """Say whether the page as a whole is wider than the window."""
        found = self.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        return bool(found)

    def check(self) -> None:
        """Fail when a page logged an error, or asked another host for anything."""
        assert not self.errors, self.errors
        assert not self.foreign, self.foreign

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.errors.append(f"{message.type}: {message.text}")

    def _check(self, request: Request) -> None:
        place = urlsplit(request.url)
        self.requests.append(request.url)
        if place.scheme not in _LOCAL and place.hostname not in _LOOPBACK:
            self.foreign.append(request.url)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser without a window. Skips without Chromium, unless it is required."""
    if not os.access(CHROMIUM, os.X_OK):
        assert not os.environ.get("LOADKIT_TEST_BROWSER"), "Chromium is not installed: apt-get install chromium"
        pytest.skip("needs Chromium: apt-get install chromium")
    from playwright.sync_api import sync_playwright  # here, since most processes of a test run open no page

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", _ALONE])
        yield started
        started.close()


@pytest.fixture
def tab(browser: Browser) -> Iterator[Tab]:
    """A tab of a desktop's size, in light colours and without motion; what it did wrong is checked after the test."""
    with new_tab(browser) as context:
        made = Tab(context)
        yield made
        made.check()


def new_tab(
    browser: Browser,
    size: tuple[int, int] = DESKTOP,
    *,
    scheme: Literal["light", "dark"] = "light",
    script: bool = True,
) -> BrowserContext:
    """Return a context of its own, to be closed: `with new_tab(browser, PHONE, scheme="dark") as context: Tab(context)`."""
    made = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme=scheme,
        reduced_motion="reduce",
        java_script_enabled=script,
    )
    made.set_default_timeout(_PATIENCE_MS)
    return made
