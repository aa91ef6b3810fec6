"""The margins of a run, which are no steady load: its first seconds and what is left of a last one.

What comparisons ask for is taken off the whole at the end, since how long the first tenth was is known only then. Histograms are
those that came with the interval, not copies: 30 s of 100 request names with 1000 samples each are 10 MB.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from loadkit.metrics.histogram import Histogram
from loadkit.metrics.snapshot import Key, Snapshot

MOST_S = 30
"""Seconds at the beginning that are left out at most."""


class Margins:
    """Takes the parts of each interval that are judged, with the metrics that are asked for later."""

    def __init__(self, metrics: Collection[str], *, first: bool) -> None:
        self._metrics = metrics
        self._keeps_first = first
        self._first: list[tuple[int, Key, Histogram]] = []
        self._left: list[tuple[Key, Histogram]] = []

    def add(self, second: int, parts: Iterable[Snapshot]) -> None:
        """Take a whole second, by its number among those that count."""
        if self._keeps_first and second < MOST_S:
            self._first += [(second, key, histogram) for key, histogram in self._asked(parts)]

    def add_rest(self, parts: Iterable[Snapshot]) -> None:
        """Take what is left of a last second."""
        self._left += self._asked(parts)

    def taken_off(self, whole: Histogram, metric: str, label: str | None, *, skip_s: int) -> Histogram:
        """Return a histogram without what was measured in the margins. Of its ends only the bins are known."""
        steady = whole.copy()
        early = ((key, histogram) for second, key, histogram in self._first if second < skip_s)
        for (name, mine), histogram in (*early, *self._left):
            if name == metric and label in (None, mine):
                steady.subtract(histogram, left=(whole,))
        return steady

    def _asked(self, parts: Iterable[Snapshot]) -> Iterator[tuple[Key, Histogram]]:
        for part in parts:
            for key, histogram in part.histograms.items():
                if key[0] in self._metrics:
                    yield key, histogram
