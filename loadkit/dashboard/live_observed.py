"""What was observed of the system under test while a run goes on, and whether it grows: the section of a report, so far."""

from __future__ import annotations

from typing import Any

from loadkit.metrics.snapshot import Snapshot
from loadkit.report.observe import ObservedRows, growth_data, observed_columns, observed_notes
from loadkit.report.rows import Row, Rows
from loadkit.slo.growing import GrowthWatch
from loadkit.slo.leak import findings
from loadkit.slo.observed import Observed
from loadkit.units import NS_PER_S

GROWTH_EVERY_NS = 5 * NS_PER_S
"""How often it is looked whether something grows: that takes a millisecond for each series of an hour."""


class LiveObserved:
    """What a plan observes. The rows are bounded (report/rows.py), and so is what growth is judged by (slo/growing.py)."""

    def __init__(self, observed: Observed) -> None:
        self._observed = observed
        gauges = [source.gauge(series.name) for source in observed.sources for series in source.series]
        self._rows = Rows(["t_s", *gauges])
        self._growth = GrowthWatch(observed)
        self._looked_ns = -GROWTH_EVERY_NS
        self._verdicts: list[dict[str, Any]] = []

    def add(self, snapshot: Snapshot) -> list[Row]:
        """Take the next second; return the rows that are complete by that."""
        self._growth.add(snapshot)
        if snapshot.end_ns - self._looked_ns >= GROWTH_EVERY_NS:
            self._verdicts = [growth_data(found) for found in findings(self._growth.all())]
            self._looked_ns = snapshot.end_ns
        if snapshot.end_ns <= snapshot.start_ns:
            return []
        seen = ObservedRows()
        seen.add(snapshot)
        return [row for second in seen.data(self._observed) for row in self._rows.add(second)]

    def data(self, summary: Snapshot, rows: list[Row] | None = None) -> dict[str, Any]:
        """Return what was observed so far, with all rows or with some; `summary` is the merge of all that was added."""
        return {
            "columns": observed_columns(self._observed, summary),
            "rows": self._rows.all if rows is None else rows,
            "verdicts": self._verdicts,
            "notes": observed_notes(summary),
        }
