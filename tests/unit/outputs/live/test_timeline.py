"""The whole run from left to right."""

from dataclasses import replace

import pytest

from loadkit.outputs.base import plain
from loadkit.outputs.live.line import line_width, painted
from loadkit.outputs.live.spark import ASCII, UNICODE, Marks
from loadkit.outputs.live.timeline import PhaseLine
from loadkit.scenario.plan import Plan
from loadkit.units import NS_PER_S
from tests.support.results import phase, plan

THREE = plan(
    phase(0, name="warm up", duration_s=10),
    phase(1, name="rest", start_s=10, duration_s=10, kind="pause"),
    phase(2, name="steady", start_s=20, duration_s=20, kind="closed"),
)


def drawn(the_plan: Plan, width: int, at_s: float, marks: Marks = ASCII) -> list[str]:
    lines = PhaseLine(the_plan).lines(width, round(at_s * NS_PER_S), marks)
    return [painted(one, plain) for one in lines]


@pytest.mark.parametrize(
    ("at_s", "ruler"),
    [
        (0, "^warm up--+rest-----+steady-------------"),
        (15, "+warm up--+rest^----+steady-------------"),
        (40, "+warm up--+rest-----+steady------------^"),
        (99, "+warm up--+rest-----+steady------------^"),
    ],
)
def test_phases_stand_where_they_begin_and_a_mark_where_the_run_is(at_s: float, ruler: str) -> None:
    assert drawn(THREE, 40, at_s) == ["##########" + "_" * 10 + "#" * 20, ruler]


def test_rates_and_users_each_have_their_own_scale() -> None:
    assert drawn(THREE, 8, 39, UNICODE)[0] == "██▁▁████"


@pytest.mark.parametrize("at", range(10))
def test_a_mark_within_a_wide_letter_takes_its_place(at: int) -> None:
    wide = plan(phase(0, name="日本語日本語", duration_s=10))
    (_, below) = PhaseLine(wide).lines(10, at * NS_PER_S, ASCII)
    assert (line_width(below[:1]), line_width(below)) == (at, 10)


def test_names_are_cut_and_cannot_move_the_cursor() -> None:
    odd = plan(replace(phase(0, name="a\x1b[2Jb", duration_s=5)), phase(1, name="much longer", start_s=5, duration_s=5))
    assert drawn(odd, 20, 9.9)[1] == "+a\\x1b[2Jb+much lon^"


def test_a_plan_without_time_has_no_line() -> None:
    assert drawn(plan(phase(duration_s=0)), 40, 0) == []
