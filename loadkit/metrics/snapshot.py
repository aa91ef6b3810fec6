"""The one thing that travels: what happened in an interval, mergeable in any order.

A metric is addressed by (metric, label). The label is the request's name for `http.*`, `errors.*`, `checks.*`, the
scenario's for `vusers.*`, and "" where there is neither; totals are sums and merges over labels, never
recorded twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from loadkit.metrics.histogram import Histogram

Key = tuple[str, str]
EXAMPLES = 5


@dataclass(slots=True)
class Snapshot:
    """Counters, histograms, gauges and examples of the interval [start_ns, end_ns) since the run's start.

    `gauges` maps (name, worker) to (instant, value): a merge keeps the later one. `examples` maps an error's
    name to the first few texts, each with the instant it was seen.
    """

    start_ns: int = 0
    end_ns: int = 0
    counters: dict[Key, int] = field(default_factory=dict)
    histograms: dict[Key, Histogram] = field(default_factory=dict)
    gauges: dict[tuple[str, int], tuple[int, float]] = field(default_factory=dict)
    examples: dict[str, list[tuple[int, str]]] = field(default_factory=dict)

    def merge(self, other: Snapshot) -> None:
        """Add another snapshot to this one. Associative and commutative; an empty snapshot changes nothing."""
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
            self.gauges[gauge] = max(seen, self.gauges.get(gauge, seen))
        for error, texts in other.examples.items():
            self.examples[error] = sorted({*self.examples.get(error, ()), *texts})[:EXAMPLES]

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
        """Return a gauge summed over workers; 0.0 when none was seen."""
        return sum(value for (known, _), (_, value) in self.gauges.items() if known == name)

    def labels(self, metric: str) -> list[str]:
        """Return the labels under which a metric was seen, sorted."""
        keys = (*self.counters, *self.histograms)
        return sorted({label for name, label in keys if name == metric})

    def metrics(self) -> list[str]:
        """Return the names of all counters seen, sorted."""
        return sorted({name for name, _ in self.counters})


def merge_all(snapshots: Iterable[Snapshot]) -> Snapshot:
    """Return one snapshot with everything in it; the inputs stay as they are."""
    merged = Snapshot()
    for snapshot in snapshots:
        merged.merge(snapshot)
    return merged


def to_wire(snapshot: Snapshot) -> list[Any]:
    """Return a snapshot as plain lists, strings, numbers and bytes for msgpack."""
    return [
        snapshot.start_ns,
        snapshot.end_ns,
        [[*key, count] for key, count in snapshot.counters.items()],
        [[*key, histogram.to_wire()] for key, histogram in snapshot.histograms.items()],
        [[*key, *seen] for key, seen in snapshot.gauges.items()],
        [[error, texts] for error, texts in snapshot.examples.items()],
    ]


class _Wire(msgspec.Struct, array_like=True):
    start_ns: int
    end_ns: int
    counters: list[tuple[str, str, int]]
    histograms: list[tuple[str, str, list[Any]]]
    gauges: list[tuple[str, int, int, float]]
    examples: list[tuple[str, list[tuple[int, str]]]]


def from_wire(wire: Any) -> Snapshot:
    """Rebuild a snapshot. Raises ValueError on data that no worker could have sent."""
    try:
        read = msgspec.convert(wire, _Wire, strict=True)
    except msgspec.ValidationError as error:
        raise ValueError(f"not a snapshot: {error}") from error
    return Snapshot(
        start_ns=read.start_ns,
        end_ns=read.end_ns,
        counters={(metric, label): count for metric, label, count in read.counters},
        histograms={(metric, label): Histogram.from_wire(wire) for metric, label, wire in read.histograms},
        gauges={(name, worker): (at, value) for name, worker, at, value in read.gauges},
        examples=dict(read.examples),
    )
