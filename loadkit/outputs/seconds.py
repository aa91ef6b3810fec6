"""The seconds of runs as rows, for CSV and JSON Lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from loadkit.outputs.paper import Report, legible, started
from loadkit.report.timeline import COLUMNS

COMMON = ("run", "name", "time", "phase")
"""The columns before those of the timeline: id of the run, its name, the end of the second in UTC, the phase it lies in."""


def rows(reports: Sequence[Report]) -> Iterator[dict[str, Any]]:
    """Yield each second of each run; a value that does not exist is None."""
    for report in reports:
        found, began = report["loadkit"], started(report)
        run, name = found.get("run"), legible(found["name"])
        columns = found["timeline"]["columns"]
        for values in found["timeline"]["rows"]:
            row = dict(zip(columns, values, strict=True))
            time = (began + timedelta(seconds=row["t_s"])).isoformat(timespec="milliseconds")
            common = (run, name, time, _phase(found["phases"], row["t_s"]))
            yield dict(zip(COMMON, common, strict=True)) | {key: row.get(key) for key in COLUMNS}


def _phase(phases: Sequence[Mapping[str, Any]], end_s: float) -> str | None:
    """Return the name of the phase in which a second ends; what runs out after the last one belongs to none."""
    for phase in phases:
        if phase["start_s"] < end_s <= phase["start_s"] + phase["duration_s"]:
            return legible(phase["name"])
    return None
