"""A small server on loopback that writes down what it receives, and answers as the path says."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import email.policy
import gzip
import json
import re
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from email.parser import BytesParser
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

Received = dict[str, Any]

# Of no interest: how a connection is kept, and the names that tools give themselves.
_UNCOMPARED = {"connection", "keep-alive", "host", "content-length", "transfer-encoding", "accept", "accept-encoding"}
_OWN_NAMES = re.compile(r"Artillery \(https|got \(https|loadkit/")

_HTML = b"""<html><body><a class="item" href="/one">First</a><a class="item" href="/two">Second</a>
<form><input name="token" value="t-77"></form></body></html>"""
_JSON = {
    "id": 42,
    "name": "box",
    "price": 9.5,
    "none": None,
    "zero": 0,
    "no": False,
    "empty": "",
    "tags": ["a", "b"],
    "items": [{"id": 1, "name": "x"}],
    "deep": {"er": {"key": "found"}},
}


class Request:
    """One request as it came."""

    def __init__(self, method: str, target: str, headers: list[tuple[str, str]], body: bytes) -> None:
        self.method, self.target, self.headers, self.body = method, target, headers, body
        split = urlsplit(target)
        self.path = split.path
        self.query = {name: values[-1] for name, values in parse_qs(split.query).items()}

    def header(self, name: str) -> str:
        """Return a header's value, "" without it."""
        return next((value for found, value in self.headers if found == name), "")

    def received(self) -> Received:
        """Return what is compared of it."""
        kept = {
            name: value
            for name, value in sorted(self.headers)
            if name not in _UNCOMPARED | {"cookie", "content-type"} and not _OWN_NAMES.match(value)
        }
        kind = self.header("content-type")
        return {
            "method": self.method,
            "target": self.target,
            "type": kind.split("boundary=")[0].rstrip("; "),
            "cookies": sorted(filter(None, self.header("cookie").split("; "))),
            "headers": kept,
            "body": _parts(kind, self.body) if kind.startswith("multipart/") else _text(self.body),
        }


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return f"base64 {base64.b64encode(body).decode()}"


def _parts(kind: str, body: bytes) -> list[dict[str, str | None]]:
    read = BytesParser(policy=email.policy.HTTP).parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
    return [
        {
            "name": part.get_param("name", header="content-disposition"),
            "file": part.get_filename(),
            "type": part["content-type"],
            "content": _text(part.get_payload(decode=True)),
        }
        for part in read.iter_parts()
    ]


async def _read(reader: asyncio.StreamReader) -> Request | None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _ = head[0].split(" ", 2)
    headers = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in head[1:] if line)]
    request = Request(method, target, headers, b"")
    if length := request.header("content-length"):
        request.body = await reader.readexactly(int(length))
    elif request.header("transfer-encoding"):
        while size := int((await reader.readline()).strip() or b"0", 16):
            request.body += await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
    return request


def _answer(status: int, body: bytes = b"", *headers: str, kind: str = "text/plain", length: bool = True) -> bytes:
    lines = [f"HTTP/1.1 {status} Because", *headers]
    if status != 204 and status != 304:
        lines += [f"Content-Type: {kind}"] * bool(body) + [f"Content-Length: {len(body)}"] * length
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def _json(data: Any, *headers: str) -> bytes:
    return _answer(200, json.dumps(data).encode(), *headers, kind="application/json; charset=utf-8")


class Target:
    """What answers. `received` is everything that came, in order."""

    def __init__(self) -> None:
        self.port = 0
        self.secure_port = 0
        self.received: list[Received] = []
        self.counts: dict[str, int] = {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection to its end."""
        try:
            while True:
                request = await _read(reader)
                assert request is not None
                self.received.append(request.received())
                answer = await self.answer(request, writer)
                if answer is None:
                    return
                if request.method == "HEAD":
                    answer = answer[: answer.index(b"\r\n\r\n") + 4]
                writer.write(answer)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def answer(self, request: Request, writer: asyncio.StreamWriter) -> bytes | None:
        """Return the answer; None where the connection is to be closed."""
        first, _, rest = request.path.lstrip("/").partition("/")
        if first in _BREAKING:
            _BREAKING[first](writer)
            await asyncio.sleep(0)
            return None
        if first == "delay":
            await asyncio.sleep(int(rest) / 1000)
        if first == "counted":  # the n-th answer to this path says n
            self.counts[rest] = self.counts.get(rest, 0) + 1
            return _json({"n": self.counts[rest]})
        found = _ANSWERS.get(first)
        return found(request, rest) if found else _answer(200, b"fine")


def _reset(writer: asyncio.StreamWriter) -> None:
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


_BREAKING: dict[str, Callable[[asyncio.StreamWriter], None]] = {
    "reset": _reset,
    "close": lambda writer: writer.close(),
    "half-head": lambda writer: writer.write(b"HTTP/1.1 200 OK\r\nContent-Le"),
    "half-body": lambda writer: writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"),
    "nonsense": lambda writer: writer.write(b"this is not HTTP\r\n\r\n"),
}


def _echo(request: Request, rest: str) -> bytes:
    return _json(request.received())


def _headers(request: Request, rest: str) -> bytes:
    """Answer with the query as headers."""
    return _answer(200, b"{}", *(f"{name}: {value}" for name, value in parse_qsl(urlsplit(request.target).query)))


def _redirect(request: Request, rest: str) -> bytes:
    """Answer with `status` and a `to`, or count down: /redirect/3."""
    status = int(request.query.get("status", "302"))
    to = request.query.get("to") or (f"/redirect/{int(rest) - 1}?status={status}" if int(rest) > 1 else "/landed")
    return _answer(status, b"", f"Location: {to}")


def _zipped(request: Request, rest: str) -> bytes:
    return _answer(200, gzip.compress(b'{"packed": true}', mtime=0), "Content-Encoding: gzip", kind="application/json")


def _chunked(request: Request, rest: str) -> bytes:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b'7\r\n{"a": 1\r\n1\r\n}\r\n0\r\n\r\n'


_ANSWERS: dict[str, Callable[[Request, str], bytes]] = {
    "status": lambda request, rest: _answer(int(rest), b"said so"),
    "json": lambda request, rest: _json(_JSON),
    "list": lambda request, rest: _json([{"id": 1}, {"id": 2}, {"id": 3}]),
    "text": lambda request, rest: _answer(200, b"Order 4711 is on its way, total 12.50 EUR"),
    "html": lambda request, rest: _answer(200, _HTML, kind="text/html; charset=utf-8"),
    "xml": lambda request, rest: _answer(200, b"<r><a>1</a></r>", kind="application/xml"),
    "broken-json": lambda request, rest: _answer(200, b'{"a": ', kind="application/json"),
    "echo": _echo,
    "headers": _headers,
    "redirect": _redirect,
    "no-location": lambda request, rest: _answer(302, b"nowhere"),
    "not-modified": lambda request, rest: _answer(304),
    "nothing": lambda request, rest: _answer(204),
    "zipped": _zipped,
    "chunked": _chunked,
}


@asynccontextmanager
async def target(tls: ssl.SSLContext | None = None) -> AsyncIterator[Target]:
    """Serve until the block ends."""
    made = Target()
    tasks: set[asyncio.Task[None]] = set()

    async def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        with contextlib.suppress(asyncio.CancelledError):
            await made.serve(reader, writer)

    servers = [await asyncio.start_server(accepted, "127.0.0.1", 0)]
    made.port = servers[0].sockets[0].getsockname()[1]
    if tls is not None:
        servers.append(await asyncio.start_server(accepted, "127.0.0.1", 0, ssl=tls))
        made.secure_port = servers[1].sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        for server in servers:
            server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)
