"""What HTTP keeps for one virtual user: a connection to each origin, and cookies."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from types import coroutine
from typing import Any

from loadkit.flow.user import VirtualUser
from loadkit.metrics.book import Series
from loadkit.protocols.address import Origin
from loadkit.protocols.connect import Connector
from loadkit.protocols.cookies import CookieJar
from loadkit.protocols.http1 import Connection

_SHORTEST_COOKIE = 8


class HttpSession:
    """One virtual user's connections and cookies. With `http.pool` the connections belong to everybody."""

    __slots__ = ("connections", "connector", "greeted", "jar", "last", "origin", "pooled")

    def __init__(self, connector: Connector) -> None:
        self.connector = connector
        self.pooled = connector.pool_size is not None
        self.connections: dict[Origin, Connection] = {}
        self.origin: Origin | None = None  # of the connection opened last, and that connection: found without hashing
        self.last: Connection | None = None
        self.jar: CookieJar | None = None
        self.greeted: set[Origin] = set()  # origins that have been given the default cookies

    def reset(self) -> None:
        """Forget the cookies; the connections stay."""
        self.jar = None
        self.greeted.clear()

    def secrets(self) -> Iterator[str]:
        """Yield the values of its cookies; a short one, such as a language, would be found by chance."""
        if self.jar is not None:
            yield from (value for value in self.jar.values() if len(value) >= _SHORTEST_COOKIE)

    def close(self) -> None:
        """Close the connections."""
        for connection in self.connections.values():
            if not connection.closed:
                connection.close()
        self.connections.clear()

    @coroutine
    def connect(
        self, user: VirtualUser, origin: Origin, series: Series, timeout_ns: int
    ) -> Generator[Any, None, Connection]:
        """Return a connection for the next request: a new one, or one of the pool. Raises ConnectFailed."""
        if self.pooled:
            pool = self.connector.pool(origin)
            return (yield from pool.acquire(user.fiber, series, timeout_ns).__await__())
        connection: Connection = yield from self.connector.open(origin, series, user.fiber, timeout_ns).__await__()
        self.connections[origin] = self.last = connection
        self.origin = origin
        return connection

    def done(self, origin: Origin, connection: Connection, *, reusable: bool) -> None:
        """Take a connection back after its exchange."""
        if self.pooled:
            self.connector.pool(origin).release(connection, reusable=reusable)
        elif not reusable:
            self.connections.pop(origin, None)
            if not connection.closed:
                connection.close()

    def set_cookie(self, origin: Origin, name: str, value: str) -> None:
        """Put a cookie of the scenario's into the jar."""
        if self.jar is None:
            self.jar = CookieJar()
        self.jar.set(origin, name, value.encode(errors="replace").decode("latin-1"))  # the jar holds bytes as they came

    def store_cookies(self, origin: Origin, path: str, connection: Connection) -> int:
        """Take the response's Set-Cookie fields; return how many were refused."""
        refused = 0
        for name, value in connection.raw_headers():
            if name.lower() == b"set-cookie":
                if self.jar is None:
                    self.jar = CookieJar()
                refused += not self.jar.store(origin, path, value.decode("latin-1"))
        return refused
