"""A proxy on loopback that does what proxies do: forwards requests in absolute form, and makes tunnels for CONNECT."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from tests.support.raw_server import Peer, RawServer, raw_server


class ProxyServer:
    """What a proxy was asked for: the heads of its requests, in order."""

    def __init__(self, authorization: bytes = b"") -> None:
        self.server = RawServer()
        self.heads: list[bytes] = []
        self._authorization = authorization

    @property
    def port(self) -> int:
        return self.server.port

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def lines(self) -> list[str]:
        """The request lines."""
        return [head.split(b"\r\n")[0].decode() for head in self.heads]

    async def serve(self, peer: Peer) -> None:
        while request := await peer.request():
            self.heads.append(request)
            if self._authorization and b"\r\nProxy-Authorization: " + self._authorization not in request:
                await peer.send(b'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="p"\r\n'
                                b"Content-Length: 0\r\n\r\n")  # fmt: skip
                continue
            method, url, _ = request.split(b" ", 2)
            if method == b"CONNECT":
                host, _, port = url.decode().rpartition(":")
                await self._tunnel(peer, host.strip("[]"), int(port))
                return
            await self._forward(peer, url.decode(), request)

    async def _tunnel(self, peer: Peer, host: str, port: int) -> None:
        try:
            reader, writer = await asyncio.open_connection(host, port)
        except OSError:
            await peer.send(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            return
        await peer.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(_pump(peer.reader, writer), _pump(reader, peer.writer))

    async def _forward(self, peer: Peer, url: str, request: bytes) -> None:
        parts = urlsplit(url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        path = url.split(parts.netloc, 1)[1].encode()
        writer.write(request.replace(url.encode(), path, 1))
        answer = Peer(0, reader, writer)
        await peer.send(await answer.request())  # a response is framed as a request is
        writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()


@asynccontextmanager
async def proxy_server(authorization: bytes = b"") -> AsyncIterator[ProxyServer]:
    """Serve until the block ends. With `authorization` only requests that carry it are served."""
    proxy = ProxyServer(authorization)
    async with raw_server(proxy.serve) as server:
        proxy.server = server
        yield proxy
