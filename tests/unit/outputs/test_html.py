import json
import re
from typing import Any

import pytest

from loadkit.outputs.html import render
from loadkit.outputs.pages import scripts
from tests.support.compared import name_of, run_of
from tests.support.reports import comparison, invalid_report, judged_report
from tests.support.results import failing_second, report_of, result, second


def page(*reports: dict[str, Any]) -> str:
    return render(reports).decode()


def data_of(text: str) -> Any:
    return json.loads(text.partition('<script type="application/json" id="data">')[2].partition("</script>")[0])


def words_of(text: str) -> str:
    """What can be read of a page, on one line."""
    body = re.sub(r"<(script|style)\b.*?</\1>", "", text, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def long_report(seconds: int, names: int) -> dict[str, Any]:
    """A report of so many seconds and names, as large as one can become."""
    made = judged_report()
    found = made["loadkit"]
    columns = found["timeline"]["columns"]
    found["timeline"]["rows"] = [
        [float(at + 1), *(round(1234.567 + (at * 7919) % 8641 / 3, 3) for _ in columns[1:])] for at in range(seconds)
    ]
    one = next(one for one in found["requests"] if "response_time_ms" in one)
    timing = {part: {"count": 5, "p50": 123.456, "p95": 234.567, "p99": 345.678, "max": 456.789} for part in
              ("dns", "connect", "tls", "send", "first_byte", "receive")}  # fmt: skip
    found["requests"] = [
        {**one, "name": f"/a/rather/long/name/of/a/page/{n}", "timing_ms": timing} for n in range(names)
    ]
    found["heat"] = {
        "bins_per_decade": 12,
        "lowest_ms": 0.001,
        "column_s": 16,
        "columns": [[20, *(1234 for _ in range(60))] for _ in range(225)],
    }
    found["source"] = {"text": "x: 1\n" * 13_000, "files": [{"name": "shop.yaml", "text": "# comment\n" * 6_500}]}
    return made


def test_the_verdict_comes_first_with_its_reason_and_what_to_do() -> None:
    words = words_of(page(judged_report()))
    assert words.index("FAIL") < words.index("What to do next") < words.index("Thresholds FAIL")
    assert "http.response_time.p99 &lt; 10ms: measured 25ms, wanted &lt; 250ms" in words
    assert "Most errors are ECONNREFUSED (2, most of them by /cart)" in words
    assert "Look at /cart first: its p95 is 45ms" in words


def test_sections_are_in_order() -> None:
    text = page(judged_report(comparison=comparison()))
    found = re.findall(r'<section class="card[^"]*" id="(\w+)"', text)
    assert found == [
        "verdict", "thresholds", "comparison", "course", "spectrum", "names", "outcomes", "checks",
        "generator", "environment",
    ]  # fmt: skip


def test_a_threshold_shows_the_line_that_asks_for_it() -> None:
    report = judged_report()
    lines = ["config:"] + ["  # x"] * 12 + ["    - http.response_time.p99 < 10ms  # slow"]
    report["loadkit"]["source"] = {"text": "config: {}", "files": [{"name": "shop.yaml", "text": "\n".join(lines)}]}
    text = page(report)
    assert '<span class="place">shop.yaml:14:7</span><pre><code>- http.response_time.p99 &lt; 10ms  # slow' in text
    assert '<span class="l marked">    - http.response_time.p99' in text
    assert '<span class="place">shop.yaml:15:7</span></div>' in text  # a line that the report does not hold


def test_an_invalid_run_says_so_before_anything_is_judged() -> None:
    words = words_of(page(invalid_report()))
    assert words.index("INVALID") < words.index("The measurement cannot be trusted: 12% of the arrivals")
    assert "Make the load generator keep up" in words


def test_errors_come_with_examples_and_the_names_that_they_hit() -> None:
    words = words_of(page(judged_report()))
    assert "2 ECONNREFUSED of /cart 0:02 connect to 127.0.0.1:1" in words


def test_response_and_service_time_and_what_they_went_into_are_told_by_name() -> None:
    words = words_of(page(judged_report()))
    assert "/products 6 0 25ms 25ms 25ms 25ms 20ms 20ms 20ms 20ms" in words
    assert (
        "send first byte receive name p50 p95 p50 p95 p50 p95 /cart 1ms 1ms 4ms 4ms 35ms 35ms /products 1ms 1ms 4ms 4ms 15ms 15ms"
        in words
    )


def test_errors_are_counted_as_the_error_rate_counts_them() -> None:
    seconds = [second(0, requests=6), second(1, requests=4, status=503)]
    words = words_of(page(report_of(result(*seconds), *seconds)))
    assert "errors 4 40.00 %" in words
    assert "/products 10 4 " in words


def test_python_calls_have_a_rate_too() -> None:
    report = judged_report()
    for one in (report["loadkit"]["judged"], report["loadkit"]["phases"][0]):
        one.update({"requests": 0, "calls": 90, "request_rate": 0.0, "active_s": 3.0})
    assert "calls 90 30.0 per second" in words_of(page(report))
    assert "per second 30.0 30.0 virtual users" in words_of(page(report, report))


def test_what_leaves_out_the_warm_up_says_so() -> None:
    report = judged_report()
    assert "warm-up" not in words_of(page(report))
    report["loadkit"]["phases"][0]["warmup"] = True
    words = words_of(page(report))
    assert "These figures leave out the warm-up" in words
    assert "Outcomes with warm-up" in words


def test_a_run_without_responses_or_arrivals_has_no_empty_parts() -> None:
    text = page(report_of(result(failing_second(0)), failing_second(0)))
    assert 'id="spectrum"' not in text
    assert 'href="#spectrum"' not in text
    assert "arrivals planned" not in words_of(text)


def test_reports_of_older_loadkits_have_a_page_too() -> None:
    report = judged_report()
    for key in ("heat", "source", "slos", "interventions", "observe", "exports"):
        report["loadkit"].pop(key, None)
    for one in report["loadkit"]["requests"]:
        one.pop("timing_ms")
    assert data_of(page(report))["heat"] is None


def test_observed_series_and_interventions_have_their_sections() -> None:
    report = judged_report(
        interventions=[{"at_s": 1.2, "kind": "rate", "value": 2.0, "by": "dashboard"}],
        observe={
            "columns": [{"name": "api", "series": "rss", "unit": "bytes", "min": 1, "mean": 2e6, "max": 3e6, "last": 3e6}],
            "rows": [[1.0, 2e6], [2.0, 3e6]],
            "verdicts": [
                {"name": "api", "series": "rss", "severity": "critical", "text": "grew", "advice": "look at caches"}
            ],
            "notes": [{"t_s": 1.0, "name": "api", "text": "started anew"}],
        },
    )  # fmt: skip
    words = words_of(page(report))
    assert "0:01 the rate was set to 2 times the planned one dashboard" in words
    assert "CRITICAL api rss: grew look at caches" in words
    assert "api rss 1 B 1.9 MiB 2.9 MiB 2.9 MiB" in words


def test_an_hour_with_200_names_stays_below_two_megabytes() -> None:
    made = render([long_report(3600, 200)])
    assert len(made) < 2_000_000
    assert 1800 <= len(data_of(made.decode())["timeline"]["rows"]) < 3600


def test_a_day_is_no_larger_than_an_hour() -> None:
    assert len(render([long_report(86_400, 10)])) < 2_000_000


def test_tables_have_captions_and_heads_with_scopes() -> None:
    report = judged_report(comparison=comparison())
    for text in (page(report), page(report, report)):
        tables = re.findall(r"<table.*?</table>", text, re.DOTALL)
        assert len(tables) > 3
        assert [table[:80] for table in tables if "<caption" not in table] == []
        assert [head for head in re.findall(r"<th\b[^>]*>", text) if "scope=" not in head] == []
        assert not re.search(r"<th\b[^>]*></th>", text)


def test_several_runs_are_held_against_the_first() -> None:
    slow = report_of(result(second(0, ms=45), failing_second(1)), second(0, ms=45), failing_second(1))
    fast = report_of(result(second(0, ms=20)), second(0, ms=20))
    words = words_of(page(fast, slow))
    assert "response time p95 25ms 50ms +100.0 %" in words
    assert "/products 25ms 50ms +100.0 %" in words
    assert "errors 0 2 (16.7 %) +16.7 points" in words  # from none there is no percentage, and runs differ in length
    assert [run["name"][:2] for run in data_of(page(fast, slow))["runs"]] == ["A:", "B:"]


def figures_of(text: str, p95: float) -> dict[str, Any]:
    """A report of which a comparison knows this p95, and so does everybody else."""
    made = run_of(name_of("/products", p95=p95), seed=int(p95))
    for one in (made["loadkit"]["judged"], made["loadkit"]["requests"][0]):
        one["response_time_ms"]["p95"] = p95
    made["loadkit"]["name"] = text
    return made


def test_a_change_is_called_something_only_where_it_is_more_than_chance() -> None:
    text = page(figures_of("base", 200), figures_of("slower", 300), figures_of("much the same", 204))
    words = words_of(text)
    assert "response time p95 200ms 300ms +50.0 %, regression 204ms +2.0 % " in words
    assert '<span class="change up">+50.0 %, regression</span>' in text
    assert '<span class="change">+2.0 %</span>' in text
    found = words[words.index("Beside the base what") : words.index("Side by side Figures")]
    assert "REGRESSION critical B p95 /products 200 -&gt; 300 ms" in found
    assert "INCONCLUSIVE C " in found
    assert "NOT COMPARED" not in words


def test_what_cannot_be_compared_says_why() -> None:
    old = judged_report()
    old["loadkit"].pop("measures", None)
    words = words_of(page(figures_of("base", 200), old))
    assert "NOT COMPARED B it was made by loadkit" in words
    figures = words[words.index("Side by side Figures") : words.index("What was judged")]
    assert "+" in figures
    assert "regression" not in figures


def test_runs_that_are_not_alike_are_said_to_be_so() -> None:
    one, two = judged_report(), judged_report(fingerprint={"id": "x", "host": "another"})
    assert "These runs differ in scenario, phases, target, host" in words_of(page(one, two))


def test_figures_that_are_not_to_be_trusted_are_marked_wherever_they_stand() -> None:
    words = words_of(page(judged_report(), invalid_report()))
    assert "INVALID B: the load generator did not keep up" in words
    assert words.count("A base B INVALID") == 3  # figures, objectives, names
    assert "SAME RUN" not in words


def test_a_run_that_is_told_twice_is_no_comparison() -> None:
    assert "SAME RUN A, C are one run" in words_of(page(judged_report(), invalid_report(), judged_report()))


def test_runs_of_very_different_length_say_how_to_see_the_short_one() -> None:
    one, two = judged_report(elapsed_s=15.0), judged_report(elapsed_s=3600.0)
    assert "They lasted from 15s to 1h" in words_of(page(one, two))
    assert "They lasted from" not in words_of(page(one, one))


def test_a_run_whose_load_never_began_is_no_short_one() -> None:
    never, one = judged_report(elapsed_s=0.0), judged_report(elapsed_s=15.0)
    assert "They lasted from" not in words_of(page(never, never))
    assert "They lasted from" not in words_of(page(never, one))


@pytest.mark.parametrize("text", ["</script><script>alert(1)</script>", "<!--<script>", "\u2028", "&lt;", "\ud800"])
def test_data_cannot_end_the_element_that_it_stands_in(text: str) -> None:
    report = judged_report()
    report["loadkit"]["phases"][0]["name"] = text
    made = page(report)
    assert data_of(made)["phases"][0]["name"] == text
    assert made.count("<script") == len(scripts()) + 1  # and the data
