"""One worker process as the coordinator sees it: spawn, talk, notice its death, end it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from loadkit import __version__
from loadkit.errors import Diagnostic, FleetError, ScenarioError
from loadkit.fleet.channel import Channel

READY_TIMEOUT_S = 30
_REAPED_AFTER = 20  # looks, 5 ms apart
_COMMAND = "import sys; from loadkit.fleet.worker import main; main(int(sys.argv[1]), int(sys.argv[2]))"


@contextmanager
def spawned(count: int) -> Iterator[list[WorkerProcess]]:
    """Start workers and give them; at the block's end none is left."""
    workers = [WorkerProcess() for _ in range(count)]
    try:
        yield workers
    finally:
        for worker in workers:
            worker.abandon()


class WorkerProcess:
    """A spawned worker. Make it early: it imports its libraries while the coordinator still reads the file."""

    def __init__(self) -> None:
        self._mine, theirs = socket.socketpair()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", _COMMAND, str(theirs.fileno()), str(os.getpid())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )
        finally:
            theirs.close()
        self._channel: Channel | None = None
        self._why = ""

    @property
    def pid(self) -> int:
        """Return the process's number."""
        return self._process.pid

    async def prepare(self, order: dict[str, Any]) -> None:
        """Hand the plan over and wait until the worker is ready. Raises FleetError, and ScenarioError for code of the user's."""
        self._channel = await Channel.open(self._mine)
        try:
            async with asyncio.timeout(READY_TIMEOUT_S):
                await self._expect("hello")
                self._channel.send("plan", **order)
                await self._expect("ready")
        except TimeoutError:
            raise FleetError(f"worker {self.pid} was not ready within {READY_TIMEOUT_S} s") from None

    def send(self, kind: str, **fields: Any) -> None:
        """Send start, adjust, stop or kill."""
        if self._channel is not None:
            self._channel.send(kind, **fields)

    async def receive(self) -> tuple[str, dict[str, Any]] | None:
        """Return the worker's next message; None when it is gone."""
        assert self._channel is not None
        return await self._channel.receive()

    def kill(self, why: str = "") -> None:
        """End the process at once; `why` is what `fate` will tell of it."""
        self._why = self._why or why
        self._process.kill()

    async def fate(self) -> str:
        """Say how a process ended whose socket has. Waits a moment, since the socket ends first."""
        for _ in range(_REAPED_AFTER):
            if self.finished():
                break
            await asyncio.sleep(0.005)
        status = self._process.poll()
        if self._why:
            return f"was ended: {self._why}"
        if status is None:
            return "closed its socket"
        return f"ended with status {status}" if status >= 0 else f"was killed by {_signal_name(-status)}"

    def finished(self) -> bool:
        """Say whether the process has ended."""
        return self._process.poll() is not None

    def abandon(self) -> None:
        """End a process that was never used, or make sure that a used one is gone."""
        if not self.finished():
            self._process.kill()
        self._process.wait()
        if self._channel is None:
            self._mine.close()
        else:
            self._channel.abort()

    async def close(self) -> None:
        """End the process: wait a little for it to go by itself, then insist."""
        if self._channel is not None:
            await self._channel.close()
        else:
            self._mine.close()
        for signal_it in (None, self._process.terminate, self._process.kill):
            if signal_it is not None:
                signal_it()
            for _ in range(100):
                if self.finished():
                    return
                await asyncio.sleep(0.005 if signal_it is None else 0.02)

    async def _expect(self, kind: str) -> None:
        message = await self.receive()
        if message is None:
            raise FleetError(f"worker {self.pid} {await self.fate()} before load began")
        name, fields = message
        if name == "refused" and "faults" in fields:  # the user's code is imported there and not here
            raise ScenarioError(msgspec.convert(fields["faults"], list[Diagnostic]), fields["sources"])
        if name == "refused":
            raise FleetError(f"worker {self.pid} refused the plan: {fields['text']}")
        if name != kind:
            raise FleetError(f"worker {self.pid} said {name!r} where {kind!r} was expected")
        if name == "hello" and fields["version"] != __version__:
            raise FleetError(f"worker {self.pid} is loadkit {fields['version']}, this is {__version__}")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # one without a name, as real-time signals are
        return f"signal {number}"
