"""`loadkit ui` in a real browser: by mouse, by keyboard, on a phone, without JavaScript, and with texts that are not meant well."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from loadkit.report.history import Store
from tests.support.browser import PHONE, Tab, new_tab
from tests.support.histories import run_id, run_report
from tests.support.site import ALIKE, OTHER, add_hostile, fill, history_in, served_history, served_run


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with history_in(tmp_path_factory.mktemp("history")) as store:
        fill(store)
        yield store


@pytest.fixture(scope="module")
def site(store: Store) -> Iterator[str]:
    with served_history(store) as url:
        yield url.rstrip("/")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, list[str]]]:
    with history_in(tmp_path_factory.mktemp("hostile")) as store:
        ids = add_hostile(store)
        with served_history(store) as url:
            yield url.rstrip("/"), ids


_PAINTED = """selector => {
    const inner = (one) => [one, ...(one.shadowRoot ? inside(one.shadowRoot) : [])];
    const inside = (root) => [...root.querySelectorAll("*")].flatMap(inner);
    const pixels = (one) => one.getContext("2d").getImageData(0, 0, one.width, one.height).data;
    const painted = (one) => one.tagName === "CANVAS" && one.width > 0 && pixels(one).some((part) => part !== 0);
    return inside(document.querySelector(selector)).some(painted);
}"""


def painted(tab: Tab, selector: str) -> bool:
    """Wait until a canvas within an element has pixels."""
    tab.page.wait_for_function(_PAINTED, arg=selector)
    return True


def test_runs_are_found_by_a_text_and_sorted_by_a_column(tab: Tab, site: str) -> None:
    page = tab.open(site)
    assert page.locator("table.runs tbody tr").count() == 50
    page.get_by_label("Text").fill("release:2.7")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**/?text=*")
    assert page.locator("table.runs tbody tr").count() == 1
    page.get_by_role("link", name="Show all").click()
    page.get_by_role("columnheader", name="p95").get_by_role("link").click()
    page.wait_for_url("**/?sort=p95")
    assert page.locator("th[aria-sort=descending]").inner_text().startswith("p95")


def test_two_runs_are_chosen_and_compared(tab: Tab, site: str) -> None:
    page = tab.open(f"{site}/?name=checkout")
    button = page.get_by_role("button", name="Compare the chosen runs")
    assert button.is_disabled()
    boxes = page.get_by_role("checkbox")
    boxes.nth(0).check()
    assert page.get_by_role("status").inner_text() == "1 chosen, choose one more."
    boxes.nth(25).check()
    button.click()
    page.wait_for_url("**/compare?*")
    assert page.get_by_text("p95 all requests 200 -> 260 ms").count() == 1
    page.wait_for_selector("html[data-ready=charts]")
    assert painted(tab, "[data-chart=times]")


def test_the_page_of_a_run_has_its_charts(tab: Tab, site: str) -> None:
    page = tab.open(f"{site}/runs/{run_id(0)}")
    page.wait_for_selector("html[data-ready=charts]")
    assert painted(tab, "[data-chart=rate]")
    page.get_by_role("link", name="Trend of runs like this one").click()
    page.wait_for_selector(f"#trend[data-points='{ALIKE}']")


def test_runs_that_are_not_comparable_say_why(tab: Tab, site: str) -> None:
    page = tab.open(f"{site}/compare?run={run_id(0)}&run={run_id(OTHER)}")
    assert page.get_by_text("INVALID").count() >= 1


def test_a_trend_is_drawn_with_its_change(tab: Tab, site: str) -> None:
    page = tab.open(f"{site}/trend?run={run_id(0)}")
    page.wait_for_selector(f"#trend[data-points='{ALIKE}']")
    assert painted(tab, "#trend")
    assert page.get_by_text(f"since {run_id(40)}").count() == 1
    page.get_by_role("combobox", name="Number").select_option("p99")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**metric=p99**")
    page.wait_for_selector("#trend[data-points]")


def test_all_of_it_works_by_keyboard(tab: Tab, site: str) -> None:
    page = tab.open(site)
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.locator(":focus").get_attribute("id") == "main"
    reached = []
    for _ in range(6):
        page.keyboard.press("Tab")
        reached.append(page.locator(":focus").evaluate("one => one.tagName"))
    assert reached[:4] == ["INPUT", "SELECT", "SELECT", "BUTTON"]
    boxes = page.get_by_role("checkbox")
    for index in (0, 1):
        boxes.nth(index).focus()
        page.keyboard.press("Space")
    page.get_by_role("button", name="Compare the chosen runs").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/compare?*")


def test_pages_have_landmarks_one_heading_and_names_for_what_is_used(site: str, browser) -> None:
    with new_tab(browser, script=False) as context:  # which is quicker: no chart is drawn
        tab = Tab(context)
        for path in ("/", "/trend", f"/compare?run={run_id(0)}&run={run_id(1)}", f"/runs/{run_id(0)}"):
            page = tab.open(f"{site}{path}")
            for landmark in ("banner", "main", "contentinfo"):
                assert page.get_by_role(landmark).count() == 1
            assert page.locator("h1").count() == 1
            assert page.locator("html[lang=en]").count() == 1
            nameless = page.locator("input:not([type=hidden]), select").evaluate_all(
                "all => all.filter((one) => !one.labels.length && !one.ariaLabel).map((one) => one.outerHTML)"
            )
            assert not nameless


def test_a_phone_never_scrolls_sideways(site: str, browser) -> None:
    with new_tab(browser, PHONE, scheme="dark") as context:
        tab = Tab(context)
        for path in ("/", "/trend", f"/compare?run={run_id(0)}&run={run_id(1)}", f"/runs/{run_id(0)}", "/runs/unknown"):
            tab.open(f"{site}{path}", wait="domcontentloaded")
            assert not tab.scrolls_sideways(), path
        assert not [error for error in tab.errors if "404" not in error]


def test_it_works_without_javascript(site: str, browser) -> None:
    with new_tab(browser, script=False) as context:
        tab = Tab(context)
        page = tab.open(f"{site}/?name=shop")
        for index in (0, 1, 2):
            page.get_by_role("checkbox").nth(index).check()
        page.get_by_role("button", name="Compare the chosen runs").click()
        page.wait_for_url("**/compare?*")
        assert page.get_by_text("3 runs").count() >= 1
        page.get_by_role("link", name="Trend").first.click()
        page.wait_for_url("**/trend")
        assert page.locator("table.runs tbody tr").count() > 0
        tab.check()


def test_texts_that_are_not_meant_well_stay_texts(tab: Tab, hostile: tuple[str, list[str]]) -> None:
    site, ids = hostile
    for path in ("/", f"/compare?run={ids[0]}&run={ids[8]}", f"/runs/{ids[8]}"):
        page = tab.open(f"{site}{path}")
        assert page.locator("main img, main iframe, main evil, main object, main script").count() == 0
        assert page.get_by_text("<script>alert(1)</script>").count() > 0
    assert {urlsplit(request).hostname for request in tab.requests if not request.startswith("data:")} == {"127.0.0.1"}


def test_a_script_that_somebody_brought_in_would_not_run(tab: Tab, site: str) -> None:
    page = tab.open(site)
    page.evaluate("""() => {
        const made = document.createElement("script");
        made.textContent = "window.brought = true";
        document.body.append(made);
    }""")
    assert page.evaluate("window.brought") is None
    assert any("Content Security Policy" in error for error in tab.errors)
    tab.errors.clear()


def test_a_run_is_viewed_alone_on_the_page_of_the_dashboard(tab: Tab, tmp_path: Path) -> None:
    with history_in(tmp_path) as store:
        store.add(run_report(0))
    with served_run("latest", tmp_path) as url:
        page = tab.open(url)
        page.wait_for_selector("#verdict:not([hidden])")
        page.wait_for_selector("#charts:not([hidden])")
        assert painted(tab, "[data-chart=times]")
        assert page.locator("#thresholds-table tbody tr").count() == len(run_report(0)["loadkit"]["verdicts"])
        assert page.get_by_role("link", name="report.html").is_visible()
        assert page.locator("#controls").is_hidden()
        assert page.locator("#readonly").is_hidden()
