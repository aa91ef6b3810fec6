"""Rows of values as rows of small bars, and what else a line is drawn with.

▁▂▂▃▅▇█▇▅    from zero to the largest value; a gap where there is none
.:--=*#*=    where the terminal has only ASCII
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import TextIO


@dataclass(frozen=True, slots=True)
class Marks:
    """What a view is drawn with. `steps` are bars from the lowest to the highest."""

    steps: str
    full: str
    empty: str
    rule: str
    corner: str
    here: str
    dot: str
    more: str


UNICODE = Marks(steps="▁▂▃▄▅▆▇█", full="━", empty="─", rule="─", corner="├", here="▲", dot="·", more="…")
ASCII = Marks(steps="_.:-=+*#", full="#", empty="-", rule="-", corner="+", here="^", dot="|", more="~")


def marks_for(stream: TextIO, environment: Mapping[str, str]) -> Marks:
    """Return what a stream can show."""
    if environment.get("TERM") == "dumb":
        return ASCII
    try:
        "".join(astuple(UNICODE)).encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return UNICODE


def spark(values: Sequence[float | None], width: int, marks: Marks, *, top: float | None = None) -> str:
    """Return the last `width` values as bars; `top` is what the highest stands for, the largest of them unless given."""
    last = values[max(0, len(values) - width) :] if width > 0 else ()
    shown = [value if value is not None and math.isfinite(value) else None for value in last]
    highest = top if top is not None else max((value for value in shown if value is not None), default=0.0)
    return "".join(" " if value is None else _step(value, highest, marks.steps) for value in shown)


def bar(share: float, width: int, marks: Marks) -> str:
    """Return how full something is."""
    filled = round(min(1.0, max(0.0, share)) * width)
    return marks.full * filled + marks.empty * (width - filled)


def _step(value: float, highest: float, steps: str) -> str:
    """Return the bar of a value: the lowest for nothing, and never for something."""
    if value <= 0 or highest <= 0:
        return steps[0]
    return steps[max(1, min(len(steps) - 1, round(value / highest * (len(steps) - 1))))]
