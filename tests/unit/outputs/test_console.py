import io
import re
from dataclasses import replace

import pytest
from rich.console import Console

from loadkit.engine.events import LogLine
from loadkit.outputs.console import LiveView, view
from loadkit.outputs.progress import progress
from loadkit.slo.spending import RunBudget
from tests.support.results import failing_second, interval, phase, plan, second, started


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def a_terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("NO_COLOR", raising=False)


def drawn(snapshot, *, draining=False, the_plan=None):
    console = Console(file=io.StringIO(), width=100, force_terminal=False)
    event = interval(snapshot, draining=draining)
    console.print(view(progress(the_plan or plan(phase(name="steady")), event), [snapshot]))
    return console.file.getvalue()


def test_the_view_shows_both_times_and_says_which():
    text = drawn(second(0))
    assert re.search(r"response time +p50 25ms  p95 25ms  p99 25ms  \(last 1 s\)", text)
    assert re.search(r"service time +p50 20ms", text)


def test_the_view_shows_phase_and_time_left():
    text = drawn(second(4))
    assert "steady" in text
    assert "15s left" in text
    assert "━" in text


def test_the_view_shows_rates_users_and_errors():
    text = drawn(second(0))
    for words in ("10.0/s of 10.0/s planned", "3 active", "requests", "10.0/s"):
        assert words in text
    assert re.search(r"errors +2", drawn(failing_second(0)))


def test_the_view_says_what_never_started():
    event = replace(interval(second(0)), lost=70)
    event.snapshot.counters["arrivals.dropped", ""] = 1
    console = Console(file=io.StringIO(), width=100, force_terminal=False)
    console.print(view(progress(plan(), event), [event.snapshot]))
    assert re.search(r"errors +0, 1 arrival dropped, 70 arrivals lost with their worker", console.file.getvalue())


def test_the_view_keeps_its_height():
    heights = {len(drawn(snapshot).splitlines()) for snapshot in (second(0), failing_second(1), second(2, requests=0))}
    assert len(heights) == 1


def test_at_the_end_it_waits_for_the_last_users():
    assert "waiting for the last virtual users" in drawn(second(30), draining=True)


def test_names_are_not_read_as_markup():
    assert "[red]x[/red]" in drawn(second(0), the_plan=plan(phase(name="[red]x[/red]")))


def test_the_view_is_taken_away_at_the_end_and_log_lines_stay():
    out, err = io.StringIO(), Terminal()
    screen = LiveView(out, err)
    screen.start(started())
    screen.interval(interval(second(0)))
    for number in range(3):
        screen.log(LogLine(text=f"line {number}", stream="stdout"))
    screen.close()
    screen.close()
    assert out.getvalue() == "line 0\nline 1\nline 2\n"
    assert err.getvalue().rstrip().endswith(("\x1b[?25h", "\x1b[2K"))
    assert "\x1b[?25h" in err.getvalue()


def test_a_view_that_comes_back_does_not_go_up_over_log_lines():
    terminal = Terminal()
    screen = LiveView(terminal, terminal)
    screen.start(started(plan=plan(phase(name="steady"))))
    screen.interval(interval(second(0)))
    screen.log(LogLine(text="bought 3", stream="stdout"))
    after = terminal.getvalue().split("bought 3")[1]
    screen.close()
    assert "\x1b[1A" not in after.split("steady")[0]


def test_no_color_draws_without_colour(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    err = Terminal()
    screen = LiveView(io.StringIO(), err)
    screen.start(started())
    screen.interval(interval(failing_second(0)))
    screen.close()
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", err.getvalue())


def test_the_view_has_a_gauge_of_each_budget():
    spent = RunBudget(name="available", budget=0.01, bad=3, total=600, unit="events", planned=1200, allowed=12)
    event = replace(interval(second(0)), budgets=(spent, replace(spent, name="fast", bad=13)))
    console = Console(file=io.StringIO(), width=100, force_terminal=False)
    console.print(view(progress(plan(phase(name="steady")), event), [second(0)]))
    text = console.file.getvalue()
    assert re.search(r"budget +available +━+.* 25% spent, 3 of 12 bad events allowed", text)
    assert re.search(r"budget +fast +━+ +108% spent, 13 of 12 bad events allowed", text)
