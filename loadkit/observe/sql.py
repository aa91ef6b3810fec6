"""A query whose first row is numbers, asked once a second through SQLAlchemy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from time import monotonic
from typing import TYPE_CHECKING, Any

from loadkit.observe.declared import SERIES_KEY, Wanted, declared_series, series_faults, wanted
from loadkit.redact import mask_text
from loadkit.slo.observed import Note, OptionFault, Options, Place, SamplerPlugin, Unavailable

if TYPE_CHECKING:
    from sqlalchemy import Connection

_CONNECT_S = 5


class SqlSampler:
    """Asks a database; a connection that is lost is made anew."""

    def __init__(self, options: Options, place: Place, note: Note) -> None:
        import sqlalchemy as sa
        from sqlalchemy.exc import SQLAlchemyError

        self._wanted = wanted(options)
        self._query = sa.text(str(options["sql"]).replace(":", r"\:"))  # a colon is no parameter here
        self._connection: Connection | None = None
        self._before: dict[str, float] = {}
        self._at_s = 0.0
        try:
            url = sa.make_url(str(options["url"]))
            slow = {"connect_timeout": _CONNECT_S} if url.get_backend_name() == "postgresql" else {}
            self._engine = sa.create_engine(url, poolclass=sa.NullPool, connect_args=slow)
        except (SQLAlchemyError, ImportError) as error:
            raise Unavailable(f"the database cannot be used: {_first_line(error)}") from None

    def sample(self) -> Mapping[str, float]:
        """Return the numbers of the first row. Raises Unavailable."""
        from sqlalchemy.exc import SQLAlchemyError

        try:
            row = self._ask()
        except SQLAlchemyError as error:
            self._let_go()
            raise Unavailable(f"the query failed: {_first_line(error)}") from None
        now_s, now, seen = monotonic(), dict[str, float](), dict[str, float]()
        for one in self._wanted:
            value = self._number(one, row)
            if value is None:
                continue
            name = one.series.name
            now[name] = value
            if not one.rate:
                seen[name] = one.scaled(value)
            elif name in self._before and now_s > self._at_s:
                seen[name] = one.scaled(max(0.0, value - self._before[name]) / (now_s - self._at_s))
        self._before, self._at_s = now, now_s
        return seen

    def interrupt(self) -> None:
        """Do nothing: the connection belongs to the thread that samples."""

    def close(self) -> None:
        """Close the connection."""
        self._let_go()

    def _ask(self) -> Mapping[str, Any]:
        if self._connection is None:
            self._connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        found = self._connection.execute(self._query).mappings().first()
        if found is None:
            raise Unavailable("the query gives no row")
        return dict(found)

    def _number(self, one: Wanted, row: Mapping[str, Any]) -> float | None:
        """Return a column; the only one, whatever it is called, where one number is wanted. NULL is no number."""
        if one.metric in row:
            value = row[one.metric]
        elif len(row) == len(self._wanted) == 1:
            (value,) = row.values()
        else:
            raise Unavailable(f"the query gives no column {one.metric}; it gives {', '.join(row)}")
        try:
            return None if value is None else float(value)
        except (TypeError, ValueError):
            raise Unavailable(f"the column {one.metric} is no number") from None

    def _let_go(self) -> None:
        from sqlalchemy.exc import SQLAlchemyError

        connection, self._connection = self._connection, None
        try:
            if connection is not None:
                connection.close()
        except SQLAlchemyError:
            pass  # it was lost anyway


def _first_line(error: Exception) -> str:
    return mask_text(str(getattr(error, "orig", None) or error).strip().partition("\n")[0])


def _faults(options: Options) -> Iterator[OptionFault]:
    if "url" not in options:
        yield OptionFault("sql", "`url` does not say which database to ask", "url: postgresql+psycopg://user@host/name")
    yield from series_faults(options)


_KEYS: dict[str, Any] = {
    "sql": {
        "type": "string",
        "minLength": 1,
        "title": "Query",
        "description": "A query whose first row is kept: the columns that `series` names, or its only one.",
        "examples": ["SELECT count(*) FROM pg_stat_activity"],
    },
    "url": {
        "type": "string",
        "minLength": 1,
        "title": "Database",
        "description": "The database to ask, as SQLAlchemy writes it.",
        "examples": ["postgresql+psycopg://monitor@127.0.0.1/shop", "sqlite:///shop.db"],
    },
    "series": SERIES_KEY,
}

SAMPLERS = {"sql": SamplerPlugin(claims=("sql",), keys=_KEYS, series=declared_series, open=SqlSampler, faults=_faults)}
