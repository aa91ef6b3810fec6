"""The numbers behind many objectives at once, added up second by second: over all labels, and by label where one is named.

Reading an objective of all requests from a run's summary merges the histograms of every request name, for each objective and
each time. Here a second is added once for all objectives of the same part of a run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from loadkit.metrics.histogram import Histogram
from loadkit.metrics.snapshot import Key, Snapshot
from loadkit.slo.expression import Objective
from loadkit.slo.metric import Selector
from loadkit.slo.rolling import needed

_NOTHING = Snapshot()


class Collected:
    """What objectives need of one part of a run so far."""

    def __init__(self, wanted: Iterable[tuple[Selector, bool]]) -> None:
        """`wanted` are selectors, each with whether every label is judged by itself."""
        wanted = list(wanted)
        self._whole = Snapshot()
        self._named: dict[str, Snapshot] = {}
        self._needs_whole = _Needs([one for one, each in wanted if not each and one.label is None])
        self._needs_named = _Needs([one for one, each in wanted if each or one.label is not None])
        each = any(each for _, each in wanted)
        self._labels = None if each else {one.label for one, _ in wanted if one.label is not None}

    def add(self, parts: Iterable[Snapshot]) -> None:
        """Take what the next interval says of this part of the run."""
        together: dict[str, list[Histogram]] = {}
        for part in parts:
            for (metric, label), count in part.counters.items():
                if self._needs_whole.holds(metric):
                    _count(self._whole, (metric, ""), count)
                if label and self._needs_named.holds(metric) and self._knows(label):
                    _count(self._of(label), (metric, label), count)
            for (metric, label), histogram in part.histograms.items():
                if self._needs_whole.holds(metric):
                    together.setdefault(metric, []).append(histogram)
                if label and self._needs_named.holds(metric) and self._knows(label):
                    self._of(label).histograms.setdefault((metric, label), Histogram()).merge(histogram)
        for metric, histograms in together.items():
            self._whole.histograms.setdefault((metric, ""), Histogram()).merge_all(histograms)

    def of(self, label: str | None) -> Snapshot:
        """Return what is known under a label, of all labels together where that is None. It is not to be changed."""
        return self._whole if label is None else self._named.get(label, _NOTHING)

    def labels(self, objective: Objective) -> list[str]:
        """Return the labels under which an objective of each name has numbers, sorted."""
        needs = needed(objective.selector)
        return sorted(
            label
            for label, seen in self._named.items()
            if any(needs(metric) for metric, _ in (*seen.counters, *seen.histograms))
        )

    def _of(self, label: str) -> Snapshot:
        return self._named.setdefault(label, Snapshot())

    def _knows(self, label: str) -> bool:
        return self._labels is None or label in self._labels


def _count(snapshot: Snapshot, key: Key, count: int) -> None:
    snapshot.counters[key] = snapshot.counters.get(key, 0) + count


class _Needs:
    """Says of a metric whether any of many selectors needs it, and remembers what it said."""

    def __init__(self, selectors: Sequence[Selector]) -> None:
        self._tests: list[Callable[[str], bool]] = [needed(selector) for selector in selectors]
        self._known: dict[str, bool] = {}

    def holds(self, metric: str) -> bool:
        found = self._known.get(metric)
        if found is None:
            found = self._known[metric] = any(test(metric) for test in self._tests)
        return found
