"""A queueing station as an HTTP server: each request, whatever it asks for, is answered once the station has served it.

`GET /stats` is answered at once with what the station has seen of itself, `GET /health` with "ok". Like many servers it goes on
with the work for clients that have gone: after an overload it takes as long to recover as its queue is long.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import cast

import httptools
import msgspec

from loadkit.clock import LoopClock
from loadkit.demo.station import Station, make_station
from loadkit.scenario.demo_target import Queue

_BACKLOG = 4096
_OK = b'{"ok":true}'


def _answer(body: bytes, *, status: bytes = b"200 OK", close: bool = False, head: bool = False) -> bytes:
    connection = b"Connection: close\r\n" if close else b""
    start = b"HTTP/1.1 %b\r\nContent-Type: application/json\r\n%bContent-Length: %d\r\n\r\n"
    return start % (status, connection, len(body)) + (b"" if head else body)


_PLAIN = _answer(_OK)


class _Peer(asyncio.Protocol):
    """One connection. Responses leave in the order of the requests, as HTTP/1.1 wants it."""

    def __init__(self, station: Station) -> None:
        self._station = station
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._url = b""
        self._owed: deque[list[bytes]] = deque()  # of each request: nothing yet, or its response

    # -------------------------------------------------------------------------------------------------------- asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass of it

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            if self._transport is not None:
                self._transport.write(_answer(b"{}", status=b"400 Bad Request", close=True))
                self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None

    # ------------------------------------------------------------------------------------------------------ httptools

    def on_message_begin(self) -> None:
        self._url = b""

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_message_complete(self) -> None:
        close, head = not self._parser.should_keep_alive(), self._parser.get_method() == b"HEAD"
        place: list[bytes] = []
        self._owed.append(place)
        path = self._url.partition(b"?")[0]
        if path == b"/stats":
            self._leave(place, _answer(msgspec.json.encode(self._station.figures()), close=close, head=head), close)
        elif path == b"/health":
            self._leave(place, _answer(_OK, close=close, head=head), close)
        else:
            response = _answer(_OK, close=close, head=head) if close or head else _PLAIN
            self._station.arrive(lambda: self._leave(place, response, close))

    def _leave(self, place: list[bytes], response: bytes, close: bool) -> None:
        place.append(response)
        while self._owed and self._owed[0]:
            (ready,) = self._owed.popleft()
            if self._transport is not None:
                self._transport.write(ready)
        if close and not self._owed and self._transport is not None:
            self._transport.close()


async def open_queue(host: str, port: int, law: Queue) -> tuple[asyncio.Server, LoopClock]:
    """Listen, on a free port for port 0; whoever asks closes both. Raises OSError when that cannot be."""
    loop = asyncio.get_running_loop()
    clock = LoopClock(loop)
    station = make_station(law, clock)
    try:
        return await loop.create_server(lambda: _Peer(station), host, port, backlog=_BACKLOG), clock
    except BaseException:
        clock.close()
        raise


async def serve_queue(host: str, port: int, law: Queue, ready: Callable[[str], None], stop: asyncio.Event) -> None:
    """Serve until cancelled or `stop`. `ready` gets the URL once requests are taken. Raises OSError when it cannot listen."""
    server, clock = await open_queue(host, port, law)
    try:
        place = server.sockets[0].getsockname()
        ready(f"http://[{place[0]}]:{place[1]}" if ":" in place[0] else f"http://{place[0]}:{place[1]}")
        await stop.wait()
    finally:
        server.close()
        clock.close()
