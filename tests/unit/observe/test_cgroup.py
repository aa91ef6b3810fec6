"""Control groups, read from a directory that looks like the kernel's."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from loadkit.observe.cgroup import ROOT, CgroupSampler
from loadkit.slo.observed import Place, Unavailable

ID = "3f4e9c1d2b7a"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "cgroup.controllers").write_text("cpu memory pids\n")
    for name in ("system.slice/shop.service", f"system.slice/docker-{ID}88.scope", "docker/3f4eaaaa"):
        (tmp_path / name).mkdir(parents=True)
    write(tmp_path / "system.slice/shop.service", memory=9_000, kills=1)
    return tmp_path


def write(group: Path, *, memory: int, kills: int, usage: int = 0, limit: str = "max") -> None:
    (group / "memory.current").write_text(f"{memory}\n")
    (group / "memory.stat").write_text("anon 5000\ninactive_file 3000\n")
    (group / "memory.max").write_text(f"{limit}\n")
    (group / "memory.events").write_text(f"low 0\noom 3\noom_kill {kills}\n")
    (group / "cpu.stat").write_text(f"usage_usec {usage}\nthrottled_usec 0\n")
    (group / "pids.current").write_text("7\n")
    (group / "io.stat").write_text(f"8:0 rbytes={usage} wbytes=0 rios=1\n8:16 rbytes=5 wbytes=0 dbytes=0\n")


def sampler(root: Path, notes: list[str], **options: str) -> CgroupSampler:
    return CgroupSampler(options, Place(), notes.append, root)


def noted(root: Path, group: str) -> str:
    notes: list[str] = []
    sampler(root, notes, cgroup=group)
    return "".join(notes)


def test_memory_is_the_working_set_and_no_limit_is_none(root: Path) -> None:
    seen = sampler(root, [], cgroup="/system.slice/shop.service").sample()
    assert seen == {"memory": 6_000, "pids": 7, "oom_kills": 1}


def test_processor_time_is_that_since_the_last_look_and_kills_are_said(root: Path) -> None:
    notes: list[str] = []
    made = sampler(root, notes, cgroup="system.slice/shop.service")
    made.sample()
    write(root / "system.slice/shop.service", memory=9_000, kills=2, usage=10, limit="50000")
    seen = made.sample()
    assert seen["cpu"] > 0
    assert seen["read"] > 0
    assert (seen["throttled"], seen["memory_limit"], seen["written"]) == (0, 50_000, 0)
    assert notes == ["1 of its processes ended for want of memory (OOM kill)"]


def test_a_container_is_found_by_the_beginning_of_its_id(root: Path) -> None:
    write(root / f"system.slice/docker-{ID}88.scope", memory=4_000, kills=0)
    assert sampler(root, [], container=ID).sample()["memory"] == 1_000


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"cgroup": "/system.slice/none.service"}, "there is no control group /system.slice/none.service"),
        ({"container": "ffff"}, "no control group of a container ffff"),
        ({"container": "3f4e"}, "give more of the container's ID"),
    ],
)
def test_what_is_not_there_is_said(root: Path, options: dict[str, str], words: str) -> None:
    with pytest.raises(Unavailable, match=words):
        sampler(root, [], **options)


def test_a_group_that_ends_is_lost_and_a_machine_without_groups_says_so(root: Path, tmp_path: Path) -> None:
    group = root / "system.slice/shop.service"
    made = sampler(root, [], cgroup="/system.slice/shop.service")
    for file in group.iterdir():
        file.unlink()
    assert made.sample() == {}
    assert "are those that the group above lets it have" in noted(root, "/system.slice/shop.service")
    group.rmdir()
    with pytest.raises(Unavailable, match="is gone"):
        made.sample()
    (root / "cgroup.controllers").unlink()
    (root / "unified").mkdir()
    (root / "unified" / "cgroup.controllers").write_text("")
    assert "it is the group of all" in noted(root, "/")
    (root / "unified" / "cgroup.events").touch()  # in a container "/" is a group like others
    assert "are those that the group above lets it have" in noted(root, "/")
    (root / "unified" / "cgroup.controllers").unlink()
    with pytest.raises(Unavailable, match="no control groups of version 2"):
        sampler(root, [], cgroup="/")


@pytest.fixture
def real() -> Iterator[Path]:
    """A group of this machine's own kernel, where one may be made."""
    made = next(
        (
            root / f"loadkit-test-{os.getpid()}"
            for root in (ROOT, ROOT / "unified")
            if (root / "cgroup.controllers").is_file() and os.access(root / "cgroup.procs", os.W_OK)
        ),
        None,
    )
    try:
        assert made is not None
        made.mkdir()
    except (AssertionError, OSError):
        pytest.skip("no control group of version 2 can be made on this machine")
    yield made
    with contextlib.suppress(OSError):
        made.rmdir()


def test_a_group_of_the_kernel_is_read_while_a_process_is_in_it_and_lost_when_it_is_removed(real: Path) -> None:
    notes: list[str] = []
    made = CgroupSampler({"cgroup": f"/{real.name}"}, Place(), notes.append)
    assert "cpu" not in made.sample()
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as busy:
        try:
            (real / "cgroup.procs").write_text(str(busy.pid))
            until = time.monotonic() + 30
            while (seen := made.sample())["cpu"] == 0 and time.monotonic() < until:
                time.sleep(0.02)
        finally:
            busy.kill()
    assert seen["cpu"] > 0
    assert ("memory" in seen) is (real / "memory.current").is_file()
    assert bool(notes) is not ((real / "memory.current").is_file() and (real / "pids.current").is_file())
    until = time.monotonic() + 30
    while "populated 1" in (real / "cgroup.events").read_text() and time.monotonic() < until:
        time.sleep(0.02)
    real.rmdir()
    with pytest.raises(Unavailable, match="is gone"):
        made.sample()
