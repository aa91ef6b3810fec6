"""Messages between coordinator and worker: msgpack frames on a socket pair, a four-byte length before each. No pickle.

coordinator -> worker   plan, start, adjust, stop, kill
worker -> coordinator   hello, ready, refused, interval, done
"""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import msgspec

MAX_FRAME = 256 * 1024 * 1024

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[str, dict[str, Any]]).decode


class Channel:
    """One end of a worker's socket pair on the running event loop."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._loop = asyncio.get_running_loop()

    @classmethod
    async def open(cls, sock: socket.socket) -> Channel:
        """Take a connected socket over."""
        sock.setblocking(False)
        reader, writer = await asyncio.open_connection(sock=sock, limit=2**20)
        return cls(reader, writer)

    def send(self, kind: str, **fields: Any) -> None:
        """Queue a message; it is lost when the other side is gone, which `receive` tells."""
        if self._writer.is_closing():
            return
        data = _encode([kind, fields])
        self._writer.write(len(data).to_bytes(4, "big") + data)

    async def receive(self) -> tuple[str, dict[str, Any]] | None:
        """Return the next message, None when the other side is gone. Raises ValueError for what is not a message."""
        try:
            size = int.from_bytes(await self._reader.readexactly(4), "big")
            if size > MAX_FRAME:
                raise ValueError(f"a message of {size} bytes")
            data = await self._reader.readexactly(size)
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        try:
            return _decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ValueError(f"not a message: {error}") from error

    def abort(self) -> None:
        """Close at once, what is queued is lost; doing it twice, or after the event loop's end, is no fault."""
        if not self._loop.is_closed():
            self._writer.transport.abort()

    async def close(self) -> None:
        """Send what is queued and close."""
        try:
            await self._writer.drain()
            self._writer.close()
            await self._writer.wait_closed()
        except ConnectionError:
            pass
