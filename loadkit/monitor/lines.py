"""What is watched, as lines of a terminal: one an interval, and in the end what it came to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from loadkit.monitor.monitor import Row
from loadkit.monitor.state import State
from loadkit.outputs.base import Paint, printable
from loadkit.slo.metric import Kind
from loadkit.slo.text import value_text
from loadkit.stats.course import Course
from loadkit.stats.growth import Severity
from loadkit.units import NS_PER_S, format_duration_ns

_SHOWN = (
    "cpu",
    "rss",
    "memory",
    "threads",
    "fds",
    "pids",
    "read",
    "written",
    "disk_read",
    "disk_written",
    "received",
    "sent",
)
_COLOURS = {"critical": "red", "warning": "yellow", "ok": "green"}


def row_line(row: Row, state: State) -> str:
    """Return "   12s  cpu 43%  rss 41.2 MiB  threads 5 | ..." for what was seen in an interval."""
    parts = []
    for source in state.observed.sources:
        shown = [
            f"{series.name} {_value(series.kind, row.values[source.name, series.name], per_second=series.per_second)}"
            for series in source.series
            if series.name in _SHOWN and (source.name, series.name) in row.values
        ]
        label = f"{source.name} " if len(state.observed.sources) > 1 else ""
        parts.append(printable(f"{label}{'  '.join(shown) or 'no sample'}"))
    return f"{format_duration_ns(row.at_s * NS_PER_S) if row.at_s else '0s':>7}  {' | '.join(parts)}"


def _value(kind: Kind, value: float, *, per_second: bool) -> str:
    return f"{value_text(kind, value)}{'/s' if per_second else ''}"


def ending(state: State, paint: Paint) -> Iterator[str]:
    """Yield what it came to: a line for each series that was seen, and what grows."""
    yield ""
    yield paint(f"watched for {format_duration_ns(state.elapsed_s * NS_PER_S)}", "bold")
    for column in state.columns:
        if column["max"] is not None:
            yield f"  {_series(column, state)}"
    for name, lost in state.lost.items():
        yield f"  {printable(name)}: {lost} intervals without a sample"
    unknown = [found for found in state.findings if found.grown.growth.course is Course.UNKNOWN]
    for text in dict.fromkeys(found.text for found in unknown):
        alike = [found for found in unknown if found.text == text]
        names = ", ".join(found.name for found in alike)
        yield f"unknown  {printable(f'{names}: {text}')}"
        yield f"           {alike[0].advice}"
    for found in state.findings:
        if found in unknown:
            continue
        word = state.word(found)
        shown = f"{word if found.severity is Severity.NONE else word.upper():<8}"
        yield f"{paint(shown, _COLOURS[word]) if word in _COLOURS else shown} {printable(f'{found.name}: {found.text}')}"
        if found.severity is not Severity.NONE:
            yield f"           {found.advice}"


def _series(column: Mapping[str, object], state: State) -> str:
    name, series = str(column["name"]), str(column["series"])
    kind = state.kind(name, series)
    per_second = bool(column["per_second"])
    texts = {
        key: _value(kind, float(str(column[key])), per_second=per_second) for key in ("min", "mean", "max", "last")
    }
    return printable(f"{name} {series}: {texts['last']} (min {texts['min']}, mean {texts['mean']}, max {texts['max']})")
