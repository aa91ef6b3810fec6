"""The embedded target as a child process, for as long as a run takes."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from typing import IO

from loadkit.demo.options import DemoOptions
from loadkit.errors import PreflightError

_READY_WITHIN_S = 30.0
_STOP_WITHIN_S = 2.0
_SHOWN = 2000


class DemoProcess:
    """A demo that runs. It ends with `stop`, or with this process, whatever comes first."""

    def __init__(self, process: subprocess.Popen[bytes], url: str) -> None:
        self._process = process
        self.url = url

    @property
    def pid(self) -> int:
        """Return the identifier of the demo's process."""
        return self._process.pid

    def stop(self) -> None:
        """End the demo; doing it twice is no fault."""
        _end(self._process)


async def start_demo(options: DemoOptions) -> DemoProcess:
    """Start a demo on a free loopback port and wait until it takes requests.

    Call it from a thread that lives as long as the demo shall: the kernel ends the demo with that thread. Raises
    PreflightError, with what the demo had to say, when it does not start.
    """
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(
            _command(options),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            process_group=0,  # Ctrl-C and `timeout` signal our whole group, but the demo must last until we have drained
        )
        line = ""
        try:
            async with asyncio.timeout(_READY_WITHIN_S):
                line = await _first_line(process)
        except TimeoutError:
            pass
        finally:  # also when the wait is cancelled
            if not line:
                _end(process)
        if line:
            return DemoProcess(process, line)
        raise PreflightError(f"the demo target did not start{_because(process, complaints)}")


def _command(options: DemoOptions) -> list[str]:
    return [
        *(sys.executable, "-m", "loadkit.demo.app", "--with-parent"),
        *("--error-rate", str(options.error_rate)),
        *("--latency", str(options.latency)),
        *("--seed", str(options.seed)),
        *("--leak", str(options.leak)),
        *("--cache", str(options.cache)),
        *(("--queue", options.queue.text()) if options.queue else ()),
    ]


async def _first_line(process: subprocess.Popen[bytes]) -> str:
    """Return the first line of the child's output; "" when it ends before there is one."""
    assert process.stdout is not None
    descriptor, got = process.stdout.fileno(), b""
    while b"\n" not in got:
        await _readable(descriptor)
        part = os.read(descriptor, 4096)
        if not part:
            return ""
        got += part
    return got.partition(b"\n")[0].decode().strip()


async def _readable(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(descriptor, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(descriptor)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(_STOP_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()


def _because(process: subprocess.Popen[bytes], complaints: IO[bytes]) -> str:
    complaints.seek(0, os.SEEK_END)
    complaints.seek(max(0, complaints.tell() - _SHOWN))
    said = complaints.read().decode(errors="replace").strip()
    ended = "" if process.returncode in (0, -15) else f" (exit status {process.returncode})"
    return f"{ended}: {said}" if said else f" within {_READY_WITHIN_S:.0f} s{ended}"
