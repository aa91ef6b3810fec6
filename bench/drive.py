"""The engine alone: a virtual user carries out a flow on a connection without a socket, answered at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from time import perf_counter_ns
from types import SimpleNamespace
from typing import Any

from bench.server import BODY
from loadkit import registry
from loadkit.errors import Position, Severity
from loadkit.flow.fiber import Fiber
from loadkit.flow.step import Build, StepFunction, Where
from loadkit.flow.user import VirtualUser
from loadkit.metrics.recorder import Recorder
from loadkit.protocols.address import split_url
from loadkit.protocols.connect import Connector
from loadkit.protocols.http1 import Connection
from loadkit.protocols.session import HttpSession

ANSWER = (
    b"HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Sat, 21 Nov 2026 09:26:50 GMT\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\nConnection: keep-alive\r\n\r\n%b" % (len(BODY), BODY.encode())
)
_TARGET = "http://127.0.0.1:1"
_FLOWS: dict[str, list[Any]] = {
    "get": [{"get": {"url": "/"}}],
    "flow": [
        {
            "get": {
                "url": "/api/items",
                "capture": [{"json": "$.id", "as": "id"}, {"json": "$.token", "as": "token"}],
                "expect": {"statusCode": 200},
            }
        },
        {
            "post": {
                "url": "/api/items/{{ id }}",
                "name": "/api/items/ID",
                "headers": {"authorization": "Bearer {{ token }}"},
                "json": {"token": "{{ token }}", "q": "x"},
                "expect": {"statusCode": 200},
            }
        },
    ],
}


class Nowhere:
    """Positions of a document that does not exist."""

    def at(self, where: Where, *, key: bool = False) -> Position:
        """Return the same place for everything."""
        return Position("bench", 1, 1)

    def width(self, where: Where, *, key: bool = False) -> int:
        """Return the width of that place."""
        return 1


class _Silence(asyncio.Transport):
    """A transport that takes everything and sends nothing."""

    def write(self, data: Any) -> None:
        """Forget the data."""


def build(recorder: Recorder, target: str = _TARGET) -> Build:
    """Return what flows are compiled with."""
    return Build(
        Nowhere(),
        {"target": target},
        base=Path(),
        actions=registry.plugins("step"),
        functions=registry.plugins("function"),
        book=recorder,
    )


def driven(kind: str, batch: int) -> Callable[[], object]:
    """Return what answers `batch` requests of a virtual user who does the work of a kind over and over."""
    recorder = Recorder()
    compiler = build(recorder)
    steps = compiler.steps(_FLOWS[kind], ())
    faults = [found for found in compiler.diagnostics if found.severity is Severity.ERROR]
    if faults:
        raise RuntimeError(f"the flow does not compile: {faults[0].message}")
    connection, user = Connection(), _user(recorder)
    connection.connection_made(_Silence())
    user.sessions["http"].connections[split_url(_TARGET)[0]] = connection
    connection.used = True
    user.fiber = Fiber(_visits(user, steps), _ended)
    user.fiber.start()
    answer = connection.data_received

    def run() -> None:
        for _ in range(batch):
            answer(ANSWER)
        recorder.snapshot(0, 1)

    return run


def _user(recorder: Recorder) -> VirtualUser:
    services: Any = SimpleNamespace(recorder=recorder, debug=False, starved_ns=0, shared={}, seed=1, clock=None)
    user = VirtualUser(services, 0)
    user.due_ns = perf_counter_ns()
    user.sessions["http"] = HttpSession(Connector())
    return user


async def _visits(user: VirtualUser, steps: tuple[StepFunction, ...]) -> None:
    while True:
        user.variables = {}
        for step in steps:
            await step(user)


def _ended(fiber: Fiber, error: BaseException | None) -> None:
    raise RuntimeError("the visits ended") from error
