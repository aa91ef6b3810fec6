"""Good and bad events: what counts the requests of a series for an objective, once a second and not request by request.

Whether a request was good may depend on its status and its time together, which histograms do not keep; the rows of a series do,
until they become histograms. So rows are counted right there, by numpy, and a series without objectives pays nothing. Only what
is no row is looked at by itself: a request without a valid response, and one of which a check did not hold, which is taken back.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple, Protocol

from loadkit.arrays import Ints
from loadkit.metrics.family import PYTHON, Family

NO_CHECKS: frozenset[str] = frozenset()


class Event(NamedTuple):
    """One request, or a whole column of them: then `status` and the times are arrays. Times are in ns.

    `status` is None where there is none: of a call, and of a request without a valid response, whose `error` says why. `failed`
    are the kinds of its checks that did not hold.
    """

    status: Any
    error: str | None
    failed: Collection[str]
    response_ns: Any
    service_ns: Any


class EventCount(Protocol):
    """Counts the requests of a series for one objective."""

    @property
    def good(self) -> str:
        """Return the counter of good events."""

    @property
    def bad(self) -> str:
        """Return the counter of bad events."""

    def holds(self, event: Event) -> Any:
        """Say whether an event is good; of a column an array may say it for each."""

    def concerns(self, scenario: str, name: str, family: Family, checks: frozenset[str]) -> bool:
        """Say whether the requests of a series are its events: of a scenario, by name, with checks of these kinds."""


def columns_of(family: Family, table: Ints) -> Event:
    """Return the rows of a series (see Sample and Call) as one event of columns."""
    if family is PYTHON:
        intended, start, end = table.T
        return Event(None, None, NO_CHECKS, (end - intended).clip(0), end - start)
    return Event(table[:, 6], None, NO_CHECKS, (table[:, 5] - table[:, 0]).clip(0), table[:, 5] - table[:, 1])


def event_of(family: Family, row: list[int], failed: Collection[str]) -> Event:
    """Return one row of a series as an event."""
    if family is PYTHON:
        intended, start, end = row
        return Event(None, None, failed, max(0, end - intended), end - start)
    return Event(row[6], None, failed, max(0, row[5] - row[0]), row[5] - row[1])


def count_good(count: EventCount, event: Event, rows: int) -> int:
    """Return how many of the rows behind an event of columns are good."""
    held = count.holds(event)
    return int(held.sum()) if hasattr(held, "sum") else rows * bool(held)
