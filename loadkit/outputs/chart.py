"""A chart of a row of values for a terminal: points, the level they keep to, and marks where it changes.

    281 ms |              :   o o
           |              :o---o----
    205 ms |o-o--o-oo--o--:
           +--------------A----------

Plain ASCII where the terminal knows nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass
from itertools import pairwise
from statistics import median
from typing import TextIO

_LEAST_SPREAD = 0.1  # of the middle: a chart that shows noise of 1 % at full height would frighten for nothing
_LEAST_WIDTH = 12


@dataclass(frozen=True, slots=True)
class Glyphs:
    """What a chart is drawn with."""

    point: str
    level: str
    mark: str
    side: str
    corner: str
    foot: str


UNICODE = Glyphs("●", "─", "┊", "┤", "└", "─")
ASCII = Glyphs("o", "-", ":", "|", "+", "-")


def glyphs_for(stream: TextIO, environment: Mapping[str, str]) -> Glyphs:
    """Return what a stream can show: lines and dots where its encoding has them, and the terminal is not a dumb one."""
    if environment.get("TERM") == "dumb":
        return ASCII
    try:
        "".join(astuple(UNICODE)).encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return UNICODE


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Values in order; `marks` are the indexes at which a new level begins, with a letter each; `levels` one more than those."""

    values: Sequence[float]
    levels: Sequence[float]
    marks: Sequence[int]
    format: Callable[[float], str]


def chart_lines(chart: Chart, *, width: int, height: int = 12, glyphs: Glyphs = ASCII) -> list[str]:
    """Return the lines of a chart at most `width` wide. With more values than columns, a column shows the median of several."""
    low, high = _scale([*chart.values, *chart.levels])
    labels = {row: chart.format(high - (high - low) * row / (height - 1)) for row in (0, height // 2, height - 1)}
    gutter = max(map(len, labels.values()))
    columns = max(_LEAST_WIDTH, width - gutter - 3)
    step = max(1, min(6, columns // len(chart.values)))
    places = [min(index * step, index * columns // len(chart.values)) for index in range(len(chart.values))]
    grid = [[" "] * (places[-1] + 2) for _ in range(height)]

    def row_of(value: float) -> int:
        return round((high - value) / (high - low) * (height - 1))

    edges = [0, *chart.marks, len(chart.values)]
    for level, (first, end) in zip(chart.levels, pairwise(edges), strict=True):
        for column in range(places[first], places[end - 1] + 1):
            grid[row_of(level)][column] = glyphs.level
    for index in chart.marks:
        for row in grid:
            row[max(0, places[index] - 1)] = glyphs.mark
    for column in sorted(set(places)):
        there = [value for value, place in zip(chart.values, places, strict=True) if place == column]
        grid[row_of(median(there))][column] = glyphs.point
    foot = [glyphs.foot] * len(grid[0])
    for number, index in enumerate(chart.marks):
        foot[max(0, places[index] - 1)] = letter(number)
    lines = [f"{labels.get(number, ''):>{gutter}} {glyphs.side}{''.join(row)}" for number, row in enumerate(grid)]
    return [*(line.rstrip() for line in lines), f"{'':>{gutter}} {glyphs.corner}{''.join(foot)}"]


def letter(number: int) -> str:
    """Return how a mark is called: A to Z, then a to z, then `*`."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    return letters[number] if number < len(letters) else "*"


def _scale(values: Sequence[float]) -> tuple[float, float]:
    """Return the ends of the axis: those of the values, and a tenth of the middle apart at least."""
    low, high = min(values), max(values)
    middle = (low + high) / 2
    missing = _LEAST_SPREAD * abs(middle) - (high - low)
    if missing > 0:
        low, high = low - missing / 2, high + missing / 2
    return (low, high) if high > low else (low, low + 1.0)
