"""Watch processes and machines without making load: what was seen goes into a state, once each interval.

What is kept stays small however long it goes on: rows for a plot, of which every other one is dropped when there are too many, and
the cells by which growth is judged (slo/growing.py), over time, since nothing counts operations here.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass

from loadkit.metrics.gauge import Gauge
from loadkit.metrics.snapshot import COORDINATOR, Snapshot
from loadkit.monitor.state import State
from loadkit.observe.watching import Seen, Watching
from loadkit.report.observe import observed_columns, observed_notes
from loadkit.slo.growing import GrowthWatch
from loadkit.slo.leak import findings
from loadkit.slo.observed import OBSERVED, Observed
from loadkit.units import NS_PER_S

MOST_ROWS = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What was seen at an instant, in seconds since the beginning, by source and series."""

    at_s: float
    values: Mapping[tuple[str, str], float]


class Monitor:
    """Takes what was seen, and knows what it came to. `started_at` is Unix time."""

    def __init__(self, observed: Observed, watching: Watching, *, every_ns: int, started_at: float) -> None:
        self._observed = observed
        self._watching = watching
        self._every_s = every_ns / NS_PER_S
        self._started_at = started_at
        self._summary = Snapshot()
        self._growth = GrowthWatch(observed)
        self._lost: dict[str, int] = {}
        self._last_s: dict[str, float | None] = {source.name: None for source in observed.sources}
        self._values: dict[tuple[str, str], float] = {}
        self.rows: list[Row] = []

    def take(self, elapsed_ns: int) -> tuple[Row, State, list[str]]:
        """Return what was seen since the last time, the state now, and what was remarked."""
        seen = self._watching.take()
        elapsed_s = elapsed_ns / NS_PER_S
        self._merge(seen, elapsed_ns)
        row = Row(
            at_s=round(elapsed_s, 3),
            values={(look.source.name, series): value for look in seen.looks for series, value in look.values.items()},
        )
        self._values.update(row.values)
        if row.values:
            self._keep(row)
        state = State(
            at=time.time(),
            elapsed_s=elapsed_s,
            every_s=self._every_s,
            observed=self._observed,
            columns=tuple(observed_columns(self._observed, self._summary)),
            values=dict(self._values),
            findings=findings(self._growth.all()),
            notes=tuple(observed_notes(self._summary)),
            lost=dict(self._lost),
            ages_s={name: None if at is None else elapsed_s - at for name, at in self._last_s.items()},
        )
        return row, state, [f"{remark.source.name}: {remark.text}" for remark in seen.remarks]

    def _merge(self, seen: Seen, elapsed_ns: int) -> None:
        made = Snapshot(end_ns=elapsed_ns)
        for look in seen.looks:
            self._last_s[look.source.name] = look.at_ns / NS_PER_S
            for series, value in look.values.items():
                if math.isfinite(value) and look.source.get(series) is not None:
                    key, gauge = (look.source.gauge(series), COORDINATOR), Gauge.seen(look.at_ns, value)
                    made.gauges[key] = made.gauges[key].merged(gauge) if key in made.gauges else gauge
        for remark in seen.remarks:
            made.examples.setdefault(f"{OBSERVED}{remark.source.name}", []).append((remark.at_ns, remark.text))
        for name, lost in seen.lost.items():
            self._lost[name] = self._lost.get(name, 0) + lost
        self._summary.merge(made)
        self._growth.add(made)

    def _keep(self, row: Row) -> None:
        self.rows.append(row)
        if len(self.rows) > MOST_ROWS:
            self.rows = self.rows[::2]
