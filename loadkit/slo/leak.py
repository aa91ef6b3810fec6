"""What growth means, in plain words: how much, how certain, and where to look."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from loadkit.slo.growing import Grown
from loadkit.slo.metric import Kind
from loadkit.slo.text import value_text
from loadkit.stats.course import Course
from loadkit.stats.growth import LEAST_WINDOWS, Severity
from loadkit.units import NS_PER_S, format_duration_ns

_PER_OPERATIONS, _PER_SECONDS = 1000.0, 3600.0
_MINUTE_S = 60.0
_MEMORY = (
    "something is kept and never let go: compare two heap snapshots under load (tracemalloc, pprof, jmap, heapdump), and look at "
    "caches without a bound, listeners that are never removed and lists that are only appended to"
)
_ADVICE = {
    "fds": "descriptors are opened and never closed: `ls -l /proc/PID/fd` shows which; look at connections and files on the ways "
    "that fail",
    "threads": "threads are started and never end: a stack dump shows what they wait for; look at pools made for each request",
    "processes": "processes are started and never end: `ps --forest` shows which; look at who should wait for them",
    "pids": "processes or threads are started and never end: `ps -eLf` shows which",
}
_OF_COURSE = {
    Course.CACHE: "run longer to see it level off: a cache or a pool that fills, if it has a bound",
    Course.STEP: "nothing need be done about one step, such as a pool that was made; if there are more of them, run longer",
    Course.LATE: "run longer to see whether it stops, as a cache that fills, or goes on, as a leak; and look at what began then: a "
    "phase, another kind of request, a job",
    Course.UNKNOWN: "run longer, or with a shorter warm-up: `config.observe.warmup`, or `--warmup` of loadkit watch",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A series, what is thought of its growth, and what to do about it."""

    grown: Grown
    text: str
    advice: str

    @property
    def severity(self) -> Severity:
        """Return how much it matters."""
        return self.grown.growth.severity

    @property
    def name(self) -> str:
        """Return source and series: `api rss`."""
        return f"{self.grown.source.name} {self.grown.series.name}"


def findings(all_grown: Iterable[Grown]) -> tuple[Finding, ...]:
    """Return what is found about each series, what matters most first."""
    order = {Severity.CRITICAL: 0, Severity.WARNING: 1, Severity.NONE: 2}
    made = [Finding(grown=one, text=_text(one), advice=_advice(one)) for one in all_grown]
    return tuple(sorted(made, key=lambda finding: order[finding.severity]))


def _text(one: Grown) -> str:
    kind, growth = one.series.kind, one.growth
    if growth.course is Course.UNKNOWN:
        return f"{one.samples} samples after the warm-up, and it takes {LEAST_WINDOWS} to say whether it grows"
    if growth.severity is Severity.NONE and growth.course is not Course.STEP:
        return f"no leak: {value_text(kind, one.first)} at first, {value_text(kind, one.last)} at the end"
    work = format_duration_ns(one.judged_s * NS_PER_S) if one.by_time else f"{one.operations:,} requests"
    ends = f"from {value_text(kind, growth.began)} to {value_text(kind, growth.began + growth.grown)}"
    text = f"grew by {value_text(kind, growth.grown)}, {ends}, in {work}"
    if growth.course is Course.STEP:
        return f"{text}, in one step{_instant(' before', growth.since_s)}"
    if growth.course is Course.LATE:
        grew = f"grew by {value_text(kind, growth.grown)}, {ends}"
        return f"{grew}, only{_instant(' since', growth.since_s)}: {_rate(one)}"
    if growth.course is Course.CACHE:
        return f"{text}, ever slower"
    return f"{text}, and goes on: {_rate(one)}{_left(one)}"


def _instant(word: str, at_s: float | None) -> str:
    """Return " since 8m2s"; "" where the instant is not known."""
    return "" if at_s is None else f"{word} {format_duration_ns(round(at_s) * NS_PER_S)}"


def _rate(one: Grown) -> str:
    """Return "5.1 MiB per 1,000 requests (95% CI 4.9 MiB to 5.3 MiB)"."""
    kind = one.series.kind
    slope = one.growth.per(_PER_SECONDS if one.by_time else _PER_OPERATIONS)
    per = "an hour" if one.by_time else f"per {_PER_OPERATIONS:,.0f} requests"
    known = math.isfinite(slope.low) and math.isfinite(slope.high)
    ends = f" (95% CI {value_text(kind, slope.low)} to {value_text(kind, slope.high)})" if known else ""
    return f"{value_text(kind, slope.value)} {per}{ends}"


def _left(one: Grown) -> str:
    """Return "; its limit (memory_total) is reached in 13h46m", in whole minutes where there are hours of it."""
    left_s = one.growth.left_s
    if left_s is None:
        return ""
    step_s = _MINUTE_S if left_s >= _PER_SECONDS else 1.0
    return f"; its limit ({one.series.limit}) is reached in {format_duration_ns(left_s // step_s * step_s * NS_PER_S)}"


def _advice(one: Grown) -> str:
    course = one.growth.course
    if course in _OF_COURSE:
        return _OF_COURSE[course]
    if one.growth.severity is Severity.NONE:
        return ""
    return _ADVICE.get(
        one.series.name, _MEMORY if one.series.kind is Kind.BYTES else "look at what is kept for each request"
    )
