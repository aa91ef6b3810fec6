"""From a journal back to the result of its run, and to the report."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from loadkit.engine.ending import Course, Ending
from loadkit.engine.interventions import Intervention
from loadkit.engine.result import RunResult
from loadkit.errors import JournalError
from loadkit.metrics.snapshot import Snapshot, from_wire, merge_all
from loadkit.report.fingerprint import fingerprint
from loadkit.report.journal import FORMAT, MAGIC, Damage, End, Generator, Header, read_frames
from loadkit.report.report import build_report
from loadkit.report.store import is_run
from loadkit.report.timeline import Timeline
from loadkit.scenario.outline import recall
from loadkit.units import NS_PER_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """What a journal held. `damage` says why the rest of it cannot be read, `whole` whether it has the run's end.

    `run` is the run's id where the journal lies in its directory.
    """

    result: RunResult
    timeline: Timeline
    generator: Generator
    damage: str
    whole: bool
    run: str | None = None

    def report(self) -> dict[str, Any]:
        """Return the report of the run, made by the loadkit and the machine that made the load."""
        made = build_report(self.result, self.timeline, run=self.run)
        told = msgspec.to_builtins(self.generator)
        made["loadkit"].update(told, fingerprint=fingerprint(self.result.plan, told["host"]))
        return made


def rebuild(path: Path, *, going_on: bool = False) -> Rebuilt:
    """Read a journal as far as it can be read. Raises JournalError when that is not even its header.

    A run that is `going_on` is judged by what there is of it so far; otherwise one without an end was cut off.
    """
    with open_recording(path) as read:
        header = read.header
        course = Course(read.plan, workers=header.workers, started_at=header.started_at)
        timeline = Timeline(header.started_at, course.plan.naming)
        try:
            for snapshot in read.seconds():
                course.add(snapshot)
                timeline.add(snapshot)
        except ValueError as error:  # a second that says what no run can
            read.damage = str(error)
        end, damage, interventions = read.end, read.damage, tuple(read.interventions)
    result = _finished(course, end) if end else _without_end(course, header.generator.host.cpus, going_on=going_on)
    result = replace(result, interventions=interventions)
    return Rebuilt(
        result=result,
        timeline=timeline,
        generator=header.generator,
        damage=damage,
        whole=end is not None,
        run=run_of(path),
    )


class Recording:
    """A journal as it is read: its header at once, then `seconds`, and after those `end`, `interventions` and what is damaged.

    Raises JournalError when not even the header can be read.
    """

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._frames = read_frames(file)
        self.end: End | None = None
        self.interventions: list[Intervention] = []
        self.damage = ""
        try:
            kind, fields = next(self._frames, ("nothing", {}))
            if kind != "header" or fields.get("format") != FORMAT:
                raise Damage(
                    f"it begins with {kind}, format {fields.get('format')!r}; this loadkit reads format {FORMAT}"
                )
            self.header = msgspec.convert(fields, Header)
            self.plan = recall(self.header.outline)
        except ValueError as error:
            raise JournalError(f"nothing can be recovered from {path}: {error}") from error

    def seconds(self) -> Iterator[Snapshot]:
        """Yield the seconds of the run, each merged over its workers."""
        try:
            for kind, fields in self._frames:
                if kind == "interval":
                    yield merge_all(from_wire(wire) for wire in msgspec.convert(fields.get("snapshots"), list[Any]))
                elif kind == "intervention":
                    self.interventions.append(msgspec.convert(fields, Intervention))
                elif kind == "end":
                    self.end = msgspec.convert(fields, End)
        except ValueError as error:  # damage, or a frame that is no snapshot
            self.damage = str(error)


@contextmanager
def open_recording(path: Path) -> Iterator[Recording]:
    """Open a journal. Raises JournalError when it is none, or cannot be read."""
    try:
        with path.open("rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                raise JournalError(f"{path} is not a journal of loadkit")
            yield Recording(path, file)
    except OSError as error:
        raise JournalError(f"{path} cannot be read: {error.strerror or error}") from error


def run_of(path: Path) -> str | None:
    """Return the id of the run that a journal lies in the directory of; None of one that lies elsewhere."""
    return path.parent.name if is_run(path.parent) else None


def _finished(course: Course, end: End) -> RunResult:
    """Return the result as it was judged then: another version of loadkit may judge by other rules."""
    ending = Ending(
        elapsed_s=end.elapsed_s,
        signal=end.signal,
        lost_workers=end.lost_workers,
        lost_arrivals=end.lost_arrivals,
        aborted_by=end.aborted_by,
    )
    made = course.conclude(ending)
    return replace(made, measurement=end.measurement, verdicts=end.verdicts, after_failed=end.after_failed)


def _without_end(course: Course, cores: int, *, going_on: bool) -> RunResult:
    elapsed_s = course.summary.end_ns / NS_PER_S
    return course.conclude(Ending(elapsed_s=elapsed_s, cores=cores, cut_off=not going_on, going_on=going_on))
