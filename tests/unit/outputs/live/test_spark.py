"""Rows of values as rows of bars."""

import io
import math

import pytest

from loadkit.outputs.live.spark import ASCII, UNICODE, bar, marks_for, spark


@pytest.mark.parametrize(
    ("values", "drawn"),
    [
        ([], ""),
        ([0, 0, 0], "▁▁▁"),
        ([0, 7, 3.5], "▁█▅"),
        ([1000, 1], "█▂"),  # something is never nothing
        ([None, 5], " █"),
        ([math.nan, math.inf, 5], "  █"),
        ([9, 9, 1, 2, 3, 4, 5, 6, 7, 8], "▂▃▄▅▅▆▇█"),  # the last eight, against the largest of them
    ],
)
def test_bars_go_from_zero_to_the_largest(values: list[float | None], drawn: str) -> None:
    assert spark(values, 8, UNICODE) == drawn


def test_no_room_draws_nothing() -> None:
    assert spark([1, 2], 0, UNICODE) == spark([1, 2], -3, UNICODE) == ""


def test_a_top_may_be_given() -> None:
    assert spark([0.5, 2.0], 2, ASCII, top=1.0) == "=#"


@pytest.mark.parametrize(
    ("share", "drawn"), [(0.0, "----"), (0.5, "##--"), (1.0, "####"), (9.0, "####"), (-1.0, "----")]
)
def test_a_gauge_is_never_more_than_full(share: float, drawn: str) -> None:
    assert bar(share, 4, ASCII) == drawn


def test_what_a_stream_cannot_write_is_not_drawn_with() -> None:
    ascii_only = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    utf = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    assert marks_for(ascii_only, {}) is ASCII
    assert marks_for(utf, {"TERM": "dumb"}) is ASCII
    assert marks_for(utf, {}) is UNICODE
