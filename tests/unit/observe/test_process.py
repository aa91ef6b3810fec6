"""Processes of this machine, found and observed for real."""

import itertools
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

import psutil
import pytest

from loadkit.observe.finding import find
from loadkit.observe.process import ProcessSampler
from loadkit.slo.observed import Place, Unavailable

WAITING = "import sys; print('ready', flush=True); sys.stdin.read()"
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {WAITING!r}, *sys.argv[1:]])"


@contextmanager
def process(*marks: str, text: str = WAITING) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-c", text, *marks]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as made:
        assert made.stdout is not None
        assert made.stdout.readline() == b"ready\n"
        try:
            yield made
        finally:
            made.communicate()


@pytest.fixture
def unrelated(monkeypatch: pytest.MonkeyPatch) -> None:
    """What this test starts counts as somebody else's: those that loadkit started are passed over."""
    children = psutil.Process.children

    def others(one: psutil.Process, recursive: bool = False) -> list[psutil.Process]:
        return [] if one.pid == os.getpid() else children(one, recursive)

    monkeypatch.setattr(psutil.Process, "children", others)


def test_a_process_and_what_it_started_are_one() -> None:
    with process(text=PARENT) as made:
        sampler = ProcessSampler({"pid": made.pid}, Place(), [].append)
        sampler.sample()
        seen = sampler.sample()
    assert seen["processes"] == 2
    assert seen["rss"] > 2 * 1_000_000
    assert seen["uss"] > 0
    assert {"cpu", "threads", "fds", "read", "written"} <= seen.keys()
    assert "fds_limit" not in seen  # each has its own


@pytest.mark.parametrize(("cost_s", "again"), [(0.001, True), (0.02, False)])
def test_unique_memory_takes_no_more_than_a_thousandth_of_a_core(
    monkeypatch: pytest.MonkeyPatch, cost_s: float, again: bool
) -> None:
    with process() as one:
        made = ProcessSampler({"pid": one.pid}, Place(), print)
        made.sample()
        spent = itertools.count(0.0, cost_s)
        monkeypatch.setattr("loadkit.observe.process.thread_time", lambda: next(spent))
        assert made.sample()["uss"] > 0
        assert "uss" not in made.sample()
        later_s = monotonic() + 15
        monkeypatch.setattr("loadkit.observe.process.monotonic", lambda: later_s)
        assert ("uss" in made.sample()) is again


@pytest.mark.usefixtures("unrelated")
def test_of_a_process_and_its_child_with_the_same_words_the_parent_is_meant() -> None:
    mark = f"mark-{uuid.uuid4().hex}"
    with process(mark, text=PARENT) as made:
        assert find({"command": mark}, Place()).pid == made.pid


@pytest.mark.usefixtures("unrelated")
def test_of_two_that_have_nothing_to_do_with_each_other_none_is_chosen() -> None:
    mark = f"mark-{uuid.uuid4().hex}"
    with process(mark) as one, process(mark) as other, pytest.raises(Unavailable) as found:
        find({"command": mark}, Place())
    assert "there are 2 processes" in str(found.value)
    assert all(str(made.pid) in str(found.value) for made in (one, other))


def test_neither_loadkit_nor_who_started_it_is_meant() -> None:
    words = " ".join(psutil.Process().cmdline())
    with pytest.raises(Unavailable, match="there is no process"):
        find({"command": f"^{words[:20]}.*{uuid.uuid4().hex}"}, Place())


@pytest.mark.usefixtures("unrelated")
def test_a_process_that_is_started_anew_is_found_again_and_that_is_said() -> None:
    mark, notes = f"mark-{uuid.uuid4().hex}", list[str]()
    with process(mark) as first:
        sampler = ProcessSampler({"command": mark}, Place(), notes.append)
        sampler.sample()
    with pytest.raises(Unavailable, match=f"process {first.pid}.* has ended, and there is no process"):
        sampler.sample()
    with process(mark) as second:
        seen = sampler.sample()
    assert (seen["processes"], seen["restarts"]) == (1, 1)
    assert len(notes) == 1
    assert f"process {first.pid}" in notes[0]
    assert f"process {second.pid}" in notes[0]


def test_one_that_has_ended_is_not_observed_though_its_number_is_still_there() -> None:
    with process() as made:
        sampler = ProcessSampler({"pid": made.pid}, Place(), print)
        sampler.sample()
        made.kill()
        os.waitid(os.P_PID, made.pid, os.WEXITED | os.WNOWAIT)  # it stays a zombie
        with pytest.raises(Unavailable, match=rf"process {made.pid}.* has ended$"):
            sampler.sample()
        with pytest.raises(Unavailable, match=rf"process {made.pid}.* has ended; its entry stays"):
            ProcessSampler({"pid": made.pid}, Place(), print)


def test_a_target_elsewhere_is_not_observed() -> None:
    with pytest.raises(Unavailable, match=r"the target http://192\.0\.2\.7 is not on this machine"):
        find({"target": True}, Place(target="http://192.0.2.7/"))


def test_the_embedded_target_is_found_by_its_process() -> None:
    assert find({"target": True}, Place(demo_pid=os.getpid())).pid == os.getpid()
