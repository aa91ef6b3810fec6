"""Baselines: named runs of one fingerprint that others are compared with; kept beside the runs, in the history.

A pinned baseline holds the runs it was given. A rolling one holds the last so many that were accepted: each new one drops the
oldest. It remembers the runs it began with, too, since a creep of 5 % a release never shows against the last five.

Only runs that passed become part of one: what failed, was cut off or cannot be believed is no measure for others.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from loadkit.errors import UsageError
from loadkit.report.database import METADATA
from loadkit.report.facts import Run, RunStatus
from loadkit.report.history import RUN_ROWS, Instant, Store

ROLLING = 5
"""How many runs a rolling baseline holds unless it is told otherwise."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,99}")
_RUN_ID = re.compile(r"\d{8}-.*|latest(~\d+)?")

_BASELINES = sa.Table(
    "baselines",
    METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("size", sa.Integer),  # of a rolling one; null of a pinned one
    sa.Column("fingerprint", sa.Text),
    sa.Column("updated_at", Instant, nullable=False),
)
_MEMBERS = sa.Table(
    "baseline_runs",
    METADATA,
    sa.Column("baseline", sa.Text, sa.ForeignKey("baselines.name", ondelete="CASCADE"), primary_key=True),
    sa.Column("run_id", sa.Text, sa.ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("current", sa.Boolean, nullable=False),
    sa.Column("first", sa.Boolean, nullable=False),
)
_BY_START = (RUN_ROWS.c.started_at, RUN_ROWS.c.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """A baseline. `size` is how many runs a rolling one holds, None of a pinned one; `fingerprint` is that of all its runs.

    `runs` are what is compared with, `first` the runs it was set to; both the oldest first.
    """

    name: str
    size: int | None
    fingerprint: str | None
    updated_at: datetime
    runs: Sequence[Run]
    first: Sequence[Run]

    @property
    def kind(self) -> str:
        """Return `pinned` or `rolling`."""
        return "pinned" if self.size is None else "rolling"

    @property
    def moved(self) -> bool:
        """Say whether it holds other runs than it was set to."""
        return {run.id for run in self.runs} != {run.id for run in self.first}


class Baselines:
    """The baselines of a history."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def set(self, name: str, runs: Sequence[Run], *, size: int | None = None) -> Baseline:
        """Make a baseline of runs, or make it anew. Raises UsageError for a wrong name, or runs that cannot stand together."""
        _check_name(name)
        held = self._stored(runs)
        fingerprint = _common_fingerprint(held)
        if size is not None:
            held = held[-size:]
        row = {"name": name, "size": size, "fingerprint": fingerprint, "updated_at": datetime.now(UTC)}
        with self._store.database.writing() as connection:
            insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
            # first of all, since another one who sets it has to wait here
            connection.execute(insert(_BASELINES).values(row).on_conflict_do_update(index_elements=["name"], set_=row))
            _put_members(connection, name, {run.id: (True, True) for run in held})
        return self.find(name)

    def add(self, name: str, run: Run) -> tuple[Baseline, Sequence[str]]:
        """Add a run to a baseline; return it and the ids of runs that it dropped. Raises UsageError as `set` does."""
        baseline = self.find(name)
        (added,) = self._stored([run])
        if added.fingerprint != baseline.fingerprint:
            raise UsageError(_unlike(name, baseline.fingerprint, added))
        with self._store.database.writing() as connection:
            row = sa.update(_BASELINES).where(_BASELINES.c.name == name)
            connection.execute(row.values(updated_at=datetime.now(UTC)))  # first of all, as above
            members = (
                connection.execute(
                    sa.select(_MEMBERS).join(RUN_ROWS).where(_MEMBERS.c.baseline == name).order_by(*_BY_START)
                )
                .mappings()
                .all()
            )
            first = {member["run_id"]: member["first"] for member in members}
            ids = [member["run_id"] for member in members if member["current"] and member["run_id"] != added.id]
            held = [*ids, added.id]
            kept = held if baseline.size is None else held[-baseline.size :]
            known = dict.fromkeys([*first, added.id])
            wanted = {run_id: (run_id in kept, first.get(run_id, False)) for run_id in known}
            _put_members(connection, name, {run_id: flags for run_id, flags in wanted.items() if any(flags)})
        return self.find(name), [run_id for run_id in held if run_id not in kept]

    def all(self) -> list[Baseline]:
        """Return all baselines, by name."""
        with self._store.database.reading() as connection:
            rows = connection.execute(sa.select(_BASELINES).order_by(_BASELINES.c.name)).mappings().all()
            members = connection.execute(sa.select(_MEMBERS)).mappings().all()
        runs = {run.id: run for run in self._store.runs(ids={member["run_id"] for member in members})}

        def of(name: str, which: str) -> list[Run]:
            ids = [member["run_id"] for member in members if member["baseline"] == name and member[which]]
            return sorted((runs[run_id] for run_id in ids if run_id in runs), key=_order)

        return [Baseline(**row, runs=of(row["name"], "current"), first=of(row["name"], "first")) for row in rows]

    def get(self, name: str) -> Baseline | None:
        """Return a baseline; None where there is none of the name."""
        return next((baseline for baseline in self.all() if baseline.name == name), None)

    def find(self, name: str) -> Baseline:
        """Return a baseline. Raises UsageError where there is none of the name."""
        if found := self.get(name):
            return found
        raise UsageError(self.missing(name))

    def missing(self, name: str) -> str:
        """Return what is said where there is no baseline of a name, with what there is."""
        return f"there is no baseline {name}: {_there(name, [baseline.name for baseline in self.all()])}"

    def remove(self, name: str) -> Baseline:
        """Remove a baseline and return what it was; its runs stay in the history. Raises UsageError where there is none."""
        found = self.find(name)
        with self._store.database.writing() as connection:
            connection.execute(sa.delete(_MEMBERS).where(_MEMBERS.c.baseline == name))
            connection.execute(sa.delete(_BASELINES).where(_BASELINES.c.name == name))
        return found

    def holders(self, run_ids: Collection[str] | None = None) -> dict[str, list[str]]:
        """Return the names of the baselines that hold a run, by the run's id, of all runs or of these."""
        with self._store.database.reading() as connection:
            rows = connection.execute(sa.select(_MEMBERS.c.run_id, _MEMBERS.c.baseline).order_by(_MEMBERS.c.baseline))
            held: dict[str, list[str]] = {}
            for run_id, name in rows:
                if run_ids is None or run_id in run_ids:
                    held.setdefault(run_id, []).append(name)
        return held

    def resolve(self, text: str) -> list[Run]:
        """Return the runs that a text means: those of the baseline of this name, else the one run. Raises UsageError."""
        if baseline := self.get(text):
            return list(baseline.runs)
        try:
            return [self._store.find(text)]
        except UsageError as error:
            names = [baseline.name for baseline in self.all()]
            raise UsageError(f"{error}; nor is there a baseline {text}: {_there(text, names)}") from error

    def _stored(self, runs: Iterable[Run]) -> list[Run]:
        """Return runs as the history has them, the oldest first; one that was read from a file is added to it."""
        held = {}
        for run in runs:
            if refusal := refused(run):
                raise UsageError(refusal)
            held[run.id] = self._store.add(self._store.report(run), run.directory) if run.file else run
        if not held:
            raise UsageError("a baseline needs at least one run that passed")
        return sorted(held.values(), key=_order)


def _put_members(connection: sa.Connection, name: str, members: Mapping[str, tuple[bool, bool]]) -> None:
    """Let a baseline hold these runs and no others; each is current, or one of the first, or both."""
    connection.execute(sa.delete(_MEMBERS).where(_MEMBERS.c.baseline == name))
    rows = [
        {"baseline": name, "run_id": run_id, "current": current, "first": first}
        for run_id, (current, first) in members.items()
    ]
    connection.execute(sa.insert(_MEMBERS), rows)


def refused(run: Run) -> str:
    """Return why a run cannot be part of a baseline, "" when it can."""
    if run.status is RunStatus.PASSED:
        return ""
    why = {
        RunStatus.FAILED: "a threshold, an objective or a check did not hold",
        RunStatus.REGRESSED: "it was slower than its baseline; if it is meant to be, run it again without --baseline",
        RunStatus.INVALID: "its measurement is INVALID",
        RunStatus.STOPPED: "it was stopped before its end",
        RunStatus.CUT_OFF: "it was cut off",
        RunStatus.ALTERED: "people paused it or changed its rate while it went on, so its load was another",
        RunStatus.RUNNING: "it still goes on",
    }
    return f"{run.id} cannot be part of a baseline: {why[run.status]}; only runs that passed can"


def _common_fingerprint(runs: Sequence[Run]) -> str | None:
    fingerprints = {run.fingerprint for run in runs}
    if len(fingerprints) > 1:
        newest = runs[-1]
        others = [run.id for run in runs if run.fingerprint != newest.fingerprint]
        raise UsageError(
            f"these runs are not comparable: {', '.join(others)} had another scenario, phases, target or host than {newest.id}; "
            "a baseline holds runs of one fingerprint (`loadkit runs show RUN` says it)"
        )
    return fingerprints.pop()


def _unlike(name: str, fingerprint: str | None, run: Run) -> str:
    return (
        f"{run.id} cannot be added to {name}: its scenario, phases, target or host is another (fingerprint {run.fingerprint}, "
        f"the baseline's is {fingerprint}); make a new one: loadkit baseline set NAME {run.id}"
    )


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name) or _RUN_ID.fullmatch(name):
        raise UsageError(
            f"{name!r} cannot be the name of a baseline: write letters, digits, dots, dashes and slashes, such as main or "
            "release/2.4, and nothing that looks like the id of a run"
        )


def _there(name: str, names: Sequence[str]) -> str:
    if not names:
        return f"none is set; make one of the last runs that passed: loadkit baseline set {name} --last {ROLLING}"
    close = difflib.get_close_matches(name, names, n=1)
    return f"did you mean {close[0]}?" if close else f"there are {', '.join(names)}"


def _order(run: Run) -> tuple[datetime, str]:
    return run.started_at, run.id
