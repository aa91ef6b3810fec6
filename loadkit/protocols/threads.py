"""The threads in which functions of the user's run that are not async: a few in each worker, started as they are needed.

Everything but the work itself happens on the event loop, so there is no lock. Threads are daemons: one whose function never
returns does not keep the worker from ending. It is lost to others until then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread

Work = Callable[[], None]
"""What runs in a thread. It must not raise."""


class Threads:
    """At most `most` threads. The work of a busy pool waits in order."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._loop = asyncio.get_running_loop()
        self._queue: SimpleQueue[tuple[Work, Callable[[], None]] | None] = SimpleQueue()
        self._started = 0
        self._busy = 0  # work that was handed in and has not come back

    def submit(self, work: Work, done: Callable[[], None]) -> None:
        """Have work done; `done` is called on the event loop after it."""
        self._busy += 1
        if self._busy > self._started < self.most:
            self._started += 1
            Thread(target=self._serve, name=f"loadkit-call-{self._started}", daemon=True).start()
        self._queue.put((work, done))

    def close(self) -> None:
        """Let the threads go; those at work end when it returns."""
        for _ in range(self._started):
            self._queue.put(None)

    def _serve(self) -> None:
        while True:
            item = self._queue.get()
            if item is None:
                return
            work, done = item
            work()
            try:
                self._loop.call_soon_threadsafe(self._finished, done)
            except RuntimeError:  # the loop has ended
                return

    def _finished(self, done: Callable[[], None]) -> None:
        self._busy -= 1
        done()
