"""A run followed in a real browser: `loadkit run --dashboard`, its page, and what is done there."""

import itertools
import json
import re
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import Popen
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from loadkit.dashboard.address import Address
from loadkit.dashboard.live import Dashboard
from tests.support.browser import PHONE, Tab, new_tab
from tests.support.command import Result, finish, scenario, start, write_yaml
from tests.support.relay import Relay
from tests.support.results import plan

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

TOKEN = "only-for-this-test"
HOSTILE = "<img src=x onerror=window.hit=1>\"'&</script><script>window.hit=1</script>"
SLOW = "http.response_time.p50 <= 1us"  # nothing is that quick: it turns red with the first second
TOOLBARS = """() => {
    const inner = (one) => [one, ...(one.shadowRoot ? inside(one.shadowRoot) : [])];
    const inside = (root) => [...root.querySelectorAll("*")].flatMap(inner);
    const bars = inside(document).filter((one) => one.classList.contains("bk-Toolbar"));
    return bars.map((one) => getComputedStyle(one).backgroundColor);
}"""
FLOW = [{"get": {"url": "/"}}, {"get": {"url": "/products"}}, {"get": {"url": "/products/1", "name": HOSTILE}}]


class Followed:
    """A run that goes on, its page's URL, and what it prints."""

    def __init__(self, directory: Path, *arguments: str, **config: Any) -> None:
        self.report = directory / "report.json"
        phases = config.pop("phases", [{"name": "steady", "duration": 600, "arrivalRate": 10}])
        data = scenario("demo://", phases, FLOW, **{"thresholds": [SLOW, "http.error_rate <= 50%"], **config})
        self.process: Popen[str] = start(
            "run", write_yaml(directory, data), "-o", self.report, "--dashboard", "0", "--dashboard-token", TOKEN, *arguments,
        )  # fmt: skip
        self.printed: list[str] = []
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()
        until(lambda: any("dashboard:" in line for line in self.printed), self.printed)
        found = re.search(r"dashboard: (http://\S+)", "".join(self.printed))
        assert found
        self.url = found[1]
        self.open_url = self.url.partition("?")[0]

    def _read(self) -> None:
        assert self.process.stderr
        self.printed.extend(iter(self.process.stderr.readline, ""))

    def end(self) -> Result:
        """Wait for the end; stderr is in `printed`."""
        self._reader.join(60)
        return finish(self.process, self.report)

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)
        for stream in (self.process.stdout, self.process.stderr):
            if stream:
                self._reader.join(10)
                stream.close()


def until(true: Callable[[], bool], said: object = "", seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, said
        time.sleep(0.02)


def ask_run(followed: Followed) -> dict[str, Any]:
    with urllib.request.urlopen(f"{followed.open_url}api/run") as answer:
        found: dict[str, Any] = json.load(answer)
        return found


def state(page: "Page", name: str) -> None:
    page.wait_for_selector(f"#state[data-state={name}]", timeout=90_000)


def drawn(page: "Page") -> None:
    """Wait until the charts are there; not by wait_for_function, which the page's policy forbids to evaluate."""
    until(lambda: page.evaluate("document.querySelectorAll('[data-chart]:not([hidden]) .plot > *').length") >= 6)


def rows_of(page: "Page", chart: str) -> int:
    """How many seconds a chart holds."""
    found = page.evaluate(
        """(name) => {
          const plots = Bokeh.documents.flatMap((document) => document.all_roots).filter((one) => (one.tags || [])[0] === name);
          const lines = plots.flatMap((plot) => plot.renderers).filter((one) => one.data_source);
          return Math.max(0, ...lines.map((one) => one.data_source.length ?? one.data_source.get_length()));
        }""",
        chart,
    )
    return int(found)


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Followed]:
    """A run that is followed by the tests of this module in turn; the last one stops it."""
    made = Followed(tmp_path_factory.mktemp("followed"), observe={"warmup": "2s", "target": True})
    yield made
    made.kill()


@pytest.fixture(scope="module")
def opened(followed: Followed, browser: "Browser") -> Iterator[Tab]:
    """The page as one viewer has it open all the time."""
    with new_tab(browser) as context:
        made = Tab(context)
        made.open(followed.url)
        yield made


@pytest.fixture
def watched(opened: Tab) -> Iterator[Tab]:
    """The page that is open; what it did wrong is checked after the test."""
    yield opened
    opened.check()


def test_charts_are_drawn_with_what_is_measured(watched: Tab) -> None:
    page = watched.page
    state(page, "running")
    assert "token" not in page.url  # it is not left in the address bar
    drawn(page)
    for chart in ("times", "rate", "users", "heat"):
        until(lambda chart=chart: rows_of(page, chart) >= 2, chart)
    before = rows_of(page, "rate")
    until(lambda: rows_of(page, "rate") > before)
    assert float(page.inner_text("#tile-rate").split("/")[0]) > 0
    assert page.get_attribute("#spark-rate path", "d")
    assert page.inner_text("#clock").endswith("of 10:00")


def test_a_threshold_turns_red_with_its_value_and_its_line(watched: Tab) -> None:
    page = watched.page
    failing = page.locator("#thresholds-table tr", has_text=SLOW)
    failing.locator(".chip.bad").wait_for(timeout=90_000)
    assert re.search(r"fails.*\d+(\.\d+)?(us|ms)", failing.inner_text().replace("\n", " "))
    holding = page.locator("#thresholds-table tr", has_text="http.error_rate")
    holding.locator(".chip.good").wait_for(timeout=90_000)
    failing.locator("a").click()
    marked = page.locator(".source .l:target")
    assert SLOW in marked.inner_text()
    assert "fails now" in page.inner_text("#told") or page.locator("#told[aria-live=polite]").count() == 1


def test_phases_and_the_growth_of_what_is_observed_are_told_while_they_go_on(watched: Tab) -> None:
    page = watched.page
    steady = page.locator("#course-table tbody tr", has_text="steady")
    until(lambda: re.fullmatch(r"\d.*", steady.locator("td").nth(8).inner_text()), "no p99 of the phase")
    shown = steady.locator("td").all_inner_texts()
    assert shown[0] == "6,000 arrivals in 10:00"
    assert 8 < float(shown[1]) < 14  # 10 a second, of which the first seconds may have one more
    assert all(float(text.replace(",", "")) > 0 for text in (*shown[2:4], *shown[6:10])), shown
    page.locator("#growth li", has_text="target rss").first.wait_for()
    assert page.locator("#growth .chip").first.inner_text() in ("OPEN", "OK", "WARNING", "CRITICAL")


def test_hostile_names_are_text(watched: Tab) -> None:
    page = watched.page
    page.locator("#requests-table th[scope=row]", has_text="onerror").wait_for(timeout=90_000)
    assert HOSTILE in page.locator("#requests-table").inner_text()
    assert page.evaluate("window.hit") is None
    assert page.locator("#requests-table img, #requests-table script, #source img").count() == 0


def test_request_names_are_sorted_by_the_column_that_is_asked_for(watched: Tab) -> None:
    page = watched.page
    page.locator("#requests-table tbody tr").nth(2).wait_for(timeout=90_000)
    page.get_by_role("button", name="Name").click()
    assert page.locator("#requests-table th[aria-sort=ascending]").inner_text() == "Name"
    names = page.locator("#requests-table th[scope=row]").all_inner_texts()
    assert names == sorted(names, key=str.casefold) or names[0] == "/"
    page.get_by_role("button", name="Name").press("Enter")
    assert page.locator("#requests-table th[scope=row]").all_inner_texts() == names[::-1]


def test_a_reload_and_a_new_viewer_have_the_full_history(followed: Followed, tab: Tab) -> None:
    page = tab.open(followed.url)
    until(lambda: rows_of(page, "rate") >= 3)
    before = rows_of(page, "rate")
    page.reload()
    until(lambda: rows_of(page, "rate") >= before)
    assert ask_run(followed)["timeline"]["rows"][0][0] <= 1.5


def test_a_lost_connection_is_said_and_made_again_without_a_gap(followed: Followed, tab: Tab) -> None:
    relay = Relay(urlsplit(followed.url).port or 0)
    try:
        page = tab.open(f"http://127.0.0.1:{relay.port}/?token={TOKEN}")
        until(lambda: rows_of(page, "rate") >= 2)
        relay.cut()
        page.wait_for_selector("#lost:not([hidden])", timeout=90_000)
        assert "lost" in page.inner_text("#lost") or "not answer" in page.inner_text("#lost")
        seen = rows_of(page, "rate")
        until(lambda: ask_run(followed)["status"]["elapsed_s"] > seen + 1.5)  # some of the run is to be missed
        relay.mend()
        page.wait_for_selector("#lost", state="hidden", timeout=90_000)
        until(lambda: rows_of(page, "rate") >= len(ask_run(followed)["timeline"]["rows"]) - 1 > seen)
    finally:
        relay.cut()
    page.goto("about:blank")
    tab.errors = [error for error in tab.errors if "ERR_" not in error]  # the browser reports that it was cut off


def test_another_run_at_the_same_port_is_shown_from_its_beginning(followed: Followed, tmp_path: Path, tab: Tab) -> None:
    other = Followed(tmp_path, "--hold", thresholds=["http.error_rate <= 7%"])
    relay = Relay(urlsplit(followed.url).port or 0)
    try:
        page = tab.open(f"http://127.0.0.1:{relay.port}/")
        page.locator("#source", has_text=SLOW).wait_for(timeout=90_000)
        relay.cut()
        page.wait_for_selector("#lost:not([hidden])", timeout=90_000)
        relay.mend(urlsplit(other.url).port)
        state(page, "held")
        page.locator("#source", has_text="http.error_rate <= 7%").wait_for(timeout=90_000)
        assert SLOW not in page.inner_text("main")
    finally:
        relay.cut()
        other.kill()
    page.goto("about:blank")
    tab.errors = [error for error in tab.errors if "ERR_" not in error]


def test_without_the_token_the_page_is_read_only(followed: Followed, tab: Tab) -> None:
    page = tab.open(followed.open_url)
    state(page, "running")
    page.locator("#readonly").wait_for(timeout=90_000)
    assert page.locator("#controls").is_hidden()
    answer = page.evaluate(
        "fetch('/api/control', {method: 'POST', body: '{\"action\":\"stop\"}'}).then((one) => one.status)"
    )
    assert answer == 401
    tab.errors.clear()  # the browser reports the 401


def test_the_page_is_light_or_dark(watched: Tab) -> None:
    page = watched.page
    drawn(page)
    grounds = []
    for _ in range(2):
        page.locator("#theme").click()
        plots = "Bokeh.documents.flatMap((one) => one.all_roots).map((plot) => plot.background_fill_color)"
        grounds.append((page.evaluate("getComputedStyle(document.body).backgroundColor"), page.evaluate(f"{plots}[0]")))
    assert grounds[0][0] != grounds[1][0]
    assert str(grounds[0][1]) != str(grounds[1][1])
    assert set(page.evaluate(TOOLBARS)) == {"rgba(0, 0, 0, 0)"}  # Bokeh's own is white, over names and lines
    assert not watched.scrolls_sideways()


def test_the_page_fits_a_phone(followed: Followed, browser: "Browser") -> None:
    with new_tab(browser, PHONE, scheme="dark") as context:
        tab = Tab(context)
        page = tab.open(followed.url)
        drawn(page)
        assert not tab.scrolls_sideways()
        tab.check()


def test_a_keyboard_and_a_screen_reader_find_their_way(followed: Followed, tab: Tab) -> None:
    page = tab.open(followed.url)
    state(page, "running")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "pause":
            break
    assert page.evaluate("document.activeElement.id") == "pause"
    for role, name in (("banner", None), ("navigation", "Parts of this page"), ("main", None), ("group", "Controls")):
        assert page.get_by_role(role, **({"name": name} if name else {})).count() == 1  # type: ignore[arg-type]
    assert page.get_by_role("region", name="Thresholds and objectives", exact=True).count() == 1
    levels = page.evaluate("[...document.querySelectorAll('h1, h2, h3')].map((one) => Number(one.tagName[1]))")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in itertools.pairwise(levels))
    unnamed = page.evaluate("[...document.querySelectorAll('button, input, a')].filter((one) => !one.labels?.length && "
                            "!one.textContent.trim() && !one.getAttribute('aria-label')).length")  # fmt: skip
    assert unnamed == 0


def test_controls_change_the_load_and_are_told(followed: Followed, watched: Tab) -> None:
    page = watched.page
    state(page, "running")
    page.get_by_role("button", name="Pause arrivals").click()
    state(page, "paused")
    page.locator("#interventions-table", has_text="arrivals paused").wait_for(timeout=90_000)
    page.get_by_role("button", name="Resume").click()
    state(page, "running")
    page.get_by_label("Rate").fill("200")
    page.get_by_role("button", name="Set").click()
    page.locator("#interventions-table", has_text="rate 200 % of plan").wait_for(timeout=90_000)
    until(
        lambda: float(page.inner_text("#tile-rate").split("/")[0]) > 45
    )  # 10 arrivals a second with three requests, twice
    page.get_by_label("Rate").fill("5000")
    page.get_by_role("button", name="Set").click()
    assert page.evaluate("document.getElementById('factor').validity.rangeOverflow")
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("dialog").get_by_role("button", name="Keep running").click()
    assert page.locator("#state").get_attribute("data-state") == "running"
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("dialog").get_by_role("button", name="Stop").click()

    page.wait_for_selector("#verdict:not([hidden])", timeout=90_000)
    result = followed.end()
    assert result.report
    shown = [row.split("\t")[1:] for row in page.locator("#interventions-table tbody tr").all_inner_texts()]
    assert shown == [[what, "dashboard"] for what in ("arrivals paused", "resumed", "rate 200 % of plan", "stopped")]
    done = [(one["kind"], one["by"]) for one in result.report["loadkit"]["interventions"]]
    assert done == [("pause", "dashboard"), ("resume", "dashboard"), ("rate", "dashboard"), ("stop", "dashboard")]
    word = page.inner_text("#verdict .word")
    assert word == {3: "Failed", 5: "Not to be trusted"}[result.code]
    assert "Traceback" not in "".join(followed.printed)

    # The server has gone with the run; the page still has all of it.
    page.locator("#requests-table tbody tr").nth(2).wait_for()
    assert page.locator("#controls").is_hidden()
    assert page.locator("#lost").is_hidden()
    with page.expect_download() as saving:
        page.get_by_role("link", name="Save report.json").click()
    assert json.loads(Path(saving.value.path()).read_text())["loadkit"]["exit_code"] == result.code


@contextmanager
def linked(url: str) -> Iterator[str]:
    """A page of another site with a link."""
    page = f'<link rel="icon" href="data:,"><a href="{url}">the run</a>'.encode()

    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://localhost:{server.server_port}/"  # not the site of 127.0.0.1
    finally:
        server.shutdown()
        server.server_close()


def test_a_link_on_another_site_leads_in_at_the_first_click_and_leaves_no_token(browser: "Browser") -> None:
    dashboard = Dashboard(plan(), Address(host="0.0.0.0", port=0), TOKEN)
    try:
        url = dashboard.open()
        with linked(url) as site, new_tab(browser) as context:
            tab = Tab(context)
            page = tab.open(site)
            page.get_by_role("link", name="the run").click()
            state(page, "starting")
            page.locator("#controls").wait_for()
            assert page.url == url.partition("?")[0]
            (cookie,) = context.cookies()
            assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
            page.go_back()
            assert page.url == site  # the address with the token is no step of the history
            tab.check()
        with linked(url.partition("?")[0]) as site, new_tab(browser) as context:  # who has no token is asked for it
            page = Tab(context).open(site)
            page.get_by_role("link", name="the run").click()
            page.get_by_label("Token").fill(TOKEN)
            page.get_by_role("button", name="Open").click()
            state(page, "starting")
    finally:
        dashboard.close()


def test_a_held_run_begins_when_it_is_told_to(tmp_path: Path, tab: Tab) -> None:
    made = Followed(tmp_path, "--hold", phases=[{"duration": 2, "arrivalRate": 10}])
    try:
        page = tab.open(made.url)
        state(page, "held")
        assert ask_run(made)["timeline"]["rows"] == []
        page.get_by_role("button", name="Begin").click()
        page.wait_for_selector("#verdict:not([hidden])", timeout=90_000)
        result = made.end()
    finally:
        made.kill()
    assert result.report
    assert "begun" in page.locator("#interventions-table").inner_text()
    marked = page.locator(
        ".source .l.marked"
    ).all_inner_texts()  # of thresholds that the page heard of later than of the source
    assert [SLOW in marked[0], "http.error_rate" in marked[1]] == [True, True]
    assert [one["kind"] for one in result.report["loadkit"]["interventions"]] == ["begin"]
    assert result.report["loadkit"]["phases"][0]["requests"] == 60
