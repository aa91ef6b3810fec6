"""The history database: one SQLite file by default, PostgreSQL by URL, and the migrations that bring either up to date.

Importing this module imports SQLAlchemy, a third of a second: only what uses the history imports it. Alembic is imported
only where a migration has to run.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from loadkit.errors import PluginError, PreflightError, UsageError
from loadkit.redact import MASK, is_secret
from loadkit.report.store import shelter

HISTORY = Path(".loadkit/history.db")
MIGRATIONS = Path(__file__).parent / "migrations"
METADATA = sa.MetaData()
"""The tables as they are now; each module that has some adds them here, and a migration that makes them."""

_BUSY_S = 30.0  # how long a writer waits for another one; a write takes milliseconds
_CONNECT_S = 10
_LOCK = 0x6C6F61646B6974  # "loadkit": the key of the advisory lock under which PostgreSQL is migrated
_POSTGRESQL = ("postgresql", "postgres", "postgresql+psycopg")


class Database:
    """A database that is up to date. `name` is its URL as it may be shown. Raises PreflightError where it cannot be reached.

    A file that is not there is made by what writes first: who only reads finds nothing in it, and leaves nothing behind.
    """

    def __init__(self, url: str | None = None) -> None:
        self.url = database_url(url)
        self.name = shown(self.url)
        self._file = Path(self.url.database or "") if self.url.get_backend_name() == "sqlite" else None
        self._engine = _engine(self.url)
        self._made = False
        if not self._absent():
            self.make()

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Yield a connection within a transaction that sees one state of the database."""
        if self._absent():
            with _nothing() as connection:
                yield connection
            return
        self.make()
        with self._mapped(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Yield a connection within a transaction that is kept whole or not at all; writers of SQLite wait for each other."""
        self.make()
        with self._mapped(), self._engine.execution_options(writes=True).begin() as connection:
            yield connection

    def make(self) -> None:
        """Make the database if it is not there, and bring it up to date; once is enough. Raises PreflightError."""
        if self._made:
            return
        with self._mapped():
            if self._file:
                _make_place(self._file)
            self._bring_up_to_date()
        self._made = True

    def close(self) -> None:
        """Let go of the database. May be called twice."""
        self._engine.dispose()

    def _absent(self) -> bool:
        with self._mapped():
            return not self._made and self._file is not None and not self._file.exists()

    def _bring_up_to_date(self) -> None:
        newest = revisions()[-1]
        with self._engine.connect() as connection:
            found = _revision(connection)
        if found == newest:
            return
        with self._engine.execution_options(writes=True).begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
            found = _revision(connection)  # another process may have been faster
            if found is not None and found not in revisions():
                raise PreflightError(
                    f"the history {self.name} was written by a newer loadkit ({found}); upgrade this one"
                )
            if found != newest:
                _migrate(connection)

    @contextmanager
    def _mapped(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, OSError) as error:
            raise PreflightError(_trouble(self.url, self.name, error)) from error


def database_url(text: str | None) -> URL:
    """Return the URL that --store means: SQLite's or PostgreSQL's, a file's name, by default `.loadkit/history.db`.

    Raises UsageError for what is none of these. No message holds a password.
    """
    if not text:
        return URL.create("sqlite", database=str(HISTORY))
    if "://" not in text:
        return URL.create("sqlite", database=text)
    scheme = text.partition("://")[0]
    try:
        url = make_url(text)
    except (ArgumentError, ValueError) as error:
        raise UsageError(f"--store {scheme}://... is not a URL of a database: {_REMEDY}") from error
    if scheme in _POSTGRESQL:
        return url.set(drivername="postgresql+psycopg")
    if scheme == "sqlite":
        if url.host or not url.database or url.database == ":memory:":
            raise UsageError(
                f"--store {shown(url)} names no file: write sqlite:///history.db, or sqlite:////var/history.db"
            )
        return url
    raise UsageError(f"--store {scheme}://... is no database that keeps the history: {_REMEDY}")


_REMEDY = "write postgresql://user:password@host/database, sqlite:///history.db, or the name of a file"


def shown(url: URL) -> str:
    """Return a URL as it may be printed: without its password."""
    hidden = {name: MASK if is_secret(name) else value for name, value in url.query.items()}
    plain = url.set(query=hidden, drivername=url.get_backend_name())
    return plain.render_as_string(hide_password=True).replace(quote_plus(MASK), MASK)


def revisions() -> list[str]:
    """Return the names of the migrations in their order; a revision is called as its file."""
    return sorted(path.stem for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def _make_place(path: Path) -> None:
    if path == HISTORY:
        shelter(path.parent)
    else:
        path.parent.mkdir(parents=True, exist_ok=True)


@contextmanager
def _nothing() -> Iterator[sa.Connection]:
    """Yield a connection to a database of empty tables, in memory."""
    engine = sa.create_engine("sqlite://")
    with engine.begin() as connection:
        METADATA.create_all(connection)
        yield connection
    engine.dispose()


def _engine(url: URL) -> sa.Engine:
    if url.get_backend_name() == "sqlite":
        made = sa.create_engine(url, poolclass=NullPool, connect_args={"timeout": _BUSY_S})
        sa.event.listen(made, "connect", _prepare_sqlite)
        sa.event.listen(made, "begin", _begin_sqlite)
        return made
    given = {} if "connect_timeout" in url.query else {"connect_timeout": _CONNECT_S}
    try:
        return sa.create_engine(url, poolclass=NullPool, connect_args={"application_name": "loadkit", **given})
    except (ImportError, NoSuchModuleError) as error:
        raise PluginError("PostgreSQL needs psycopg: pip install 'loadkit[postgresql]'") from error


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    """Let SQLAlchemy say where a transaction begins, and readers go on while somebody writes."""
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")
    deadline = time.monotonic() + _BUSY_S
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:  # SQLite does not wait by itself when another process opens the file for the first time as well
            connection.execute("PRAGMA journal_mode = WAL")
            return  # or some other mode, on a file system that cannot do it
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _begin_sqlite(connection: sa.Connection) -> None:
    # A transaction that reads first and writes later fails at once when another one has written meanwhile.
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def _migrate(connection: sa.Connection) -> None:
    """Run what migrations are missing, within the transaction of the connection."""
    from alembic import command
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    command.upgrade(config, "head")


def _trouble(url: URL, name: str, error: Exception) -> str:
    """Return what to say of a database that does not do as it is told; a driver's words may repeat the URL."""
    told = getattr(error, "strerror", None) or getattr(error, "orig", None) or error
    words = str(told).strip().partition("\n")[0]
    for secret in {str(url.password or ""), *(str(value) for key, value in url.query.items() if is_secret(key))} - {""}:
        words = words.replace(secret, MASK)
    place = (
        "the file" if url.get_backend_name() == "sqlite" else "that the server runs, and user, password and database"
    )
    return f"the history {name} cannot be used: {words}; check {place}, or name another one with --store"
