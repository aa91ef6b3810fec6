import html
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from markdown_it import MarkdownIt

from loadkit.outputs.markdown import MOST_BYTES, code, render
from loadkit.outputs.paper import legible
from loadkit.report.interventions import interventions_data
from tests.support.hostile import PAYLOADS
from tests.support.interventions import EVERY
from tests.support.reports import HOSTILE, comparison, hostile_report, invalid_report, judged_report, series
from tests.support.results import report_of, result


def text_of(*reports: dict[str, Any]) -> str:
    return render(reports).decode()


def rows_under(text: str, title: str) -> list[list[str]]:
    """The cells of the table under a title, as GitHub splits them: at each | that is not escaped."""
    section = text.split(f"### {title}\n\n")[1].split("\n\n")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines()]


def test_the_verdict_comes_first():
    lines = text_of(judged_report()).splitlines()
    assert lines[0] == "## FAIL: `shop`"
    assert lines[2] == "**2 of 6 objectives hold, 2 failed, 1 inconclusive, 1 only warned of**"
    assert lines[4] == "ran 3s, against `http://shop.example`, 12 requests (4.0/s)"


def test_what_people_did_stands_below_the_verdict():
    made = text_of(judged_report(interventions=interventions_data(EVERY)))
    assert "\n\nwith `3 interventions: paused 750ms at 0:00 by keyboard, rate x2.5" in made
    assert rows_under(made, "Run")[2][:2] == ["warning", "`nobody intervened`"]


def test_what_failed_stands_above_what_holds_with_its_line():
    rows = rows_under(text_of(judged_report()), "Thresholds")
    assert [row[0] for row in rows] == ["verdict", "---", "**FAIL**", "warning", "inconclusive", "pass"]
    found = "`measured 25ms, wanted < 250ms`"
    assert rows[2] == ["**FAIL**", "`http.response_time.p99 < 10ms`", found, "`shop.yaml:14:7`"]


def test_times_are_told_per_request():
    rows = rows_under(text_of(judged_report()), "Response time per request, in ms")
    assert rows[2:] == [
        ["`/cart`", "6", "2", "45.0", "45.0", "45.0", "45.0", "45.0"],
        ["`/products`", "6", "0", "25.0", "25.0", "25.0", "25.0", "25.0"],
    ]


def test_errors_have_an_example():
    rows = rows_under(text_of(judged_report()), "Errors")
    assert rows[2] == ["`ECONNREFUSED`", "2", "`connect to 127.0.0.1:1`"]


def test_a_comparison_shows_what_decides_and_what_informs():
    text = text_of(judged_report(comparison=comparison(), exit_code=4))
    assert text.startswith("## REGRESSION")
    decides = rows_under(text, "Compared with the baseline")
    assert [row[:2] for row in decides[2:]] == [
        ["warning", "`no slower than the baseline main`"],
        ["warning", "`p95 of /cart`"],
        ["pass", "`error rate of all requests`"],
    ]
    (informs,) = rows_under(text, "For information, against 3 runs of `main`")[2:]
    assert informs[0] == "`p95 of all requests, failed ones as well`"


def test_why_a_measurement_is_invalid_is_told():
    text = text_of(invalid_report())
    assert text.startswith("## INVALID")
    assert "`invalid: 12% of the arrivals started late; lower the rate`" in text


def test_a_run_that_judges_nothing_says_so():
    assert "**0 of 0" not in (text := text_of(report_of(result())))
    assert "**nothing was judged**" in text


def test_it_says_which_run_it_is_about():
    last = text_of(judged_report()).splitlines()[-1]
    assert last.startswith(
        "<sub>run `20261121-090255-k3f9` · commit `0123456789abcdef` · seed `42` · plan `3f2a9c0d1e2f`"
    )


def many(report: dict[str, Any], number: int) -> dict[str, Any]:
    """A report with so many requests and thresholds, their names as long as shown ones are."""
    found = report["loadkit"]
    found["requests"] = [dict(found["requests"][0], name=f"/{index}|" * 40) for index in range(number)]
    found["verdicts"] = [dict(found["verdicts"][1], objective=f"{index}|" * 50) for index in range(number)]
    found["comparison"] = comparison(series=[series(name=f"{index}|" * 50) for index in range(number)])
    return report


@pytest.mark.parametrize("number", [50, 2000])
def test_it_fits_into_a_comment_however_much_there_is(number):
    made = render([many(judged_report(), number)])
    assert len(made) <= MOST_BYTES
    assert f"... and {number - 5:,} more".encode() in made or b" more; the report holds them all" in made
    assert made.startswith(b"## FAIL")


def test_very_many_runs_are_cut_at_the_end_of_a_line():
    made = render([judged_report()] * 2000).decode()
    assert len(made.encode()) <= MOST_BYTES
    assert made.endswith("... and more: the rest has no room here, the reports hold it all.\n")


@pytest.mark.parametrize("text", HOSTILE)
def test_no_name_can_become_markup(text):
    """What is left when code is taken out is our own markup, and the code is closed where it was opened."""
    made = text_of(hostile_report(text))
    bare = re.sub(r"<code>[^<`]*</code>|`[^`\n]*`", "", made)
    assert set(re.findall(r"<[^>]*>", bare)) <= {"<sub>", "</sub>"}
    assert not re.search(r"[`@\\\[]|www|http:|\x1b|\u202e|alert|evil", bare)
    for line in made.splitlines():
        if line.startswith("|"):
            assert line.count("|") in (5, 4, 3, 9)  # of our tables alone
            assert "`" not in re.sub(r"`[^`]*`", "", line)


def test_code_shows_the_text_itself():
    assert code("http.response_time.p95 < 1ms") == "`http.response_time.p95 < 1ms`"
    shown = code("a|b `c` \\ _d_ www.x")
    assert "|" not in shown
    assert html.unescape(re.sub("</?code>", "", shown)) == "a|b `c` \\ _d_ www.x"
    assert code("") == code("  ") == ""


class Rendered(HTMLParser):
    """What a reader of Markdown makes of it: its elements, what stands in code, and how many cells each row has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.codes: list[str] = []
        self.rows: list[int] = []
        self._inside = False
        self.feed(MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(text))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert all(name == "style" and (value or "").startswith("text-align") for name, value in attrs), attrs
        self.elements.add(tag)
        if tag == "code":
            self._inside = True
            self.codes.append("")
        if tag == "tr":
            self.rows.append(0)
        if tag in ("td", "th"):
            self.rows[-1] += 1

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "code"

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.codes[-1] += data


OURS = {"code", "h2", "h3", "p", "strong", "sub", "table", "tbody", "td", "th", "thead", "tr"}


@pytest.mark.parametrize("text", [*HOSTILE, *PAYLOADS])
def test_a_renderer_shows_each_name_as_it_is_and_nothing_of_it_as_markup(text):
    made = Rendered(text_of(hostile_report(text)))
    assert made.elements <= OURS
    assert set(made.rows) <= {2, 3, 4, 8}
    shown = " ".join(legible(text, 120).split())
    assert any(shown in " ".join(code.split()) for code in made.codes)
