"""The numbers behind one objective over the last seconds of a run, kept by adding the new second and taking the oldest away.

Exact: counts are whole numbers, so what is left is what merging the seconds anew would give. A second costs the same however long
the window: with 100 request names 1 ms for a percentile of them all, 5 ms for one of each (python -m bench thresholds). What is
kept of a second is the bins that occurred in it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from loadkit.metrics.family import FAMILIES, PYTHON
from loadkit.metrics.gauge import Gauge
from loadkit.metrics.histogram import Histogram
from loadkit.metrics.snapshot import Key, Snapshot, merge_all
from loadkit.slo.metric import GAUGES, Selector

_CODES = "http.codes."
_BEHIND_RATIOS: Mapping[str, tuple[str, ...]] = {
    "http.error_rate": ("http.responses",),
    "http.availability": ("http.responses",),
    PYTHON.error_rate: (PYTHON.done,),
    "checks.pass_rate": ("checks.ok", "checks.failed"),
    "vusers.error_rate": ("vusers.completed", "vusers.failed"),
}


def needed(selector: Selector) -> Callable[[str], bool]:
    """Return what says whether a metric of a snapshot is needed to read a selector's number."""
    names = {selector.name, *selector.samples, *_BEHIND_RATIOS.get(selector.name, ())}
    for family in FAMILIES:
        if selector.name in (family.response_time, family.service_time):
            names.add(family.made)  # each is to have some; to say why it has none
    families = selector.name in ("http.error_rate", "http.availability") or selector.name.startswith(_CODES)
    return lambda metric: metric in names or (families and metric.startswith(_CODES))


def extract(snapshots: Iterable[Snapshot], selector: Selector, *, each: bool = False) -> dict[str | None, Snapshot]:
    """Return what a selector needs of snapshots, merged: under its label, or of each label that occurs.

    Without a label everything is under None, summed over the labels. Do not change the result: a histogram that needs no merge is
    the snapshot's own.
    """
    wanted, label = needed(selector), selector.label
    found: dict[str | None, Snapshot] = {}
    copied: set[tuple[str | None, Key]] = set()
    for snapshot in snapshots:
        if selector.name.startswith(GAUGES):
            found.setdefault(label, Snapshot()).merge(Snapshot(gauges=_gauges(snapshot, selector)))
        for (metric, name), count in snapshot.counters.items():
            if label in (None, name) and wanted(metric) and (name or not each):
                counters = found.setdefault(name if each else label, Snapshot()).counters
                key = (metric, name if each or label is not None else "")
                counters[key] = counters.get(key, 0) + count
        for (metric, name), histogram in snapshot.histograms.items():
            if metric == selector.name and label in (None, name) and (name or not each):
                histograms = found.setdefault(name if each else label, Snapshot()).histograms
                key = (metric, name if each or label is not None else "")
                known = histograms.setdefault(key, histogram)
                if known is not histogram:
                    place = (name if each else label, key)
                    if place not in copied:
                        known = histograms[key] = known.copy()
                        copied.add(place)
                    known.merge(histogram)
    return found


def _gauges(snapshot: Snapshot, selector: Selector) -> dict[tuple[str, int], Gauge]:
    name = selector.name.rpartition(".")[0]
    return {(name, worker): seen for worker, seen in snapshot.gauges_of(name).items()}


@dataclass(frozen=True, slots=True)
class _Cell:
    second: int
    start_ns: int
    counters: Mapping[Key, int]
    histograms: Mapping[Key, Histogram]
    gauges: Mapping[tuple[str, int], Gauge]


class Rolling:
    """The merge of the last `seconds` seconds, of all of them when that is None."""

    def __init__(self, seconds: int | None) -> None:
        self.now = Snapshot()
        self._seconds = seconds
        self._cells: deque[_Cell] = deque()

    def add(self, second: int, snapshot: Snapshot) -> None:
        """Take the numbers of what ended with a second, and forget what lies further back than the window."""
        if self._seconds is None:
            self.now.merge(snapshot)
            return
        while self._cells and self._cells[0].second <= second - self._seconds:
            self._forget(self._cells.popleft())
        histograms = {key: histogram.copy() for key, histogram in snapshot.histograms.items() if histogram.total}
        cell = _Cell(second, snapshot.start_ns, dict(snapshot.counters), histograms, dict(snapshot.gauges))
        self._cells.append(cell)
        self.now.merge(snapshot)
        self.now.start_ns = self._cells[0].start_ns

    def clear(self) -> None:
        """Forget everything."""
        self.now = Snapshot()
        self._cells.clear()

    def _forget(self, cell: _Cell) -> None:
        for key, count in cell.counters.items():
            self.now.counters[key] -= count
        if cell.gauges:  # a largest value cannot be taken away
            self.now.gauges = merge_all(Snapshot(gauges=dict(other.gauges)) for other in self._cells).gauges
        for key, histogram in cell.histograms.items():
            left = (other.histograms[key] for other in self._cells if key in other.histograms)
            self.now.histograms[key].subtract(histogram, left)
