"""Deal the rows of a payload to virtual users: each worker has a part of them, so that no worker has to ask another.

Worker k of n has the rows k, k + n, k + 2n, ... and gives them to its visits in the order in which they begin. So a row that is
given once (`unique`, or one round of `sequence`) is given by one worker only, and none is lost to an arrival that is dropped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from loadkit.template.functions import TemplateContext
from loadkit.template.lines import Row
from loadkit.template.rows import RowIndex

FAILS, STOPS, WRAPS = "fail", "stop", "wrap"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feeder:
    """The rows of one payload.

    `name` is set when every virtual user gets all rows, in `all_rows`; `index` when the rows stay in the file. `each_worker` has
    every worker begin at the first row. `notes` are remarks for the author: a diagnostic code and a text.
    """

    path: str
    fields: tuple[str, ...]
    rows: Sequence[Row]
    order: str = "random"
    on_exhausted: str = WRAPS
    each_worker: bool = False
    name: str | None = None
    all_rows: list[Any] = field(default_factory=list)
    index: RowIndex | None = None
    is_json: bool = False
    notes: tuple[tuple[str, str], ...] = ()

    @property
    def defines(self) -> tuple[str, ...]:
        """Return the variables that the payload gives to a virtual user."""
        return (self.name,) if self.name is not None else self.fields

    def deal(self, index: int = 0, count: int = 1) -> Dealer:
        """Return what worker `index` of `count` gives of the rows."""
        return Dealer(self, index, count)


class Dealer:
    """What one worker gives of one payload."""

    __slots__ = ("_at", "_feeder", "_random", "_step", "_wraps", "path", "stops")

    def __init__(self, feeder: Feeder, index: int, count: int) -> None:
        self._feeder = feeder
        self._random = feeder.order == "random"
        self._wraps = feeder.on_exhausted == WRAPS
        self.path = feeder.path
        self.stops = feeder.on_exhausted == STOPS
        self._at, self._step = (0, 1) if feeder.each_worker else (index, count)

    def take(self, user: TemplateContext) -> Mapping[str, Any] | None:
        """Return the variables of the next visit, None when no row is left for it."""
        feeder = self._feeder
        if feeder.name is not None:
            return {feeder.name: feeder.all_rows}
        rows = feeder.rows
        number = len(rows)
        if not number:
            return _NOTHING
        if self._random:
            return dict(zip(feeder.fields, rows[int(user.random.random() * number)], strict=False))
        at = self._at
        if at >= number:
            if not self._wraps:
                return None
            at %= number
        self._at += self._step
        return dict(zip(feeder.fields, rows[at], strict=False))

    @property
    def is_out(self) -> bool:
        """Say whether no row is left, and no visit may begin for that."""
        return self.stops and self._feeder.name is None and 0 < len(self._feeder.rows) <= self._at


_NOTHING: Mapping[str, Any] = {}
