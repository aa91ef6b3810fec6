"""The one thing that travels: what happened in an interval, mergeable in any order.

A metric is addressed by (metric, label). The label is the request's name for `http.*`, `errors.*`, `checks.*`, the
scenario's for `vusers.*`, the worker's for `generator.*`, and "" where there is none; totals are sums and merges over labels, never
recorded twice. The same numbers once more by phase and scenario are the snapshot's `parts`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from loadkit.metrics.gauge import Gauge
from loadkit.metrics.histogram import Histogram

Key = tuple[str, str]
Part = tuple[int, str]
"""A phase's index and a scenario's name, "" for what belongs to the run itself, such as arrivals."""
RATES = "rates."
"""How the names of counters begin that are shown as events per second only: those that hooks count with `rate`."""
COORDINATOR = -1
"""Where a gauge is keyed by worker: the process that commands the workers."""
EXAMPLES = 5


@dataclass(slots=True)
class Snapshot:
    """Counters, histograms, gauges and examples of the interval [start_ns, end_ns) since the run's start.

    `gauges` maps (name, worker) to what was seen of it; the coordinator is worker COORDINATOR. `examples` maps an error's
    name to the first few texts, each with the instant it was seen. `parts` are snapshots of one phase and one
    scenario each, without gauges, examples and parts of their own; together they are the whole.
    """

    start_ns: int = 0
    end_ns: int = 0
    counters: dict[Key, int] = field(default_factory=dict)
    histograms: dict[Key, Histogram] = field(default_factory=dict)
    gauges: dict[tuple[str, int], Gauge] = field(default_factory=dict)
    examples: dict[str, list[tuple[int, str]]] = field(default_factory=dict)
    parts: dict[Part, Snapshot] = field(default_factory=dict)
    _shared: bool = field(default=False, repr=False, compare=False)  # histograms that belong to parts, too

    @classmethod
    def of_parts(
        cls,
        start_ns: int,
        end_ns: int,
        parts: dict[Part, Snapshot],
        *,
        gauges: dict[tuple[str, int], Gauge] | None = None,
        examples: dict[str, list[tuple[int, str]]] | None = None,
    ) -> Snapshot:
        """Return the whole of parts. A histogram that only one part has is not copied before somebody merges."""
        made = cls(start_ns=start_ns, end_ns=end_ns, gauges=gauges or {}, examples=examples or {}, parts=parts)
        copied = set[Key]()
        for part in parts.values():
            for key, count in part.counters.items():
                made.counters[key] = made.counters.get(key, 0) + count
            for key, histogram in part.histograms.items():
                if key not in made.histograms:
                    made.histograms[key] = histogram
                    continue
                if key not in copied:
                    made.histograms[key] = made.histograms[key].copy()
                    copied.add(key)
                made.histograms[key].merge(histogram)
        made._shared = True
        return made

    def merge(self, other: Snapshot) -> None:
        """Add another snapshot to this one. Associative and commutative; an empty snapshot changes nothing."""
        if self._shared and (other.histograms or other.parts):
            self.histograms = {key: histogram.copy() for key, histogram in self.histograms.items()}
            self._shared = False
        if other.end_ns:
            self.start_ns = min(self.start_ns, other.start_ns) if self.end_ns else other.start_ns
            self.end_ns = max(self.end_ns, other.end_ns)
        for key, count in other.counters.items():
            self.counters[key] = self.counters.get(key, 0) + count
        for key, histogram in other.histograms.items():
            mine = self.histograms.get(key)
            if mine is None:
                self.histograms[key] = histogram.copy()
            else:
                mine.merge(histogram)
        for gauge, seen in other.gauges.items():
            known = self.gauges.get(gauge)
            self.gauges[gauge] = seen if known is None else known.merged(seen)
        for error, texts in other.examples.items():
            self.examples[error] = sorted({*self.examples.get(error, ()), *texts})[:EXAMPLES]
        for place, part in other.parts.items():
            self.parts.setdefault(place, Snapshot()).merge(part)

    def select(self, *, phase: int | None = None, scenario: str | None = None) -> Snapshot:
        """Return the numbers of one phase, one scenario, or both; without gauges and examples.

        What belongs to the run itself, such as arrivals, is in no scenario.
        """
        return merge_all(
            part for (index, name), part in self.parts.items() if phase in (None, index) and scenario in (None, name)
        )

    def count(self, metric: str, label: str | None = None) -> int:
        """Return a counter; over all labels when none is given; 0 when it never occurred."""
        if label is not None:
            return self.counters.get((metric, label), 0)
        return sum(count for (name, _), count in self.counters.items() if name == metric)

    def histogram(self, metric: str, label: str | None = None) -> Histogram:
        """Return a histogram; the merge over all labels when none is given; empty when it never occurred."""
        if label is not None:
            return self.histograms.get((metric, label)) or Histogram()
        merged = Histogram()
        for (name, _), histogram in self.histograms.items():
            if name == metric:
                merged.merge(histogram)
        return merged

    def gauge(self, name: str) -> float:
        """Return the last value of a gauge, summed over workers; 0.0 when none was seen."""
        return sum(seen.value for seen in self.gauges_of(name).values())

    def gauges_of(self, name: str) -> dict[int, Gauge]:
        """Return what was seen of a gauge, by worker; a worker that does not know it is left out."""
        return {worker: seen for (known, worker), seen in sorted(self.gauges.items()) if known == name}

    def labels(self, metric: str) -> list[str]:
        """Return the labels under which a metric was seen, sorted."""
        keys = (*self.counters, *self.histograms)
        return sorted({label for name, label in keys if name == metric})

    def metrics(self) -> list[str]:
        """Return the names of all counters seen, sorted."""
        return sorted({name for name, _ in self.counters})


def worker_label(worker: int) -> str:
    """Return the label of what one worker alone measures, such as its own lag."""
    return f"worker {worker}"


def merge_all(snapshots: Iterable[Snapshot]) -> Snapshot:
    """Return one snapshot with everything in it; the inputs stay as they are."""
    merged = Snapshot()
    for snapshot in snapshots:
        merged.merge(snapshot)
    return merged


def to_wire(snapshot: Snapshot) -> list[Any]:
    """Return a snapshot as plain lists, strings, numbers and bytes for msgpack. What has parts travels as its parts."""
    return [
        snapshot.start_ns,
        snapshot.end_ns,
        [] if snapshot.parts else _counters(snapshot),
        [] if snapshot.parts else _histograms(snapshot),
        [[*key, seen] for key, seen in snapshot.gauges.items()],
        [[error, texts] for error, texts in snapshot.examples.items()],
        [
            [*place, part.start_ns, part.end_ns, _counters(part), _histograms(part)]
            for place, part in snapshot.parts.items()
        ],
    ]


def _counters(snapshot: Snapshot) -> list[list[Any]]:
    return [[*key, count] for key, count in snapshot.counters.items()]


def _histograms(snapshot: Snapshot) -> list[list[Any]]:
    return [[*key, histogram.to_wire()] for key, histogram in snapshot.histograms.items()]


_Counters = list[tuple[str, str, int]]
_Histograms = list[tuple[str, str, list[Any]]]


class _WirePart(msgspec.Struct, array_like=True):
    phase: int
    scenario: str
    start_ns: int
    end_ns: int
    counters: _Counters
    histograms: _Histograms


class _Wire(msgspec.Struct, array_like=True):
    start_ns: int
    end_ns: int
    counters: _Counters
    histograms: _Histograms
    gauges: list[tuple[str, int, Gauge]]
    examples: list[tuple[str, list[tuple[int, str]]]]
    parts: list[_WirePart]


def from_wire(wire: Any) -> Snapshot:
    """Rebuild a snapshot. Raises ValueError on data that no worker could have sent."""
    try:
        read = msgspec.convert(wire, _Wire, strict=True)
    except msgspec.ValidationError as error:
        raise ValueError(f"not a snapshot: {error}") from error
    gauges = {(name, worker): seen for name, worker, seen in read.gauges}
    parts = {(part.phase, part.scenario): _numbers(part) for part in read.parts}
    if parts:
        return Snapshot.of_parts(read.start_ns, read.end_ns, parts, gauges=gauges, examples=dict(read.examples))
    made = _numbers(read)
    made.gauges, made.examples = gauges, dict(read.examples)
    return made


def _numbers(read: _Wire | _WirePart) -> Snapshot:
    return Snapshot(
        start_ns=read.start_ns,
        end_ns=read.end_ns,
        counters={(metric, label): count for metric, label, count in read.counters},
        histograms={(metric, label): Histogram.from_wire(wire) for metric, label, wire in read.histograms},
    )
