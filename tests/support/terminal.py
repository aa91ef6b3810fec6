"""The real command in a real pseudo-terminal, started by a real shell, and what a terminal would show of it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import pyte

from tests.support.command import ROOT

_FRAME = re.compile(rb"\r\x1b\[\d+A|\x1b\[2J\x1b\[H")
_SETTLED_S = 0.05  # a frame comes in parts; between frames there is more time
STOPPED = "(the job is stopped)"
_SHELL = f"""
set -m
"$@"
code=$?
while [ $code = 147 ] || [ $code = 148 ]; do # SIGSTOP, SIGTSTP
    echo "{STOPPED}"
    read line
    fg >/dev/null
    code=$?
done
exit $code
"""


class Terminal:
    """A terminal in which `loadkit ...` is the job in the foreground."""

    def __init__(
        self,
        *arguments: object,
        cwd: Path,
        columns: int = 80,
        rows: int = 24,
        redirected: str = "",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.master, self.slave = pty.openpty()
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._lock = threading.Lock()
        self.written = bytearray()
        self.times: list[tuple[float, int]] = []
        """When how much had been written."""
        self._set_size(columns, rows)
        self.before = self.attributes()
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("LOADKIT_", "GITHUB_"))}
        for name in ("CI", "NO_COLOR", "COLUMNS", "LINES"):
            kept.pop(name, None)
        own = {"PYTHONPATH": str(ROOT), "TERM": "xterm-256color", "LANG": "C.UTF-8", "LOADKIT_NO_STORE": "1"}
        script = _SHELL.replace('"$@"', f'"$@" {redirected}')
        # What started the tests in the background may have signals ignored; who sits at a terminal has not.
        plain = ["env", "--default-signal=HUP,INT,QUIT,TERM"]
        command = [
            *plain,
            "setsid",
            "--ctty",
            "sh",
            "-c",
            script,
            "sh",
            sys.executable,
            "-m",
            "loadkit",
            *map(str, arguments),
        ]
        self._shell = subprocess.Popen(
            command,
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            cwd=cwd,
            env={**kept, **own, **(environment or {})},
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._shell.poll() is None:
            for pid in (self.job(), self._shell.pid):
                if pid:
                    os.kill(pid, signal.SIGKILL)
            self._shell.wait()
        os.close(self.slave)
        self._reader.join(timeout=5)
        os.close(self.master)

    def attributes(self) -> list[Any]:
        return termios.tcgetattr(self.slave)

    def job(self) -> int:
        """The process of `loadkit`, 0 where it is gone."""
        children = Path(f"/proc/{self._shell.pid}/task/{self._shell.pid}/children").read_text().split()
        return int(children[0]) if children else 0

    def worker(self) -> int:
        """The first worker of the job; its workers are those of its children that lead a session of their own."""
        job = self.job()
        children = [int(pid) for pid in Path(f"/proc/{job}/task/{job}/children").read_text().split()]
        return next(pid for pid in children if os.getsid(pid) == pid)

    def frames(self) -> list[float]:
        """When each frame was drawn over another, or the screen cleared for one."""
        with self._lock:
            ends = [found.end() for found in _FRAME.finditer(self.written)]
            return [next(time for time, written in self.times if written >= end) for end in ends]

    def redrawn(self, within_s: float = 90) -> str:
        """Wait for two more frames; return what the screen shows."""
        seen, last = len(self.frames()), time.monotonic() + within_s
        while len(self.frames()) < seen + 2:
            assert time.monotonic() < last, self.text()
            time.sleep(0.02)
        return self.until()

    def press(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def resize(self, columns: int, rows: int) -> None:
        with self._lock:
            self._screen.resize(rows, columns)
            self._set_size(columns, rows)  # tells the job in the foreground

    def lines(self) -> list[str]:
        with self._lock:
            return [line.rstrip() for line in self._screen.display]

    def text(self) -> str:
        return "\n".join(self.lines()).rstrip()

    def colours(self) -> set[str]:
        """The colours that are on the screen now."""
        with self._lock:
            return {char.fg for row in self._screen.buffer.values() for char in row.values()} - {"default"}

    def cursor_hidden(self) -> bool:
        return bool(self._screen.cursor.hidden)

    def until(self, *wanted: str, within_s: float = 90, gone: str = "") -> str:
        """Wait until the screen shows texts, and not one that is to go; return what it shows."""
        last = time.monotonic() + within_s
        while time.monotonic() < last:
            text = self.text()
            settled = self.times and time.monotonic() - self.times[-1][0] > _SETTLED_S
            if settled and all(one in text for one in wanted) and not (gone and gone in text):
                return text
            if self._shell.poll() is not None:
                break
            time.sleep(0.02)
        raise AssertionError(f"not shown: {wanted} (gone: {gone!r})\n{self.text()}")

    def end(self, within_s: float = 90) -> int:
        """Wait for the end; return the exit code."""
        code = self._shell.wait(within_s)
        while select.select([self.master], [], [], 0.05)[0]:
            pass  # the reader takes what was written last
        with self._lock:
            return code

    def _read(self) -> None:
        while True:
            try:
                select.select([self.master], [], [])
                with self._lock:  # also while reading: who has it knows of all that was read
                    data = os.read(self.master, 65536)
                    self.written += data
                    self.times.append((time.monotonic(), len(self.written)))
                    self._stream.feed(data)
            except (OSError, ValueError):  # it is closed
                return
            if not data:
                return

    def _set_size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
