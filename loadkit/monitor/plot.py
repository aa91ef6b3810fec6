"""A line of a series over time as SVG: no script, so it can be mailed, printed and kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from loadkit.slo.metric import Kind
from loadkit.slo.text import value_text
from loadkit.units import NS_PER_S, format_duration_ns

WIDTH, HEIGHT = 720, 150
_LEFT, _RIGHT, _TOP, _FOOT = 86, 12, 10, 22
_MOST_POINTS = 1400  # two to a pixel
_LEAST_SPREAD = 0.02  # of the largest value: noise of a millionth is not drawn at full height


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """The points of a line, in pixels, and the words beside it. `title` and the labels are plain text."""

    title: str
    points: str
    labels: Sequence[tuple[float, str]]
    times: Sequence[tuple[float, str]]


def plot(title: str, kind: Kind, at_s: Sequence[float], values: Sequence[float]) -> Plot:
    """Return the plot of a series; there must be a value."""
    low, high = _ends(values)
    begin_s, end_s = at_s[0], max(at_s[-1], at_s[0] + 1.0)
    across, down = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _FOOT

    def x(second: float) -> float:
        return round(_LEFT + across * (second - begin_s) / (end_s - begin_s), 1)

    def y(value: float) -> float:
        return round(_TOP + down * (1 - (value - low) / (high - low)), 1)

    step = max(1, len(values) // _MOST_POINTS)
    points = " ".join(f"{x(second)},{y(value)}" for second, value in zip(at_s[::step], values[::step], strict=True))
    middle = (low + high) / 2
    return Plot(
        title=title,
        points=points,
        labels=[(y(value), value_text(kind, value)) for value in (high, middle, low)],
        times=[
            (x(second), format_duration_ns(second * NS_PER_S) if second > 0 else "0s")
            for second in (begin_s, (begin_s + end_s) / 2, end_s)
        ],
    )


def _ends(values: Sequence[float]) -> tuple[float, float]:
    """Return what the plot reaches from and to; never one value alone."""
    low, high = min(values), max(values)
    least = _LEAST_SPREAD * max(abs(low), abs(high)) or 1.0
    if high - low < least:
        middle = (low + high) / 2
        low, high = middle - least / 2, middle + least / 2
    return (max(0.0, low) if min(values) >= 0 else low), high
