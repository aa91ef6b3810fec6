"""Several runs of one plan as one run, made from their journals: exact, since every second of them is there.

Runs that made load at the same time, as on two machines, are laid over each other second by second of the plan; rates add up. Runs
that were made one after another are laid end to end, each with phases of its own; rates are those of all their time together.
Counters are added and histograms merged bin by bin, so a percentile is that of all requests, as if one machine had measured them.
Then everything is judged anew: the measurement, thresholds, expectations.

Which run is named first does not matter.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec

from loadkit.engine.ending import Course, Ending
from loadkit.engine.interventions import Intervention
from loadkit.engine.result import RunResult
from loadkit.errors import UsageError
from loadkit.metrics.gauge import Gauge
from loadkit.metrics.snapshot import COORDINATOR, Snapshot, merge_all, worker_label
from loadkit.report.fingerprint import PARTS, fingerprint
from loadkit.report.journal import End, Header
from loadkit.report.rebuild import open_recording, run_of
from loadkit.report.report import build_report
from loadkit.report.shapes import Schema, choice, integer, list_of, nullable, number, object_of, text
from loadkit.report.timeline import Timeline
from loadkit.scenario.likeness import short_digest
from loadkit.scenario.plan import Phase, Plan
from loadkit.slo.evaluate import INVALID_REASON, Status
from loadkit.slo.validity import Validity
from loadkit.units import NS_PER_S
from loadkit.workload.base import ClosedWorkload

TOGETHER = 0.8
"""Runs that share so much of the shorter one's time were made side by side."""
APART = 0.05
"""Runs that share no more than this were made one after another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A run that is to be merged, whole in memory."""

    name: str
    plan: Plan
    header: Header
    end: End
    seconds: Sequence[Snapshot]
    interventions: Sequence[Intervention] = ()

    @property
    def began(self) -> float:
        """Return when it began, in Unix seconds."""
        return self.header.started_at

    @property
    def ended(self) -> float:
        """Return when it ended."""
        return self.header.started_at + self.end.elapsed_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """What the runs come to as one. `groups` are those made side by side, one group after another."""

    result: RunResult
    timeline: Timeline
    groups: Sequence[Sequence[Source]]

    @property
    def how(self) -> str:
        """Return how the runs lay in time: `side by side`, `one after another` or `both`."""
        if len(self.groups) == 1:
            return "side by side"
        return "one after another" if all(len(group) == 1 for group in self.groups) else "both"

    def report(self) -> dict[str, Any]:
        """Return the report; of what made the load it says what the runs agree in."""
        made = build_report(self.result, self.timeline)
        sources = [source for group in self.groups for source in group]
        found = made["loadkit"]
        told = msgspec.to_builtins(sources[0].header.generator)
        found.update(told, fingerprint=_fingerprint(self.result.plan, told["host"], self.groups))
        for phase, size in zip(found["phases"], _sizes(self.groups), strict=True):
            for key in ("arrivals", "users", "throughput_per_s", "max_vusers"):
                phase[key] = phase[key] and phase[key] * size
        for achieved in found["health"]["achieved"]:
            if found["phases"][achieved["phase"]]["kind"] == "closed":
                achieved["planned"] *= _sizes(self.groups)[achieved["phase"]]
        found["merged"] = {"how": self.how, "runs": [_origin(source) for source in sources]}
        return made


def merge_runs(paths: Sequence[Path]) -> Merged:
    """Merge the runs of these journals. Raises UsageError for runs that are not one, and JournalError for what is no journal."""
    sources = sorted((read_source(path) for path in paths), key=lambda source: (source.began, source.name))
    _check(sources)
    groups = _grouped(sources)
    first = sources[0]
    plan, shifts = _lengthened(first.plan, groups)
    workers = sum(source.header.workers for source in sources)
    tags = dict(set.intersection(*(set(source.plan.tags.items()) for source in sources)))
    course = Course(replace(plan, tags=tags), workers=workers, started_at=first.began)
    timeline = Timeline(first.began, plan.naming)
    numbered = 0
    for turn, (group, shift_ns) in enumerate(zip(groups, shifts, strict=True)):
        moves = []
        for source in group:
            moves.append(_Move(numbered, turn * len(first.plan.phases), shift_ns))
            numbered += source.header.workers
        for snapshot in _laid_over(group, moves):
            course.add(snapshot)
            timeline.add(snapshot)
    result = course.conclude(
        Ending(
            elapsed_s=sum(max(source.end.elapsed_s for source in group) for group in groups),
            signal=next((source.end.signal for source in sources if source.end.signal), None),
            aborted_by=next((source.end.aborted_by for source in sources if source.end.aborted_by), None),
            cores=first.header.generator.host.cpus,
            lost_workers=sum(source.end.lost_workers for source in sources),
            lost_arrivals=sum(source.end.lost_arrivals for source in sources),
            interventions=_interventions(groups, shifts),
        )
    )
    failed = next((source.end.after_failed for source in sources if source.end.after_failed), None)
    result = _distrusted(replace(result, after_failed=failed), sources)
    return Merged(result=result, timeline=timeline, groups=groups)


def read_source(path: Path) -> Source:
    """Read a journal. Raises UsageError for that of a run whose figures are not to be merged."""
    name = run_of(path) or str(path)
    with open_recording(path) as read:
        seconds = list(read.seconds())
        if read.damage:
            raise UsageError(f"{name} cannot be merged: its journal is damaged ({read.damage})")
        if read.end is None:
            raise UsageError(
                f"{name} cannot be merged: it was cut off, or still goes on, so its last seconds are missing"
            )
        return Source(
            name=name,
            plan=read.plan,
            header=read.header,
            end=read.end,
            seconds=seconds,
            interventions=tuple(read.interventions),
        )


def _distrusted(result: RunResult, sources: Sequence[Source]) -> RunResult:
    """Return the result, which nobody can believe when one of the runs was INVALID: its part of the figures is the generator's."""
    found = [
        f"{source.name}: {reason}"
        for source in sources
        if source.end.measurement.status is Validity.INVALID
        for reason in source.end.measurement.reasons
    ]
    if not found:
        return result
    own = result.measurement.reasons if result.measurement.status is Validity.INVALID else ()
    measurement = replace(result.measurement, status=Validity.INVALID, reasons=(*own, *found))
    verdicts = tuple(replace(one, status=Status.INVALID, reason=INVALID_REASON) for one in result.verdicts)
    return replace(result, measurement=measurement, verdicts=verdicts)


def _interventions(groups: Sequence[Sequence[Source]], shifts: Sequence[int]) -> tuple[Intervention, ...]:
    """Return what people did to any of the runs, on the time line of all."""
    moved = (
        replace(one, at_s=one.at_s + shift_ns / NS_PER_S)
        for group, shift_ns in zip(groups, shifts, strict=True)
        for source in group
        for one in source.interventions
    )
    return tuple(sorted(moved, key=lambda one: one.at_s))


def _check(sources: Sequence[Source]) -> None:
    first = sources[0]
    for source in sources[1:]:
        if source.plan.digest != first.plan.digest:
            raise UsageError(
                f"{first.name} and {source.name} cannot be merged: they ran different plans ({first.plan.digest[:12]} and "
                f"{source.plan.digest[:12]}); a percentile over both would be that of neither. `loadkit compare` shows both"
            )
    seen: dict[tuple[float, int], Source] = {}
    for source in sources:
        twin = seen.setdefault((source.began, source.plan.seed), source)
        if twin is not source:
            raise UsageError(f"{twin.name} and {source.name} are the same run; name each once")


def _grouped(sources: Sequence[Source]) -> list[list[Source]]:
    """Return the runs that were made side by side, one group after another. Raises UsageError for what is neither."""
    groups: list[list[Source]] = []
    for source in sources:
        if groups and all(_shared(source, other) >= TOGETHER for other in groups[-1]):
            groups[-1].append(source)
            continue
        for other in (other for group in groups for other in group):
            if _shared(source, other) > APART:
                raise UsageError(
                    f"{other.name} and {source.name} cannot be merged: they overlap in {_shared(source, other):.0%} of their "
                    "time, so they made load neither side by side nor one after another, and no rate would be true of both"
                )
        groups.append([source])
    return groups


def _shared(one: Source, other: Source) -> float:
    """Return how much of the shorter run's time the other one made load, too."""
    common = min(one.ended, other.ended) - max(one.began, other.began)
    return max(0.0, common) / max(1e-9, min(one.end.elapsed_s, other.end.elapsed_s))


def _lengthened(plan: Plan, groups: Sequence[Sequence[Source]]) -> tuple[Plan, list[int]]:
    """Return the plan with its phases once for each group, and when each group begins on its time line."""
    phases: list[Phase] = []
    shifts = []
    start_ns = 0
    for group in groups:
        shifts.append(start_ns)
        end_ns = max((second.end_ns for source in group for second in source.seconds), default=0)
        for phase in plan.phases:
            made = replace(phase, index=len(phases), start_ns=phase.start_ns + start_ns)
            if phase is plan.phases[-1] and not isinstance(phase.workload, ClosedWorkload):
                # what virtual users do after it belongs to the last phase, and so does the time they take
                made = replace(made, duration_ns=max(phase.duration_ns, end_ns - phase.start_ns))
            phases.append(made)
        whole_s = -(-max(end_ns, plan.phases[-1].end_ns) // NS_PER_S)
        start_ns += whole_s * NS_PER_S
    return (plan if len(groups) == 1 else replace(plan, phases=tuple(phases))), shifts


@dataclass(frozen=True, slots=True)
class _Move:
    """What becomes of a run's numbers: its workers, phases and instants follow those of others."""

    workers: int
    phases: int
    shift_ns: int

    def moved(self, snapshot: Snapshot) -> Snapshot:
        labels = {worker_label(worker): worker_label(worker + self.workers) for _, worker in snapshot.gauges}
        parts = {
            (phase + self.phases, scenario): self._part(part, labels)
            for (phase, scenario), part in snapshot.parts.items()
        }
        gauges = {
            (name, worker if worker == COORDINATOR else worker + self.workers): self._gauge(name, seen)
            for (name, worker), seen in snapshot.gauges.items()
        }
        examples = {
            error: [(at_ns + self.shift_ns, text) for at_ns, text in texts]
            for error, texts in snapshot.examples.items()
        }
        start_ns, end_ns = snapshot.start_ns + self.shift_ns, snapshot.end_ns + self.shift_ns
        if parts:
            return Snapshot.of_parts(start_ns, end_ns, parts, gauges=gauges, examples=examples)
        made = self._part(snapshot, labels)
        made.start_ns, made.end_ns, made.gauges, made.examples = start_ns, end_ns, gauges, examples
        return made

    def _part(self, part: Snapshot, labels: Mapping[str, str]) -> Snapshot:
        return Snapshot(
            start_ns=part.start_ns + self.shift_ns,
            end_ns=part.end_ns + self.shift_ns,
            counters={
                (metric, _label(metric, label, labels)): count for (metric, label), count in part.counters.items()
            },
            histograms={
                (metric, _label(metric, label, labels)): histogram
                for (metric, label), histogram in part.histograms.items()
            },
        )

    def _gauge(self, name: str, seen: Gauge) -> Gauge:
        moved = seen._replace(at_ns=seen.at_ns + self.shift_ns, most_at_ns=seen.most_at_ns + self.shift_ns)
        if name != "phase.index" or not self.phases:
            return moved
        thousandths = seen.thousandths + 1000 * self.phases * seen.times
        return moved._replace(value=seen.value + self.phases, most=seen.most + self.phases, thousandths=thousandths)


def _label(metric: str, label: str, labels: Mapping[str, str]) -> str:
    return labels.get(label, label) if metric.startswith("generator.") else label


def _laid_over(group: Sequence[Source], moves: Sequence[_Move]) -> Iterator[Snapshot]:
    """Yield the seconds of runs that were made side by side, each merged over the runs, in order."""

    def numbered(source: Source, move: _Move) -> Iterator[tuple[int, Snapshot]]:
        for second in source.seconds:
            yield (second.start_ns + second.end_ns) // 2 // NS_PER_S, move.moved(second)

    ordered = heapq.merge(*map(numbered, group, moves), key=lambda numbered: numbered[0])
    for _, seconds in groupby(ordered, key=lambda numbered: numbered[0]):
        yield merge_all(second for _, second in seconds)


def _fingerprint(plan: Plan, host: Mapping[str, Any], groups: Sequence[Sequence[Source]]) -> dict[str, str]:
    """Return the fingerprint: comparable are runs that were merged in the same way, for the load of two is another."""
    made = fingerprint(plan, host)
    parts = {part: made[part] for part in PARTS}
    parts["phases"] = short_digest({"phases": made["phases"], "merged": [len(group) for group in groups]})
    return {"id": short_digest(parts), **parts}


def _sizes(groups: Sequence[Sequence[Source]]) -> list[int]:
    """Return, for each phase of the merged plan, how many runs it was made by side by side."""
    return [len(group) for group in groups for _ in group[0].plan.phases]


def _origin(source: Source) -> dict[str, Any]:
    host = source.header.generator.host
    return {
        "run": source.name,
        "started_at_s": round(source.began, 3),
        "elapsed_s": round(source.end.elapsed_s, 3),
        "workers": source.header.workers,
        "seed": source.plan.seed,
        "host": f"{host.system} {host.machine}, {host.cpus} cpus",
    }


def merged_schema() -> Schema:
    """Return the schema of the report's `merged`."""
    run = object_of(
        "One run.",
        {
            "run": text("Its id, or the file it was read from."),
            "started_at_s": number("When it began, in Unix seconds."),
            "elapsed_s": number("Seconds from its start to its end."),
            "workers": integer("Worker processes that made its load."),
            "seed": integer("Seed of its random choices.", minimum=None),
            "host": text("The machine that made its load."),
        },
    )
    return nullable(
        object_of(
            "What `loadkit merge` made this report of; null for that of one run.",
            {
                "how": choice("How the runs lay in time.", "side by side", "one after another", "both"),
                "runs": list_of("The runs, by their start.", run),
            },
        )
    )
