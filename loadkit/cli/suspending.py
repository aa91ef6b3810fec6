"""What Ctrl-Z means during a run: nobody is started while the job is stopped, and after `fg` or `bg` the run goes on.

A terminal stops the coordinator alone, since workers are in sessions of their own. They would go on making load that nobody sees or
judges; so they are told to pause first, which is an intervention like any other, and to resume afterwards.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from loadkit.outputs.base import Controls, Screen, write_line

BY = "keyboard"
_STOPPED = "note: stopped, and nobody is started meanwhile; `fg` resumes"
_NOBODY = "note: Ctrl-Z has no effect here, since there is no shell that could bring the run back"
_REFUSED = "note: Ctrl-Z has no effect here: a trial that stands still measures nothing; Ctrl-C ends it"
_PARENT = 1  # of what follows a process's name in /proc/PID/stat, counted from 0


class Suspension:
    """Obeys Ctrl-Z for a run, and gives the terminal of `screen` back meanwhile; what it has to tell goes to `say`."""

    def __init__(self, controls: Controls, screen: Screen, say: Callable[[str], None]) -> None:
        self._controls = controls
        self._screen = screen
        self._say = say
        self._loop: asyncio.AbstractEventLoop | None = None

    @contextmanager
    def obeyed(self) -> Iterator[None]:
        """Obey until the block is left, in the loop that runs now; a signal that is ignored stays so."""
        if signal.getsignal(signal.SIGTSTP) != signal.SIG_DFL:
            yield
            return
        self._loop = asyncio.get_running_loop()
        self._loop.add_signal_handler(signal.SIGTSTP, self._suspend)
        try:
            yield
        finally:
            self._loop.remove_signal_handler(signal.SIGTSTP)

    def _suspend(self) -> None:
        assert self._loop is not None
        if not can_come_back():
            self._say(_NOBODY)
            return
        paused = self._controls.pause(by=BY)
        with self._screen.away():
            write_line(sys.stderr, _STOPPED)
            self._loop.remove_signal_handler(signal.SIGTSTP)
            # To this thread: it is stopped right here then, and not wherever it is when another one gets the signal.
            signal.pthread_kill(threading.get_ident(), signal.SIGTSTP)
            self._loop.add_signal_handler(signal.SIGTSTP, self._suspend)
            if paused:
                self._controls.resume(by=BY)


@contextmanager
def refusing_to_stop(say: Callable[[str], None]) -> Iterator[None]:
    """Refuse Ctrl-Z until the block is left, and say so; for commands whose trials no pause may spoil."""
    if signal.getsignal(signal.SIGTSTP) != signal.SIG_DFL:
        yield
        return

    def refuse(number: int, frame: FrameType | None) -> None:
        with suppress(RuntimeError):  # it comes in the middle of a line, as where Ctrl-S holds the screen up
            say(_REFUSED)

    signal.signal(signal.SIGTSTP, refuse)
    try:
        yield
    finally:
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)


def can_come_back() -> bool:
    """Say whether a shell could continue this job once it is stopped; where there is none, the system stops it not at all.

    That is POSIX's rule of orphaned process groups (IEEE Std 1003.1, 3.264): somebody in the group needs a parent of another
    group in the same session, as the shell is to its jobs.
    """
    pid = os.getppid()
    try:
        while pid and os.getsid(pid) == os.getsid(0):
            if os.getpgid(pid) != os.getpgrp():
                return True
            pid = _parent(pid)
    except OSError:  # it has ended, or this system does not tell
        pass
    return False


def _parent(pid: int) -> int:
    stat = Path(f"/proc/{pid}/stat").read_text()
    return int(stat.rpartition(")")[2].split()[_PARENT])
