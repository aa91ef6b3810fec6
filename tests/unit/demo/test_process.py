import asyncio
import os
import select
import subprocess
import sys
from pathlib import Path

import pytest

from loadkit.demo import process as process_module
from loadkit.demo.options import DemoOptions
from loadkit.demo.process import start_demo
from loadkit.errors import PreflightError
from tests.support.demo import ask

ROOT = Path(__file__).parents[3]
PARENT = """
import asyncio, sys
from loadkit.demo.options import DemoOptions
from loadkit.demo.process import start_demo
print(asyncio.run(start_demo(DemoOptions())).pid, flush=True)
sys.stdin.read()
"""


def has_ended(pid: int, within_s: float) -> bool:
    """Wait for the end of a process that need not be our child."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], within_s)[0])
    finally:
        os.close(handle)


def test_a_started_demo_takes_requests_and_a_stopped_one_is_gone():
    demo = asyncio.run(start_demo(DemoOptions()))
    assert ask(demo.url, "GET", "/health") == (200, {"status": "ok"})
    demo.stop()
    demo.stop()
    assert has_ended(demo.pid, 0)


def test_the_options_reach_the_demo():
    demo = asyncio.run(start_demo(DemoOptions(error_rate=1.0)))
    try:
        assert ask(demo.url, "GET", "/products")[0] == 503
    finally:
        demo.stop()


def test_a_signal_to_our_process_group_does_not_reach_the_demo():
    demo = asyncio.run(start_demo(DemoOptions()))
    try:
        assert os.getpgid(demo.pid) != os.getpgid(0)
    finally:
        demo.stop()


def test_the_demo_dies_with_its_parent():
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()
        assert has_ended(pid, 30)


def test_the_demo_ends_when_its_input_does():
    command = [sys.executable, "-m", "loadkit.demo.app", "--with-parent"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stdout.readline().startswith(b"http://127.0.0.1:")
        child.stdin.close()
        assert child.wait(30) == 0


def test_a_demo_that_fails_to_start_says_why(monkeypatch: pytest.MonkeyPatch):
    command = [sys.executable, "-c", "raise SystemExit('no room left')"]
    monkeypatch.setattr(process_module, "_command", lambda options: command)
    with pytest.raises(PreflightError, match=r"did not start \(exit status 1\): no room left"):
        asyncio.run(start_demo(DemoOptions()))


def test_a_demo_that_does_not_start_in_time_is_given_up(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(process_module, "_command", lambda options: [sys.executable, "-c", "input()"])
    monkeypatch.setattr(process_module, "_READY_WITHIN_S", 0.1)
    with pytest.raises(PreflightError, match="did not start within"):
        asyncio.run(start_demo(DemoOptions()))


def test_a_port_that_is_taken_is_a_complaint_and_not_a_traceback(demo_url: str):
    port = demo_url.rpartition(":")[2]
    command = [sys.executable, "-m", "loadkit.demo.app", "--port", port]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stderr.startswith(f"cannot listen on 127.0.0.1:{port}: ")) == (1, True)
