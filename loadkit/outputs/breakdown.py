"""Phases and scenarios of a run, a line each: tables of the summary, 80 columns wide."""

from __future__ import annotations

from collections.abc import Iterator

from loadkit.engine.result import RunResult
from loadkit.metrics.family import count_made, response_times
from loadkit.metrics.snapshot import Snapshot
from loadkit.outputs.base import printable
from loadkit.outputs.progress import format_rate
from loadkit.report.timeline import count_errors
from loadkit.scenario.judged import phase_spans
from loadkit.units import NS_PER_S, format_duration_ns
from loadkit.workload.pause import Pause

MOST = 40
_NAME = 22
_WORDS = "percentiles are those of the response time"


def phase_lines(result: RunResult) -> Iterator[str]:
    """Yield the table of phases, if there are several."""
    phases = result.plan.phases
    if len(phases) < 2:
        return
    yield _WORDS
    yield f"{'':<{_NAME}}{'requests':>10}{'rate':>11}{'errors':>8}{'p50':>9}{'p95':>9}{'p99':>9}"
    spans = phase_spans(result.plan, result.summary.end_ns)
    for phase in phases[:MOST]:
        if isinstance(phase.workload, Pause):
            continue
        seen, (start_ns, end_ns) = result.summary.select(phase=phase.index), spans[phase.index]
        requests = count_made(seen)
        rate = format_rate(requests * NS_PER_S / (end_ns - start_ns)) if end_ns > start_ns else "-"
        name = _cut(phase.name, " (warm-up)" if phase.warmup else "")
        yield f"{name:<{_NAME}}{requests:>10,}{rate:>11}{count_errors(seen):>8,}{_percentiles(seen, 50, 95, 99)}"
    yield from _more(len(phases), "phases")


def scenario_lines(result: RunResult) -> Iterator[str]:
    """Yield the table of scenarios, if there are several, without the warm-up phases."""
    names = list(dict.fromkeys(scenario.name for scenario in result.plan.scenarios))
    if len(names) < 2:
        return
    yield _WORDS
    yield f"{'':<{_NAME}}{'users':>9}{'failed':>8}{'requests':>11}{'errors':>8}{'p50':>9}{'p95':>9}"
    for name in names[:MOST]:
        seen = result.judged.select(scenario=name)
        users, failed = seen.count("vusers.created"), seen.count("vusers.failed")
        requests, errors = count_made(seen), count_errors(seen)
        yield f"{_cut(name):<{_NAME}}{users:>9,}{failed:>8,}{requests:>11,}{errors:>8,}{_percentiles(seen, 50, 95)}"
    yield from _more(len(names), "scenarios")


def _percentiles(seen: Snapshot, *percents: int) -> str:
    times = response_times(seen)
    texts = (format_duration_ns(times.percentile_ns(percent)) if times.total else "-" for percent in percents)
    return "".join(f"{text:>9}" for text in texts)


def _cut(name: str, rest: str = "") -> str:
    name, most = printable(name), _NAME - 1 - len(rest)
    return (name if len(name) <= most else f"{name[: most - 3]}...") + rest


def _more(count: int, what: str) -> Iterator[str]:
    if count > MOST:
        yield f"... and {count - MOST} more {what}; the report of -o FILE holds them all"
