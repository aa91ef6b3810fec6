"""Connections that the virtual users of a worker share, so many to an origin (`http.pool`)."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from loadkit.flow.fiber import Fiber, park
from loadkit.metrics.book import Series
from loadkit.protocols.http1 import Connection

Open = Callable[[Series, Fiber, int], Awaitable[Connection]]
"""Opens a new connection for a request of a series, within so many nanoseconds."""


class _Turn:
    """A fiber's place in the line of a pool, and what it was given: a connection, or the right to open one."""

    __slots__ = ("connection", "fiber", "given")

    def __init__(self, fiber: Fiber) -> None:
        self.fiber: Fiber | None = fiber
        self.connection: Connection | None = None
        self.given = False

    def take(self) -> None:
        if self.fiber is not None:
            self.fiber.resume()


class Pool:
    """At most `size` connections to one origin; who finds none free waits in line and is served in order."""

    def __init__(self, opener: Open, size: int) -> None:
        self._opener = opener
        self._size = size
        self._open = 0  # connections in use or idle, and rights to open one
        self._idle: list[Connection] = []
        self._waiting: deque[_Turn] = deque()

    async def acquire(self, fiber: Fiber, series: Series, timeout_ns: int) -> Connection:
        """Return a free connection, a new one, or wait for one's turn. Raises ConnectFailed."""
        if self._waiting or (not self._idle and self._open >= self._size):
            turn = await self._wait(fiber)
            if turn.connection is not None and not turn.connection.closed:
                return turn.connection
        else:
            while self._idle:
                connection = self._idle.pop()
                if not connection.closed:
                    return connection
                self._open -= 1
            self._open += 1
        try:
            return await self._opener(series, fiber, timeout_ns)
        except BaseException:
            self._give_place()
            raise

    def release(self, connection: Connection, *, reusable: bool) -> None:
        """Give a connection back; who has waited longest gets it, or the right to open another."""
        if not reusable or connection.closed:
            if not connection.closed:
                connection.close()
            self._give_place()
        elif not self._serve(connection):
            self._idle.append(connection)

    def adopt(self, connection: Connection) -> None:
        """Take a connection in that was opened elsewhere and is idle."""
        self._open += 1
        self._idle.append(connection)

    def close(self) -> None:
        """Close the idle connections."""
        for connection in self._idle:
            connection.close()
        self._idle.clear()

    async def _wait(self, fiber: Fiber) -> _Turn:
        turn = _Turn(fiber)
        self._waiting.append(turn)
        try:
            await park()
        except BaseException:
            turn.fiber = None  # whoever holds it must not resume a fiber that has gone on
            if not turn.given:
                self._waiting.remove(turn)
            elif turn.connection is not None:
                self.release(turn.connection, reusable=True)
            else:
                self._give_place()
            raise
        return turn

    def _give_place(self) -> None:
        if not self._serve(None):
            self._open -= 1

    def _serve(self, connection: Connection | None) -> bool:
        """Give the longest waiting fiber a connection, or the right to open one; say whether anybody waited."""
        if not self._waiting:
            return False
        turn = self._waiting.popleft()
        turn.given, turn.connection = True, connection
        asyncio.get_running_loop().call_soon(turn.take)
        return True
