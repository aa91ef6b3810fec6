"""What a run does to the budgets of its objectives, second by second: one snapshot a second goes in.

A second counts when load is made in it, in the part of the run that the objective is about; what comes in afterwards, or in a
pause, counts as the last one. Two numbers are kept of a second: 16 bytes, 58 kB an hour and objective.

The run's own budget is the share of its events, or slices, that may be bad. It is overspent, and the objective cannot be met any
more, once more are bad than budget x planned.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from loadkit.arrays import Ints, np
from loadkit.metrics.snapshot import Snapshot
from loadkit.slo.objective import Method, Slo
from loadkit.slo.selection import Stretch
from loadkit.slo.watch import Abort
from loadkit.units import NS_PER_S


@dataclass(frozen=True, slots=True, kw_only=True)
class RunBudget:
    """The own budget of a run: of the `planned` events or slices `allowed` may be bad; None where nobody knows how many will be.

    Of ratio timeslices `bad` and `total` are sums of shares.
    """

    name: str
    budget: float
    bad: float
    total: float
    unit: str
    planned: float | None = None
    allowed: float | None = None

    @property
    def used(self) -> float:
        """Return what share of it is spent: of what is allowed in the whole run, else of what is allowed so far."""
        allowed = self.budget * self.total if self.allowed is None else self.allowed
        if not self.bad:
            return 0.0
        return self.bad / allowed if allowed else math.inf

    @property
    def overspent(self) -> bool:
        """Say whether the objective cannot be met any more."""
        return self.allowed is not None and self.bad > self.allowed


class Spending:
    """The good and bad events of one objective in the course of a run. `planned_events` is how many there are to be."""

    def __init__(self, slo: Slo, stretches: Sequence[Stretch], planned_events: int | None = None) -> None:
        self.slo = slo
        self.good = array("q")
        self.bad = array("q")
        self.events = (0, 0)
        """Good and bad events so far."""
        self.overspent_s: int | None = None
        self._stretches = stretches
        self._loaded = [part for part in slo.selection.stretches(stretches) if not part.pause]
        self._planned_events = planned_events
        self._late = [0, 0]  # what came in before the first second that counts
        self._slice_bad = self._slices = 0.0
        self._cut = 0  # seconds that lie in finished slices

    @property
    def abort_text(self) -> str:
        """Return what a run is said to be ended by."""
        return f"slo {self.slo.name}"

    def add(self, snapshot: Snapshot) -> None:
        """Take the next interval, merged over the workers."""
        slo = self.slo
        parts = slo.selection.pick(snapshot, self._stretches)
        good, bad = (sum(part.count(metric) for part in parts) for metric in (slo.good_metric, slo.bad_metric))
        self.events = self.events[0] + good, self.events[1] + bad
        middle_ns = (snapshot.start_ns + snapshot.end_ns) // 2  # an interval ends a little after its second
        whole = snapshot.end_ns // NS_PER_S > snapshot.start_ns // NS_PER_S
        if whole and any(part.start_ns <= middle_ns < part.end_ns for part in self._loaded):
            self.good.append(good + self._late[0])
            self.bad.append(bad + self._late[1])
            self._late = [0, 0]
        elif self.bad:
            self.good[-1] += good
            self.bad[-1] += bad
        else:
            self._late = [self._late[0] + good, self._late[1] + bad]
        self._cut_slices()
        if self.overspent_s is None and self.budget().overspent:
            self.overspent_s = snapshot.end_ns // NS_PER_S

    def budget(self) -> RunBudget:
        """Return what of the run's own budget is spent."""
        slo = self.slo
        if slo.method is Method.OCCURRENCES:
            bad, total, unit = float(self.events[1]), float(sum(self.events)), "events"
            planned = None if self._planned_events is None else max(float(self._planned_events), total)
        else:
            seconds = sum(part.end_ns - part.start_ns for part in self._loaded) // NS_PER_S
            bad, total, unit = self._slice_bad, self._slices, "slices"
            planned = float(max(seconds // slo.slice_s, total))
        allowed = None if planned is None else round(slo.budget * planned, 9)  # 0.001 x 3000 is not 3.0000000000000004
        return RunBudget(
            name=slo.name, budget=slo.budget, bad=bad, total=total, unit=unit, planned=planned, allowed=allowed
        )

    def seconds(self) -> tuple[Ints, Ints]:
        """Return the good and the bad events of each second that counts."""
        return np.array(self.good, np.int64), np.array(self.bad, np.int64)

    def slices(self) -> Iterator[tuple[int, int]]:
        """Yield the good and the bad events of each whole slice; one without events is none."""
        width = self.slo.slice_s
        for start in range(0, len(self.bad) // width * width, width):
            good, bad = sum(self.good[start : start + width]), sum(self.bad[start : start + width])
            if good + bad:
                yield good, bad

    def _cut_slices(self) -> None:
        """Judge the slices that have been completed: once the second after them has begun, nothing more comes to them."""
        width = self.slo.slice_s
        while self.slo.method is not Method.OCCURRENCES and len(self.bad) > self._cut + width:
            end = self._cut + width
            good, bad = sum(self.good[self._cut : end]), sum(self.bad[self._cut : end])
            self._cut = end
            if good + bad:
                self._slices += 1
                self._slice_bad += bad_share(self.slo, good, bad)


def bad_share(slo: Slo, good: int, bad: int) -> float:
    """Return what a slice takes of the budget: 0 or 1, of ratio timeslices its share of bad events."""
    if slo.method is Method.TIMESLICES:
        return float(good < slo.slice_target * (good + bad))
    return bad / (good + bad)


class Spendings:
    """The objectives of a plan in the course of a run. `planned_events` are by the objective's name."""

    def __init__(
        self, slos: Sequence[Slo], stretches: Sequence[Stretch], planned_events: Mapping[str, int | None]
    ) -> None:
        self.all = tuple(Spending(slo, stretches, planned_events.get(slo.name)) for slo in slos)

    def add(self, snapshot: Snapshot) -> None:
        """Take the next interval, merged over the workers."""
        for one in self.all:
            one.add(snapshot)

    def abort(self) -> Abort | None:
        """Return the first objective that cannot be met any more and is to end the run."""
        over = [
            Abort(objective_text=one.abort_text, second=one.overspent_s)
            for one in self.all
            if one.slo.abort and one.overspent_s is not None
        ]
        return min(over, key=lambda abort: abort.second, default=None)
