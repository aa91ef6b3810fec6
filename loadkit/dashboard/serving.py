"""An aiohttp application in a thread with a loop of its own: what it does delays nobody else."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import socket
from collections.abc import Callable
from threading import Thread
from typing import TYPE_CHECKING, Any

from loadkit.dashboard.address import LOOPBACK, Address
from loadkit.errors import PreflightError

if TYPE_CHECKING:
    from aiohttp import web

_BACKLOG = 128
_CLOSE_WITHIN_S = 1.0
_DRAIN_S = 0.3  # what of it handlers have to end by themselves
_KEEP_ALIVE_S = 15.0
_MOST_CONNECTIONS = 256
"""32 viewers with six each, as browsers open, and some more; descriptors are what the run needs, too."""
_SILENT = logging.getLogger(__name__)  # what is not HTTP gets a 400, and is nothing to print
_SILENT.disabled = True


class Serving:
    """A server. `start` returns its URL as soon as connections are taken; `close` takes a second at most.

    Of more than `most` connections at a time, those that come last are closed at once.
    """

    def __init__(
        self, app: web.Application, address: Address, option: str = "--dashboard", *, most: int = _MOST_CONNECTIONS
    ) -> None:
        self._app = app
        self._address = address
        self._option = option
        self._most = most
        self._loop = asyncio.SelectorEventLoop()
        self._stop = asyncio.Event()
        self._thread: Thread | None = None
        self.port = 0

    def start(self) -> str:
        """Listen, and serve from now on. Raises PreflightError where that cannot be, with what to do about it."""
        try:
            listener = _listener(self._address)
        except OSError as error:
            self._loop.close()
            raise PreflightError(_trouble(self._address, error, self._option)) from error
        self.port = listener.getsockname()[1]
        self._thread = Thread(target=self._run, args=(listener,), name="serving", daemon=True)
        self._thread.start()
        return self._address.url(self.port)

    def call(self, function: Callable[..., object], *arguments: Any) -> bool:
        """Have a function called on the server's loop; never waits. After `close` nothing happens, and False is returned."""
        try:
            self._loop.call_soon_threadsafe(function, *arguments)
        except RuntimeError:  # the loop is closed
            return False
        return True

    def close(self) -> None:
        """End the server with its connections. May be called twice, and without `start`."""
        if self._thread is None:
            self._loop.close()
            return
        self.call(self._stop.set)
        self._thread.join(_CLOSE_WITHIN_S)

    def _run(self, listener: socket.socket) -> None:
        try:
            self._loop.run_until_complete(self._serve(listener))
        finally:
            self._loop.close()

    async def _serve(self, listener: socket.socket) -> None:
        from aiohttp import web

        runner = web.AppRunner(
            self._app,
            access_log=None,
            handle_signals=False,
            handler_cancellation=True,
            keepalive_timeout=_KEEP_ALIVE_S,
            shutdown_timeout=_DRAIN_S,
            logger=_SILENT,
        )
        await runner.setup()
        handlers = runner.server
        assert handlers is not None

        def accepted() -> asyncio.Protocol:
            return handlers() if len(handlers.connections) < self._most else _Refused()

        listening = await self._loop.create_server(accepted, sock=listener, backlog=_BACKLOG)
        try:
            await self._stop.wait()
        finally:
            listening.close()
            await runner.cleanup()


class _Refused(asyncio.Protocol):
    """A connection that there is no room for."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.abort()


def _listener(address: Address) -> socket.socket:
    """Return a socket that listens. Raises OSError."""
    host = LOOPBACK if address.host.lower() == "localhost" else address.host
    found = socket.getaddrinfo(host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, _, _, _, place = found[0]
    made = socket.create_server((str(place[0]), int(place[1])), family=family, backlog=_BACKLOG)
    made.setblocking(False)
    return made


def _trouble(address: Address, error: OSError, option: str) -> str:
    """Return why nobody can listen there, and what to do."""
    if isinstance(error, socket.gaierror):
        return f"{option}: the host {address.host} is not known; name an address of this machine, or only a port"
    if error.errno == errno.EADDRINUSE:
        return f"{option}: port {address.port} is taken{_taken_by(address.port)}; choose another one, or 0 for any that is free"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{option}: {address.host} is not an address of this machine; name one that is, or only a port"
    if error.errno == errno.EACCES:
        return f"{option}: this user may not listen on port {address.port}; choose one from 1024 on, or 0 for any"
    return f"{option}: cannot listen on {address}: {os.strerror(error.errno) if error.errno else error}"


def _taken_by(port: int) -> str:
    """Return which process has a port, as far as this user may know it."""
    import psutil

    try:
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.pid and connection.laddr[1:] == (port,):
                return f" by {psutil.Process(connection.pid).name()} (process {connection.pid})"
    except (psutil.Error, OSError):
        pass  # nothing more can be said
    return ""
