"""The history of runs: a row each with its key numbers and the whole report, in SQLite or PostgreSQL.

`--store`, LOADKIT_STORE or `.loadkit/history.db` say where it is. A run is added whole or not at all; adding it again
changes nothing.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa
import zstandard
from sqlalchemy.dialects import postgresql, sqlite

from loadkit.errors import UsageError
from loadkit.report.database import METADATA, Database
from loadkit.report.facts import Run, RunStatus, facts
from loadkit.report.store import LATEST, REPORT, RUNS, runs

STORE_VARIABLE = "LOADKIT_STORE"
MAX_REPORT = 1024**3
_LEVEL = 6
_LATEST = re.compile(rf"{LATEST}(?:~(\d{{1,6}}))?")
_SHOWN = 3


class Instant(sa.TypeDecorator[datetime]):
    """A column of instants in UTC, also where the database knows no time zones."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Return the instant with its zone."""
        return value if value is None else value.replace(tzinfo=value.tzinfo or UTC).astimezone(UTC)


RUN_ROWS = sa.Table(
    "runs",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("started_at", Instant, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("target", sa.Text, nullable=False),
    sa.Column("fingerprint", sa.Text),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("exit_code", sa.Integer, nullable=False),
    sa.Column("duration_s", sa.Double, nullable=False),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("requests", sa.BigInteger, nullable=False),
    sa.Column("rate_per_s", sa.Double, nullable=False),
    sa.Column("p50_ms", sa.Double),
    sa.Column("p95_ms", sa.Double),
    sa.Column("p99_ms", sa.Double),
    sa.Column("error_rate", sa.Double),
    sa.Column("directory", sa.Text),
    sa.Column("report", sa.LargeBinary, nullable=False),
)
TAG_ROWS = sa.Table(
    "run_tags",
    METADATA,
    sa.Column("run_id", sa.Text, sa.ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)
FACTS = [column for column in RUN_ROWS.columns if column.name != "report"]
"""The columns that make a Run."""


def open_store(url: str | None = None) -> Store:
    """Return the history that --store or LOADKIT_STORE names, or the file `.loadkit/history.db`; what writes first makes it.

    Raises UsageError for a URL of something else, PreflightError where the database cannot be reached.
    """
    return Store(Database(url or os.environ.get(STORE_VARIABLE)))


class Store:
    """The runs of one history. `database` is for tables of others; `directories` is where runs keep their files."""

    def __init__(self, database: Database, directories: Path = RUNS) -> None:
        self.database = database
        self.directories = directories

    @property
    def name(self) -> str:
        """The history's URL as it may be shown."""
        return self.database.name

    def close(self) -> None:
        """Let go of the database."""
        self.database.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add(
        self, report: Mapping[str, Any], directory: Path | None = None, *, tags: Mapping[str, str] | None = None
    ) -> Run:
        """Add a run, whole or not at all, and return it; one that is there already stays as it is. Raises PreflightError.

        `tags` are what it is tagged with by now; without them it is what the report says.
        """
        run = facts(report, directory=directory.absolute() if directory else None)
        row = {column.name: getattr(run, column.name) for column in FACTS}
        row |= {"status": run.status.value, "directory": str(run.directory) if run.directory else None}
        packed = zstandard.ZstdCompressor(level=_LEVEL).compress(msgspec.json.encode(report))
        with self.database.writing() as connection:
            insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
            added = insert(RUN_ROWS).values(**row, report=packed).on_conflict_do_nothing().returning(RUN_ROWS.c.id)
            if connection.execute(added).first():
                _put_tags(connection, run.id, run.tags if tags is None else tags)
        return run

    def runs(
        self,
        *,
        name: str | None = None,
        tags: Mapping[str, str | None] | None = None,
        fingerprint: str | None = None,
        statuses: Collection[RunStatus] | None = None,
        ids: Iterable[str] | None = None,
        limit: int | None = None,
    ) -> list[Run]:
        """Return the runs for which all of this holds, the newest first. A tag without a value holds with any value."""
        query = sa.select(*FACTS).order_by(RUN_ROWS.c.started_at.desc(), RUN_ROWS.c.id.desc()).limit(limit)
        if name is not None:
            query = query.where(RUN_ROWS.c.name == name)
        if fingerprint is not None:
            query = query.where(RUN_ROWS.c.fingerprint.startswith(fingerprint, autoescape=True))
        if statuses is not None:
            query = query.where(RUN_ROWS.c.status.in_([status.value for status in statuses]))
        if ids is not None:
            query = query.where(RUN_ROWS.c.id.in_(list(ids)))
        for key, value in (tags or {}).items():
            tagged = sa.select(TAG_ROWS.c.run_id).where(TAG_ROWS.c.key == key)
            query = query.where(RUN_ROWS.c.id.in_(tagged if value is None else tagged.where(TAG_ROWS.c.value == value)))
        return self.select(query)

    def find(self, text: str) -> Run:
        """Return the run that a text means: an id or its beginning, `latest`, `latest~1`, a directory, a report's file.

        Raises UsageError when there is none, or more than one.
        """
        if found := _LATEST.fullmatch(text):
            return self._newest(text, int(found[1] or 0))
        path = Path(text)
        if path.is_file():
            return facts(read_report(path), file=path)
        if path.is_dir() and (path / REPORT).is_file():
            return facts(read_report(path / REPORT), directory=path, file=path / REPORT)
        starts = RUN_ROWS.c.id.startswith(text, autoescape=True)
        rows = (
            self.select(sa.select(*FACTS).where(starts).order_by(RUN_ROWS.c.id.desc()).limit(_SHOWN + 1))
            if text
            else []
        )
        if len(rows) == 1 or (rows and any(run.id == text for run in rows)):
            return next((run for run in rows if run.id == text), rows[0])
        kept = [
            path for path in runs(self.directories) if text and path.name.startswith(text) and (path / REPORT).is_file()
        ]
        if not rows and len(kept) == 1:  # a crash, or an unreachable history, came between its report and its row
            return facts(read_report(kept[0] / REPORT), directory=kept[0], file=kept[0] / REPORT)
        if rows:
            raise UsageError(f"{text} may be each of {_names(rows)}; write more of it")
        raise UsageError(f"there is no run {text}: {self._there()}")

    def report(self, run: Run | str) -> dict[str, Any]:
        """Return the report of a run, or of the run that a text means."""
        found = self.find(run) if isinstance(run, str) else run
        if found.file:
            return read_report(found.file)
        with self.database.reading() as connection:
            packed = connection.execute(sa.select(RUN_ROWS.c.report).where(RUN_ROWS.c.id == found.id)).scalar()
        if packed is None:
            raise UsageError(f"there is no run {found.id} any more")
        made: dict[str, Any] = msgspec.json.decode(zstandard.ZstdDecompressor().decompress(packed, MAX_REPORT))
        return made

    def count(self, *conditions: sa.ColumnElement[bool]) -> int:
        """Return how many runs there are for which all of this holds."""
        query = sa.select(sa.func.count()).select_from(RUN_ROWS).where(*conditions)
        with self.database.reading() as connection:
            return connection.execute(query).scalar() or 0

    def remove(self, run_id: str) -> bool:
        """Remove a run's row, and say whether there was one."""
        with self.database.writing() as connection:
            return connection.execute(sa.delete(RUN_ROWS).where(RUN_ROWS.c.id == run_id)).rowcount > 0

    def tag(self, run_id: str, tags: Mapping[str, str | None]) -> None:
        """Set tags of a run; None takes one away. The report stays as it was written."""
        with self.database.writing() as connection:
            for key in tags:
                connection.execute(sa.delete(TAG_ROWS).where(TAG_ROWS.c.run_id == run_id, TAG_ROWS.c.key == key))
            _put_tags(connection, run_id, {key: value for key, value in tags.items() if value is not None})

    def _newest(self, text: str, back: int) -> Run:
        query = sa.select(*FACTS).order_by(RUN_ROWS.c.started_at.desc(), RUN_ROWS.c.id.desc())
        if rows := self.select(query.limit(1).offset(back)):
            return rows[0]
        raise UsageError(f"there is no run {text}: {self._there()}")

    def _there(self) -> str:
        number = self.count()
        if not number:
            return f"no run is kept in {self.name}"
        return f"there are {_names(self.runs(limit=_SHOWN))}" + (
            f" and {number - _SHOWN} more" if number > _SHOWN else ""
        )

    def select(self, query: sa.Select[Any]) -> list[Run]:
        """Return the runs of a query for FACTS, with their tags."""
        with self.database.reading() as connection:
            rows = connection.execute(query).mappings().all()
            tags: dict[str, dict[str, str]] = {row["id"]: {} for row in rows}
            for some in _portions(list(tags)):
                for run_id, key, value in connection.execute(sa.select(TAG_ROWS).where(TAG_ROWS.c.run_id.in_(some))):
                    tags[run_id][key] = value
        return [_run(row, tags[row["id"]], self.directories) for row in rows]


def read_report(path: Path) -> dict[str, Any]:
    """Return the report in a file. Raises UsageError for what is no JSON or cannot be read."""
    try:
        found = msgspec.json.decode(path.read_bytes())
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{path} cannot be read as a report: {getattr(error, 'strerror', None) or error}") from error
    if not isinstance(found, dict):
        raise UsageError(f"{path} is not a report of loadkit: it holds no JSON object")
    return found


def _run(row: Mapping[Any, Any], tags: Mapping[str, str], root: Path) -> Run:
    """Return a run; its directory may have been moved together with the one that all are in, or be another machine's."""
    places = [Path(row["directory"])] if row["directory"] else []
    directory = next((place for place in (*places, root / row["id"]) if place.is_dir()), None)
    return Run(
        **{**row, "status": RunStatus(row["status"]), "tags": dict(sorted(tags.items())), "directory": directory}
    )


def _put_tags(connection: sa.Connection, run_id: str, tags: Mapping[str, str]) -> None:
    rows = [{"run_id": run_id, "key": key, "value": value} for key, value in tags.items()]
    if rows:
        connection.execute(sa.insert(TAG_ROWS), rows)


def _portions(ids: list[str], size: int = 500) -> Iterable[list[str]]:
    """Yield parts of a list: databases take only so many values in one statement."""
    return (ids[start : start + size] for start in range(0, len(ids), size))


def _names(runs: list[Run]) -> str:
    names = ", ".join(run.id for run in runs[:_SHOWN])
    return f"{names} and others" if len(runs) > _SHOWN else names
