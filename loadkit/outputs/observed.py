"""What was observed of the system under test, as lines of text: a line for each source, and what grows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from loadkit.engine.result import RunResult
from loadkit.metrics.gauge import Gauge
from loadkit.metrics.snapshot import COORDINATOR, Snapshot
from loadkit.outputs.base import Paint, printable
from loadkit.slo.leak import findings
from loadkit.slo.observed import OBSERVED, Series, Source, lost_s
from loadkit.slo.text import value_text
from loadkit.stats.course import Course
from loadkit.stats.growth import Severity

_COLOURS = {Severity.CRITICAL: "red", Severity.WARNING: "yellow"}
_MOST_SERIES = 5
_MOST_NOTES = 3
_LESS_SAID = ("uss", "swap", "load", "processes", "restarts")
"""Series that the report has, and the summary only where there is nothing else."""


def observed_lines(result: RunResult, paint: Paint) -> Iterator[str]:
    """Yield a line for each source, and what is to be known about it."""
    began = {(one.source.name, one.series.name): one.first for one in result.grown}
    for source in result.plan.observed.sources:
        series = ", ".join(_series(source, result.summary, began)) or "no sample"
        yield printable(f"{source.name}: {series}{_lost(source, result)}")
        for _, text in result.summary.examples.get(f"{OBSERVED}{source.name}", ())[:_MOST_NOTES]:
            yield printable(f"  note: {text}")
    yield from leak_lines(result, paint)
    yield from _unjudged(result)


def leak_lines(result: RunResult, paint: Paint) -> Iterator[str]:
    """Yield what grows, each with where to look."""
    for found in findings(result.grown):
        if found.severity is not Severity.NONE:
            word = paint(found.severity.value.upper(), _COLOURS[found.severity])
            yield f"{word} {printable(f'{found.name}: {found.text}')}"
            yield f"  {found.advice}"


def _unjudged(result: RunResult) -> Iterator[str]:
    """Yield of which sources a run was too short to judge growth, and what helps: silence would be taken for no leak."""
    unknown = [found for found in findings(result.grown) if found.grown.growth.course is Course.UNKNOWN]
    if unknown:
        names = ", ".join(dict.fromkeys(found.grown.source.name for found in unknown))
        yield printable(f"growth of {names} is not judged: {unknown[0].text}")
        yield f"  {unknown[0].advice}"


def _series(source: Source, summary: Snapshot, began: Mapping[tuple[str, str], float]) -> Iterator[str]:
    seen = [(series, summary.gauges.get((source.gauge(series.name), COORDINATOR))) for series in source.series]
    known = [(series, gauge) for series, gauge in seen if gauge is not None]
    shown = [pair for pair in known if pair[0].name not in {*_LESS_SAID, *source.limits}] or known
    for series, gauge in shown[:_MOST_SERIES]:
        yield f"{series.name} {_course(series, gauge, began.get((source.name, series.name)))}"


def _course(series: Series, gauge: Gauge, began: float | None) -> str:
    """Return "43% (max 61%)", for what holds something "41.2 MiB -> 97 MiB (max 98 MiB)"."""
    per = "/s" if series.per_second else ""
    most = f"{value_text(series.kind, gauge.most)}{per}"
    if series.least_growth is None:
        return f"{value_text(series.kind, gauge.mean)}{per} (max {most})"
    first = "" if began is None else f"{value_text(series.kind, began)} -> "
    return f"{first}{value_text(series.kind, gauge.value)} (max {most})"


def _lost(source: Source, result: RunResult) -> str:
    seconds = lost_s(source.name, result.summary)
    return f"; {seconds} s without a sample" if seconds else ""
