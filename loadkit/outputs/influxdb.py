"""InfluxDB, by its line protocol over HTTP: version 1 with a database, version 2 and 3 with an organization and a bucket.

    1      POST /write?db=...              Authorization: Basic ...; the database is made when it is not there
    2, 3   POST /api/v2/write?bucket=...   Authorization: Token ...

Versions 2 and 3 know the way of version 1, too, with a token or with one in place of the password, but make no database by it.
Source: https://docs.influxdata.com/influxdb/v2/api/legacy-write and https://docs.influxdata.com/influxdb3/core/api/authentication
A line is the same when it is sent again, and then replaces itself: nothing is counted twice.
"""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from itertools import islice
from typing import Any
from urllib.parse import quote, urlencode

from loadkit.outputs.exported import Exported
from loadkit.outputs.exporter import ExportedRun, Exporter, OptionFault, Options, Second
from loadkit.outputs.line_protocol import lines_of
from loadkit.outputs.posting import INSECURE, Endpoint, Poster, UnwantedError, read_endpoint
from loadkit.units import NS_PER_S

_DATABASE = "loadkit"
_BATCH = 5000  # lines; what InfluxDB recommends
_TEXT = "text/plain; charset=utf-8"
_FORM = "application/x-www-form-urlencoded"
_EXAMPLE = "http://localhost:8086?db=loadkit"


class InfluxDB:
    """Writes a run's seconds to a database or a bucket. `database` is "" where there is a bucket, which nobody makes here."""

    def __init__(self, endpoint: Endpoint, query: Mapping[str, str], database: str, poster: Poster) -> None:
        where = f"database {database}" if database else f"bucket {query['bucket']}"
        self.to = f"{endpoint.shown} {where}"
        self.every_s = 0.0
        self._path = f"{'/write' if database else '/api/v2/write'}?{urlencode(query, quote_via=quote)}"
        self._database = database
        self._poster = poster
        self._ready = not database
        self._exported: Exported | None = None

    def check(self) -> None:
        """Do nothing: a receiver that is not there now may come."""

    def start(self, run: ExportedRun) -> None:
        """Note which run begins."""
        self._exported = Exported(run)

    def take(self, seconds: Sequence[Second]) -> None:
        """Write seconds. Raises OSError and RefusedError."""
        assert self._exported is not None
        run = self._exported.run
        self._make_database()
        origin_ns = round(run.started_at * NS_PER_S)
        lines = (
            line
            for second in seconds
            for line in lines_of(self._exported.points(second), run.labels, origin_ns + second.snapshot.end_ns)
        )
        while batch := list(islice(lines, _BATCH)):
            self._poster.post(self._path, "\n".join(batch).encode("utf-8", "replace"), _TEXT)

    def end(self) -> None:
        """Do nothing: what was written stays."""

    def waiting(self) -> bool:
        """Say that nobody comes for it."""
        return False

    def close(self) -> None:
        """Close the connection."""
        self._poster.close()

    def _make_database(self) -> None:
        """Make the database, unless that was done. Who may write only is let go on: the database may be there.

        So is who does not understand it, as versions 2 and 3 do; whether the database is there shows when it is written to.
        """
        if self._ready:
            return
        name = self._database.replace("\\", "\\\\").replace('"', '\\"')
        try:
            self._poster.post("/query", urlencode({"q": f'CREATE DATABASE "{name}"'}).encode(), _FORM)
        except UnwantedError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                hint = "the URL's path is no place of InfluxDB; a database is named by ?db=NAME"
                raise UnwantedError(f"{error}; {hint}", error.status) from error
            if error.status == HTTPStatus.UNAUTHORIZED:
                raise
        self._ready = True


def _make(options: Options) -> InfluxDB:
    endpoint = read_endpoint(str(options["url"]), key="url", example=_EXAMPLE)

    def given(name: str, *others: str) -> str:
        found = (options.get(name), *(endpoint.query.get(one) for one in (name, *others)))
        return next((str(value) for value in found if value), "")

    unknown = endpoint.query.keys() - {"db", "database", "org", "bucket", "token", "user", "password"}
    if unknown:
        raise OptionFault("url", f"the URL has an unknown part {min(unknown)}=", hint=f"write {_EXAMPLE}")
    bucket, database = given("bucket"), given("database", "db")
    if bucket and database:
        raise OptionFault(
            "bucket", "there are both a bucket and a database", hint="a database is InfluxDB 1, a bucket 2 and 3"
        )
    poster = Poster(endpoint, _login(given, endpoint, bucket), insecure=options.get("insecure") is True)
    if bucket:
        query = {"bucket": bucket, "org": given("org") or os.environ.get("INFLUX_ORG", ""), "precision": "ns"}
        return InfluxDB(endpoint, {name: value for name, value in query.items() if value}, "", poster)
    database = database or _DATABASE
    return InfluxDB(endpoint, {"db": database, "precision": "ns"}, database, poster)


def _login(given: Callable[[str], str], endpoint: Endpoint, bucket: str) -> dict[str, str]:
    """Return the header that opens a bucket or a database; a token of the environment is one of a bucket."""
    token = given("token") or (os.environ.get("INFLUX_TOKEN", "") if bucket else "")
    if token:
        return {"Authorization": f"Token {token}"}
    user = given("user") or endpoint.user or os.environ.get("INFLUX_USERNAME", "")
    password = given("password") or endpoint.password or os.environ.get("INFLUX_PASSWORD", "")
    if bucket or not (user or password):
        return {}
    return {"Authorization": f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"}


def _text(title: str, description: str, example: str, **more: Any) -> dict[str, Any]:
    return {"type": "string", "title": title, "description": description, "examples": [example], **more}


EXPORTERS: Mapping[str, Exporter] = {
    "influxdb": Exporter(
        kind="influxdb",
        description="Writes each second to InfluxDB: to a database of version 1, or to a bucket of version 2 and 3.",
        argument="url",
        metavar="URL",
        schema={
            "url": _text(
                "URL",
                "Where InfluxDB is. `?db=NAME` or `?org=NAME&bucket=NAME` may follow, and `user:password@` stand before the host.",
                _EXAMPLE,
            ),
            "database": _text(
                "Database", "A database of InfluxDB 1; made when it is not there.", "loadkit", default=_DATABASE
            ),
            "user": _text("User", "Who writes to the database; INFLUX_USERNAME by default.", "ci"),
            "password": _text("Password", "Their password; INFLUX_PASSWORD by default.", "{{ $env.INFLUX_PASSWORD }}"),
            "bucket": _text("Bucket", "A bucket of InfluxDB 2 or 3, instead of a database.", "load"),
            "org": _text("Organization", "Whose bucket it is; INFLUX_ORG by default.", "shop"),
            "token": _text(
                "Token",
                "What opens the bucket, INFLUX_TOKEN by default; or a database, instead of a user.",
                "{{ $env.INFLUX_TOKEN }}",
            ),
            "insecure": INSECURE,
        },
        required=("url",),
        make=_make,
    ),
}
