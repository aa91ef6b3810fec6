"""The course of a run as rows of numbers, never more of them than a page can draw: seconds first, then longer stretches.

Once there are MOST rows, each two become one, and from then on one row stands for twice as many seconds. What is counted
adds up, a rate is the mean of equal stretches, and everything else (percentiles, gauges) is that of the worst second: no percentile
is averaged, and no peak disappears.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

MOST = 3600

Row = list[float | int | None]


class Rows:
    """Rows with these columns, fewer than `most`, an even number; `step` is how many seconds one of them stands for."""

    def __init__(self, columns: Iterable[str], *, most: int = MOST) -> None:
        self.columns = list(columns)
        self.all: list[Row] = []
        self.step = 1
        self._most = most
        self._open: list[Row] = []

    def add(self, second: Row) -> list[Row]:
        """Add the row of the next second; return the rows that are complete by that, none or one."""
        self._open.append(second)
        if len(self._open) < self.step:
            return []
        done, self._open = joined(self.columns, self._open), []
        self.all.append(done)
        if len(self.all) == self._most:
            self.all = [joined(self.columns, self.all[at : at + 2]) for at in range(0, self._most, 2)]
            self.step *= 2
        return [done]


def joined(columns: Sequence[str], rows: Sequence[Row]) -> Row:
    """Return one row for several that follow each other."""
    if len(rows) == 1:
        return rows[0]
    return [_joined(name, [row[at] for row in rows]) for at, name in enumerate(columns)]


def _joined(column: str, values: Sequence[float | int | None]) -> float | int | None:
    known = [value for value in values if value is not None]
    if not known:
        return None
    if column == "t_s":
        return known[-1]
    if column in ("requests", "errors") or column.startswith("arrivals_"):
        return sum(known)
    return round(sum(known) / len(known), 2) if column == "request_rate" else max(known)
