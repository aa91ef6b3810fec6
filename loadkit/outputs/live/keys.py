"""Single keys of somebody at the terminal, without Enter and without an echo; and the terminal as it was afterwards.

Keys are read only where somebody can press them: from a terminal, by the job in its foreground, and not in CI. What is pasted does
nothing: it comes as more than two characters at once, or between the marks of bracketed paste.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import signal
import termios
import time
from collections.abc import Callable, Mapping
from typing import Any, TextIO

from loadkit.outputs.base import write_text

_PASTES, _PASTES_NO_MORE = "\x1b[?2004h", "\x1b[?2004l"  # terminals that do not know it pass over it
_BEGIN, _END = b"\x1b[200~", b"\x1b[201~"
_MOST_AT_ONCE = 2
_QUIET_S = 0.2
_PASTE_LASTS_S = 2.0
_READ = 4096


class Typed:
    """Tells keys from what is pasted and from what function keys send."""

    def __init__(self) -> None:
        self._pasting = False
        self._tail = b""
        self._quiet_until = 0.0
        self._last = 0.0

    def keys(self, data: bytes, now: float) -> str:
        """Return the keys that were pressed; `now` is in seconds."""
        if self._pasting and now - self._last > _PASTE_LASTS_S:
            self._pasting = False  # its end never came
        self._last = now
        if self._pasting or _BEGIN in data:
            seen = self._tail + data
            self._pasting = _END not in seen[seen.find(_BEGIN) + 1 :]
            self._tail = seen[-len(_END) :] if self._pasting else b""
        elif len(data) <= _MOST_AT_ONCE and data[:1] != b"\x1b" and now >= self._quiet_until:
            return "".join(chr(byte) for byte in data if 0x20 <= byte < 0x7F)
        self._quiet_until = now + _QUIET_S
        return ""


class Keys:
    """Calls `press` with each key, on the loop that runs when it is opened. `echo` is the terminal's other end."""

    def __init__(
        self, stream: TextIO | None, echo: TextIO, press: Callable[[str], None], environment: Mapping[str, str]
    ) -> None:
        self._stream = stream
        self._echo = echo
        self._press = press
        self._allowed = not environment.get("CI")
        self._typed = Typed()
        self._before: list[Any] | None = None  # the terminal's attributes while keys are read
        self._fd = -1
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def open_now(self) -> bool:
        """Say whether keys are read."""
        return self._before is not None

    def open(self) -> None:
        """Read keys from now on, where somebody can press them; doing it twice is no fault."""
        if self._before is not None or not self._usable():
            return
        assert self._stream is not None
        self._fd = self._stream.fileno()
        try:
            before = termios.tcgetattr(self._fd)
            wanted = [*before[:6], [*before[6]]]
            wanted[3] &= ~(termios.ECHO | termios.ICANON)  # signals and the output stay as they are
            wanted[6][termios.VMIN], wanted[6][termios.VTIME] = 0, 0  # reading never waits
            termios.tcsetattr(self._fd, termios.TCSAFLUSH, wanted)  # what was typed before was for nobody here
        except (OSError, termios.error):
            return
        self._before = before
        atexit.register(self._restore)
        write_text(self._echo, _PASTES)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._fd, self._read)

    def close(self) -> None:
        """Read no more, and leave the terminal as it was; doing it twice is no fault."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.remove_reader(self._fd)
        self._loop = None
        if self._before is not None:
            write_text(self._echo, _PASTES_NO_MORE)
            self._restore()
            atexit.unregister(self._restore)

    def _read(self) -> None:
        try:
            data = os.read(self._fd, _READ)
        except OSError:
            data = b""
        if not data:  # the terminal has gone away
            self.close()
            return
        for key in self._typed.keys(data, time.monotonic()):
            self._press(key)

    def _restore(self) -> None:
        before, self._before = self._before, None
        if before is None:
            return
        # From the background the terminal may be set only by who ignores the signal against that, which would stop us for good.
        ignored = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        try:
            termios.tcsetattr(self._fd, termios.TCSAFLUSH, before)
        except (OSError, termios.error):
            pass  # it has gone away
        finally:
            signal.signal(signal.SIGTTOU, ignored or signal.SIG_DFL)

    def _usable(self) -> bool:
        try:
            return (
                self._allowed
                and self._stream is not None
                and self._stream.isatty()
                and os.tcgetpgrp(self._stream.fileno()) == os.getpgrp()
            )
        except (OSError, ValueError):
            return False
