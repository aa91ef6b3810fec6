"""The ports of the fault server: plain HTTP, what breaks below HTTP, and the kinds of TLS trouble."""

import asyncio
import datetime
import socket
import ssl
import struct
import threading
import warnings
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import trustme

Accepted = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
_BACKLOG = 4096


def reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST instead of FIN."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def reset_at_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    reset(writer)


async def reset_in_handshake(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read some of the ClientHello, then RST."""
    await reader.read(100)
    reset(writer)


async def close_in_handshake(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(4096)
    writer.close()


async def speaks_first(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 mail ready\r\n")
    await drained(reader)
    writer.close()


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await drained(reader)
    writer.close()


async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer TLS with plain HTTP."""
    await reader.read(4096)
    writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    writer.close()


async def drained(reader: asyncio.StreamReader) -> None:
    try:
        while await reader.read(65_536):
            pass
    except ConnectionError:
        pass


def refuse_version(sock: socket.socket, tls: ssl.SSLContext) -> None:
    """Fail the handshake, alert included."""
    with tls.wrap_socket(sock, server_side=True):
        pass


def end_without_goodbye(sock: socket.socket, tls: ssl.SSLContext) -> None:
    """Answer with a body that ends with the connection, and end it as if a cable had been cut."""
    with tls.wrap_socket(sock, server_side=True) as talking:
        talking.recv(65_536)
        talking.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n" + b"x" * 100)
        talking.shutdown(socket.SHUT_WR)  # TCP's FIN without TLS's close_notify
        talking.recv(65_536)


class Listeners:
    """All ports, open while the block lasts. `urls` has the fields of `server.Target`."""

    def __init__(self, http: Accepted, directory: Path) -> None:
        self._http = http
        self._directory = directory
        self._stack = AsyncExitStack()
        self.urls: dict[str, Any] = {}

    async def __aenter__(self) -> "Listeners":
        authority = trustme.CA()
        ca = self._directory / "ca.pem"
        authority.cert_pem.write_to_path(str(ca))
        self.urls = {
            "http": await self._listen(self._http),
            "refused": f"http://127.0.0.1:{self._refused()}",
            "black_hole": f"http://127.0.0.1:{self._black_hole()}",
            "reset_at_once": await self._listen(reset_at_once),
            "speaks_first": await self._listen(speaks_first),
            "ca": str(ca),
            "tls": await self._tls(authority),
        }
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._stack.aclose()

    async def _tls(self, authority: trustme.CA) -> dict[str, str]:
        contexts = {
            "good": _context(authority, "localhost"),
            "expired": _context(authority, "localhost", past=True),
            "wrong_host": _context(authority, "elsewhere.example"),
            "unknown_ca": _context(trustme.CA(), "localhost"),
        }
        urls = {name: await self._listen(self._http, tls) for name, tls in contexts.items()}
        for name, accepted in (
            ("hang", silent),
            ("reset", reset_in_handshake),
            ("close", close_in_handshake),
            ("plain", plain),
        ):
            urls[name] = (await self._listen(accepted)).replace("http:", "https:")
        urls["old_version"] = self._blocking(refuse_version, _old(_context(authority, "localhost")))
        urls["unclean"] = self._blocking(end_without_goodbye, contexts["good"])
        return {name: url.replace("127.0.0.1", "localhost") for name, url in urls.items()}

    def _blocking(self, serve: Callable[[socket.socket, ssl.SSLContext], None], tls: ssl.SSLContext) -> str:
        """Serve on threads and plain sockets: event loops send neither alerts nor half a goodbye."""
        listening = self._stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG))

        def serve_one(sock: socket.socket) -> None:
            with sock:
                try:
                    serve(sock, tls)
                except OSError:
                    pass

        def serve_all() -> None:
            while True:
                try:
                    sock, _ = listening.accept()
                except OSError:
                    return
                threading.Thread(target=serve_one, args=(sock,), daemon=True).start()

        threading.Thread(target=serve_all, daemon=True).start()
        return f"https://127.0.0.1:{listening.getsockname()[1]}"

    async def _listen(self, accepted: Accepted, tls: ssl.SSLContext | None = None) -> str:
        async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await accepted(reader, writer)
            except (OSError, RuntimeError, asyncio.IncompleteReadError):
                pass  # who went away; uvloop says it with a RuntimeError
            finally:
                if not writer.is_closing():
                    writer.transport.abort()

        server = await asyncio.start_server(guarded, "127.0.0.1", 0, backlog=_BACKLOG, ssl=tls)
        self._stack.callback(server.close)
        return f"http{'s' if tls else ''}://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    def _refused(self) -> int:
        """Return a port on which nobody listens, and nobody can: it is bound."""
        sock = self._stack.enter_context(socket.socket())
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port

    def _black_hole(self) -> int:
        """Return a port that accepts nobody: its queue of connections is full, so that Linux ignores a SYN."""
        listening = self._stack.enter_context(socket.socket())
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        port: int = listening.getsockname()[1]
        for _ in range(3):
            sock = self._stack.enter_context(socket.socket())
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.1", port))
        return port


def _old(context: ssl.SSLContext) -> ssl.SSLContext:
    """Return a context that speaks nothing newer than TLS 1.1."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that it is old is the point
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


def _context(authority: trustme.CA, name: str, *, past: bool = False) -> ssl.SSLContext:
    until = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    certificate = authority.issue_cert(name, not_after=until) if past else authority.issue_cert(name)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context
