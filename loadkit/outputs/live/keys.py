"""Single keys of somebody at the terminal, without Enter and without an echo; and the terminal as it was afterwards.

Keys are read only where somebody can press them: from a terminal, by the job in its foreground, and not in CI. What is pasted does
nothing. A terminal is asked to put marks around it (bracketed paste). Not every terminal does, so without marks a read is a paste
where somebody typing would hardly have made it: it is long, or three characters and more of which one is no key.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import re
import select
import signal
import termios
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any, TextIO

from loadkit.outputs.base import write_text

_PASTES, _PASTES_NO_MORE = "\x1b[?2004h", "\x1b[?2004l"  # terminals that do not know it pass over it
_BEGIN, _END = b"\x1b[200~", b"\x1b[201~"
_SEQUENCE = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|O[ -~]|[^\x1b\[O])")
"""What a function key sends, or a key with Alt (ECMA-48, 5.4: control sequences)."""
_CUT = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*|O)?\Z")
"""The beginning of one, whose end has not come yet."""
_MOST_AT_ONCE = 16
"""A slow connection collects keys; a line that is pasted is mostly longer."""
_CERTAIN = 2
_QUIET_S = 0.2
_CUT_LASTS_S = 0.5
_PASTE_LASTS_S = 5.0
_READ = 4096


class Typed:
    """Tells the keys that are `known` from what is pasted and from what function keys send.

    An Enter, "\\n", is a key only where it comes alone: a line that is pasted ends with one.
    """

    def __init__(self, known: Collection[str]) -> None:
        self._known = known
        self._pasting = False
        self._cut = b""
        self._quiet_until = 0.0
        self._last = 0.0

    def keys(self, data: bytes, now: float) -> str:
        """Return the keys that were pressed; `now` is in seconds."""
        passed_s, self._last = now - self._last, now
        if passed_s > _PASTE_LASTS_S:
            self._pasting = False  # its end never came
        if self._pasting or passed_s <= _CUT_LASTS_S:
            data = self._cut + data
        data = self._whole(data)
        typed = _SEQUENCE.sub(b"", self._unpasted(data)).decode("ascii", "replace")
        if self._is_paste(typed):
            self._quiet_until = now + _QUIET_S  # the rest of it follows
            return ""
        if now < self._quiet_until:
            self._quiet_until = now + _QUIET_S
            return ""
        return "".join(key for key in typed if self._is_key(key, typed))

    def _whole(self, data: bytes) -> bytes:
        """Return what is there of whole sequences; the rest waits for its end."""
        found = _CUT.search(data)
        self._cut = found.group() if found else b""
        return data[: len(data) - len(self._cut)]

    def _unpasted(self, data: bytes) -> bytes:
        """Return what is outside the marks of a paste. An end whose beginning was forgotten ends one all the same."""
        kept = b""
        while data:
            if not self._pasting:
                before, begin, data = data.partition(_BEGIN)
                kept = before.rpartition(_END)[2] if _END in before else kept + before
                self._pasting = bool(begin)
            else:
                _, end, data = data.partition(_END)
                self._pasting = not end
        return kept

    def _is_paste(self, typed: str) -> bool:
        if len(typed) <= _CERTAIN:
            return False
        return len(typed) > _MOST_AT_ONCE or not all(self._is_key(key, typed) for key in typed)

    def _is_key(self, key: str, typed: str) -> bool:
        return key in self._known and (key != "\n" or typed == key)


class Keys:
    """Calls `press` with the keys that came together, on the loop that runs when it is opened.

    `known` are the keys that mean something; `echo` is the terminal's other end.
    """

    def __init__(
        self,
        stream: TextIO | None,
        echo: TextIO,
        press: Callable[[str], None],
        *,
        known: Collection[str],
        environment: Mapping[str, str],
    ) -> None:
        self._stream = stream
        self._echo = echo
        self._press = press
        self._allowed = not environment.get("CI")
        self._typed = Typed(known)
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
            # A shell that is left with this, after a SIGKILL, must not take nothing for the end of its input: so no VMIN of 0.
            wanted[6][termios.VMIN], wanted[6][termios.VTIME] = 1, 0
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
            if not select.select([self._fd], [], [], 0)[0]:
                return  # somebody threw it away meanwhile, and reading would wait
            data = os.read(self._fd, _READ)
        except OSError:
            data = b""
        if not data:  # the terminal has gone away
            self.close()
            return
        pressed = self._typed.keys(data, time.monotonic())
        if pressed:
            self._press(pressed)

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
