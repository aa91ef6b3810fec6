"""A target that misbehaves: a raw socket server in a process of its own, with one behaviour a path.

    python -m tests.faults.server            prints its ports as JSON, serves until stdin ends

`BEHAVIOURS` holds what speaks HTTP, or almost; `listeners.py` what breaks below it, each on a port of its own. `GET /seen?path=/x`
tells how often `/x` was asked for, and the first fifty request heads.
"""

import asyncio
import json
import subprocess
import sys
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import uvloop

from tests.faults import bodies
from tests.faults.listeners import Listeners
from tests.support.raw_server import Peer, response

ROOT = Path(__file__).parent.parent.parent
_HEADS = 50  # kept of each path
OK = response(b'{"id": 7}', "200 OK", "Content-Type: application/json")
MORE = b"x" * 65_536


@dataclass
class Call:
    """One request as a behaviour sees it."""

    peer: Peer
    query: dict[str, str]
    nth: int
    """How many requests came before it on this connection."""
    url: str
    """Where this server listens."""

    async def send(self, data: bytes) -> None:
        await self.peer.send(data)

    async def trickle(self, data: bytes, pause_s: float) -> None:
        for byte in data:
            await self.send(bytes([byte]))
            await asyncio.sleep(pause_s)


Behaviour = Callable[[Call], Awaitable[bool | None]]
"""Answers one request; True when the connection goes on to the next, else it is closed."""


def constant(data: bytes) -> Behaviour:
    """Send this and close."""

    async def behave(call: Call) -> None:
        await call.send(data)

    return behave


def head(*lines: str) -> bytes:
    return "".join(f"{line}\r\n" for line in ("HTTP/1.1 200 OK", *lines)).encode() + b"\r\n"


async def ok(call: Call) -> bool:
    await call.send(OK)
    return True


async def slow(call: Call) -> bool:
    await asyncio.sleep(float(call.query["ms"]) / 1000)
    await call.send(OK)
    return True


async def closed(call: Call) -> None:
    """Say nothing and go."""


async def close_when_reused(call: Call) -> bool:
    """Answer the first request of a connection, close on the second: what an idle timeout looks like to the client."""
    if call.nth:
        return False
    await call.send(OK)
    return True


async def reset_when_reused(call: Call) -> bool:
    if call.nth:
        call.peer.reset()
        return False
    await call.send(OK)
    return True


def reset_after(data: bytes) -> Behaviour:
    async def behave(call: Call) -> None:
        if data:
            await call.send(data)
            await asyncio.sleep(0.05)  # RST overtakes what the other side has not read yet
        call.peer.reset()

    return behave


def hang_after(data: bytes) -> Behaviour:
    async def behave(call: Call) -> None:
        await call.send(data)
        await call.peer.reader.read()  # until the other side gives up

    return behave


async def slow_loris(call: Call) -> None:
    """One byte a second, for ever; the head counts."""
    await call.trickle(head("Content-Length: 1000000") + b"x" * 1_000_000, 1.0)


async def slow_loris_body(call: Call) -> None:
    await call.send(head("Content-Length: 1000000"))
    await call.trickle(b"x" * 1_000_000, 1.0)


def endless(start: bytes, piece: bytes) -> Behaviour:
    """Send `start`, then `piece` as fast as it is taken."""

    async def behave(call: Call) -> None:
        await call.send(start)
        while not call.peer.writer.is_closing():
            await call.send(piece)

    return behave


async def interim(call: Call) -> bool:
    """Send `?count=` interim responses before the real one."""
    await call.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * int(call.query["count"]) + OK)
    return True


async def mutated(call: Call) -> None:
    """Send a valid response with some bytes changed, the same for the same `?seed=`."""
    await call.send(bodies.mutated_response(int(call.query["seed"])))


async def encoded(call: Call) -> bool:
    """Send a body of `bodies.ENCODED` with its Content-Encoding."""
    coding, body = bodies.ENCODED[call.query["what"]]()
    await call.send(response(body, "200 OK", f"Content-Encoding: {coding}", "Content-Type: application/json"))
    return True


async def redirect(call: Call) -> bool:
    """Send on to `?to=`."""
    await call.send(response(b"", "302 Found", f"Location: {call.query['to']}"))
    return True


async def redirect_loop(call: Call) -> bool:
    await call.send(response(b"", "302 Found", f"Location: /redirect-loop?case={call.query['case']}"))
    return True


async def field(call: Call) -> bool:
    """Send one header field of `?bytes=` bytes."""
    await call.send(response(b"", "200 OK", f"X-Long: {'y' * int(call.query['bytes'])}"))
    return True


async def fields(call: Call) -> bool:
    """Send `?count=` header fields of `?bytes=` bytes each."""
    value = "y" * int(call.query.get("bytes", "1"))
    await call.send(response(b"", "200 OK", *(f"X-{n}: {value}" for n in range(int(call.query["count"])))))
    return True


CHUNKED = head("Transfer-Encoding: chunked")
BEHAVIOURS: dict[str, Behaviour] = {
    "/ok": ok,
    "/slow": slow,
    "/close": closed,
    "/close-in-head": constant(b"HTTP/1.1 200 OK\r\nConte"),
    "/close-when-reused": close_when_reused,
    "/reset": reset_after(b""),
    "/reset-in-head": reset_after(b"HTTP/1.1 200 OK\r\nContent-Le"),
    "/reset-in-body": reset_after(head("Content-Length: 1000") + b"x" * 10),
    "/reset-when-reused": reset_when_reused,
    "/hang": hang_after(b""),
    "/hang-in-head": hang_after(b"HTTP/1.1 200 OK\r\nContent-Le"),
    "/hang-in-large-head": hang_after(
        b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: %d\r\n" % (n, 10**1000) for n in range(250))
    ),
    "/hang-in-body": hang_after(head("Content-Length: 1000") + b"x" * 10),
    "/slow-loris": slow_loris,
    "/slow-loris-body": slow_loris_body,
    "/short-length": constant(head("Content-Length: 1000") + b"x" * 999),
    "/short-chunk": constant(CHUNKED + b"3e8\r\n" + b"x" * 999),
    "/no-last-chunk": constant(CHUNKED + b"3\r\nabc\r\n"),
    "/not-http": constant(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "/bad-status": constant(b"HTTP/1.1 9999 What\r\nContent-Length: 0\r\n\r\n"),
    "/bad-chunk-size": constant(CHUNKED + b"zz\r\nabc\r\n0\r\n\r\n"),
    "/nul-in-header": constant(head("Content-Length: 0", "X-Nul: a\0b")),
    "/two-lengths": constant(head("Content-Length: 1", "Content-Length: 2") + b"ab"),
    "/length-and-chunked": constant(head("Content-Length: 1", "Transfer-Encoding: chunked") + b"0\r\n\r\n"),
    "/interim": interim,
    "/garbage-behind": constant(OK + b"garbage"),
    "/two-responses": constant(OK + OK),
    "/upgrade": constant(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
    "/mutated": mutated,
    "/field": field,
    "/fields": fields,
    "/endless-line": endless(b"HTTP/1.1 200 OK\r\nX-Long: ", MORE),
    "/endless-fields": endless(b"HTTP/1.1 200 OK\r\n", b"X-Same: y\r\n" * 1000),
    "/endless-status": endless(b"HTTP/1.1 200 ", MORE),
    "/endless-interim": endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
    "/endless-body": endless(head(), MORE),
    "/endless-chunks": endless(CHUNKED, b"10000\r\n" + MORE + b"\r\n"),
    "/endless-trailer": endless(CHUNKED + b"0\r\nX-Long: ", MORE),
    "/endless-extension": endless(CHUNKED + b"5;x=", MORE),
    "/encoded": encoded,
    "/redirect": redirect,
    "/redirect-loop": redirect_loop,
    "/redirect-nowhere": constant(response(b"", "302 Found", "Location: ftp://elsewhere/")),
}


class Faults:
    """The HTTP side: finds the behaviour of a path, and remembers what was asked."""

    def __init__(self) -> None:
        self.url = ""
        self.counts: dict[str, int] = {}
        self.heads: dict[str, list[str]] = {}

    async def serve(self, peer: Peer) -> None:
        nth = 0
        while request := await peer.request():
            target = request.split(b" ", 2)[1].decode("latin-1")
            parts = urlsplit(target)
            query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
            if parts.path == "/seen":
                path = query["path"]
                seen = {"count": self.counts.get(path, 0), "heads": self.heads.get(path, [])}
                await peer.send(response(json.dumps(seen).encode()))
                return
            self._remember(target, request)
            behave = BEHAVIOURS.get(parts.path)
            if behave is None:
                await peer.send(response(b"", "404 Not Found"))
            elif not await behave(Call(peer, query, nth, self.url)):
                return
            nth += 1

    def _remember(self, target: str, request: bytes) -> None:
        self.counts[target] = self.counts.get(target, 0) + 1
        kept = self.heads.setdefault(target, [])
        if len(kept) < _HEADS:
            kept.append(request.decode("latin-1"))

    async def accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self.serve(Peer(0, reader, writer))
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()


@dataclass(frozen=True)
class Target:
    """The fault server as tests see it: base URLs. `tls` holds one for each kind of TLS trouble, `ca` a file to trust."""

    http: str
    refused: str
    black_hole: str
    reset_at_once: str
    speaks_first: str
    ca: str
    tls: dict[str, str]

    def seen(self, path: str) -> tuple[int, list[str]]:
        """Return how often a path with its query was asked for, and the first heads."""
        with urllib.request.urlopen(f"{self.http}/seen?path={quote(path, safe='')}") as answer:
            told: dict[str, Any] = json.load(answer)
        return told["count"], told["heads"]


async def main(directory: str) -> None:
    faults = Faults()
    async with Listeners(faults.accepted, Path(directory)) as listeners:
        faults.url = listeners.urls["http"]
        print(json.dumps(listeners.urls), flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)  # until whoever started us is gone


@contextmanager
def fault_server(directory: Path) -> Iterator[Target]:
    """Run the server as a child; its certificates go into `directory`."""
    command = [sys.executable, "-m", "tests.faults.server", str(directory)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield Target(**json.loads(process.stdout.readline()))
        finally:
            process.kill()
            process.stdin.close()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1]))
