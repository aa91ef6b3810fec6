"""Whether a job that is stopped could be brought back, and what refuses to be stopped. Ctrl-Z itself: e2e/test_live_view.py."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from loadkit.cli.suspending import refusing_to_stop
from loadkit.outputs.base import write_line
from tests.support.command import ROOT

ASK = "from loadkit.cli.suspending import can_come_back; print(can_come_back())"


@pytest.mark.parametrize(
    ("how", "answer"),
    [
        ("timeout 60 {ask}; true", "True"),  # `timeout` makes a group of its own, as a shell does for a job
        ("timeout 60 sh -c '{ask}; true'; true", "True"),
        ("{ask}", "False"),  # of a shell without it, which is first in its session, as with `ssh -t`
        ("exec {ask}", "False"),
    ],
)
def test_only_a_shell_with_job_control_brings_a_job_back(how: str, answer: str) -> None:
    script = how.replace("{ask}", f'{sys.executable} -c "{ASK}"')
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    told = subprocess.run(["setsid", "--wait", "sh", "-c", script], env=environment, capture_output=True, text=True)
    assert (told.stdout.split(), told.returncode) == ([answer], 0), told.stderr


def test_trials_are_not_stopped_and_say_so() -> None:
    said: list[str] = []
    before = signal.getsignal(signal.SIGTSTP)
    signal.signal(signal.SIGTSTP, signal.SIG_DFL)
    try:
        with refusing_to_stop(said.append):
            os.kill(os.getpid(), signal.SIGTSTP)
        assert "a trial that stands still measures nothing" in "".join(said)
        assert signal.getsignal(signal.SIGTSTP) == signal.SIG_DFL
        signal.signal(signal.SIGTSTP, signal.SIG_IGN)
        with refusing_to_stop(said.append):  # whoever started it does not want it stopped, and knows why
            os.kill(os.getpid(), signal.SIGTSTP)
        assert len(said) == 1
    finally:
        signal.signal(signal.SIGTSTP, before)


def test_what_refuses_to_be_stopped_goes_on_where_the_screen_takes_nothing() -> None:
    """As after Ctrl-S: the signal comes in the middle of a line, and nothing can be said within it."""
    reading, writing = os.pipe()
    before = signal.signal(signal.SIGTSTP, signal.SIG_DFL)

    def press_then_read() -> None:
        os.read(reading, 1)  # the line is under way, and longer than what a pipe holds
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTSTP)
        while os.read(reading, 65536):
            pass

    reader = threading.Thread(target=press_then_read)
    try:
        with os.fdopen(writing, "w") as screen, refusing_to_stop(lambda text: write_line(screen, text)):
            reader.start()
            write_line(screen, "x" * 1_000_000)
    finally:
        signal.signal(signal.SIGTSTP, before)
        reader.join(60)
        os.close(reading)
