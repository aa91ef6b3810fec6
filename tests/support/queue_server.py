"""A server that serves one request after another, each for a known time: its capacity is known by construction.

    python -m tests.support.queue_server SERVICE_MS

Prints its port. Request k is answered SERVICE_MS after it came or after request k-1 was answered, whichever is later. That
is worked out, not slept: a machine that is late once is not late for all who come after.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvloop

from loadkit.clock import LoopClock
from tests.support.command import ROOT
from tests.support.steady_server import ANSWER


class Queue:
    """When the one server will be free."""

    def __init__(self, service_ns: int) -> None:
        self.clock = LoopClock(asyncio.get_running_loop())
        self.service_ns = service_ns
        self.free_ns = 0

    def served_ns(self) -> int:
        """Take the next place; return when its service is over."""
        self.free_ns = max(self.free_ns, time.perf_counter_ns()) + self.service_ns
        return self.free_ns


class Peer(asyncio.Protocol):
    """One connection; requests without bodies."""

    def __init__(self, queue: Queue) -> None:
        self.queue = queue
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.write = transport.write  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while b"\r\n\r\n" in self.buffer:
            self.buffer = self.buffer.partition(b"\r\n\r\n")[2]
            self.queue.clock.at(self.queue.served_ns(), lambda: self.write(ANSWER))


async def serve(service_ms: float) -> None:
    queue = Queue(int(service_ms * 1e6))
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: Peer(queue), "127.0.0.1", 0, backlog=4096)
    print(listening.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)  # until whoever started us is gone


@contextmanager
def queue_server(service_ms: float) -> Iterator[str]:
    """Run the server as a child; give its URL."""
    command = [sys.executable, "-m", "tests.support.queue_server", str(service_ms)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.stdin.close()
            process.kill()


if __name__ == "__main__":
    uvloop.run(serve(float(sys.argv[1])))
