"""The ledgers of error budgets: what runs with `consume_budget` took from them, in the history beside the runs.

A ledger is known by its objective's name. A run is debited once, by events: bad / (budget x events expected in a window). The
window is a rolling one, so what was taken longer ago than it is given back. Removing a run gives nothing back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from loadkit.report.database import METADATA
from loadkit.report.history import Instant, Store
from loadkit.slo.alert import Level, State
from loadkit.slo.budget import budget_of, burn_rate, debit, exhausted_in, remaining
from loadkit.slo.health import health

_DEBITS = sa.Table(
    "slo_debits",
    METADATA,
    sa.Column("slo", sa.Text, primary_key=True),
    sa.Column("run_id", sa.Text, primary_key=True),
    sa.Column("at", Instant, nullable=False),
    sa.Column("run_target", sa.Text, nullable=False),
    sa.Column("good", sa.BigInteger, nullable=False),
    sa.Column("bad", sa.BigInteger, nullable=False),
    sa.Column("objective", sa.Double, nullable=False),
    sa.Column("window_s", sa.Double, nullable=False),
    sa.Column("expected_events", sa.BigInteger, nullable=False),
    sa.Column("share", sa.Double, nullable=False),
    sa.Column("alerts", sa.Text, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Debit:
    """What one run took: `share` of a whole budget. `alerts` are what the run said about the alerts, as its report has them."""

    slo: str
    run_id: str
    at: datetime
    run_target: str
    good: int
    bad: int
    objective: float
    window_s: float
    expected_events: int
    share: float
    alerts: Sequence[Mapping[str, Any]]

    @property
    def burn(self) -> float:
        """Return the burn rate of the run."""
        total = self.good + self.bad
        return burn_rate(self.bad / total, budget_of(self.objective)) if total else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a budget stands: the debits of its last window, the newest first, and what is left.

    `latest` is the newest of all, whose target and window count.
    """

    slo: str
    debits: Sequence[Debit]
    latest: Debit

    @property
    def remaining(self) -> float:
        """Return what share of the budget is left; negative once it is overspent."""
        return remaining(sum(one.share for one in self.debits))

    @property
    def burn(self) -> float:
        """Return the burn rate of the last run."""
        return self.latest.burn

    @property
    def exhausted_in_s(self) -> float | None:
        """Return how long what is left would last at the last run's burn rate; None for ever."""
        return exhausted_in(self.remaining, self.latest.window_s, self.burn)

    @property
    def health(self) -> float:
        """Return the health score."""
        return health(self.remaining, self.burn)

    @property
    def firing(self) -> list[tuple[str, Level]]:
        """Return the alerts that fire: by the last run's burn rate, and by what is left."""
        found = []
        for alert in self.latest.alerts:
            below = alert["below"]
            fires = alert["state"] == State.FIRES.value if below is None else self.remaining < below
            if fires:
                found.append((str(alert["name"]), Level(alert["severity"])))
        return found


class Ledger:
    """The ledgers of a history."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def debit(self, report: Mapping[str, Any]) -> list[Debit]:
        """Take from the ledgers what a run spoiled, and return what was taken: nothing where that was done before.

        An invalid measurement takes nothing: what its requests came to is not the target's doing.
        """
        found = report["loadkit"]
        if not found.get("run") or found["measurement"]["status"] == "invalid":
            return []
        debits = [
            _debit_of(found, slo) for slo in found.get("slos", ()) if slo["consume_budget"] and slo["expected_events"]
        ]
        taken = []
        with self._store.database.writing() as connection:
            insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
            for one in debits:
                row = {column.name: getattr(one, column.name) for column in _DEBITS.columns if column.name != "alerts"}
                row["alerts"] = msgspec.json.encode(one.alerts).decode()
                added = insert(_DEBITS).values(row).on_conflict_do_nothing().returning(_DEBITS.c.run_id)
                if connection.execute(added).first():
                    taken.append(one)
        return taken

    def standings(self, now: datetime | None = None) -> list[Standing]:
        """Return how each budget stands, by name."""
        now = now or datetime.now(UTC)
        with self._store.database.reading() as connection:
            rows = connection.execute(
                sa.select(_DEBITS).order_by(_DEBITS.c.at.desc(), _DEBITS.c.run_id.desc())
            ).mappings()
            read = [Debit(**{**row, "alerts": msgspec.json.decode(row["alerts"])}) for row in rows]
        by_name: dict[str, list[Debit]] = {}
        for one in read:
            by_name.setdefault(one.slo, []).append(one)
        return [_standing(name, debits, now) for name, debits in sorted(by_name.items())]

    def standing(self, name: str, now: datetime | None = None) -> Standing | None:
        """Return how one budget stands; None where no run has taken anything."""
        return next((one for one in self.standings(now) if one.slo == name), None)


def _standing(name: str, debits: Sequence[Debit], now: datetime) -> Standing:
    since = now - timedelta(seconds=debits[0].window_s)
    return Standing(slo=name, debits=[one for one in debits if one.at >= since], latest=debits[0])


def _debit_of(found: Mapping[str, Any], slo: Mapping[str, Any]) -> Debit:
    return Debit(
        slo=slo["name"],
        run_id=found["run"],
        at=datetime.fromisoformat(found["started_at"]).astimezone(UTC),
        run_target=found["target"],
        good=slo["good"],
        bad=slo["bad"],
        objective=slo["target"],
        window_s=slo["window_s"],
        expected_events=slo["expected_events"],
        share=debit(slo["bad"], slo["budget"], slo["expected_events"]),
        alerts=slo["alerts"],
    )
