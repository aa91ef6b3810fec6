from loadkit.outputs.markdown import MOST_BYTES
from loadkit.outputs.recommendation import conclusion, gate_markdown, recommendation_lines, recommendation_markdown
from tests.unit.analysis.test_recommendation import made
from tests.unit.analysis.test_standing import FAILED, HELD, OPEN, attempt, judged

BLOCKED = made(
    attempt(judged(HELD, FAILED), name="light"), attempt(name="spike", trouble="no time is left", remedy="wait")
)


def test_the_text_has_runs_reasons_formula_and_decision():
    lines = list(recommendation_lines(BLOCKED))
    assert lines[1] == "Gate shop in ci"
    assert lines[2] == "  took 1m1s of a budget of 10m"
    assert "  light  failed      50       1    2s" in lines
    assert "  critical  light: http.response_time.p95 < 250ms: measured 412ms  shop.yaml:12:7" in lines
    assert "  unknown   spike: not run: no time is left  gate.yaml:3:15" in lines
    assert "  light: 100 - 50 (1 failed of 2) - 0 - 0 = 50" in lines
    assert "  spike: wait" in lines
    assert lines[-1] == "BLOCKED: health unknown (exit code 3)" == conclusion(BLOCKED)


def test_the_time_is_compared_with_the_budget():
    assert list(recommendation_lines(made(budget_s=None)))[2] == "  took 1m1s; there is no budget"
    assert list(recommendation_lines(made(budget_s=60.0)))[2] == "  took 1m1s of a budget of 1m, which is over it"


def test_notes_do_not_hide_what_counts():
    found = made(attempt(judged(*[OPEN] * 30, FAILED)))
    lines = list(recommendation_lines(found))
    assert any(line.startswith("  critical") for line in lines)
    assert "  and 20 more notes, which --json lists" in lines


def test_markdown_begins_with_the_decision():
    text = recommendation_markdown(BLOCKED)
    assert text.startswith("## :x: Blocked: health unknown\n")
    assert "| light | failed | 50 | 1 | 2s |" in text
    assert "- **critical** light: http.response\\_time.p95 \\< 250ms: measured 412ms (`shop.yaml:12:7`)" in text


def test_names_do_not_break_out():
    hostile = "a|b\n\x1b[31m<script> `x` [l](http://x.example) @all"
    found = made(attempt(judged(HELD), name=hostile), gate=hostile)
    lines = list(recommendation_lines(found))
    assert all(line.isprintable() for line in lines)
    text = recommendation_markdown(found)
    assert "<script>" not in text
    assert "\x1b" not in text
    assert "\\[l\\](http" in text
    assert "a\\|b\\\\n" in text
    assert len(recommendation_markdown(made(attempt(judged(HELD), name="x" * 10_000)))) < 5_000


def test_a_comment_has_the_decision_before_the_runs():
    text = gate_markdown(BLOCKED)
    assert text.startswith("## :x: Blocked")
    assert "## FAIL" in text.split("\n---\n")[1]
    assert gate_markdown(made(attempt())) == recommendation_markdown(made(attempt()))


def test_a_comment_has_room_for_any_number_of_runs():
    runs = [attempt(judged(*[FAILED] * 20), name="x" * 2_000, trouble="y" * 2_000) for _ in range(100)]
    text = gate_markdown(made(*runs))
    assert len(text.encode()) <= MOST_BYTES
    assert "- and 1960 more, which --json lists" in text
