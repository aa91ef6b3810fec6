"""A run as far as it has come, in the shape of a report's `loadkit` part, and what each second adds to it.

It is fed with what the coordinator tells, in the server's thread, and keeps its own sums: nothing that the coordinator goes on to
change is looked at. What it keeps is bounded however long the run is: rows (rows.py), a heat map of 300 columns, the busiest names,
the last lines that were printed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from loadkit.dashboard import figures
from loadkit.dashboard.live_observed import LiveObserved
from loadkit.dashboard.live_phases import LivePhases
from loadkit.engine.events import Interval, Started
from loadkit.engine.interventions import Intervention
from loadkit.metrics.family import response_times
from loadkit.metrics.histogram import Histogram
from loadkit.metrics.snapshot import Snapshot
from loadkit.outputs.base import printable
from loadkit.outputs.progress import phase_at
from loadkit.report.health import processes
from loadkit.report.heat import Heat
from loadkit.report.interventions import interventions_data
from loadkit.report.parts import position
from loadkit.report.report import examples_data, generator
from loadkit.report.requests import calls_data, requests_data
from loadkit.report.rows import Rows
from loadkit.report.spectrum import spectrum
from loadkit.report.timeline import COLUMNS, second_row
from loadkit.scenario.plan import Plan
from loadkit.scenario.shown import shown_source
from loadkit.slo.spending import RunBudget
from loadkit.slo.standing import Standing
from loadkit.units import NS_PER_S

MOST_LINES = 200
_SPECTRUM_S = 5  # merging what all names came to is worth it only every few seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Second:
    """What of an interval may leave the coordinator's loop: nothing in it is changed any more."""

    snapshot: Snapshot
    draining: bool
    lost: int
    rate: float
    budgets: tuple[RunBudget, ...]
    standings: tuple[Standing, ...]
    interventions: tuple[Intervention, ...]
    lines: tuple[str, ...] = ()
    lines_left_out: int = 0
    missed: int = 0
    """Seconds before this one that could not be passed on."""

    @classmethod
    def of(cls, event: Interval, lines: Sequence[str] = (), left_out: int = 0, *, missed: int = 0) -> Second:
        """Return what of an interval is passed on, with what was printed meanwhile."""
        return cls(
            snapshot=event.snapshot,
            draining=event.draining,
            lost=event.lost,
            rate=event.rate,
            budgets=event.budgets,
            standings=event.standings,
            interventions=event.interventions,
            lines=tuple(lines),
            lines_left_out=left_out,
            missed=missed,
        )


class LiveRun:
    """One run, from before it begins. `add` returns what a page adds to what it has, `whole` all that it needs at first.

    `held` says that load waits until somebody begins it.
    """

    def __init__(self, plan: Plan, *, held: bool = False) -> None:
        self.over: Any = None
        """What was told of the run's end; None as long as it goes on."""
        self._plan = plan
        self._seconds = 0
        self._summary = Snapshot()
        self._heat = Heat()
        self._rows = Rows(COLUMNS)
        self._phases = LivePhases(plan)
        self._observed = LiveObserved(plan.observed)
        self._lines: deque[dict[str, Any]] = deque(maxlen=MOST_LINES)
        self._fixed = {**_planned(plan), "workers": None, "started_at": None, "run": None}
        state = {"state": "held" if held else "starting", "phase": None, "elapsed_s": 0.0, "rate": 1.0}
        self._last: dict[str, Any] = {"status": state, **_NOTHING_YET}

    def begin(self, event: Started, run: str | None) -> None:
        """Note that load begins, and under which id the run is kept."""
        started_at = datetime.fromtimestamp(event.started_at, UTC).isoformat(timespec="milliseconds")
        self._fixed.update(
            run=run, target=self._plan.secrets.mask(event.target), workers=event.workers, started_at=started_at
        )
        self._last["status"] = {**self._last["status"], "state": "running", "phase": 0}

    def add(self, second: Second) -> dict[str, Any]:
        """Take the next second; return what it adds."""
        snapshot, plan = second.snapshot, self._plan
        # Without its parts, which would cost half as much again: of phases fewer numbers are kept.
        self._summary.merge(_whole_only(snapshot))
        examples = {name: self._summary.examples[name] for name in snapshot.examples}
        times = response_times(snapshot)
        row, heat = second_row(snapshot, times), self._warm(snapshot, times)
        lines = [self._line(snapshot, text) for text in second.lines]
        self._lines.extend(lines)
        self._last = {
            "status": _status(plan, second),
            "now": row if snapshot.end_ns - snapshot.start_ns >= NS_PER_S // 2 else self._last["now"],
            "standings": plan.secrets.hide(figures.standings_data(second.standings)),
            "budgets": plan.secrets.hide(figures.budgets_data(second.budgets)),
            "interventions": interventions_data(second.interventions),
            "measurement": figures.measurement(self._summary),
            "health_now": processes(snapshot),
            "outcomes": figures.outcomes(self._summary),
            "arrivals": {**figures.arrivals(self._summary), "lost": second.lost},
            "missed": second.missed,
        }
        if self._seconds % _SPECTRUM_S == 0:
            self._last["spectrum"] = spectrum(self._summary)
        self._seconds += 1
        step, timed = self._rows.step, snapshot.end_ns > snapshot.start_ns
        names = figures.busiest(self._summary) & figures.changed(snapshot)
        return {
            **self._last,
            "rows": self._rows.add(row) if timed else [],
            "phases": self._phases.add(snapshot),
            "observe": self._observed.data(self._summary, self._observed.add(snapshot)),
            "heat": heat,
            "requests": requests_data(self._summary, names),
            "calls": calls_data(self._summary, names),
            "health": self._health(),
            "examples": examples_data(Snapshot(examples=examples)),
            "lines": lines,
            "lines_left_out": second.lines_left_out,
            "thinned": self._rows.step != step or heat is None,
        }

    def whole(self) -> dict[str, Any]:
        """Return the run so far."""
        names = figures.busiest(self._summary)
        return {
            **self._fixed,
            **self._last,
            "over": self.over,
            "spectrum": spectrum(self._summary),
            "timeline": {"columns": list(COLUMNS), "rows": self._rows.all, "step_s": self._rows.step},
            "heat": self._heat.data(),
            "phases": self._phases.all,
            "observe": self._observed.data(self._summary),
            "requests": requests_data(self._summary, names),
            "calls": calls_data(self._summary, names),
            "health": self._health(),
            "examples": examples_data(self._summary),
            "lines": list(self._lines),
        }

    def _health(self) -> dict[str, Any]:
        return {"achieved": self._phases.achieved, **processes(self._summary)}

    def _line(self, snapshot: Snapshot, text: str) -> dict[str, Any]:
        return {"t_s": round(snapshot.end_ns / NS_PER_S, 1), "text": figures.cut(printable(text))}

    def _warm(self, snapshot: Snapshot, times: Histogram) -> dict[str, Any] | None:
        """Add to the heat map; return the column that has changed, None when all have."""
        width, second = self._heat.column_s, (snapshot.start_ns + snapshot.end_ns) // 2 // NS_PER_S
        self._heat.add(second, times)
        return self._heat.column(second) if self._heat.column_s == width else None


def _whole_only(snapshot: Snapshot) -> Snapshot:
    """Return a snapshot without its parts; merging it copies what it shares."""
    return Snapshot(
        start_ns=snapshot.start_ns,
        end_ns=snapshot.end_ns,
        counters=snapshot.counters,
        histograms=snapshot.histograms,
        gauges=snapshot.gauges,
        examples=snapshot.examples,
    )


def _status(plan: Plan, second: Second) -> dict[str, Any]:
    """Return where the run is: the index of its phase, None after the last, and what it does there."""
    snapshot = second.snapshot
    phase = phase_at(plan, (snapshot.start_ns + snapshot.end_ns) // 2)  # an interval ends a little after its second
    state = "draining" if second.draining else "paused" if second.rate == 0 else "running"
    return {
        "state": state,
        "phase": phase.index if phase and not second.draining else None,
        "elapsed_s": round(snapshot.end_ns / NS_PER_S, 3),
        "rate": second.rate,
    }


_NOTHING_YET: dict[str, Any] = {
    "now": None,
    "standings": [],
    "budgets": [],
    "interventions": [],
    "measurement": {"status": "valid", "reasons": []},
    "health_now": {"workers": [], "coordinator": {}},
    "outcomes": {"codes": {}, "errors": {}, "checks": {"ok": 0, "failed": 0}},
    "arrivals": {},
    "missed": 0,
}


def _planned(plan: Plan) -> dict[str, Any]:
    """Return what is known of a run before it begins."""
    slos = [
        {"name": slo.name, "target": slo.target, "good_is": slo.indicator.text, "at": position(slo.at)}
        for slo in plan.slos
    ]
    return {
        "name": plan.name,
        "target": plan.secrets.mask(plan.target),
        "duration_s": plan.duration_ns / NS_PER_S,
        "ways": list(plan.ways),
        "insecure": plan.insecure,
        "files": list(plan.document.files),
        "tags": dict(plan.tags),
        "digest": plan.digest,
        "seed": plan.seed,
        "slos": plan.secrets.hide(slos),
        "warnings": [{"code": one.code, "message": one.message, "at": position(one.at)} for one in plan.warnings],
        "source": shown_source(plan),
        **generator(),
    }
