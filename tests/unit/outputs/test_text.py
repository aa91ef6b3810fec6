import io
from dataclasses import replace

from loadkit.engine.events import LogLine
from loadkit.outputs.text import LogOnly, PlainText, headline
from loadkit.slo.spending import RunBudget
from tests.support.results import interval, phase, plan, second, started


def lines_of(*snapshots, **changes):
    out, err = io.StringIO(), io.StringIO()
    screen = PlainText(out, err)
    screen.start(started(**changes))
    for snapshot in snapshots:
        screen.interval(interval(snapshot))
    screen.close()
    screen.close()
    assert out.getvalue() == ""
    return err.getvalue().splitlines()


def test_the_first_line_says_what_begins():
    text = headline(started(target="http://ann:secret@shop.example"))
    assert "shop against http://***@shop.example, 20s, 1 worker, seed 42" in text


def test_each_second_is_one_line():
    lines = lines_of(second(0), second(1), plan=plan(phase(name="steady")))
    assert len(lines) == 3
    assert lines[1] == (
        "    1s steady 5% | 10.0/s of 10.0/s planned, 3 VUs active | 10.0/s requests"
        " | response time p50 25ms  p95 25ms  p99 25ms | 0 errors"
    )


def test_the_moment_after_the_last_whole_second_has_no_line():
    moment = second(1)
    moment.end_ns = moment.start_ns + 1_000_000
    assert len(lines_of(second(0), moment)) == 2


def test_dropped_arrivals_are_said():
    snapshot = second(0)
    snapshot.counters["arrivals.dropped", ""] = 4
    assert lines_of(snapshot)[1].endswith("| 0 errors | 4 arrivals dropped")
    snapshot.counters.update({("arrivals.dropped", ""): 1, ("errors.ECONNREFUSED", "/"): 1})
    assert lines_of(snapshot)[1].endswith("| 1 error | 1 arrival dropped")


def test_a_name_cannot_command_the_terminal():
    assert "\x1b" not in lines_of(second(0), plan=plan(phase(name="\x1b[2J")))[1]


def test_log_lines_go_to_standard_output_also_when_nothing_else_is_shown():
    out, err = io.StringIO(), io.StringIO()
    screen = LogOnly(out, err)
    screen.start(started())
    screen.interval(interval(second(0)))
    screen.log(LogLine(text="bought 3", stream="stdout"))
    screen.close()
    screen.close()
    assert (out.getvalue(), err.getvalue()) == ("bought 3\n", "")


def test_what_of_its_own_budget_is_spent_is_said():
    spent = RunBudget(name="available", budget=0.01, bad=3, total=600, unit="events")
    err = io.StringIO()
    text = PlainText(io.StringIO(), err)
    text.start(started())
    text.interval(replace(interval(second(0)), budgets=(spent,)))
    assert err.getvalue().rstrip().endswith("| budget available 50% spent so far, 3 of 600 events bad")
