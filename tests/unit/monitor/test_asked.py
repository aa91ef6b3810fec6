"""What `loadkit watch` makes of its options."""

import subprocess
import sys

from loadkit.monitor.asked import ends, named


def test_processes_have_names_that_tell_them_apart() -> None:
    asked = [
        {"pid": 4711},
        {"process": "my app"},
        {"process": "host"},
        {"port": 80},
        {"command": "^x"},
        {"process": "my_app"},
    ]
    assert [name for name, _, _ in named(asked)] == [
        "pid-4711",
        "my_app",
        "host-3",
        "port-80",
        "command-5",
        "my_app-6",
    ]
    assert [name for name, _, _ in named(asked[:1])] == ["process"]


def test_watching_ends_when_all_that_were_named_by_pid_have_ended() -> None:
    command = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    with (
        subprocess.Popen(command, stdin=subprocess.PIPE) as first,
        subprocess.Popen(command, stdin=subprocess.PIPE) as second,
    ):
        over, never = ends([{"pid": first.pid}, {"pid": second.pid}]), ends([{"pid": first.pid}, {"process": "x"}])
        assert not over()
        first.communicate()
        assert not over()
        second.communicate()
        assert over()
        assert not never()
        assert not ends([])()
