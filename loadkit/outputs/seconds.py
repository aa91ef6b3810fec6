"""The seconds of runs as rows, for CSV and JSON Lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from loadkit.metrics.snapshot import Snapshot
from loadkit.outputs.paper import Report, legible, started
from loadkit.report.timeline import COLUMNS, second_row
from loadkit.units import NS_PER_S

COMMON = ("run", "name", "time", "phase")
"""The columns before those of the timeline: id of the run, its name, the end of the second in UTC, the phase it lies in."""

PhaseSpan = tuple[str, float, float]
"""A phase by its name, and when it begins and ends, in seconds since the run's start."""


def rows(reports: Sequence[Report]) -> Iterator[dict[str, Any]]:
    """Yield each second of each run; a value that does not exist is None."""
    for report in reports:
        found, began = report["loadkit"], started(report)
        run, name = found.get("run"), legible(found["name"])
        columns = found["timeline"]["columns"]
        phases = [(one["name"], one["start_s"], one["start_s"] + one["duration_s"]) for one in found["phases"]]
        for values in found["timeline"]["rows"]:
            row = dict(zip(columns, values, strict=True))
            yield _common(run, name, began, row["t_s"], phases) | {key: row.get(key) for key in COLUMNS}


def second_of(
    snapshot: Snapshot, *, run: str, name: str, began: datetime, phases: Sequence[PhaseSpan]
) -> dict[str, Any]:
    """Return a second of a run that goes on, in the same columns."""
    row = dict(zip(COLUMNS, second_row(snapshot), strict=True))
    return _common(run, legible(name), began, snapshot.end_ns / NS_PER_S, phases) | row


def _common(run: str | None, name: str, began: datetime, end_s: float, phases: Sequence[PhaseSpan]) -> dict[str, Any]:
    time = (began + timedelta(seconds=end_s)).isoformat(timespec="milliseconds")
    return dict(zip(COMMON, (run, name, time, _phase(phases, end_s)), strict=True))


def _phase(phases: Sequence[PhaseSpan], end_s: float) -> str | None:
    """Return the name of the phase in which a second ends; what runs out after the last one belongs to none."""
    return next((legible(name) for name, start_s, stop_s in phases if start_s < end_s <= stop_s), None)
