"""A small, fast HTTP server in a process of its own, with a known delay and an optional freeze.

    python -m tests.support.steady_server DELAY_MS [FREEZE_AT_S FREEZE_S]

Prints its port. Answers every request after DELAY_MS (by a timerfd: good to some 20 us). The freeze begins FREEZE_AT_S after the
first request and stops the whole process, as a garbage collection or a stopped virtual machine would.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvloop

from loadkit.clock import LoopClock

BODY = b'{"ok":true}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)


class Server:
    """What all connections share."""

    def __init__(self, delay_ns: int, freeze_at_ns: int, freeze_s: float) -> None:
        self.clock = LoopClock(asyncio.get_running_loop())
        self.delay_ns = delay_ns
        self.freeze_at_ns = freeze_at_ns
        self.freeze_s = freeze_s
        self.started = False

    def first_request(self) -> None:
        self.started = True
        if self.freeze_s:
            self.clock.at(self.clock.now_ns() + self.freeze_at_ns, lambda: time.sleep(self.freeze_s))


class Peer(asyncio.Protocol):
    """One connection; requests without bodies, one after another."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.write = transport.write  # type: ignore[attr-defined]

    def answer(self) -> None:
        if not self.transport.is_closing():  # by whoever gave up meanwhile
            self.write(ANSWER)

    def data_received(self, data: bytes) -> None:
        arrived_ns = time.perf_counter_ns()
        self.buffer += data
        while b"\r\n\r\n" in self.buffer:
            self.buffer = self.buffer.partition(b"\r\n\r\n")[2]
            if not self.server.started:
                self.server.first_request()
            if self.server.delay_ns:
                self.server.clock.at(arrived_ns + self.server.delay_ns, self.answer)
            else:
                self.write(ANSWER)


async def serve(delay_ms: float, freeze_at_s: float, freeze_s: float) -> None:
    server = Server(int(delay_ms * 1e6), int(freeze_at_s * 1e9), freeze_s)
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: Peer(server), "127.0.0.1", 0, backlog=4096)
    print(listening.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)  # until whoever started us is gone


@contextmanager
def steady_server(delay_ms: float = 0, *, freeze_at_s: float = 0, freeze_s: float = 0) -> Iterator[str]:
    """Run the server as a child; give its URL."""
    command = [sys.executable, "-m", "tests.support.steady_server", str(delay_ms), str(freeze_at_s), str(freeze_s)]
    root = Path(__file__).parent.parent.parent
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.stdin.close()
            process.kill()


if __name__ == "__main__":
    uvloop.run(serve(*(float(argument) for argument in sys.argv[1:4])))
