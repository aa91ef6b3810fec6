"""Follow objectives while a run goes on: one snapshot a second goes in, and it is known when each of them failed.

A second is one that was completed: what comes after the last whole one belongs to no window. Where the metric has no value (a time
without samples, a ratio of nothing) nothing is judged, and a row of bad seconds ends. Counts and rates always have a value, so
they are judged in the whole seconds of phases that make load and nowhere else: no traffic in a pause is no failure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from loadkit.metrics.snapshot import Snapshot, merge_all
from loadkit.slo.evaluate import Observation, observe
from loadkit.slo.expression import Objective, Operator
from loadkit.slo.metric import GAUGES, Kind, Selector
from loadkit.slo.observed_metric import is_observed
from loadkit.slo.rolling import Rolling, extract
from loadkit.slo.selection import Stretch, loaded_s
from loadkit.slo.window import Breaches, Logic
from loadkit.units import NS_PER_S

_ALWAYS_A_VALUE = (Kind.COUNT, Kind.BYTES, Kind.RATE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Abort:
    """Why a run was stopped: an objective's text, and the second, since the run's start, at which it ended the run."""

    objective_text: str
    second: int


class Watches:
    """The objectives of a plan that have to be followed, by their place in the plan."""

    def __init__(self, objectives: Sequence[Objective], stretches: Sequence[Stretch]) -> None:
        self._watches = {
            index: Watch(objective, stretches) for index, objective in enumerate(objectives) if objective.watched
        }

    def add(self, snapshot: Snapshot) -> None:
        """Take the next interval, merged over the workers."""
        for watch in self._watches.values():
            watch.add(snapshot)

    def of(self, index: int) -> Watch | None:
        """Return the watch of the objective at a place, None for one that needs none."""
        return self._watches.get(index)

    def abort(self) -> Abort | None:
        """Return the first objective that has failed and is to end the run."""
        failed = (
            Abort(objective_text=text_of(watch.objective, label), second=track.breaches.failed_s)
            for watch in self._watches.values()
            if watch.objective.abort
            for label, track in watch.tracks.items()
            if track.breaches.failed_s is not None
        )
        return min(failed, key=lambda abort: abort.second, default=None)


class Watch:
    """One objective, followed. `tracks` holds what was found by label: one for `each` name, else one."""

    def __init__(self, objective: Objective, stretches: Sequence[Stretch]) -> None:
        self.objective = objective
        self.tracks: dict[str | None, Track] = {}
        self._stretches = stretches
        self._chosen = chosen = objective.selection.stretches(stretches)
        of_phase = objective.selection.phase is not None and chosen
        self._from_s = _up(chosen[0].start_ns if of_phase else 0) + objective.after_s
        self._loaded_ns = _joined((part.start_ns, part.end_ns) for part in chosen if not part.pause)
        self._counts = objective.selector.kind in _ALWAYS_A_VALUE and not is_observed(objective.selector.name)
        self._second = 0
        self._end_ns = 0
        self._since = self._from_s
        self._pending: dict[str | None, Snapshot] = {}
        if not objective.selection.each:
            self.track(objective.label)

    def add(self, snapshot: Snapshot) -> None:
        """Take the next interval; when a second is complete, judge."""
        objective, second = self.objective, snapshot.end_ns // NS_PER_S
        self._end_ns = snapshot.end_ns
        gauge = objective.selector.name.startswith(GAUGES)  # belongs to no phase
        chosen = (snapshot,) if gauge else objective.selection.pick(snapshot, self._stretches)
        for label, numbers in extract(chosen, objective.selector, each=objective.selection.each).items():
            numbers.start_ns, numbers.end_ns = snapshot.start_ns, snapshot.end_ns
            waiting = self._pending.get(label)
            self._pending[label] = numbers if waiting is None else merge_all((waiting, numbers))
        if second <= self._second:
            return
        begin, self._second = self._second, second
        pending, self._pending = self._pending, {}
        if begin < self._from_s:
            return
        if objective.window is not None and self._counts and not self._loaded(begin):
            self._since = second
            for track in self.tracks.values():
                track.clear()
            return
        nothing = Snapshot(start_ns=snapshot.start_ns, end_ns=snapshot.end_ns)
        for label in {*self.tracks, *pending}:
            track = self.track(label)
            track.add(second, pending.get(label, nothing))
            self._judge(track, begin, second)

    def value(self, track: Track) -> Observation:
        """Return the number of all that was taken, of the last window where there is one."""
        numbers = track.rolling.now
        if self.objective.window is None:
            return observe(track.selector, numbers, self.duration_s)
        return observe(track.selector, numbers, (numbers.end_ns - numbers.start_ns) / NS_PER_S)

    def finish(self) -> None:
        """Take what came after the last whole second: it counts where there is no window."""
        if self.objective.window is None and self._second >= self._from_s:
            for label, numbers in self._pending.items():
                self.track(label).add(self._second, numbers)
        self._pending = {}

    @property
    def begun(self) -> bool:
        """Say whether the run has come to where judging begins."""
        return self._end_ns > self._from_s * NS_PER_S

    @property
    def duration_s(self) -> float:
        """Return for how long load has been made since judging began."""
        return loaded_s(self._chosen, self._end_ns, self._from_s * NS_PER_S)

    def track(self, label: str | None) -> Track:
        """Return what was found under a label, made on first use."""
        found = self.tracks.get(label)
        if found is None:
            window = self.objective.window
            seconds = None if window is None else 1 if window.logic is Logic.FOR else window.seconds
            selector = replace(self.objective.selector, label=label)
            found = self.tracks[label] = Track(selector=selector, rolling=Rolling(seconds))
        return found

    def _judge(self, track: Track, begin: int, second: int) -> None:
        objective, window = self.objective, self.objective.window
        if window is None and not objective.abort:
            return  # judged at the end
        if window is not None and window.logic is Logic.OVER and second - self._since < window.seconds:
            return
        seen = self.value(track)
        least = max(1, objective.min_samples) if window is None else objective.min_samples
        if seen.value is None or seen.samples < least:
            track.row = 0
            return
        enough = window.seconds if window is not None and window.logic is Logic.FOR else 1
        track.judge(objective, seen, begin, second, enough)

    def _loaded(self, begin: int) -> bool:
        """Say whether load was made all through the seconds from `begin` until now."""
        return any(
            start_ns <= begin * NS_PER_S and self._second * NS_PER_S <= end_ns for start_ns, end_ns in self._loaded_ns
        )


@dataclass(slots=True, kw_only=True)
class Track:
    """What was found under one label."""

    selector: Selector
    rolling: Rolling
    row: int = 0
    breaches: Breaches = field(default_factory=Breaches)

    def add(self, second: int, numbers: Snapshot) -> None:
        """Take the numbers that ended with a second."""
        self.rolling.add(second, numbers)

    def clear(self) -> None:
        """Begin anew: what follows does not touch what came before."""
        self.rolling.clear()
        self.row = 0

    def judge(self, objective: Objective, seen: Observation, begin: int, second: int, enough: int) -> None:
        """Compare a value; it takes a row of `enough` bad seconds to fail."""
        assert seen.value is not None
        found, value = self.breaches, seen.value
        holds = objective.operator.holds(value, objective.limit)
        self.row = 0 if holds else self.row + second - begin
        found = replace(found, judged=found.judged + 1, bad=found.bad + (not holds), row=max(found.row, self.row))
        if found.worst is None or _worse(objective.operator, value, found.worst, objective.limit):
            found = replace(found, worst=value, worst_s=second, samples=seen.samples)
        if not holds and found.first_bad_s is None:
            found = replace(found, first_bad_s=second)
        if self.row >= enough and found.failed_s is None:
            found = replace(found, failed_s=second, at_failure=value)
        self.breaches = found


def text_of(objective: Objective, label: str | None) -> str:
    """Return an objective's text, with the name where each is judged by itself."""
    if not objective.selection.each or label is None:
        return objective.text
    return f'{objective.text.removesuffix(" each")} of "{label}"'


def _worse(operator: Operator, value: float, than: float, limit: float) -> bool:
    """Say whether a value lies further to the side on which the comparison fails."""
    if operator in (Operator.LESS, Operator.AT_MOST):
        return value > than
    if operator in (Operator.MORE, Operator.AT_LEAST):
        return value < than
    if operator is Operator.EQUAL:
        return abs(value - limit) > abs(than - limit)
    return abs(value - limit) < abs(than - limit)


def _up(ns: int) -> int:
    """Return the first whole second at or after an instant."""
    return -(-ns // NS_PER_S)


def _joined(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return spans in order, those that touch as one."""
    made: list[tuple[int, int]] = []
    for start_ns, end_ns in sorted(spans):
        if made and start_ns <= made[-1][1]:
            made[-1] = (made[-1][0], max(made[-1][1], end_ns))
        else:
            made.append((start_ns, end_ns))
    return made
