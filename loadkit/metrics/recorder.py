"""Collect samples while load runs: a list append per request, numpy once a second.

A series' `rows` is a flat list of SAMPLE_WIDTH integers per sample; `rows.extend((...))` costs some 50 ns and turning
it into histograms 0.25 us a sample (python -m bench micro). Nothing here is averaged, sampled or dropped.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from time import perf_counter_ns as now_ns

import numpy as np

from loadkit.metrics.histogram import Histogram, Ints
from loadkit.metrics.sample import SAMPLE_WIDTH
from loadkit.metrics.snapshot import EXAMPLES, Key, Snapshot

FLUSH_ROWS = 4096


class Series:
    """The samples of one request name. `rows` is only ever appended to and cleared in place."""

    __slots__ = ("name", "rows")

    def __init__(self, name: str) -> None:
        self.name = name
        self.rows: list[int] = []


class Tally:
    """Counters that always rise together, such as those of a step whose checks all hold: `times += 1` raises them all."""

    __slots__ = ("counts", "times")

    def __init__(self, counts: Mapping[Key, int]) -> None:
        self.counts = tuple(counts.items())
        self.times = 0


class Recorder:
    """All that a worker measures between two snapshots."""

    def __init__(self, worker: int = 0) -> None:
        self.worker = worker
        self.origin_ns = now_ns()  # the run's first instant, once it is known
        self.counters: defaultdict[Key, int] = defaultdict(int)
        self._series: dict[str, Series] = {}
        self._tallies: list[Tally] = []
        self._times: defaultdict[Key, list[int]] = defaultdict(list)
        self._histograms: defaultdict[Key, Histogram] = defaultdict(Histogram)
        self._examples: dict[str, list[tuple[int, str]]] = {}
        self._shown: defaultdict[str, int] = defaultdict(int)
        self._gauges: dict[str, float] = {}

    def series(self, name: str) -> Series:
        """Return the series of a request name, made on first use."""
        found = self._series.get(name)
        if found is None:
            found = self._series[name] = Series(name)
        return found

    def tally(self, counts: Mapping[Key, int]) -> Tally:
        """Return a new tally; 30 ns a rise, where a counter is 70 ns."""
        made = Tally(counts)
        self._tallies.append(made)
        return made

    def times(self, metric: str, label: str = "") -> list[int]:
        """Return the list to which nanoseconds of a time metric are appended; it is cleared in place."""
        return self._times[metric, label]

    def count(self, metric: str, label: str = "", by: int = 1) -> None:
        """Add to a counter."""
        self.counters[metric, label] += by

    def gauge(self, name: str, value: float) -> None:
        """Set a value that snapshots carry as it is, such as `vusers.active`."""
        self._gauges[name] = value

    def failure(self, name: str, error: str, spent_ns: int, *, text: str = "") -> None:
        """Count a request that got no valid response; its time goes to `http.failure_time`."""
        self.counters["http.requests", name] += 1
        self._times["http.failure_time", name].append(max(0, spent_ns))
        self.error(error, name, text=text)

    def error(self, error: str, label: str = "", *, text: str = "") -> None:
        """Count `errors.<error>` and keep the first few texts as examples."""
        self.counters[f"errors.{error}", label] += 1
        if text:
            self.example(error, text)

    def example(self, error: str, text: str) -> None:
        """Keep a text as an example of an error; the first five of each are kept, the rest forgotten."""
        if self._shown[error] < EXAMPLES:
            self._shown[error] += 1
            self._examples.setdefault(error, []).append(
                (max(0, now_ns() - self.origin_ns), text[:500].encode(errors="replace").decode())
            )

    def flush(self, *, everything: bool = True) -> None:
        """Turn buffered values into counts; only the full buffers when `everything` is false."""
        least = 1 if everything else FLUSH_ROWS * SAMPLE_WIDTH
        for series in self._series.values():
            if len(series.rows) >= least:
                self._flush_series(series)
        for key, values in self._times.items():
            if len(values) >= (1 if everything else FLUSH_ROWS):
                self._histograms[key].record(np.fromiter(values, np.int64, len(values)))
                values.clear()

    def snapshot(self, start_ns: int, end_ns: int) -> Snapshot:
        """Return what was recorded since the last snapshot, and start anew."""
        self.flush()
        for tally in self._tallies:
            if tally.times:
                for key, count in tally.counts:
                    self.counters[key] += count * tally.times
                tally.times = 0
        made = Snapshot(
            start_ns=start_ns,
            end_ns=end_ns,
            counters=dict(self.counters),
            histograms=dict(self._histograms),
            gauges={(name, self.worker): (end_ns, value) for name, value in self._gauges.items()},
            examples=self._examples,
        )
        self.counters.clear()
        self._histograms.clear()
        self._examples = {}
        return made

    def _flush_series(self, series: Series) -> None:
        rows, name = series.rows, series.name
        table = np.fromiter(rows, np.int64, len(rows)).reshape(-1, SAMPLE_WIDTH)
        rows.clear()
        intended, start, written, sent, first, end, status, bytes_in, bytes_out = table.T
        response = np.maximum(end - intended, 0)
        self._histograms["http.response_time", name].record(response)
        self._histograms["http.service_time", name].record(end - start)
        self._histograms["http.send", name].record(sent - written)
        self._histograms["http.first_byte", name].record(np.maximum(first - sent, 0))
        self._histograms["http.receive", name].record(end - first)
        self._count_statuses(name, status, response)
        counters = self.counters
        counters["http.requests", name] += len(table)
        counters["http.responses", name] += len(table)
        counters["http.downloaded_bytes", name] += int(bytes_in.sum())
        counters["http.uploaded_bytes", name] += int(bytes_out.sum())

    def _count_statuses(self, name: str, status: Ints, response: Ints) -> None:
        per_status = np.bincount(status)
        for code in np.flatnonzero(per_status):
            self.counters[f"http.codes.{code}", name] += int(per_status[code])
        classes = status // 100
        for family in np.flatnonzero(np.bincount(classes)):
            chosen = response[classes == family]
            self._histograms[f"http.response_time.{family}xx", name].record(chosen)
