"""An island: a network and mounts of its own, where ports are few and names are what a test says.

    python -m tests.faults.island RESOLV_CONF      (inside of `unshare`) prints its ports as JSON, serves until stdin ends

Host names say how the name server answers: `nx-...`, `servfail-...`, `slow-...` after five seconds, `flap-...` not the first time,
`two-...` with an address that nobody answers at and one that works; all others are 127.0.0.1.
"""

import asyncio
import json
import os
import socket
import struct
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

ROOT = Path(__file__).parent.parent.parent
_RESOLV = "nameserver 127.0.0.1\noptions timeout:15 attempts:1\n"
_A, _AAAA = 1, 28
_SETUP = """
ip link set lo up
[ -z "$2" ] || echo "$2" > /proc/sys/net/ipv4/ip_local_port_range
mount --bind "$1" /etc/resolv.conf
exec "$3" -m tests.faults.island
"""


@dataclass(frozen=True)
class Island:
    """A running island: `port` is its HTTP server's on every address of 127/8; `prefix` puts a command on it."""

    pid: int
    port: int

    @property
    def prefix(self) -> tuple[str, ...]:
        return ("nsenter", "--preserve-credentials", "-U", "-n", "-m", "-t", str(self.pid))

    def url(self, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}"


@contextmanager
def island(directory: Path, ports: str = "") -> Iterator[Island]:
    """Run an island; `ports` is its range of local ports. Skips the test where the kernel grants no namespaces."""
    resolv = directory / "resolv.conf"
    resolv.write_text(_RESOLV)
    command = ["unshare", "-r", "-n", "-m", "sh", "-ec", _SETUP, "sh", str(resolv), ports, sys.executable]
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
        )
    except FileNotFoundError:
        pytest.skip("there is no `unshare` here")
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            line = process.stdout.readline()
            if not line:
                pytest.skip(f"this kernel grants no network namespace: {process.stderr.read().strip()}")
            yield Island(process.pid, int(json.loads(line)["port"]))
        finally:
            process.kill()
            process.stdin.close()


class NameServer(asyncio.DatagramProtocol):
    """Answers A and AAAA questions as the name says."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        end = data.index(b"\0", 12)
        first = data[13 : 13 + data[12]].decode()
        kind = int.from_bytes(data[end + 1 : end + 3], "big")
        self.asked[f"{first} {kind}"] += 1
        answer = self._answer(
            data[:2], data[12 : end + 5], first.partition("-")[0], kind, self.asked[f"{first} {kind}"]
        )
        delay = 5.0 if first.startswith("slow-") else 0.0
        asyncio.get_running_loop().call_later(delay, self._transport.sendto, answer, address)

    def _answer(self, number: bytes, question: bytes, how: str, kind: int, nth: int) -> bytes:
        code = {"nx": 3, "servfail": 2}.get(how, 3 if how == "flap" and nth == 1 else 0)
        records = b""
        if code == 0 and kind == _A:
            records = _record(_A, socket.inet_aton("127.0.0.1"))
        elif code == 0 and kind == _AAAA and how == "two":
            records = _record(_AAAA, socket.inet_pton(socket.AF_INET6, "::1"))
        head = number + struct.pack(">HHHHH", 0x8180 | code, 1, 1 if records else 0, 0, 0)
        return head + question + records


def _record(kind: int, data: bytes) -> bytes:
    return b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 0, len(data)) + data


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            query = parse_qs(urlsplit(head.split()[1].decode()).query)
            await asyncio.sleep(float(query.get("ms", ["0"])[0]) / 1000)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


def _black_hole(port: int) -> list[socket.socket]:
    """Fill the queue of ::1 on a port: who connects there hears nothing."""
    listening = socket.socket(socket.AF_INET6)
    listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    listening.bind(("::1", port))
    listening.listen(0)
    kept = [listening]
    for _ in range(4):
        sock = socket.socket(socket.AF_INET6)
        sock.setblocking(False)
        sock.connect_ex(("::1", port))
        kept.append(sock)
    return kept


async def main() -> None:
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(NameServer, local_addr=("127.0.0.1", 53))
    server = await asyncio.start_server(_serve, "0.0.0.0", 0, backlog=4096)
    port = server.sockets[0].getsockname()[1]
    kept = _black_hole(port)
    print(json.dumps({"port": port}), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)  # until whoever started us is gone
    del kept
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main())
