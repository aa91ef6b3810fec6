"""A trend as text: a chart, and under it the runs after which the number was another."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import fmean

from loadkit.analysis.trend import LEAST_POINTS, LEAST_RATIO, Trend, Turn
from loadkit.outputs.base import Paint, counted, plain, printable
from loadkit.outputs.chart import ASCII, Chart, Glyphs, chart_lines, letter
from loadkit.outputs.json import json_text
from loadkit.stats.changepoints import MAX_P
from loadkit.units import NS_PER_MS, format_duration_ns, three_digits

_TITLES = {"error_rate": "error rate", "request_rate": "request rate"}
_WORDS = {"ms": ("slower", "faster"), "ratio": ("more errors", "fewer errors"), "per_s": ("more", "fewer")}


def trend_lines(trend: Trend, *, width: int, glyphs: Glyphs = ASCII, paint: Paint = plain) -> Iterator[str]:
    """Yield the lines of a trend, at most `width` wide where they are a chart's."""
    yield paint(title(trend), "bold")
    yield ""
    if trend.points:
        chart = Chart(
            values=[point.value for point in trend.points],
            levels=levels(trend),
            marks=[_index(trend, turn) for turn in trend.turns],
            format=lambda value: value_text(value, trend.unit),
        )
        yield from chart_lines(chart, width=width, glyphs=glyphs)
        yield f"{trend.points[0].run} to {trend.points[-1].run}"
        yield ""
    yield from finding_lines(trend, paint)


def title(trend: Trend) -> str:
    """Return what a trend is of."""
    metric = _TITLES.get(trend.metric, f"{trend.metric} of response time")
    whose = "all requests" if trend.of is None else printable(trend.of)
    return f"{metric}, {whose}: {counted(len(trend.points), 'comparable run')} of {printable(trend.name)}"


def written(trend: Trend) -> str:
    """Return the trend as JSON, for programs."""
    return json_text(trend.to_data())


def finding_lines(trend: Trend, paint: Paint = plain) -> Iterator[str]:
    """Yield a line for each change, or why there is none, and which runs were left out."""
    for number, turn in enumerate(trend.turns):
        more, less = _WORDS[trend.unit]
        better = trend.unit == "per_s" or not turn.grew
        size = f"{abs(turn.change) * 100:.3g} points" if trend.unit == "ratio" else f"{turn.change:+.0%}"
        change = f"{value_text(turn.before, trend.unit)} -> {value_text(turn.after, trend.unit)}"
        text = f"{size} {more if turn.grew else less}"
        when = f"{turn.started_at:%Y-%m-%d %H:%M}"
        yield (
            f"{letter(number)}  since {turn.run} ({when}): {change}, {paint(text, 'green' if better else 'red')}, "
            f"p {_p(turn.p)}; the last before it was {turn.previous}"
        )
    if trend.note:
        yield trend.note
    elif not trend.turns:
        least = f"{LEAST_POINTS:.0%} point" if trend.unit == "ratio" else f"{LEAST_RATIO - 1:.0%}"
        yield f"no change of {least.replace('% point', ' point')} or more (p < {MAX_P:g}) in {len(trend.points)} runs"
    for reason, count in trend.left_out.items():
        yield f"{counted(count, 'run')} left out: {reason}"


def levels(trend: Trend) -> Sequence[float]:
    """Return the mean of each stretch between changes, the geometric one of times and rates."""
    if trend.turns:
        return [trend.turns[0].before, *(turn.after for turn in trend.turns)]
    values = [point.value for point in trend.points]
    if trend.unit == "ratio" or min(values) <= 0:
        return [fmean(values)]
    return [math.exp(fmean(map(math.log, values)))]


def _index(trend: Trend, turn: Turn) -> int:
    return next(index for index, point in enumerate(trend.points) if point.run == turn.run)


def value_text(value: float, unit: str) -> str:
    """Return a value of a trend with its unit."""
    if unit == "ms":
        return format_duration_ns(max(0.0, value) * NS_PER_MS)
    return f"{three_digits(max(0.0, 100 * value))}%" if unit == "ratio" else f"{three_digits(max(0.0, value))}/s"


def _p(p: float) -> str:
    return f"{p:.1g}" if p >= 1e-6 else "< 1e-6"
