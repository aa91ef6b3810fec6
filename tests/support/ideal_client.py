"""The truth to compare with: an open-loop client that does nothing but send on time and note when answers come.

It shares no code with the engine. A request goes out at its instant on a free connection, or on a new one; its latency is
counted from the instant.
"""

import asyncio
import time

import uvloop


class Wire(asyncio.Protocol):
    """One connection with at most one request on its way."""

    def __init__(self, client: "IdealClient") -> None:
        self.client = client
        self.due_ns = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.send(self.due_ns)

    def send(self, due_ns: int) -> None:
        self.due_ns = due_ns
        self.transport.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self.client.latencies_ns.append(time.perf_counter_ns() - self.due_ns)
        self.client.free.append(self)
        self.client.check()


class IdealClient:
    """Sends `count` requests at `rate` per second."""

    def __init__(self, port: int, rate: int, count: int) -> None:
        self.port = port
        self.rate = rate
        self.count = count
        self.latencies_ns: list[int] = []
        self.free: list[Wire] = []

    async def run(self) -> list[int]:
        loop = asyncio.get_running_loop()
        self.done = loop.create_future()
        start_ns = time.perf_counter_ns() + 50_000_000
        pending = []
        for index in range(self.count):
            due_ns = start_ns + index * 10**9 // self.rate
            while (now := time.perf_counter_ns()) < due_ns:
                # whole milliseconds by the loop, the rest by turning round: exact, at the price of a core
                await asyncio.sleep(0.001 if due_ns - now > 2_500_000 else 0)
            if self.free:
                self.free.pop().send(due_ns)
            else:
                pending.append(loop.create_task(self.connect(due_ns)))
        await self.done
        await asyncio.gather(*pending)
        for wire in self.free:
            wire.transport.close()
        return self.latencies_ns

    async def connect(self, due_ns: int) -> None:
        def make() -> Wire:
            wire = Wire(self)
            wire.due_ns = due_ns
            return wire

        await asyncio.get_running_loop().create_connection(make, "127.0.0.1", self.port)

    def check(self) -> None:
        if len(self.latencies_ns) == self.count:
            self.done.set_result(None)


def ideal_latencies_ms(url: str, rate: int, seconds: float) -> list[float]:
    """Return the sorted latencies, from the intended instants, of an ideal client."""
    client = IdealClient(int(url.rsplit(":", 1)[1]), rate, int(rate * seconds))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return sorted(ns / 1e6 for ns in runner.run(client.run()))
