"""How the generator fared, for the report: each worker, and the coordinator beside them."""

from __future__ import annotations

import math
from typing import Any

from loadkit.metrics.family import count_made
from loadkit.metrics.gauge import Gauge
from loadkit.metrics.histogram import Histogram
from loadkit.metrics.snapshot import COORDINATOR, Snapshot, worker_label
from loadkit.report.shapes import Schema, integer, list_of, nullable_reference, number, object_of, reference
from loadkit.scenario.plan import Phase, Plan
from loadkit.units import NS_PER_MS, NS_PER_S
from loadkit.workload.base import ClosedWorkload
from loadkit.workload.pause import Pause

_WORKER = {
    "cpu": "Share of a core that it used.",
    "cpu_wait": "Share of a core that it wanted and did not get; null where the system does not tell.",
    "hooks": "Share of its time that it spent in plain functions of the processor; null without one.",
    "rss_bytes": "Resident memory.",
    "fds": "Open descriptors; null where the system does not tell.",
    "fds_limit": "How many descriptors it may have open.",
    "ports": "Descriptors opened since load began: connections, each with a local port of its own.",
}
_TIMES = {
    "lag": "How late arrivals and slots were started.",
    "loop_lag": "How late the event loop came when it was called.",
    "gc_pause": "Garbage collections.",
    "stall": "Delays of 50 ms or more in which the machine did not run it.",
}
_COORDINATOR = {
    "cpu": "Share of a core that it used.",
    "rss_bytes": "Resident memory.",
    "fds": "Open descriptors.",
    "delay_s": "How long after its end a second of the run was read.",
}


def health(plan: Plan, summary: Snapshot) -> dict[str, Any]:
    """Return how the processes of a run fared, by its summary, and how much of the plan's rate they achieved."""
    each = (achieved(phase, summary.select(phase=phase.index), summary.end_ns) for phase in plan.phases)
    return {"achieved": [found for found in each if found is not None], **processes(summary)}


def processes(seen: Snapshot) -> dict[str, Any]:
    """Return how the processes fared in what was seen, a run or a second of it."""
    return {
        "workers": [_worker(seen, worker) for worker in seen.gauges_of("worker.rss_bytes")],
        "coordinator": {name: _gauge(seen, f"coordinator.{name}", COORDINATOR) for name in _COORDINATOR},
    }


def health_schema() -> Schema:
    """Return the schema of what `health` returns."""
    gauges = {name: nullable_reference("gauge", words) for name, words in _WORKER.items()}
    times = {f"{name}_ms": reference("times", words) for name, words in _TIMES.items()}
    users = nullable_reference("gauge", "Virtual users at work.")
    worker = {"worker": integer("Number of the worker, from 0."), **gauges, "vusers_active": users, **times}
    own = {name: nullable_reference("gauge", words) for name, words in _COORDINATOR.items()}
    return object_of(
        "How the processes that made the load fared.",
        {
            "achieved": list_of(
                "Planned against started, for each phase that plans a rate.",
                object_of(
                    "One phase.",
                    {
                        "phase": integer("Its index."),
                        "planned": integer(
                            "Arrivals due, or slots of paced users (those skipped in think, too), until the end."
                        ),
                        "started": integer("Arrivals started, or requests made."),
                    },
                ),
            ),
            "workers": list_of("The workers, in order.", object_of("One worker.", worker)),
            "coordinator": object_of("The process that commands the workers and writes this.", own),
        },
    )


def health_definitions() -> Schema:
    """Return the definitions that the schema refers to."""
    return {
        "gauge": object_of(
            "A value that was looked at once a second.",
            {
                "mean": number("Mean of all looks."),
                "max": number("Largest value."),
                "max_at_s": number("When it was largest, in seconds since the run's start."),
            },
        ),
        "times": object_of(
            "Times, in milliseconds.",
            {
                "count": integer("How many there were."),
                "p50": number("Median; 0 when there were none."),
                "p99": number("99th percentile."),
                "max": number("Largest."),
            },
        ),
    }


def _has_rate(phase: Phase) -> bool:
    workload = phase.workload
    return bool(workload.throughput) if isinstance(workload, ClosedWorkload) else not isinstance(workload, Pause)


def achieved(phase: Phase, part: Snapshot, end_ns: int) -> dict[str, int] | None:
    """Return a phase's own numbers in a run until `end_ns`, None where it plans no rate.

    A request belongs to the phase in which it was due.
    """
    workload = phase.workload
    if not _has_rate(phase):
        return None
    if not isinstance(workload, ClosedWorkload):
        return {"phase": phase.index, "planned": part.count("arrivals.due"), "started": part.count("arrivals.started")}
    passed_ns = max(0, min(end_ns - phase.start_ns, phase.duration_ns))
    slots = math.ceil((workload.throughput or 0) * passed_ns / NS_PER_S)
    return {"phase": phase.index, "planned": slots, "started": count_made(part)}


def _worker(summary: Snapshot, worker: int) -> dict[str, Any]:
    gauges = {name: _gauge(summary, f"worker.{name}", worker) for name in _WORKER}
    label = worker_label(worker)
    times = {f"{name}_ms": _times(summary.histogram(f"generator.{name}", label)) for name in _TIMES}
    return {"worker": worker, **gauges, "vusers_active": _gauge(summary, "vusers.active", worker), **times}


def _gauge(summary: Snapshot, name: str, worker: int) -> dict[str, float] | None:
    seen: Gauge | None = summary.gauges.get((name, worker))
    if seen is None:
        return None
    at_s = round(max(0, seen.most_at_ns) / NS_PER_S, 3)
    return {"mean": round(seen.mean, 3), "max": round(seen.most, 3), "max_at_s": at_s}


def _times(histogram: Histogram) -> dict[str, float]:
    p50, p99 = (round(histogram.percentile_ns(percent) / NS_PER_MS, 3) for percent in (50, 99))
    return {"count": histogram.total, "p50": p50, "p99": p99, "max": round(histogram.max_ns / NS_PER_MS, 3)}
