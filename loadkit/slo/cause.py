"""Why a generator was late: the worker, what was seen of it, and what helps against just that.

In this order, since each explains those below it: calls of Python functions that waited for one of our threads, memory fetched back
from disk, a machine that did not run the worker, garbage collections, a core that was full, a core that was shared. A stall or a
pause explains a delay of up to twice its length.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from loadkit.metrics.family import count_made
from loadkit.metrics.gauge import Gauge
from loadkit.metrics.snapshot import Snapshot, worker_label
from loadkit.units import format_duration_ns

BUSY_SHARE = 0.8
"""A worker that uses more of its core than this has nothing left for a second that is worse."""

SWAPPED_PAGES = 500  # major page faults within an interval; code that is loaded late causes some tens
_WAITED_SHARE = 0.3  # of the time it ran: then it was in a queue rather than at work
MORE_THREADS = "raise `config.python.threads`, lower the rate, or make the functions async"
_ANYHOW = "lower the rate or give the generator another core"


@dataclass(frozen=True, slots=True, kw_only=True)
class Generator:
    """The processes that made a run's load.

    `cores` is how many they may use, `seconds` how long they made load. `busy_s` is the longest time without a break that a
    worker (or COORDINATOR) used more than 80 % of a core, `bound_s` the same in the phases in `unpaced`: closed ones without a
    rate, where a full core is what was asked for.
    """

    workers: int = 1
    cores: int = 1
    seconds: float = 0.0
    busy_s: Mapping[int, float] = field(default_factory=dict)
    bound_s: Mapping[int, float] = field(default_factory=dict)
    unpaced: frozenset[int] = frozenset()
    paced_gauges: Mapping[tuple[str, int], Gauge] | None = None
    """What was seen of the workers outside of those phases; None when it is what the summary says."""

    def more_cores(self, summary: Snapshot, cpu: float = 1.0) -> str:
        """Return what helps when a worker at a share of its core is the limit: another one, or less to do."""
        if self.workers < self.cores:
            return f"use --workers {self.workers + 1}"
        return f"{self.lower_rate(summary, cpu)} or use a faster machine"

    def lower_rate(self, summary: Snapshot, cpu: float = 1.0) -> str:
        """Return below which rate four fifths of a core would have done, where a worker was at a share of its core."""
        done = summary.count("arrivals.started") or count_made(summary)
        if not done or self.seconds <= 0 or self.unpaced:  # with unpaced phases between them, rates have no mean
            return "lower the rate"
        achieved = done / self.seconds
        bearable = achieved * BUSY_SHARE / max(cpu, BUSY_SHARE)
        return f"lower the rate below about {_round(bearable)}/s (achieved {_round(achieved)}/s)"


@dataclass(frozen=True, slots=True)
class Cause:
    """What was seen, "" when nothing is known of the workers, and what to do about it."""

    evidence: str
    remedy: str


def cause_of(summary: Snapshot, generator: Generator, metric: str, limit_ns: int) -> Cause:
    """Return why `metric`, generator.lag or generator.loop_lag, was above a limit on the worker where it was so most often."""
    worker = _worst(summary, metric, limit_ns)
    if worker is None:
        return Cause("", _ANYHOW)
    label = worker_label(worker)
    waits = summary.histogram("generator.thread_wait", label)
    late = summary.histogram(metric, label).count_above(limit_ns)
    if metric == "generator.lag" and 2 * waits.count_above(limit_ns) > late:
        return Cause(f"calls on {label} waited up to {format_duration_ns(waits.max_ns)} for a thread", MORE_THREADS)
    explained_ns = summary.histogram(metric, label).max_ns // 2
    stalled_ns, paused_ns = (summary.histogram(f"generator.{name}", label).max_ns for name in ("stall", "gc_pause"))
    if generator.paced_gauges is not None:
        summary = replace(summary, gauges=dict(generator.paced_gauges))
    cpu, waited, faults = (_most(summary, f"worker.{name}", worker) for name in ("cpu", "cpu_wait", "major_faults"))
    if faults >= SWAPPED_PAGES:
        return Cause(
            f"{label} fetched {faults:,.0f} pages of memory back from disk within a second",
            "give the generator more memory, or plan fewer virtual users at a time",
        )
    own_cores = "stop them, or give the generator cores of its own"
    if stalled_ns and stalled_ns >= explained_ns:
        span = format_duration_ns(stalled_ns)
        return Cause(f"the machine did not give {label} its core for {span}: other processes were busy", own_cores)
    if paused_ns >= max(1, explained_ns):
        span = format_duration_ns(paused_ns)
        return Cause(
            f"garbage collections of {label} took up to {span}",
            _lighter(generator, "keep less in variables and captures"),
        )
    if cpu > BUSY_SHARE:
        return Cause(f"{label} at {cpu:.0%} CPU", generator.more_cores(summary, cpu))
    at = f"{label} at {cpu:.0%} CPU"
    if waited >= cpu * _WAITED_SHARE:
        full = cpu + waited >= BUSY_SHARE
        remedy = f"{own_cores}, or {generator.lower_rate(summary)}" if full else own_cores
        return Cause(f"{at} and waiting for a core {waited:.0%} of the time: other processes were busy", remedy)
    held_ns = summary.histogram("generator.loop_lag", label).max_ns
    held = f", its event loop held up for {format_duration_ns(held_ns)}" if held_ns > limit_ns else ""
    return Cause(f"{at}{held}", _lighter(generator, "make flows cheaper (captures and checks of large bodies)"))


def starved_of_descriptors(summary: Snapshot) -> int | None:
    """Return a worker that used nine tenths of its descriptors, None when none did."""
    for worker, limit in summary.gauges_of("worker.fds_limit").items():
        if _most(summary, "worker.fds", worker) >= 0.9 * limit.value:
            return worker
    return None


def _worst(summary: Snapshot, metric: str, limit_ns: int) -> int | None:
    """Return the worker with most values above a limit, the one with the fuller core where two have as many."""
    cpus = summary.gauges_of("worker.cpu")
    late = {worker: summary.histogram(metric, worker_label(worker)).count_above(limit_ns) for worker in cpus}
    return max(cpus, key=lambda worker: (late[worker], cpus[worker].most), default=None)


def _most(summary: Snapshot, name: str, worker: int) -> float:
    seen = summary.gauges.get((name, worker))
    return seen.most if seen else 0.0


def _lighter(generator: Generator, fewer: str) -> str:
    return f"{fewer}, or use --workers {generator.workers + 1}" if generator.workers < generator.cores else fewer


def _round(rate: float) -> str:
    """Return a rate with the two digits that an estimate has."""
    return f"{float(f'{rate:.2g}'):,.15g}"
