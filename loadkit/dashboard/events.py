"""Server-sent events for many viewers: each event is encoded once, and whoever cannot keep up is let go.

    GET /api/events             from the next event on; `?after=ID` or the header Last-Event-ID: from the one after that
    event: second, end, ...     `id: EPOCH.NUMBER`, where EPOCH is of this server alone
    event: reset                what was missed is no longer here: ask for the whole history
    event: beat                 nothing has happened for some seconds, and the connection lives

A viewer has a queue of QUEUE events. When it is full the connection is cut: the browser connects again by itself, and gets what it
missed. So a slow viewer costs the memory of references to events that are there anyway, and nobody waits for it.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections import deque
from typing import TYPE_CHECKING

from loadkit.dashboard.problem import Problem

if TYPE_CHECKING:
    from aiohttp import web

MOST_VIEWERS = 32
QUEUE = 32
KEPT = 120
"""How many events are kept for who comes back."""
BEAT_S = 5.0
_RETRY_MS = 1000
_NUMBER = re.compile(r"[0-9]{1,15}").fullmatch


class Events:
    """The events of one run. All of it happens on the server's loop."""

    def __init__(
        self, *, most: int = MOST_VIEWERS, queue: int = QUEUE, kept: int = KEPT, beat_s: float = BEAT_S
    ) -> None:
        self.epoch = secrets.token_hex(4)
        self.dropped = 0
        """Viewers that were let go because they were slow."""
        self._most = most
        self._queue = queue
        self._beat_s = beat_s
        self._number = 0
        self._kept: deque[tuple[int, bytes]] = deque(maxlen=kept)
        self._viewers: set[_Viewer] = set()
        self._over = False

    @property
    def id(self) -> str:
        """Return the id of the last event; a history that was read now goes on after it."""
        return f"{self.epoch}.{self._number}"

    @property
    def viewers(self) -> int:
        """Return how many are connected."""
        return len(self._viewers)

    def publish(self, kind: str, data: bytes) -> None:
        """Send an event to everybody; `data` is one line of JSON."""
        self._number += 1
        frame = _frame(kind, data, self.id)
        self._kept.append((self._number, frame))
        for viewer in list(self._viewers):
            if not viewer.offer(frame):
                self.dropped += 1
                self._viewers.discard(viewer)

    def end(self) -> None:
        """Publish nothing more: viewers get what they have not got yet, and then the end of the stream."""
        self._over = True
        for viewer in self._viewers:
            viewer.finish()

    async def drained(self) -> None:
        """Wait until nobody is connected any more."""
        while self._viewers:
            await asyncio.wait([viewer.gone for viewer in self._viewers])

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Answer a request for the events. Raises Problem 503 when there are too many viewers."""
        from aiohttp import web

        if len(self._viewers) >= self._most:
            raise Problem(
                503,
                f"{self._most} viewers are watching already.",
                "Close one of their pages; this one connects by itself when there is room.",
                headers={"Retry-After": "5"},
            )
        viewer = _Viewer(request, self._queue)
        for frame in self._missed(request.headers.get("Last-Event-ID") or request.query.get("after")):
            viewer.offer(frame)
        if self._over:
            viewer.finish()
        self._viewers.add(viewer)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
        try:
            await viewer.send_to(response, self._beat_s)
            return response
        finally:
            self._viewers.discard(viewer)
            viewer.leave()

    def _missed(self, last: str | None) -> list[bytes]:
        """Return what came after an event, as one frame; that the history is needed where it is not known any more."""
        hello = f"retry: {_RETRY_MS}\n\n".encode()
        if last is None:
            return [hello]
        epoch, _, number = last.partition(".")
        known = epoch == self.epoch and _NUMBER(number) is not None and int(number) <= self._number
        oldest = self._kept[0][0] if self._kept else self._number + 1
        if not known or int(number) + 1 < oldest:
            return [hello + _frame("reset", b"{}", self.id)]
        return [hello + b"".join(frame for at, frame in self._kept if at > int(number))]


class _Viewer:
    """One connection, and what is still to be sent over it."""

    def __init__(self, request: web.Request, most: int) -> None:
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._request = request
        self._waiting: asyncio.Queue[bytes | None] = asyncio.Queue(most + 1)  # one place for the end
        self._most = most

    def offer(self, frame: bytes) -> bool:
        """Queue a frame; where there is no room cut the connection, and return False."""
        if self._waiting.qsize() < self._most:
            self._waiting.put_nowait(frame)
            return True
        if self._request.transport is not None:
            self._request.transport.abort()
        return False

    def finish(self) -> None:
        """Let the stream end after what is queued."""
        if not self._waiting.full():
            self._waiting.put_nowait(None)

    def leave(self) -> None:
        """Say that the connection is gone."""
        if not self.gone.done():
            self.gone.set_result(None)

    async def send_to(self, response: web.StreamResponse, beat_s: float) -> None:
        """Send until the end, or until the viewer has gone."""
        try:
            await response.prepare(self._request)
            while True:
                try:
                    async with asyncio.timeout(beat_s):
                        frame = await self._waiting.get()
                except TimeoutError:
                    frame = b"event: beat\ndata: {}\n\n"
                if frame is None:
                    break
                await response.write(frame)
            await response.write_eof()
        except (ConnectionError, RuntimeError):  # aiohttp says the one or the other of a connection that is closed
            return


def _frame(kind: str, data: bytes, identity: str) -> bytes:
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (identity.encode(), kind.encode(), data)
