import json
import re
import time
from collections.abc import Iterator
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
import sqlalchemy as sa

from loadkit.analysis.compare import compare
from loadkit.outputs.comparison import verdict_line
from loadkit.outputs.html import render
from loadkit.report.history import RUN_ROWS, Store
from tests.support.histories import BEGAN, run_id, run_report
from tests.support.pages import Answer, ask
from tests.support.site import ALIKE, BROKEN, OTHER, add_hostile, fill, history_in, served_history


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with history_in(tmp_path_factory.mktemp("history")) as store:
        fill(store)
        yield store


@pytest.fixture(scope="module")
def site(store: Store) -> Iterator[str]:
    with served_history(store) as url:
        yield url


class Reading(HTMLParser):
    """What a page holds: its links, rows of the table's body, scripts, and its text."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.links: list[str] = []
        self.rows = 0
        self.tags: list[str] = []
        self.handlers: list[str] = []
        self.scripts: list[dict[str, str | None]] = []
        self._text: list[str] = []
        self._in_body = False
        self.feed(answer.text)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self._text).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append(tag)
        self.handlers += [name for name in found if name.startswith("on")]
        if tag == "tbody":
            self._in_body = True
        self.rows += tag == "tr" and self._in_body
        self.links += [found["href"] or ""] if tag == "a" and "href" in found else []
        self.scripts += [found] if tag == "script" else []

    def handle_data(self, data: str) -> None:
        self._text.append(data)


def read(site: str, path: str = "/", status: int = 200) -> Reading:
    answer = ask(site, path, Accept="text/html")
    assert answer.status == status, answer.text
    return Reading(answer)


def test_runs_are_listed_fifty_to_a_page_with_links_to_the_next(site: str) -> None:
    first = read(site)
    assert first.rows == 50
    assert "1 to 50 of 62 runs" in first.text
    assert f"/runs/{run_id(BROKEN)}" in first.links
    second = read(site, next(link for link in first.links if "page=2" in link))
    assert second.rows == 12
    assert f"/runs/{run_id(0)}" in second.links


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("text=release%3A2.7", 1),
        ("text=RELEASE%3A2.5", 11),
        ("name=checkout", 30),
        ("verdict=invalid", 1),
        ("text=2.7&name=checkout", 0),
        ("text=%00", 50),
    ],
)
def test_runs_are_filtered_by_text_name_and_verdict(site: str, query: str, number: int) -> None:
    assert read(site, f"/?{query}").rows == number


def test_a_filter_that_finds_nothing_says_so_and_leads_back(site: str) -> None:
    page = read(site, "/?text=nothing")
    assert "No run is like that" in page.text
    assert "/" in page.links


def test_columns_sort_in_both_directions_and_keep_the_filter(site: str) -> None:
    rising = read(site, "/?text=release&sort=p95&dir=asc")
    falling = next(link for link in rising.links if "sort=p95" in link and "page" not in link)
    assert "text=release" in falling
    assert "dir=asc" not in falling
    names = [link for link in read(site, "/?sort=name&dir=asc").links if link.startswith("/runs/")]
    assert names[0] == f"/runs/{run_id(ALIKE - 2)}"  # the newest of those called checkout


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/?sort=p95_ms;drop", 400, "sort is one of time"),
        ("/?dir=up", 400, "dir is asc or desc"),
        ("/?page=0", 400, "a number from 1 on"),
        ("/?page=" + "9" * 5000, 400, "a number from 1 on"),
        ("/?page=3", 404, "The last one is page 2"),
        ("/?verdict=fine", 400, "It is one of passed"),
        ("/runs/20200101-000000-aaaa", 404, "There is no run 20200101-000000-aaaa"),
        ("/runs/..%2f..%2fetc%2fpasswd", 404, "There is no run"),
        ("/runs/pyproject.toml/report.json", 404, "There is no run pyproject.toml"),
        ("/compare", 400, "Choose them in the list"),
        (f"/compare?run={run_id(0)}", 400, "Two runs or more"),
        (f"/compare?run={run_id(0)}&run={run_id(0)}", 400, "Two runs or more"),
        (f"/compare?run={run_id(0)}&run=unknown", 404, "There is no run unknown"),
        ("/compare?" + "&".join(f"run={run_id(number)}" for number in range(9)), 400, "Choose 8 or fewer"),
        ("/trend?metric=mean", 400, "metric is one of p50"),
        ("/trend?last=0", 400, "a number from 1 to 1000"),
        (f"/trend?run={run_id(0)}&of=%2Fprodcts", 404, "There are /cart, /products"),
        ("/trend?run=unknown", 404, "There is no run unknown"),
        ("/nothing", 404, "nothing at this address"),
    ],
)  # fmt: skip
def test_what_cannot_be_shown_is_said_with_the_remedy(site: str, path: str, status: int, words: str) -> None:
    assert words in read(site, path, status).text


def test_runs_beside_each_other_are_judged_as_by_the_command(site: str, store: Store) -> None:
    page = read(site, f"/compare?run={run_id(50)}&run={run_id(10)}")
    found = compare(store.report(run_id(50)), [store.report(run_id(10))], name=run_id(10))
    assert verdict_line(found) in page.text
    assert "p95 all requests 200 -> 260 ms" in page.text
    other_base = next(link for link in page.links if f"base={run_id(50)}" in link)
    assert "p95 all requests 260 -> 200 ms" in read(site, other_base).text


def test_three_runs_are_each_laid_beside_the_base(site: str) -> None:
    page = read(site, f"/compare?run={run_id(50)}&run={run_id(10)}&run={run_id(20)}&base={run_id(20)}")
    for letter, number in (("B", 10), ("C", 50)):
        assert f"{letter}, {run_id(number)} , beside the base A, {run_id(20)}" in page.text


def test_runs_that_cannot_be_compared_say_why_and_are_shown_all_the_same(site: str) -> None:
    page = read(site, f"/compare?run={run_id(0)}&run={run_id(OTHER)}")
    assert "INVALID" in page.text
    assert "another scenario" in page.text or "differ" in page.text
    assert "Side by side" in page.text


def test_a_trend_names_the_run_since_which_it_is_another(site: str) -> None:
    page = read(site, f"/trend?run={run_id(3)}")
    assert f"A since {run_id(40)}" in page.text
    assert "+30% slower" in page.text
    assert page.rows == ALIKE
    data = json.loads(re.findall(r'id="data">(.*?)</script>', ask(site, f"/trend?run={run_id(3)}").text)[0])
    assert [len(data["trend"]["points"]), data["trend"]["turns"]] == [ALIKE, [40]]
    assert read(site, f"/trend?run={run_id(3)}&metric=error_rate&of=%2Fcart&last=20").rows == 20


def test_a_report_can_be_kept_as_it_is(site: str, store: Store) -> None:
    answer = ask(site, f"/runs/{run_id(5)}/report.json")
    assert json.loads(answer.body) == store.report(run_id(5))
    assert answer.headers["content-disposition"] == f'attachment; filename="{run_id(5)}.json"'


def test_the_page_can_be_kept_as_one_file(site: str, store: Store) -> None:
    answer = ask(site, f"/runs/{run_id(5)}/report.html")
    assert answer.body == render([store.report(run_id(5))])
    assert answer.headers["content-disposition"] == f'attachment; filename="{run_id(5)}.html"'


def test_the_page_of_a_run_leads_to_its_report_its_trend_and_the_run_before(site: str) -> None:
    page = read(site, f"/runs/{run_id(5)}")
    files = {f"/runs/{run_id(5)}/report.{kind}" for kind in ("json", "html")}
    before = f"/compare?run={run_id(4)}&run={run_id(5)}&base={run_id(4)}"
    assert {*files, f"/trend?run={run_id(5)}", before} <= set(page.links)
    assert not [link for link in read(site, f"/runs/{run_id(0)}").links if link.startswith("/compare")]
    assert read(site, "/runs/latest").text.count(run_id(BROKEN))


def test_a_page_runs_only_the_scripts_that_its_policy_names(site: str) -> None:
    for path in ("/", "/trend", f"/compare?run={run_id(0)}&run={run_id(1)}", f"/runs/{run_id(0)}"):
        answer = ask(site, path)
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "unsafe-eval" not in policy
        for script in Reading(answer).scripts:
            if script.get("type") != "application/json":
                assert f"'{script['integrity']}'" in policy
                assert str(script["src"]).startswith("/static/")


def test_an_empty_history_says_what_to_do(tmp_path: Path) -> None:
    with history_in(tmp_path) as empty, served_history(empty) as url:
        assert "loadkit run scenario.yaml" in read(url).text
        assert "No run is kept" in read(url, "/trend", 404).text
        assert not (tmp_path / "history.db").exists()


def test_a_history_that_breaks_is_said_and_the_server_goes_on(tmp_path: Path) -> None:
    file = tmp_path / "history.db"
    with history_in(tmp_path) as store:
        store.add(run_report(0))
        with served_history(store) as url:
            kept = file.read_bytes()
            file.write_bytes(b"no database any more" * 500)
            assert "cannot be used" in read(url, "/", 503).text
            file.write_bytes(kept)
            assert read(url).rows == 1


def test_hostile_texts_stay_texts_on_every_page(tmp_path: Path) -> None:
    with history_in(tmp_path) as store:
        ids = add_hostile(store)
        with served_history(store) as url:
            beside = "&".join(f"run={one}" for one in ids[:8])
            for path in ("/", f"/compare?{beside}", f"/trend?run={ids[9]}", *(f"/runs/{one}" for one in ids)):
                page = read(url, path)
                assert not page.handlers
                assert not {"img", "evil", "iframe", "object"} & set(page.tags)
                assert not [link for link in page.links if not link.startswith(("/", "#", "?"))]
                assert "\u202e" not in page.text
            assert "<script>alert(1)</script>" in read(url).text  # as its characters


def test_ten_thousand_runs_are_listed_quickly(tmp_path: Path) -> None:
    with history_in(tmp_path) as store:
        store.add(run_report(0))
        with store.database.writing() as connection:
            row = dict(connection.execute(sa.select(RUN_ROWS)).mappings().one())
            rows = [{**row, "id": f"r{n}", "started_at": BEGAN + timedelta(hours=n)} for n in range(10_000)]
            connection.execute(sa.insert(RUN_ROWS), rows)
        with served_history(store) as url:
            read(url)
            began = time.process_time()
            assert read(url, "/?text=shop&sort=p95&page=150").rows == 50
            assert time.process_time() - began < 1  # of the processor; it is some 0.1 s
