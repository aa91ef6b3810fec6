"""What of the view fits on a terminal, and what it says."""

import re
from dataclasses import replace
from typing import Any

import pytest

from loadkit.engine.events import Interval
from loadkit.engine.interventions import Intervention
from loadkit.metrics.gauge import Gauge
from loadkit.metrics.snapshot import COORDINATOR, Snapshot, merge_all
from loadkit.outputs.base import plain
from loadkit.outputs.live.blocks import Look, blocks
from loadkit.outputs.live.line import line, line_width, painted
from loadkit.outputs.live.seen import Seen
from loadkit.outputs.live.spark import ASCII, UNICODE
from loadkit.outputs.live.timeline import PhaseLine
from loadkit.outputs.live.view import DROPPED_FIRST, GROWING, Block, Size, frame
from loadkit.scenario.plan import Plan
from loadkit.slo.spending import RunBudget
from loadkit.slo.standing import Standing
from tests.support.results import AT, failing_second, phase, plan, second, started

HOLDS = Standing(text="http.response_time.p95 < 250ms", observed="25ms", limit="< 250ms", holds=True, at=AT)
FAILS = Standing(text="http.error_rate < 1%", observed="16.7%", limit="< 1%", holds=False, at=AT)
OPEN = Standing(text="http.requests > 1000", observed="12", limit="> 1000", holds=None, at=AT)
BUDGET = RunBudget(name="available", budget=0.01, bad=3, total=600, unit="events", planned=1200, allowed=12)


def seen_of(*seconds: Snapshot, the_plan: Plan | None = None, **event: Any) -> Seen:
    chosen = the_plan or plan(phase(name="steady"))
    made = Seen(started(plan=chosen, target=chosen.target))
    for index, one in enumerate(seconds):
        made.add(Interval(snapshot=one, summary=merge_all(seconds[: index + 1]), draining=False, **event))
    return made


def drawn(seen: Seen, columns: int = 80, rows: int = 23, **look: Any) -> list[str]:
    size = Size(columns, rows)
    made = blocks(seen, PhaseLine(seen.plan), Look(size=size, marks=UNICODE, **look))
    lines = frame(made, size, UNICODE)
    assert len(lines) <= rows
    assert all(line_width(one) <= columns for one in lines)
    return [painted(one, plain).rstrip() for one in lines]


def with_everything() -> Seen:
    seconds = [second(0), failing_second(1), second(2, name="/slow", ms=90)]
    for one in seconds:
        one.gauges |= {("worker.cpu", 0): Gauge.seen(one.end_ns, 0.34)}
        one.gauges |= {("observe.api.rss", COORDINATOR): Gauge.seen(one.end_ns, 123.0)}
    return seen_of(*seconds, standings=(HOLDS, OPEN, FAILS), budgets=(BUDGET,))


def test_everything_is_there_at_the_usual_size() -> None:
    assert drawn(with_everything(), keys=True) == [
        "shop against http://shop.example                                    0:03 of 0:20",
        "steady, 17s left · 10.0/s of 10.0/s planned",
        "█" * 80,
        "├steady─────▲" + "─" * 67,
        "requests      10.0/s █▂█",
        "p95             95ms ▃ █",
        "errors         0.0/s ▁█▁",
        "users              3 █▁█",
        "response   p50 25ms  p95 95ms  p99 95ms  (last 3 s)",
        "service    p50 20ms  p95 90ms  p99 90ms  (last 3 s)",
        "generator  busiest worker 34% cpu · 0 late · 0 dropped",
        "thresholds 1 fails · 1 holds · 1 open",
        "  FAIL  16.7%  http.error_rate < 1%",
        "  ok     25ms  http.response_time.p95 < 250ms",
        "budget     available ━━──────── 25% spent, 3 of 12 bad events allowed",
        "slowest names   p95  count  errors",
        "  /slow        95ms     10       0",
        "  /products    25ms     10       0",
        "errors     2 ECONNREFUSED",
        "  ECONNREFUSED  connect to 127.0.0.1:1",
        "observed",
        "  api.rss        123 ███",
        "? keys",
    ]


def test_a_small_terminal_shows_what_matters_most() -> None:
    text = drawn(with_everything(), 40, 9)
    assert [one.split()[0] for one in text] == [
        *("shop", "steady,", "requests", "p95", "errors", "users", "generator", "thresholds", "errors"),
    ]
    assert drawn(with_everything(), 10, 1) == ["shop agai…"]


def test_more_columns_explain_more() -> None:
    text = "\n".join(drawn(with_everything(), 120, 40))
    assert "http.error_rate < 1%  shop.yaml:12" in text
    assert re.search(r"slowest names +p50 +p95 +p99 +count +errors", text)
    assert "up to 10.0/s" in text
    assert "\n\nslowest" in text  # there is room for empty lines


@pytest.mark.parametrize("columns", [1, 7, 20, 39, 79, 200])
@pytest.mark.parametrize("rows", [1, 2, 5, 12, 60])
def test_it_fits_whatever_the_size(columns: int, rows: int) -> None:
    assert drawn(with_everything(), columns, rows)
    assert drawn(with_everything(), columns, rows, keys=True, helped=True, full=True, rate=0.0)


def test_it_begins_before_the_first_second() -> None:
    assert drawn(seen_of()) == [
        "shop against http://shop.example                                    0:00 of 0:20",
        "starting",
    ]


@pytest.mark.parametrize(
    ("look", "begins"),
    [
        ({"rate": 0.0, "keys": True}, " PAUSED: r resumes  · steady"),
        ({"rate": 0.0}, " PAUSED  · steady"),
        ({"rate": 1.1}, "RATE 110% of the plan · steady"),
        ({"stops": 1, "keys": True}, " STOPPING, q again ends at once  · steady"),
        ({"stops": 2, "keys": True}, " STOPPING  · steady"),
    ],
)
def test_a_pause_and_a_stop_come_first(look: dict[str, Any], begins: str) -> None:
    assert drawn(with_everything(), **look)[1].startswith(begins)


def test_the_newest_change_is_told_first() -> None:
    done = [
        Intervention(at_s=at_s, kind="rate", by="keyboard", value=value)
        for at_s, value in ((1.0, 1.1), (2.0, 1.2), (3.0, 0.5))
    ]
    lines = drawn(seen_of(second(3), interventions=tuple(done)))
    at = next(number for number, text in enumerate(lines) if text.startswith("changed"))
    assert lines[at : at + 3] == [
        "changed    rate x0.5 at 0:03 by keyboard",
        "           rate x1.2 at 0:02 by keyboard",
        "           rate x1.1 at 0:01 by keyboard",
    ]


def test_keys_are_told_when_they_are_obeyed() -> None:
    assert "keys" not in drawn(with_everything())[-1]
    assert drawn(with_everything(), keys=True)[-1] == "? keys"
    assert drawn(with_everything(), keys=True, helped=True)[-1].startswith("p pause  r resume  + - rate  q stop")


def test_errors_in_full_come_before_names() -> None:
    long = failing_second(1, text="connect to " + "x" * 100)
    text = drawn(seen_of(second(0), long), 80, 20, full=True)
    at = text.index("    connect to " + "x" * 65)
    assert text[at + 1] == "    " + "x" * 35
    assert text[at - 1] == "  2 ECONNREFUSED"


def test_statuses_above_499_are_errors() -> None:
    text = drawn(seen_of(second(0, status=503)))
    assert "errors     10 status 503" in text
    assert re.search(r"/products +25ms +10 +10", "\n".join(text))
    assert "errors        10.0/s █" in text


def test_arrivals_that_never_started_are_told() -> None:
    one = second(0)
    one.counters["arrivals.dropped", ""] = 1
    assert "errors     none, 1 arrival dropped, 70 arrivals lost with their worker" in drawn(seen_of(one, lost=70))


def test_a_generator_that_is_the_limit_is_red() -> None:
    one = second(0)
    one.counters |= {("arrivals.due", ""): 10, ("arrivals.dropped.generator", ""): 5, ("arrivals.dropped", ""): 5}
    seen = seen_of(one)
    made = next(
        block
        for block in blocks(seen, PhaseLine(seen.plan), Look(size=Size(80, 23), marks=ASCII))
        if block.name == "generator"
    )
    assert made.lines[0][1] == ("LIMIT ", "red")
    assert "could not be started by the generator" in painted(made.lines[1], plain)


@pytest.mark.parametrize(
    "hostile", ["\x1b[2J\x1b[H", "a\nb\rc", "\u202etxet", "日本語" * 30, "[red]x[/red]", "\x9b31m"]
)
def test_hostile_names_stay_in_their_line(hostile: str) -> None:
    failing = failing_second(1, error=hostile, text=hostile)
    seconds = [second(0, name=hostile), failing]
    for one in seconds:
        one.gauges |= {(f"observe.{hostile}", COORDINATOR): Gauge.seen(one.end_ns, 1.0)}
    odd = replace(plan(phase(name=hostile)), name=hostile, target=hostile)
    standings = (replace(FAILS, text=hostile, observed=hostile),)
    seen = seen_of(*seconds, the_plan=odd, standings=standings, budgets=(replace(BUDGET, name=hostile),))
    for columns in (20, 80, 130):
        for text in drawn(seen, columns, 40):
            assert text.isprintable()


def test_the_last_minute_is_kept() -> None:
    seen = seen_of(*[second(index, requests=index % 7) for index in range(75)])
    assert len(seen.seconds) == 60
    assert len(next(one for one in drawn(seen) if one.startswith("requests")).split()[-1]) == 59


def test_what_is_dropped_and_what_grows_are_blocks() -> None:
    names = {block.name for block in blocks(with_everything(), PhaseLine(plan()), Look(size=Size(80, 24), marks=ASCII))}
    assert set(DROPPED_FIRST) == names
    assert set(GROWING) < names


def test_blocks_grow_in_turn() -> None:
    made = [
        Block(name=name, lines=[line(f"{name} {number}") for number in range(4)]) for name in ("names", "thresholds")
    ]
    assert [one[0].text for one in frame(made, Size(80, 5))] == [
        *("names 0", "names 1", "thresholds 0", "thresholds 1", "thresholds 2"),
    ]
