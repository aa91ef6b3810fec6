"""A frame of the live view: blocks of lines, one for each thing there is to see, and what of them fits.

Blocks stand below each other in their order. Where they do not all fit, those of DROPPED_FIRST go, in its order; lines
that are left over are given to the blocks of GROWING that have more to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from loadkit.outputs.live.line import Line, cut
from loadkit.outputs.live.spark import ASCII, Marks

DROPPED_FIRST = (
    "interventions",
    "observed",
    "names",
    "times",
    "budgets",
    "phases",
    "keys",
    "errors",
    "thresholds",
    "generator",
    "minute",
    "state",
    "head",
)
"""Which block goes first where there is no room; the last one stays."""
GROWING = ("thresholds", "errors", "names", "budgets", "observed", "generator", "interventions")
"""Which blocks are given the lines that are left, one after the other."""


@dataclass(frozen=True, slots=True)
class Size:
    """The columns and rows of a terminal."""

    columns: int
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One thing there is to see. It takes `least` lines or none; `apart` is an empty line before it, where there is room."""

    name: str
    lines: Sequence[Line]
    least: int = 1
    apart: bool = False
    first: bool = False
    """It grows before all others."""


def frame(blocks: Sequence[Block], size: Size, marks: Marks = ASCII) -> list[Line]:
    """Return the lines of blocks that fit, at most `size.rows` of them and none wider than the terminal."""
    counts = _fitting({block.name: min(block.least, len(block.lines)) for block in blocks if block.lines}, size.rows)
    shown = [block for block in blocks if block.name in counts]
    spare = size.rows - sum(counts.values())
    spare = _grow(counts, [block for block in shown if block.first], spare)
    order = {name: place for place, name in enumerate(GROWING)}
    spare = _grow(counts, sorted((b for b in shown if b.name in order), key=lambda block: order[block.name]), spare)
    made: list[Line] = []
    for block in shown:
        if block.apart and made and spare > 0:
            made.append(())
            spare -= 1
        made += [cut(one, size.columns, marks.more) for one in block.lines[: counts[block.name]]]
    return made


def _fitting(least: dict[str, int], rows: int) -> dict[str, int]:
    """Return how many lines each block takes that stays."""
    for name in DROPPED_FIRST:
        if sum(least.values()) <= rows or len(least) == 1:
            break
        least.pop(name, None)
    return least


def _grow(counts: dict[str, int], blocks: Sequence[Block], spare: int) -> int:
    """Give the blocks that have more lines one each in turn; return how many are left."""
    while spare > 0:
        wanting = [block for block in blocks if counts[block.name] < len(block.lines)]
        for block in wanting[:spare]:
            counts[block.name] += 1
            spare -= 1
        if not wanting:
            break
    return spare
