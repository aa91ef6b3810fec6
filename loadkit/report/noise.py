"""How much runs of one scenario differ by themselves here, as it was measured: kept in the history, by the runs' fingerprint.

A comparison takes it in the place of the 5 % that runs are taken to differ by where nobody has looked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from loadkit.report.database import METADATA
from loadkit.report.history import Instant, Store

_NOISE = sa.Table(
    "noise",
    METADATA,
    sa.Column("fingerprint", sa.Text, primary_key=True),
    sa.Column("tau", sa.Double, nullable=False),
    sa.Column("runs", sa.Integer, nullable=False),
    sa.Column("measured_at", Instant, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """The standard deviation between runs, as a ratio (0.03 is 3 %), and how many runs it was measured with."""

    tau: float
    runs: int
    measured_at: datetime


def put_calibration(store: Store, fingerprint: str, tau: float, runs: int) -> None:
    """Keep what was measured, in the place of what was before."""
    row = {"fingerprint": fingerprint, "tau": tau, "runs": runs, "measured_at": datetime.now(UTC)}
    with store.database.writing() as connection:
        insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        connection.execute(insert(_NOISE).values(row).on_conflict_do_update(index_elements=["fingerprint"], set_=row))


def calibration_of(store: Store, fingerprint: str | None) -> Calibration | None:
    """Return what was measured for runs of a fingerprint; None where nobody has."""
    query = sa.select(_NOISE.c.tau, _NOISE.c.runs, _NOISE.c.measured_at).where(_NOISE.c.fingerprint == fingerprint)
    with store.database.reading() as connection:
        row = connection.execute(query).mappings().first()
    return Calibration(**row) if row else None
