"""The account of arrivals: planned + added = started + dropped + withheld + lost.

What a lost worker was due to start and never reported is `arrivals.lost`, whether or not it would have been withheld: nobody knows.
"""

from __future__ import annotations

from collections.abc import Iterator

from loadkit.metrics.snapshot import Snapshot
from loadkit.scenario.plan import Plan
from loadkit.workload.base import ClosedWorkload, Shard


class Owed:
    """The arrivals of a lost worker that were due and not `reported`, asked for at instants that never go back."""

    def __init__(self, plan: Plan, shard: Shard, reported: int) -> None:
        self._reported = reported
        self._due = 0
        self._times = _due_times(plan, shard)
        self._following = next(self._times, None)

    def until(self, until_ns: int) -> int:
        """Return how many were due before `until_ns` since the run's start."""
        while self._following is not None and self._following < until_ns:
            self._due += 1
            self._following = next(self._times, None)
        return max(0, self._due - self._reported)


def _due_times(plan: Plan, shard: Shard) -> Iterator[int]:
    for phase in plan.phases:
        if not isinstance(phase.workload, ClosedWorkload):
            for _, at_ns in phase.workload.fire_times(shard.behind(phase.first_number)):
                yield phase.start_ns + at_ns


def settle(summary: Snapshot, lost: int, *, whole: bool) -> str:
    """Write `arrivals.planned` and `arrivals.lost` into a run's summary and check the account.

    Return "" when planned + added = started + dropped + withheld + lost, and, if the fleet is `whole`, every visit that began
    has ended; else a sentence that says what does not add up.
    """
    count = summary.count
    planned = count("arrivals.due") + lost
    if planned:
        summary.counters["arrivals.planned", ""] = planned
    if lost:
        summary.counters["arrivals.lost", ""] = lost
    added = count("arrivals.added")
    told = count("arrivals.started") + count("arrivals.dropped") + count("arrivals.withheld") + lost
    if planned + added != told:
        also = f" and {added} added" if added else ""
        return f"{planned} arrivals were planned{also}, and {told} started, dropped, withheld or lost"
    ended = count("vusers.completed") + count("vusers.failed")
    if whole and count("vusers.created") != ended:
        return f"{count('vusers.created')} visits began and {ended} ended"
    return ""
