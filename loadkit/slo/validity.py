"""Whether a measurement can be believed: one rule, the same for every command.

INVALID when the generator, not the target, was the limit:

    (a) fewer than 98 % of the due arrivals were started, for reasons of the generator; those that somebody withheld were not due,
        and those that somebody added were
    (b) more than 1 % of the arrivals and pacing slots started later than max(10 ms, 10 % of the p50 of the response time)
    (c) a worker was lost, or the generator ran out of ports or descriptors
    (d) the run was cut off: its coordinator was killed, and a journal is all that is left

Below 100 arrivals (b) also asks for at least 3 late ones: a single hiccup among ten arrivals is 10 %, and must
not void a smoke run. Arrivals dropped by
`maxVusers` belong to the plan, not to validity. A pacing slot is never dropped: one that waits for the target is owed, which
is the target's doing, so only slots that the generator itself waited for are in `generator.lag`.

SUSPECT, which changes no exit code, when none of these holds, but a worker or the coordinator used more than 80 % of a core for 5 s
without a break, or a worker's event loop came late to more than 1 % of its wake-ups by the limit of (b): so long may responses
have lain unread. Closed phases without pacing are left out there: as fast as possible is what was asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from loadkit.metrics.family import service_times
from loadkit.metrics.snapshot import COORDINATOR, Snapshot, merge_all, worker_label
from loadkit.slo.cause import MORE_THREADS, Cause, Generator, cause_of, starved_of_descriptors
from loadkit.units import NS_PER_MS, NS_PER_S, format_duration_ns, format_share

MAX_DROPPED_PERCENT = 2
MAX_LATE_PERCENT = 1
LATE_NS = 10 * NS_PER_MS
SMALL_RUN = 100
SMALL_RUN_LATE = 3
BUSY_S = 5.0
BOUND_S = 1.0
HELD_UP_S = 5.0
"""From when on it is worth a note that a second was read late: that takes more than a machine that is busy for a moment."""
LEAST_WAKE_UPS = 100
GENERATOR_BOUND = "generator-bound"
"""How the note begins that the generator did as much as it could."""
CUT_OFF = "the run was cut off"
"""How the reason begins that a run is given of which a journal is all that is left."""

_PORTS_FOR_A_MINUTE = (
    "a closed connection keeps its port for 60s, so the usual 28,232 ports last for "
    "470 new connections/s to one address"
)
_FREE_DESCRIPTORS = "raise `ulimit -n`, or hold fewer connections (`http.pool`, `maxVusers`)"
_FREE_PORTS = (
    "keep connections open (`http.pool`, a closed model), use more source or target addresses, "
    "or widen net.ipv4.ip_local_port_range"
)


class Validity(Enum):
    """How far the numbers of a run can be believed."""

    VALID = "valid"
    SUSPECT = "suspect"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """A run's validity. Each reason is a whole sentence with its remedy.

    `notes` say what else to keep in mind about figures that are valid. `late_only`: nothing but (b) speaks against it.
    """

    status: Validity = Validity.VALID
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    late_only: bool = False


@dataclass(frozen=True, slots=True)
class _Finding:
    what: str
    remedy: str


def judge(
    summary: Snapshot,
    *,
    lost_workers: int = 0,
    generator: Generator | None = None,
    trouble: str = "",
    cut_off_s: float | None = None,
) -> Measurement:
    """Judge a run by its summary.

    `generator` is what is known of the processes that made the load. `cut_off_s` says after how long a run was cut off, of which
    only a journal is left.
    """
    made_by = generator or Generator()
    late = [*_late(summary, made_by)]
    findings = [
        *_cut_off(cut_off_s),
        *_dropped(summary, made_by),
        *late,
        *_resources(summary, lost_workers, made_by),
        *_account(trouble),
    ]
    status, late_only = Validity.INVALID, bool(late) and len(late) == len(findings)
    if not findings:  # what is suspect has said its part in a reason for INVALID already
        findings, status = [*_busy(summary, made_by), *_unread(summary, made_by)], Validity.SUSPECT
    return Measurement(
        status=status if findings else Validity.VALID,
        reasons=tuple(f"{finding.what}; {finding.remedy}" for finding in findings),
        notes=(*_bound(made_by), *_held_up(summary)),
        late_only=late_only,
    )


def late_limit_ns(summary: Snapshot) -> int:
    """Return the lag above which an arrival is late: max(10 ms, 10 % of the p50 of the service time).

    Not of the response time: that holds the generator's own lag, and a late generator would loosen its own rule.
    """
    return max(LATE_NS, service_times(summary).percentile_ns(50) // 10)


def late_share(summary: Snapshot) -> float:
    """Return which share of the arrivals and pacing slots started late by the limit of (b)."""
    lags = summary.histogram("generator.lag")
    return lags.count_above(late_limit_ns(summary)) / lags.total if lags.total else 0.0


def _dropped(summary: Snapshot, generator: Generator) -> Iterator[_Finding]:
    left_out = summary.count("arrivals.withheld") - summary.count("arrivals.added")  # what people changed is no fault
    due, dropped = summary.count("arrivals.due") - left_out, summary.count("arrivals.dropped.generator")
    if due and 100 * dropped > MAX_DROPPED_PERCENT * due:
        what = f"{_share(dropped, due)} of the due arrivals ({dropped} of {due}) could not be started by the generator"
        if 2 * summary.count("arrivals.dropped.generator", "descriptors") > dropped:  # the label is engine.schedule's
            limits = summary.gauges_of("worker.fds_limit").items()
            allowed = "".join(f" ({worker_label(worker)} may have {seen.value:,.0f})" for worker, seen in [*limits][:1])
            yield _Finding(f"{what}, for want of descriptors{allowed}", _FREE_DESCRIPTORS)
        else:
            yield _explained(what, cause_of(summary, generator, "generator.lag", late_limit_ns(summary)))


def _late(summary: Snapshot, generator: Generator) -> Iterator[_Finding]:
    lags, limit_ns = summary.histogram("generator.lag"), late_limit_ns(summary)
    late, started = lags.count_above(limit_ns), lags.total
    enough = late >= SMALL_RUN_LATE or started >= SMALL_RUN
    if enough and 100 * late > MAX_LATE_PERCENT * started:
        whose = "arrivals" if summary.count("arrivals.due") else "pacing slots"
        whose += " and calls" if summary.histogram("generator.thread_wait").total else ""
        limit = format_duration_ns(limit_ns)
        what = f"{_share(late, started)} of the {whose} ({late} of {started}) started more than {limit} late"
        yield _explained(what, cause_of(summary, generator, "generator.lag", limit_ns))


def _explained(what: str, cause: Cause) -> _Finding:
    return _Finding(f"{what}, {cause.evidence}" if cause.evidence else what, cause.remedy)


def _resources(summary: Snapshot, lost_workers: int, generator: Generator) -> Iterator[_Finding]:
    if lost_workers:
        what = "1 worker was lost" if lost_workers == 1 else f"{lost_workers} workers were lost"
        yield _Finding(f"{what}, and what it measured with it", "standard error says how it ended; run again")
    starved = summary.count("errors.ERR_GENERATOR")
    if starved:
        yield _starved(summary, "once" if starved == 1 else f"{starved} times", generator)


def _starved(summary: Snapshot, times: str, generator: Generator) -> _Finding:
    """Tell descriptors from ports by what the system said, or by how many were in use."""
    texts = " ".join(text for _, text in summary.examples.get("ERR_GENERATOR", ()))
    worker = starved_of_descriptors(summary)
    if "Too many open files" in texts or worker is not None:
        used = summary.gauges.get(("worker.fds", worker or 0))
        held = f" (worker {worker or 0} held {used.most:,.0f})" if used else ""
        return _Finding(f"the generator ran out of descriptors {times}{held}", _FREE_DESCRIPTORS)
    if "assign requested address" in texts or "already in use" in texts:
        opened = summary.count("http.connections")
        rate = f" at {opened / generator.seconds:,.0f} new connections/s" if generator.seconds > 0 else ""
        return _Finding(f"the generator ran out of ports {times}{rate}: {_PORTS_FOR_A_MINUTE}", _FREE_PORTS)
    if "threads was free" in texts:
        return _Finding(f"calls found no free thread {times}", MORE_THREADS)
    remedy = "raise `ulimit -n`, keep connections open, or lower the rate"
    return _Finding(f"the generator ran out of ports or descriptors {times}", remedy)


def _cut_off(after_s: float | None) -> Iterator[_Finding]:
    if after_s is not None:
        what = f"{CUT_OFF} after {format_duration_ns(after_s * 1e9)}"
        yield _Finding(what, "find out what ended it and run again")


def _account(trouble: str) -> Iterator[_Finding]:
    if trouble:
        yield _Finding(f"the account does not add up: {trouble}", "this is a bug in loadkit; please report it")


def _busy(summary: Snapshot, generator: Generator) -> Iterator[_Finding]:
    workers = {worker: spent_s for worker, spent_s in generator.busy_s.items() if worker != COORDINATOR}
    worker = max(workers, key=lambda worker: workers[worker], default=None)
    if worker is not None and workers[worker] >= BUSY_S:
        what = f"{worker_label(worker)} kept its core above 80% for {format_duration_ns(workers[worker] * 1e9)}"
        yield _Finding(what, generator.more_cores(summary))
    own_s = generator.busy_s.get(COORDINATOR, 0.0)
    if own_s >= BUSY_S:
        what = f"the coordinator kept its core above 80% for {format_duration_ns(own_s * 1e9)}"
        yield _Finding(what, "use fewer request names, or a worker less")


def _unread(summary: Snapshot, generator: Generator) -> Iterator[_Finding]:
    paced = summary
    if generator.unpaced:
        paced = merge_all(part for (phase, _), part in summary.parts.items() if phase not in generator.unpaced)
    limit_ns = late_limit_ns(paced)
    for label in paced.labels("generator.loop_lag"):
        lags = paced.histogram("generator.loop_lag", label)
        if lags.total >= LEAST_WAKE_UPS and 100 * lags.count_above(limit_ns) > lags.total:
            p99 = format_duration_ns(lags.percentile_ns(99))
            what = f"responses may have lain unread for up to {p99} (the p99 of the loop lag of {label})"
            yield _explained(what, cause_of(summary, generator, "generator.loop_lag", limit_ns))
            return


def _bound(generator: Generator) -> Iterator[str]:
    for worker, spent_s in generator.bound_s.items():
        if worker != COORDINATOR and spent_s >= BOUND_S:
            yield (
                f"{GENERATOR_BOUND}: without pacing {worker_label(worker)} used all of its core, "
                "so the request rate is the generator's most, perhaps not the target's"
            )


def _held_up(summary: Snapshot) -> Iterator[str]:
    """Tell of a coordinator that stood still: workers measure without it, but nobody judges, stops or looks elsewhere meanwhile."""
    delay = summary.gauges.get(("coordinator.delay_s", COORDINATOR))
    if delay is not None and delay.most >= HELD_UP_S:
        yield (
            f"the coordinator stood still: a second of the run was read {format_duration_ns(delay.most * NS_PER_S)} late. What the "
            "workers measured is whole, but no threshold could end the run meanwhile, and what is observed has a gap"
        )


def _share(part: int, whole: int) -> str:
    return format_share(part / whole)
