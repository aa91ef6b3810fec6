"""Whether a measurement can be believed: one rule, the same for every command.

INVALID when the generator, not the target, was the limit:

    (a) fewer than 98 % of the due arrivals were started, for reasons of the generator
    (b) more than 1 % of the arrivals and pacing slots started later than max(10 ms, 10 % of the p50 of the response time)
    (c) a worker was lost, or the generator ran out of ports or descriptors
    (d) the run was cut off: its coordinator was killed, and a journal is all that is left

Below 100 arrivals (b) also asks for at least 3 late ones: a single hiccup among ten arrivals is 10 %, and must
not void a smoke run. A generator that was merely busy is SUSPECT, which changes no exit code. Arrivals dropped by
`maxVusers` belong to the plan, not to validity. A pacing slot is never dropped: one that waits for the target is owed, which
is the target's doing, so only slots that the generator itself waited for are in `generator.lag`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from loadkit.metrics.snapshot import Snapshot
from loadkit.units import NS_PER_MS, format_duration_ns

MAX_DROPPED_PERCENT = 2
MAX_LATE_PERCENT = 1
LATE_NS = 10 * NS_PER_MS
SMALL_RUN = 100
SMALL_RUN_LATE = 3
BUSY_S = 5.0

_MORE_GENERATOR = "lower the rate or give the generator another core"


class Validity(Enum):
    """How far the numbers of a run can be believed."""

    VALID = "valid"
    SUSPECT = "suspect"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """A run's validity. Each reason is a whole sentence with its remedy; `remedies` holds the remedies alone."""

    status: Validity = Validity.VALID
    reasons: tuple[str, ...] = ()
    remedies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Finding:
    status: Validity
    what: str
    remedy: str


def judge(
    summary: Snapshot,
    *,
    lost_workers: int = 0,
    cpu_busy_s: float = 0.0,
    trouble: str = "",
    cut_off_s: float | None = None,
) -> Measurement:
    """Judge a run by its summary.

    `cpu_busy_s` is the longest time without a break that a worker spent above 80 % of its core; leave it 0 for an
    unpaced closed run, which is as fast as the generator can be and is never suspect for that. `cut_off_s` says after
    how long a run was cut off, of which only a journal is left.
    """
    findings = [
        *_cut_off(cut_off_s),
        *_dropped(summary),
        *_late(summary),
        *_resources(summary, lost_workers),
        *_account(trouble),
        *_busy(cpu_busy_s),
    ]
    if not findings:
        return Measurement()
    invalid = any(finding.status is Validity.INVALID for finding in findings)
    return Measurement(
        status=Validity.INVALID if invalid else Validity.SUSPECT,
        reasons=tuple(f"{finding.what}; {finding.remedy}" for finding in findings),
        remedies=tuple(dict.fromkeys(finding.remedy for finding in findings)),
    )


def late_limit_ns(summary: Snapshot) -> int:
    """Return the lag above which an arrival is late: max(10 ms, 10 % of the p50 of the service time).

    Not of the response time: that holds the generator's own lag, and a late generator would loosen its own rule.
    """
    return max(LATE_NS, summary.histogram("http.service_time").percentile_ns(50) // 10)


def _dropped(summary: Snapshot) -> Iterator[_Finding]:
    due, dropped = summary.count("arrivals.due"), summary.count("arrivals.dropped.generator")
    if due and 100 * dropped > MAX_DROPPED_PERCENT * due:
        what = f"{_share(dropped, due)} of the due arrivals ({dropped} of {due}) could not be started by the generator"
        yield _Finding(Validity.INVALID, what, _MORE_GENERATOR)


def _late(summary: Snapshot) -> Iterator[_Finding]:
    lags, limit_ns = summary.histogram("generator.lag"), late_limit_ns(summary)
    late, started = lags.count_above(limit_ns), lags.total
    enough = late >= SMALL_RUN_LATE or started >= SMALL_RUN
    if enough and 100 * late > MAX_LATE_PERCENT * started:
        whose = "arrivals" if summary.count("arrivals.due") else "pacing slots"
        limit = format_duration_ns(limit_ns)
        what = f"{_share(late, started)} of the {whose} ({late} of {started}) started more than {limit} late"
        yield _Finding(Validity.INVALID, what, _MORE_GENERATOR)


def _resources(summary: Snapshot, lost_workers: int) -> Iterator[_Finding]:
    if lost_workers:
        what = "1 worker was lost" if lost_workers == 1 else f"{lost_workers} workers were lost"
        yield _Finding(Validity.INVALID, f"{what}, and what it measured with it", "see its last output and run again")
    starved = summary.count("errors.ERR_GENERATOR")
    if starved:
        what = f"the generator ran out of ports or descriptors {'once' if starved == 1 else f'{starved} times'}"
        yield _Finding(Validity.INVALID, what, "raise `ulimit -n`, keep connections open, or lower the rate")


def _cut_off(after_s: float | None) -> Iterator[_Finding]:
    if after_s is not None:
        what = f"the run was cut off after {format_duration_ns(after_s * 1e9)}"
        yield _Finding(Validity.INVALID, what, "find out what ended it and run again")


def _account(trouble: str) -> Iterator[_Finding]:
    if trouble:
        yield _Finding(
            Validity.INVALID, f"the account does not add up: {trouble}", "this is a bug in loadkit; please report it"
        )


def _busy(cpu_busy_s: float) -> Iterator[_Finding]:
    if cpu_busy_s >= BUSY_S:
        what = f"a worker kept its core above 80% for {format_duration_ns(cpu_busy_s * 1e9)}"
        yield _Finding(Validity.SUSPECT, what, _MORE_GENERATOR)


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.3g}%"
