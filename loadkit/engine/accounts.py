"""The account of arrivals when a worker was lost: what it was due to start and never reported is `arrivals.lost`."""

from __future__ import annotations

from loadkit.metrics.snapshot import Snapshot
from loadkit.scenario.plan import Plan
from loadkit.workload.base import ClosedWorkload, Shard


def lost_arrivals(plan: Plan, shard: Shard, until_ns: int, reported: int) -> int:
    """Return how many of a lost worker's arrivals were due before `until_ns` (since the run's start) and not reported."""
    due = 0
    for phase in plan.phases:
        workload = phase.workload
        if not isinstance(workload, ClosedWorkload) and phase.start_ns < until_ns:
            left_ns = until_ns - phase.start_ns
            for _, at_ns in workload.fire_times(shard):
                if at_ns >= left_ns:
                    break
                due += 1
    return max(0, due - reported)


def settle(summary: Snapshot, lost: int, *, whole: bool) -> str:
    """Write `arrivals.planned` and `arrivals.lost` into a run's summary and check the account.

    Return "" when planned = started + dropped + lost, and, if the fleet is `whole`, every visit that began has ended;
    else a sentence that says what does not add up.
    """
    count = summary.count
    planned = count("arrivals.due") + lost
    if planned:
        summary.counters["arrivals.planned", ""] = planned
    if lost:
        summary.counters["arrivals.lost", ""] = lost
    told = count("arrivals.started") + count("arrivals.dropped") + lost
    if planned != told:
        return f"{planned} arrivals were planned and {told} started, dropped or lost"
    ended = count("vusers.completed") + count("vusers.failed")
    if whole and count("vusers.created") != ended:
        return f"{count('vusers.created')} visits began and {ended} ended"
    return ""
