"""What a run looked like as it went: a row a second, and Artillery's section for each window of ten seconds.

A timeline is fed one snapshot at a time and keeps numbers, not histograms, so a long run stays small.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from loadkit.metrics.endpoints import Naming, reported_counters, reported_summaries
from loadkit.metrics.family import HTTP, PYTHON, count_made, response_times, service_times
from loadkit.metrics.histogram import Histogram
from loadkit.metrics.snapshot import RATES, Snapshot
from loadkit.report.dropin import artillery_counters, artillery_summaries, extended_summaries
from loadkit.report.heat import Heat
from loadkit.report.observe import ObservedRows
from loadkit.units import NS_PER_MS, NS_PER_S

WINDOW_MS = 10_000
COLUMNS: dict[str, str] = {
    "t_s": "end of the second, in seconds since the run's start",
    "requests": "requests sent, and Python functions called",
    "request_rate": "of both per second; a last row of less than a second counts as a whole one",
    "errors": "errors of every kind",
    "response_time_p50_ms": "median response time, from the intended instant; null without samples",
    "response_time_p95_ms": "95th percentile of response time",
    "response_time_p99_ms": "99th percentile of response time",
    "service_time_p50_ms": "median service time, from the actual start",
    "service_time_p95_ms": "95th percentile of service time",
    "service_time_p99_ms": "99th percentile of service time",
    "vusers_active": "virtual users running at the end of the second",
    "arrivals_due": "arrivals that were due",
    "arrivals_started": "arrivals that started",
    "arrivals_dropped": "arrivals that could not start",
    "arrivals_late": "arrivals that started more than 10 ms late",
    "lag_p99_ms": "99th percentile of how late arrivals and slots were started by the generator; null without any",
    "loop_lag_p99_ms": "99th percentile of how late the workers' event loops came",
    "worker_cpu_max": "share of its core that the busiest worker used; null where less than a tenth of a second is left",
}
"""The columns of a timeline's rows and what they hold, in order."""

Section = dict[str, Any]

_LEAST_S = 1.0  # the last stretch of a run may be milliseconds long; a rate over it would be noise


class Timeline:
    """Collects the snapshots of a run in order. `started_at` is Unix time in seconds; `naming` is the plan's."""

    def __init__(self, started_at: float, naming: Naming | None = None) -> None:
        self._naming = naming or Naming()
        self.rows: list[list[float | int | None]] = []
        self.heat = Heat()
        self.observed = ObservedRows()
        self._started_ms = round(started_at * 1000)
        self._windows: list[Section] = []
        self._open: list[Snapshot] = []  # the snapshots of the window that is not over yet
        self._open_window = 0
        self._stamps: dict[str, int] = {}

    @classmethod
    def of(cls, started_at: float, snapshots: Iterable[Snapshot]) -> Timeline:
        """Return the timeline of snapshots that are all there already."""
        made = cls(started_at)
        for snapshot in snapshots:
            made.add(snapshot)
        return made

    def add(self, snapshot: Snapshot) -> None:
        """Add the next second."""
        times = response_times(snapshot)
        self.heat.add((snapshot.start_ns + snapshot.end_ns) // 2 // NS_PER_S, times)  # ticks come a little late
        if snapshot.end_ns > snapshot.start_ns:
            self.rows.append(second_row(snapshot, times))
            self.observed.add(snapshot)
        window = (self._started_ms + snapshot.start_ns // NS_PER_MS) // WINDOW_MS * WINDOW_MS
        if window != self._open_window:
            self._close_window()
            self._open_window = window
        self._open.append(snapshot)
        _stamp(self._stamps, self._started_ms, snapshot)

    def intermediate(self) -> list[Section]:
        """Return the windows so far, as Artillery's `intermediate`; the last one may be shorter than ten seconds."""
        self._close_window()
        return self._windows

    def aggregate(self, summary: Snapshot, seconds: float) -> Section:
        """Return Artillery's `aggregate` for the merge of all that was added, over `seconds`."""
        self._close_window()
        period = int(self._windows[-1]["period"]) if self._windows else self._started_ms // WINDOW_MS * WINDOW_MS
        return self._section(summary, seconds, self._stamps, period)

    def measured(self, summary: Snapshot) -> Section:
        """Return all counters and summaries of a run, those that Artillery does not have as well."""
        return {
            "counters": reported_counters(summary, self._naming),
            "summaries": reported_summaries(summary, self._naming),
        }

    def _close_window(self) -> None:
        if not self._open:
            return
        merged, stamps, ns = Snapshot(), dict[str, int](), 0
        for snapshot in self._open:
            merged.merge(snapshot)
            _stamp(stamps, self._started_ms, snapshot)
            ns += snapshot.end_ns - snapshot.start_ns
        # In `intermediate` Artillery writes the period as text, in `aggregate` as a number.
        if stamps:
            self._windows.append(self._section(merged, max(_LEAST_S, ns / NS_PER_S), stamps, str(self._open_window)))
        self._open = []

    def _section(self, snapshot: Snapshot, seconds: float, stamps: dict[str, int], period: int | str) -> Section:
        summaries = artillery_summaries(reported_summaries(snapshot, self._naming))
        if self._naming.extended:
            summaries = dict(sorted({**summaries, **extended_summaries(snapshot)}.items()))
        return {
            "counters": artillery_counters(reported_counters(snapshot, self._naming)),
            "rates": _rates(snapshot, seconds) if seconds > 0 else {},
            **stamps,
            "period": period,
            "summaries": summaries,
            "histograms": summaries,
        }


def _rates(snapshot: Snapshot, seconds: float) -> dict[str, float]:
    made = {"http.request_rate": snapshot.count(HTTP.made), "python.call_rate": snapshot.count(PYTHON.made)}
    counts = {name: count for name, count in made.items() if count}
    counts |= {name.removeprefix(RATES): snapshot.count(name) for name in snapshot.metrics() if name.startswith(RATES)}
    return {name: _rate(count, seconds) for name, count in counts.items()}


def _stamp(stamps: dict[str, int], started_ms: int, snapshot: Snapshot) -> None:
    first, last = started_ms + snapshot.start_ns // NS_PER_MS, started_ms + snapshot.end_ns // NS_PER_MS
    for kind, seen in (("Counter", snapshot.counters), ("Histogram", snapshot.histograms)):
        if seen:
            for name in (kind, "Metric"):
                stamps.setdefault(f"first{name}At", first)
                stamps[f"last{name}At"] = last


def second_row(snapshot: Snapshot, times: Histogram | None = None) -> list[float | int | None]:
    """Return the row of one second, in the order of COLUMNS; `times` are all its response times, where they are known."""
    seconds = (snapshot.end_ns - snapshot.start_ns) / NS_PER_S
    requests = count_made(snapshot)
    return [
        round(snapshot.end_ns / NS_PER_S, 3),
        requests,
        _rate(requests, max(_LEAST_S, seconds)),
        count_errors(snapshot),
        *_percentiles(times or response_times(snapshot)),
        *_percentiles(service_times(snapshot)),
        round(snapshot.gauge("vusers.active")),
        snapshot.count("arrivals.due"),
        snapshot.count("arrivals.started"),
        snapshot.count("arrivals.dropped"),
        snapshot.count("arrivals.late"),
        _percentiles(snapshot.histogram("generator.lag"))[-1],
        _percentiles(snapshot.histogram("generator.loop_lag"))[-1],
        max((round(seen.most, 3) for seen in snapshot.gauges_of("worker.cpu").values()), default=None),
    ]


def _percentiles(histogram: Histogram) -> tuple[float | None, ...]:
    if not histogram.total:
        return None, None, None
    return tuple(round(histogram.percentile_ns(percent) / NS_PER_MS, 3) for percent in (50, 95, 99))


def _rate(count: int, seconds: float) -> float:
    rate = round(count / seconds, 2)
    return int(rate) if rate == int(rate) else rate


def count_errors(snapshot: Snapshot) -> int:
    """Return the errors of every kind in a snapshot."""
    return sum(count for (metric, _), count in snapshot.counters.items() if metric.startswith("errors."))
