"""How the values of one series were spread, for each of 32 to 64 equal stretches of a run of any length.

A confidence interval asks how a percentile moved in the course of a run, not what it was in a certain second. So a series keeps
*cells*, each a sparse histogram of a stretch of whole seconds. When all 64 are in use, neighbours are merged and cells are twice
as long. Bins are a 64th of an octave wide (the histogram layout with 128 sub-buckets, 0.8 to 1.6 %): that is enough to count what
lies above a percentile, which itself comes from the full histogram.

    bucket(v) = max(0, bit_length(v) - 7)          v in microseconds
    bin(v)    = (bucket << 6) + (v >> bucket)      1728 bins up to an hour

A bin takes 6 bytes, so a series takes at most 64 * 1728 * 6 = 660 kB; response times that spread over three octaves take 75 kB.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from loadkit.arrays import Floats, Ints, Sparse, np
from loadkit.metrics.histogram import LENGTH, Histogram

MOST = 64
BINS = 1728
_PENDING = 32  # sparse seconds that are put together at once


@cache
def _empty() -> Sparse:
    return np.zeros(0, np.uint16), np.zeros(0, np.uint32)


def _bins_of(us: Ints) -> Ints:
    bucket = np.maximum(np.frexp(us.astype(np.float64))[1].astype(np.int64) - 7, 0)
    bins: Ints = (bucket << 6) + (us >> bucket)
    return bins


def _lowest_us(indexes: Ints) -> Ints:
    bucket = np.maximum((indexes >> 10) - 1, 0)
    lowest: Ints = (indexes - (bucket << 10)) << bucket
    return lowest


@cache
def _bin_of() -> Ints:
    """Return the bin of each index of a histogram; a bin covers whole indexes, since it is wider."""
    return _bins_of(_lowest_us(np.arange(LENGTH)))


@cache
def _lowest_ns() -> Ints:
    """Return where each bin begins, and infinity behind the last."""
    lowest: Ints = np.append(1000 * _lowest_us(np.searchsorted(_bin_of(), np.arange(BINS))), 1 << 62)
    return lowest


def spread(histogram: Histogram) -> Ints:
    """Return a histogram's counts by bin."""
    at, counts = histogram.bins()
    made = np.zeros(int(_bin_of()[at[-1]]) + 1 if len(at) else 0, np.int64)
    np.add.at(made, _bin_of()[at], counts)
    return made


def sparse(counts: Ints) -> Sparse:
    """Return counts by bin without the empty ones."""
    at = np.flatnonzero(counts)
    return at.astype(np.uint16), counts[at].astype(np.uint32)


class Cells:
    """The cells of one series. Seconds are given in order and count from the series' first."""

    __slots__ = ("_cells", "_pending", "width")

    def __init__(self) -> None:
        self.width = 1
        """Seconds of each cell."""
        self._cells: list[Sparse] = []  # all but the one that is open
        self._pending: list[Sparse] = []

    def add(self, second: int, counts: Sparse) -> None:
        """Count the values of a second."""
        while second // self.width >= MOST:
            self._halve()
        number = max(second // self.width, len(self._cells))
        if number > len(self._cells):
            self._cells.append(_put_together(self._pending))
            self._cells += [_empty()] * (number - len(self._cells))
            self._pending = []
        self._pending.append(counts)
        if len(self._pending) >= _PENDING:
            self._pending = [_put_together(self._pending)]

    def above(self, limit_ns: float, most: int) -> tuple[Floats, Floats]:
        """Return, for each of the first `most` cells, how many values lie above a limit, and of how many.

        The bin of the limit is split in proportion.
        """
        split = int(np.searchsorted(_lowest_ns(), limit_ns, side="right")) - 1
        lowest, end = float(_lowest_ns()[split]), float(_lowest_ns()[split + 1])
        share = (end - limit_ns) / (end - lowest)
        held = self._all()[:most] or [_empty()]
        numbers = np.repeat(np.arange(len(held)), [len(bins) for bins, _ in held])
        bins, counts = (
            np.concatenate([part[0] for part in held]),
            np.concatenate([part[1] for part in held]).astype(np.float64),
        )
        weights = counts * ((bins > split) + share * (bins == split))
        sums = (np.bincount(numbers, each, most)[:most] for each in (weights, counts))
        counted, totals = (np.asarray(each, np.float64) for each in sums)
        return counted, totals

    def nbytes(self) -> int:
        """Return how much memory the counts take."""
        return sum(bins.nbytes + counts.nbytes for bins, counts in (*self._cells, *self._pending))

    def _all(self) -> list[Sparse]:
        return [*self._cells, _put_together(self._pending)]

    def _halve(self) -> None:
        cells = self._all()
        merged = [_put_together(cells[number : number + 2]) for number in range(0, len(cells), 2)]
        self._cells, self._pending = merged[:-1], merged[-1:]
        self.width *= 2


def _put_together(parts: Iterable[Sparse]) -> Sparse:
    held = [part for part in parts if len(part[0])]
    if len(held) < 2:
        return held[0] if held else _empty()
    bins = np.concatenate([part[0] for part in held])
    weights = np.concatenate([part[1] for part in held])
    return sparse(np.bincount(bins, weights).astype(np.int64))
