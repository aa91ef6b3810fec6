"""Finding runs in a long history: by text, name and verdict, in any order, a page at a time; and the runs that are alike.

All of it is done by the database on the columns of key numbers, so that ten thousand runs are as quick as ten.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from loadkit.report.facts import Run, RunStatus
from loadkit.report.history import FACTS, RUN_ROWS, TAG_ROWS, Instant, Store

ORDERS: Mapping[str, sa.Column[Any]] = {
    "time": RUN_ROWS.c.started_at,
    "name": RUN_ROWS.c.name,
    "target": RUN_ROWS.c.target,
    "verdict": RUN_ROWS.c.status,
    "p95": RUN_ROWS.c.p95_ms,
    "errors": RUN_ROWS.c.error_rate,
    "requests": RUN_ROWS.c.requests,
}
"""What runs can be sorted by."""

_WHOLE = (RunStatus.PASSED, RunStatus.FAILED, RunStatus.REGRESSED)
_OTHERS = "of another scenario, phases, target or host"
_BROKEN = "invalid, stopped or cut off"
_ALTERED = "paused or of a changed rate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What is looked for. `text` may be part of an id, a name, a target, or a tag; runs without a value come last."""

    text: str = ""
    name: str = ""
    status: RunStatus | None = None
    order: str = "time"
    descending: bool = True
    limit: int = 50
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """A page of runs, and how many there are on all pages."""

    runs: Sequence[Run]
    total: int


def search(store: Store, asked: Search) -> Found:
    """Return the runs for which all of this holds. Raises KeyError for an order that there is not."""
    column = ORDERS[asked.order]
    ordered = (column.desc() if asked.descending else column.asc()).nulls_last()
    query = sa.select(*FACTS).where(*_conditions(asked))
    query = query.order_by(ordered, RUN_ROWS.c.started_at.desc(), RUN_ROWS.c.id.desc())
    return Found(store.select(query.limit(asked.limit).offset(asked.offset)), store.count(*_conditions(asked)))


def names(store: Store, most: int = 200) -> list[str]:
    """Return what runs are called, those of the newest runs first."""
    newest = sa.func.max(RUN_ROWS.c.started_at)
    query = sa.select(RUN_ROWS.c.name).group_by(RUN_ROWS.c.name).order_by(newest.desc()).limit(most)
    with store.database.reading() as connection:
        return list(connection.execute(query).scalars())


def comparable(store: Store, shown: Run, last: int | None = None) -> tuple[Sequence[Run], dict[str, int]]:
    """Return the runs that are comparable with one, the newest first, and how many others there are, by the reason."""
    alike = RUN_ROWS.c.fingerprint.is_not_distinct_from(shown.fingerprint)
    whole = RUN_ROWS.c.status.in_([status.value for status in _WHOLE])
    query = sa.select(*FACTS).where(alike, whole).order_by(RUN_ROWS.c.started_at.desc(), RUN_ROWS.c.id.desc())
    every, same, held = store.count(), store.count(alike), store.count(alike, whole)
    altered = store.count(alike, RUN_ROWS.c.status == RunStatus.ALTERED.value)
    left_out = {_OTHERS: every - same, _BROKEN: same - held - altered, _ALTERED: altered}
    return store.select(query.limit(last)), left_out


def run_before(store: Store, run: Run) -> Run | None:
    """Return the run before one that is comparable with it and came to an end; None where there is none."""
    alike = RUN_ROWS.c.fingerprint.is_not_distinct_from(run.fingerprint)
    whole = RUN_ROWS.c.status.in_([status.value for status in _WHOLE])
    earlier = sa.tuple_(RUN_ROWS.c.started_at, RUN_ROWS.c.id) < sa.tuple_(
        sa.literal(run.started_at, Instant), sa.literal(run.id)
    )
    query = sa.select(*FACTS).where(alike, whole, earlier)
    found = store.select(query.order_by(RUN_ROWS.c.started_at.desc(), RUN_ROWS.c.id.desc()).limit(1))
    return found[0] if found else None


def _conditions(asked: Search) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if asked.name:
        found.append(RUN_ROWS.c.name == asked.name)
    if asked.status:
        found.append(RUN_ROWS.c.status == asked.status.value)
    if asked.text:
        tag = TAG_ROWS.c.key + ":" + TAG_ROWS.c.value
        tagged = sa.select(TAG_ROWS.c.run_id).where(tag.icontains(asked.text, autoescape=True))
        columns = (RUN_ROWS.c.id, RUN_ROWS.c.name, RUN_ROWS.c.target)
        texts = [column.icontains(asked.text, autoescape=True) for column in columns]
        found.append(sa.or_(*texts, RUN_ROWS.c.id.in_(tagged)))
    return found
