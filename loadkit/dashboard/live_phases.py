"""What each phase of a run has come to so far: the numbers of a second are put to those of its phases, over all request names."""

from __future__ import annotations

from typing import Any

from loadkit.metrics.histogram import Histogram
from loadkit.metrics.snapshot import Snapshot
from loadkit.metrics.track import RESPONSES, SERVICES
from loadkit.report.health import achieved
from loadkit.report.parts import SESSION_LENGTH, measured_phase
from loadkit.scenario.judged import phase_spans
from loadkit.scenario.plan import Phase, Plan

_TIMES = RESPONSES | SERVICES | {SESSION_LENGTH}


class LivePhases:
    """The phases of a plan, in the shape of a report's. Of each one histogram a metric is kept, however many names there are."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._seen = {phase.index: Snapshot() for phase in plan.phases}
        self._lasted_ns = dict.fromkeys(self._seen, 0)
        self._end_ns = 0
        self._known = {phase.index: self._told(phase) for phase in plan.phases}
        self._achieved: dict[int, dict[str, int]] = {}

    @property
    def all(self) -> list[dict[str, Any]]:
        """Return all phases, in order."""
        return list(self._known.values())

    @property
    def achieved(self) -> list[dict[str, int]]:
        """Return how much of its rate each phase achieved that has begun and plans one."""
        return [self._achieved[index] for index in sorted(self._achieved)]

    def add(self, snapshot: Snapshot) -> list[dict[str, Any]]:
        """Take the next second; return the phases of which there is anything new."""
        changed = {index for index, _ in snapshot.parts}
        for (index, _), part in snapshot.parts.items():
            _fold(self._seen[index], part)
        self._end_ns = max(self._end_ns, snapshot.end_ns)
        for index, (start_ns, end_ns) in phase_spans(self._plan, self._end_ns).items():
            if end_ns - start_ns != self._lasted_ns[index]:
                self._lasted_ns[index] = end_ns - start_ns
                changed.add(index)
        new = [phase for phase in self._plan.phases if phase.index in changed]
        for phase in new:
            self._known[phase.index] = self._told(phase)
            if found := achieved(phase, self._seen[phase.index], self._end_ns):
                self._achieved[phase.index] = found
        return [self._known[phase.index] for phase in new]

    def _told(self, phase: Phase) -> dict[str, Any]:
        return measured_phase(phase, self._seen[phase.index], self._lasted_ns[phase.index])


def _fold(seen: Snapshot, part: Snapshot) -> None:
    """Add a part to what was seen, over all labels."""
    for (metric, _), count in part.counters.items():
        seen.counters[metric, ""] = seen.counters.get((metric, ""), 0) + count
    times: dict[str, list[Histogram]] = {}
    for (metric, _), histogram in part.histograms.items():
        if metric in _TIMES:
            times.setdefault(metric, []).append(histogram)
    for metric, histograms in times.items():
        seen.histograms.setdefault((metric, ""), Histogram()).merge_all(histograms)
