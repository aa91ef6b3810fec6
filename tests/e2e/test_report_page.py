"""report.html in a real browser: drawn with data, fit for every screen, and no text of a target that does harm in it."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from loadkit.metrics.snapshot import Snapshot
from loadkit.outputs.base import printable
from loadkit.outputs.html import render
from loadkit.outputs.pages import scripts
from loadkit.scenario.source import MAX_BYTES
from tests.support.browser import DESKTOP, PHONE, Tab, new_tab
from tests.support.command import finish, loadkit, start, write_yaml
from tests.support.echo_server import echo_server
from tests.support.hostile import PAYLOADS
from tests.support.reports import hostile_report
from tests.support.results import failing_second, report_of, result, second

LENGTHS = """
() => Object.fromEntries(Bokeh.documents.flatMap((one) => one.roots()).map((plot) => [
    plot.tags[0], Math.max(...plot.renderers.map((renderer) => renderer.data_source.get_length() ?? 0)),
]))
"""
"""How much data each chart of a page has."""
SOURCE = """
() => Object.fromEntries(Object.entries(Bokeh.documents[0].roots().find((plot) => plot.tags[0] === "rate").renderers[0]
    .data_source.data).map(([key, values]) => [key, [...values]]))
"""
"""What the lines of the seconds are drawn from."""
SHOWN = (
    "() => [...document.querySelectorAll('[data-chart]')].filter((one) => !one.hidden).map((one) => one.dataset.chart)"
)
"""The charts that are there to be seen."""
TOPS = """
() => Object.fromEntries(Bokeh.documents.flatMap((one) => one.roots()).map((plot) => [plot.tags[0], plot.y_range.end]))
"""
"""Where the axis of each chart ends."""
LETTERS = """
() => Bokeh.documents[0].roots().find((one) => one.tags[0] === "times").renderers.filter((one) => one.visible)
    .flatMap((one) => one.data_source.data.text ?? [])
"""
"""The letters that stand on the lines of several runs."""
PAINTED = """
(name) => {
    const inside = [...document.querySelectorAll(`[data-chart=${name}] .plot`)].find((one) => one.clientHeight > 0);
    const canvases = [...inside.firstElementChild.shadowRoot.querySelectorAll("*")].flatMap(
        (one) => [one, ...(one.shadowRoot?.querySelectorAll("*") ?? [])]).filter((one) => one.tagName === "CANVAS");
    return [...new Set(canvases.flatMap((canvas) => {
        const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        return [...new Set(new Uint32Array(data.buffer))].map((one) => [one & 255, (one >> 8) & 255, (one >> 16) & 255].join(", "));
    }))];
}
"""
"""The colours on the canvases of a chart, as red, green and blue."""


def scenario(target: str) -> dict[str, Any]:
    """A scenario in which every text that a user, a file or a target chooses is one of the payloads."""
    said = [text.replace("{{", "{ {").replace("{%", "{ %") for text in PAYLOADS if printable(text) == text]
    gets = [
        {
            "get": {
                "url": "/search?q={{ text }}&n=" + str(number),
                "name": text,
                "headers": {"x-note": text.encode("ascii", "replace").decode().replace("\t", " ")},
                "expect": [{"equals": [text, "another"]}],
            }
        }
        for number, text in enumerate(said)
    ]
    return {
        "config": {
            "target": target,
            "phases": [
                {"name": said[0], "duration": 1, "arrivalRate": 3},
                {"name": said[3], "duration": 1, "arrivalRate": 3},
            ],
            "payload": {"path": "rows.csv", "fields": ["text"]},
            "thresholds": ["http.response_time.p95 < 1h"],
        },
        "scenarios": [{"name": said[7], "flow": gets[:30]}, {"name": said[8], "flow": gets[30:]}],
    }


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a real run in which all that can be hostile is."""
    place = tmp_path_factory.mktemp("hostile")
    rows = ['"' + text.replace('"', '""') + '"' for text in PAYLOADS if "\x00" not in text]
    (place / "rows.csv").write_text("\n".join(rows), encoding="utf-8")
    with echo_server() as echo:
        path = write_yaml(place, scenario(echo.url))
        assert path.stat().st_size < MAX_BYTES
        tags = [part for text in PAYLOADS[:8] for part in ("--tag", f"note:{text}")]
        ended = finish(start("run", path.name, "--name", PAYLOADS[0], *tags, "--seed", "1", cwd=place, store=True))
    assert ended.code in (3, 5), ended.err
    (kept,) = (place / ".loadkit" / "runs").iterdir()
    return kept


@pytest.fixture
def page(tab: Tab, directory: Path) -> Page:
    """The page of that run, drawn."""
    return drawn(tab, directory / "report.html")


def drawn(tab: Tab, path: Path) -> Page:
    made = tab.open(path)
    made.wait_for_function("document.documentElement.dataset.ready === 'charts'")
    return made


def check_harmless(tab: Tab, page: Page) -> None:
    assert page.evaluate("window.pwned") is None
    assert [url for url in tab.requests if not url.startswith(("file:", "data:", "blob:"))] == []
    assert page.evaluate("document.querySelectorAll('script').length") == len(scripts()) + 1  # and the data
    assert page.evaluate("document.querySelectorAll('iframe, object, embed, img, link, base, form').length") == 0
    tab.check()


def test_a_real_run_of_hostile_texts_runs_nothing_and_asks_nobody(tab: Tab, page: Page, directory: Path) -> None:
    check_harmless(tab, page)
    report = json.loads((directory / "report.json").read_text())["loadkit"]
    text = page.evaluate("document.body.textContent")
    names = [one["name"].replace("\t", " ") for one in report["requests"]]
    assert len(names) > 45
    assert [name for name in names if name not in text] == []
    examples = [one["text"] for texts in report["examples"].values() for one in texts]
    assert examples
    assert [one for one in examples if printable(one.replace("\t", " "))[:200] not in text] == []


def test_hover_and_toggles_run_nothing(tab: Tab, page: Page) -> None:
    for chart in ("times", "heat", "spectrum"):
        page.locator(f"[data-chart={chart}] .plot:visible").hover()
    for button in page.locator("button:visible").all():
        button.click()
    check_harmless(tab, page)


GROUPS = [PAYLOADS[at : at + 5] for at in range(0, len(PAYLOADS), 5)]  # what is shown of a name has an end


def test_lines_keep_their_colours_under_the_mouse(page: Page) -> None:
    page.locator("[data-chart=times] .plot:visible").hover()
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    painted = page.evaluate(PAINTED, "times")
    for line in ("p95", "p99"):
        swatch = page.locator(f"[data-chart=times] [data-colour={line}]").first
        assert swatch.evaluate("one => getComputedStyle(one).backgroundColor")[4:-1] in painted, line


def test_every_payload_stands_as_text_wherever_a_report_has_one(tab: Tab, tmp_path: Path) -> None:
    for number, group in enumerate(GROUPS):
        path = tmp_path / f"{number}.html"
        path.write_bytes(render([hostile_report(" | ".join(group))]))
        page = drawn(tab, path)
        text = page.evaluate("document.body.textContent")
        for payload in group:
            shown = printable(payload.replace("\t", " "))
            assert text.count(shown) > 5, payload
            assert shown in page.title()
        check_harmless(tab, page)


def test_charts_are_drawn_with_the_seconds_of_the_run(page: Page, directory: Path) -> None:
    report = json.loads((directory / "report.json").read_text())["loadkit"]
    lengths = page.evaluate(LENGTHS)
    rows = len(report["timeline"]["rows"])
    assert {name: lengths[name] for name in ("rate", "users", "times", "errors", "generator")} == dict.fromkeys(
        ("rate", "users", "times", "errors", "generator"), rows
    )
    cells = sum(1 for first, *counts in filter(None, report["heat"]["columns"]) for count in counts if count)
    assert lengths["heat"] == cells > 5
    assert lengths["spectrum"] > 10
    assert len(page.evaluate(PAINTED, "times")) > 20


def test_a_run_without_responses_shows_no_empty_charts(tab: Tab, tmp_path: Path) -> None:
    path = tmp_path / "empty.html"
    path.write_bytes(
        render([report_of(result(failing_second(0), failing_second(1)), failing_second(0), failing_second(1))])
    )
    page = drawn(tab, path)  # and the console stays empty
    shown = page.evaluate(SHOWN)
    assert "errors" in shown
    assert not {"times", "heat", "spectrum"} & set(shown)


def test_a_run_that_never_began_has_a_page_and_a_place_beside_others(tab: Tab, tmp_path: Path) -> None:
    never = report_of(result(Snapshot()))
    other = report_of(result(second(0), second(1)), second(0), second(1))
    never["loadkit"]["timeline"]["rows"] = []
    for name, reports in (("alone", [never]), ("beside", [other, never])):
        path = tmp_path / f"{name}.html"
        path.write_bytes(render(reports))
        assert bool(drawn(tab, path).evaluate(SHOWN)) is (name == "beside")
        tab.check()


def test_what_was_planned_for_a_fixed_number_of_users_is_drawn(tab: Tab, tmp_path: Path) -> None:
    seconds = [second(0, requests=5), second(1, requests=4)]
    report = report_of(result(*seconds), *seconds)
    report["loadkit"]["phases"][0].update({"kind": "closed", "users": 2, "throughput_per_s": 5.0})
    path = tmp_path / "closed.html"
    path.write_bytes(render([report]))
    page = drawn(tab, path)
    assert page.evaluate(f"({SOURCE})().due") == [5, 5]
    legend = page.get_by_role("group", name="Lines of Load")
    assert legend.get_by_role("button", name="planned").is_visible()
    assert legend.get_by_role("button", name="arrivals started").is_hidden()  # nobody arrives


def test_an_axis_shows_its_own_lines_and_not_what_stands_beside_them(tab: Tab, tmp_path: Path) -> None:
    seconds = [second(0, requests=5), second(1, requests=4)]
    report = report_of(result(*seconds), *seconds)
    at = {name: index for index, name in enumerate(report["loadkit"]["timeline"]["columns"])}
    for row in report["loadkit"]["timeline"]["rows"]:
        row[at["lag_p99_ms"]], row[at["loop_lag_p99_ms"]], row[at["worker_cpu_max"]] = 2.0, 1.0, 0.9
    report["loadkit"]["interventions"] = [{"at_s": 1.2, "kind": "pause", "value": 0, "by": "keyboard"}]
    path = tmp_path / "axes.html"
    path.write_bytes(render([report]))
    page = drawn(tab, path)
    page.locator("[data-chart=generator]").scroll_into_view_if_needed()
    page.wait_for_function(f"({TOPS})().generator < 5")  # milliseconds, beside 90 % of a core
    assert page.evaluate(TOPS)["errors"] < 5


def test_time_is_one_axis_for_all_charts(page: Page) -> None:
    page.evaluate("Bokeh.documents[0].roots()[0].x_range.end = 1234")
    ends = page.evaluate(
        "Bokeh.documents[0].roots().filter((one) => one.tags[0] !== 'spectrum').map((one) => one.x_range.end)"
    )
    assert set(ends) == {1234}
    assert len(ends) >= 6


@pytest.mark.parametrize(
    ("scheme", "sizes"), [("light", (DESKTOP, PHONE, (320, 640))), ("dark", (PHONE, (2000, 1200)))]
)
def test_it_fits_every_screen_in_light_and_dark(browser: Browser, directory: Path, scheme: Any, sizes: Any) -> None:
    with new_tab(browser, sizes[0], scheme=scheme) as context:
        tab = Tab(context)
        page = drawn(tab, directory / "report.html")
        for size in sizes:
            tab.resize(size)
            assert not tab.scrolls_sideways(), size
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (int(ground[4:].split(",")[0]) > 128) is (scheme == "light")
        fill = page.evaluate("Bokeh.documents[0].roots()[0].background_fill_color")
        assert (int(fill[1:3], 16) > 128) is (scheme == "light")
        tab.check()


def test_the_switch_turns_page_and_charts(page: Page) -> None:
    before = page.evaluate("Bokeh.documents[0].roots()[0].background_fill_color")
    page.get_by_role("button", name="Switch between light and dark").click()
    assert page.evaluate("Bokeh.documents[0].roots()[0].background_fill_color") != before
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


PAPER = (688, 1000)
"""How much of a sheet of A4 is between its margins, in pixels of CSS."""
PRINTED = """
() => [...document.querySelectorAll("svg.paper")].map((one) => ({
    chart: one.closest("[data-chart]").dataset.chart, wide: one.clientWidth, high: one.clientHeight,
    colours: ["stroke", "fill"].flatMap((name) => [...one.querySelectorAll(`[${name}]`)].map((part) => part.getAttribute(name))),
    texts: [...one.querySelectorAll("text")].map((text) => text.textContent),
}))
"""
"""What stands for each chart on paper."""


def test_it_is_printed_in_light_colours_as_wide_as_paper_with_everything_unfolded(
    browser: Browser, directory: Path
) -> None:
    with new_tab(browser, scheme="dark") as context:
        tab = Tab(context)
        page = drawn(tab, directory / "report.html")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")  # nothing is waited for, since a browser does not
        printed = {one["chart"]: one for one in page.evaluate(PRINTED)}
        assert set(printed) == set(page.evaluate(SHOWN)) > {"rate", "times", "heat", "spectrum"}
        assert {one["wide"] for one in printed.values()} == {680}
        assert "#b51f6b" in printed["times"]["colours"]  # p99, of page.css in light colours
        assert "#f47ab4" not in printed["times"]["colours"]
        assert {"rgb(10,44,92)", "rgb(220,235,250)"} & set(printed["heat"]["colours"])
        assert any(text.startswith("00:0") for text in printed["rate"]["texts"])
        page.emulate_media(media="print", color_scheme="dark")
        tab.resize(PAPER)
        assert not tab.scrolls_sideways()
        assert page.locator("details:not([open])").count() == 0
        assert page.locator(".plot:visible, button.scale:visible, .bar:visible").count() == 0
        assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
        page.emulate_media(media="screen", color_scheme="dark")
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert page.evaluate(PRINTED) == []
        assert page.locator("details:not([open])").count() > 0
        assert page.evaluate("document.documentElement.dataset.theme ?? 'of the system'") == "of the system"
        assert page.evaluate("Bokeh.documents[0].roots()[0].background_fill_color") == "#171d24"
        assert page.pdf().startswith(b"%PDF")
        tab.check()


def test_it_can_be_read_without_javascript(browser: Browser, directory: Path) -> None:
    with new_tab(browser, script=False) as context:
        tab = Tab(context)
        page = tab.open(directory / "report.html")
        for words in (
            "What to do next",
            "Thresholds",
            "By request name",
            "Load generator",
        ):
            assert page.get_by_text(words).first.is_visible()
        assert page.locator("noscript p").first.is_visible()
        page.get_by_text("The course of the run as a table").click()
        assert page.get_by_role("region", name="The course of the run").is_visible()
        assert page.locator("[data-theme-switch]").is_hidden()


def test_it_has_landmarks_headings_and_names_for_who_does_not_see_it(page: Page) -> None:
    for role in ("banner", "navigation", "main", "contentinfo"):
        assert page.get_by_role(role).count() == 1, role  # type: ignore[arg-type]
    levels = page.evaluate("[...document.querySelectorAll('h1, h2, h3')].map((one) => +one.tagName[1])")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
    plots = page.locator("[data-chart] .plot")
    assert all(label for label in plots.evaluate_all("found => found.map((one) => one.getAttribute('aria-label'))"))
    assert page.evaluate(
        "[...document.querySelectorAll('button')].every((one) => one.textContent.trim() || one.ariaLabel)"
    )
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map((one) => one.id)")
    assert len(ids) == len(set(ids))


def test_the_keyboard_reaches_everything(page: Page) -> None:
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the report"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    key = page.locator("[data-chart=times] .legend button").first
    key.focus()
    page.keyboard.press("Space")
    assert key.get_attribute("aria-pressed") == "false"
    sort = page.locator("#names button.sort").nth(1)
    sort.focus()
    page.keyboard.press("Enter")
    assert page.locator("#names th[aria-sort]").first.get_attribute("aria-sort") == "descending"
    counts = page.locator("#names table").first.locator("tbody tr td:nth-child(2)").all_text_contents()
    numbers = [int(count.replace(",", "")) for count in counts]
    assert numbers == sorted(numbers, reverse=True)


def test_seconds_can_be_added_to_charts(page: Page) -> None:
    page.evaluate(
        """() => {
            const place = document.createElement("section");
            document.getElementById("main").append(place);
            const data = JSON.parse(document.getElementById("data").textContent);
            window.live = LoadkitCharts.draw(place, {...data, timeline: {...data.timeline, rows: data.timeline.rows.slice(0, 1)},
                heat: {...data.heat, columns: data.heat.columns.slice(0, 1)}, interventions: []});
            return live.ready.then(() => live.append({
                timeline: {rows: data.timeline.rows.slice(1)},
                heat: {...data.heat, at: 1, columns: data.heat.columns.slice(1)},
                interventions: [{at_s: 1, kind: "rate", value: 2, by: "dashboard"}],
            }));
        }"""
    )
    found = page.evaluate(LENGTHS.replace("Bokeh.documents", "[Bokeh.documents[0]]"))
    assert page.evaluate(LENGTHS.replace("Bokeh.documents", "[live.document]")) == found


def test_several_runs_are_laid_over_each_other(tab: Tab, directory: Path, tmp_path: Path) -> None:
    path = directory / "report.json"
    ended = loadkit("report", path, path, path, "--html", tmp_path / "runs.html", cwd=tmp_path)
    assert ended.code == 0, ended.err
    page = drawn(tab, tmp_path / "runs.html")
    lengths = page.evaluate(LENGTHS)
    assert set(lengths) == {"times", "p50", "rate", "errors", "users", "spectrum"}
    assert all(lengths.values())
    assert page.evaluate(LETTERS) == ["A", "B", "C"]
    hidden = page.get_by_role("group", name="Runs in Response time, p95").get_by_role("button").nth(1)
    hidden.click()
    assert page.evaluate(LETTERS) == ["A", "C"]
    check_harmless(tab, page)
