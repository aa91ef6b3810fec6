"""The heat map of a run: how many response times fell into which bin of time, column by column of the run.

    column(second) = second // column_s                  column_s is 1, and doubles whenever there would be more than 300 columns
    bin(t)         = floor(12 * log10(t / 1 us))         t in microseconds, at least 1; edges are the same in every report

So a bin is 21 % wider than the one below it, and maps of several runs can be laid beside each other. A column holds the number of
its first bin and counts from there to its last one, which is what most seconds look like: a few neighbouring bins. A minute of load
takes 3 KB, 300 columns take 15 to 30 KB however long the run was.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from loadkit.arrays import Ints, np
from loadkit.metrics.histogram import LENGTH, Histogram, lowest_us
from loadkit.report.shapes import Schema, integer, list_of, number, object_of

PER_DECADE = 12
MOST_COLUMNS = 300
_DECADES = 10  # 1 us to one hour and beyond
_BINS = PER_DECADE * _DECADES


class Heat:
    """Counts response times; `add` takes the seconds of a run in any order."""

    def __init__(self) -> None:
        self._column_s = 1
        self._columns: dict[int, Ints] = {}

    def add(self, second: int, times: Histogram) -> None:
        """Count what was measured in the second that began so many seconds after the run did."""
        if not times.total:
            return
        at, counts = times.bins()
        found = np.bincount(_bin_of_index()[at], weights=counts, minlength=_BINS).astype(np.int64)
        self._put(max(0, second) // self._column_s, found)
        while max(self._columns) >= MOST_COLUMNS:
            self._halve()

    @property
    def column_s(self) -> int:
        """Return how many seconds a column stands for."""
        return self._column_s

    def column(self, second: int) -> dict[str, Any]:
        """Return the column of a second, and its place, for who follows a run: the other columns are as they were."""
        index = max(0, second) // self._column_s
        return {"column_s": self._column_s, "index": index, "counts": _sparse(self._columns.get(index))}

    def data(self) -> dict[str, Any]:
        """Return the map as plain data; columns without a response hold nothing."""
        last = max(self._columns, default=-1)
        return {
            "bins_per_decade": PER_DECADE,
            "lowest_ms": 0.001,
            "column_s": self._column_s,
            "columns": [_sparse(self._columns.get(column)) for column in range(last + 1)],
        }

    def _put(self, column: int, counts: Ints) -> None:
        known = self._columns.get(column)
        self._columns[column] = counts if known is None else known + counts

    def _halve(self) -> None:
        """Make every two neighbouring columns one."""
        self._column_s *= 2
        seconds, self._columns = self._columns, {}
        for column, counts in seconds.items():
            self._put(column // 2, counts)


def _sparse(counts: Ints | None) -> list[int]:
    if counts is None:
        return []
    found = np.flatnonzero(counts)
    first, last = int(found[0]), int(found[-1])
    return [first, *counts[first : last + 1].tolist()]


@cache
def _bin_of_index() -> Ints:
    """Return the bin of each index of a histogram, by the smallest value that the index stands for."""
    lowest = np.array([max(1, lowest_us(index)) for index in range(LENGTH)], np.float64)
    # A power of ten begins a bin; its logarithm may come out a hair below it.
    found: Ints = np.floor(PER_DECADE * np.log10(lowest) + 1e-9).astype(np.int64)
    return found


def heat_schema() -> Schema:
    """Return the schema of a report's heat map."""
    return object_of(
        "How many response times, of requests and calls, fell into which bin of time in the course of the run.",
        {
            "bins_per_decade": integer("Bins to each power of ten, of equal width on a logarithmic scale.", minimum=1),
            "lowest_ms": number("Where bin 0 begins; bin n begins at lowest_ms * 10^(n / bins_per_decade)."),
            "column_s": integer("Seconds to a column: 1, or a power of two in a long run.", minimum=1),
            "columns": list_of(
                "The run's columns in order, from its start.",
                list_of(
                    "The number of the first bin with a count, then the counts from there on; empty without any.",
                    integer("A number."),
                ),
            ),
        },
    )
