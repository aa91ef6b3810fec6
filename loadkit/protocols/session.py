"""What HTTP keeps for one virtual user: a connection to each origin, and cookies."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from functools import partial
from types import coroutine
from typing import Any

from loadkit.flow.user import VirtualUser
from loadkit.metrics.book import Series
from loadkit.protocols.address import Origin
from loadkit.protocols.connect import Connector
from loadkit.protocols.cookies import CookieJar
from loadkit.protocols.http1 import Connection
from loadkit.protocols.pool import Pool

_SHORTEST_COOKIE = 8


class HttpSession:
    """One virtual user's connections and cookies. With `http.pool` the connections belong to everybody.

    Branches of a `parallel` step have a session each, with the same cookies. Where the connector is for one request at a time
    (compat: artillery) they stand in line for one connection to each origin, `queues`.
    """

    __slots__ = ("connections", "connector", "jar", "kept", "last", "origin", "pooled", "queues", "together")

    def __init__(self, connector: Connector) -> None:
        self.connector = connector
        self.pooled = connector.pool_size is not None
        self.connections: dict[Origin, Connection] = {}
        self.origin: Origin | None = None  # of the connection opened last, and that connection: found without hashing
        self.last: Connection | None = None
        self.jar: CookieJar | None = None  # `kept`, from when on every request has its cookies
        self.kept: CookieJar | None = None
        self.together: list[HttpSession] | None = None  # this one and those of the same user's other branches
        self.queues: dict[Origin, Pool] | None = None

    def reset(self) -> None:
        """Forget the cookies; the connections stay."""
        self.jar = self.kept = None

    def secrets(self) -> Iterator[str]:
        """Yield the values of its cookies; a short one, such as a language, would be found by chance."""
        if self.kept is not None:
            yield from (value for value in self.kept.values() if len(value) >= _SHORTEST_COOKIE)

    def close(self) -> None:
        """Close the connections."""
        for connection in self.connections.values():
            if not connection.closed:
                connection.close()
        self.connections.clear()
        for pool in self.queues.values() if self.queues else ():
            pool.close()

    def branch(self, *, first: bool) -> HttpSession:
        """Return the session of another branch; the first one goes on with this."""
        if self.connector.one_by_one:
            self._stand_in_line()
        if first:
            return self
        made = HttpSession(self.connector)
        made.jar, made.kept, made.pooled, made.queues = self.jar, self.kept, self.pooled, self.queues
        made.together = self.together = self.together or [self]
        self.together.append(made)
        return made

    def _stand_in_line(self) -> None:
        """From now on let one request be under way to each origin; open connections are the first that are used."""
        if self.queues is None:
            self.queues, self.pooled = {}, True
            for origin, connection in self.connections.items():
                self._pool(origin).adopt(connection)
            self.connections.clear()
            self.origin = self.last = None

    def _pool(self, origin: Origin) -> Pool:
        if self.queues is None:
            return self.connector.pool(origin)
        if origin not in self.queues:
            self.queues[origin] = Pool(partial(self.connector.open, origin), 1)
        return self.queues[origin]

    @coroutine
    def connect(
        self, user: VirtualUser, origin: Origin, series: Series, timeout_ns: int
    ) -> Generator[Any, None, Connection]:
        """Return a connection for the next request: a new one, or one of the pool. Raises ConnectFailed."""
        if self.pooled:
            return (yield from self._pool(origin).acquire(user.fiber, series, timeout_ns).__await__())
        connection: Connection = yield from self.connector.open(origin, series, user.fiber, timeout_ns).__await__()
        self.connections[origin] = self.last = connection
        self.origin = origin
        return connection

    def done(self, origin: Origin, connection: Connection, *, reusable: bool) -> None:
        """Take a connection back after its exchange."""
        if self.pooled:
            self._pool(origin).release(connection, reusable=reusable)
        elif not reusable:
            self.connections.pop(origin, None)
            if not connection.closed:
                connection.close()

    def set_cookie(self, origin: Origin, name: str, value: str) -> None:
        """Put a cookie of the scenario's into the jar."""
        self.open_jar().set(
            origin, name, value.encode(errors="replace").decode("latin-1")
        )  # the jar holds bytes as they came

    def store_cookies(self, origin: Origin, path: str, connection: Connection) -> int:
        """Take the response's Set-Cookie fields; return how many were refused."""
        refused = 0
        for name, value in connection.raw_headers():
            if name.lower() == b"set-cookie":
                self.send_cookies()
                refused += not self.open_jar().store(origin, path, value.decode("latin-1"))
        return refused

    def open_jar(self) -> CookieJar:
        """Return the jar, made when it is first asked for."""
        if self.kept is None:
            made = CookieJar(self.connector.cookie_rules)
            for session in self.together or (self,):
                session.kept = made
            return made
        return self.kept

    def send_cookies(self) -> None:
        """From now on let every request have the cookies of the jar: a server has set one, or there are default ones.

        Until then, as in Artillery, a cookie of one step goes with the request of that step alone.
        """
        if self.jar is None:
            jar = self.open_jar()
            for session in self.together or (self,):
                session.jar = jar
