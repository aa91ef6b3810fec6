"""Control groups, read from a directory that looks like the kernel's."""

from pathlib import Path

import pytest

from loadkit.observe.cgroup import CgroupSampler
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


def sampler(root: Path, notes: list[str], **options: str) -> CgroupSampler:
    return CgroupSampler(options, Place(), notes.append, root)


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
    assert (seen["throttled"], seen["memory_limit"]) == (0, 50_000)
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
    group.rmdir()
    with pytest.raises(Unavailable, match="is gone"):
        made.sample()
    (root / "cgroup.controllers").unlink()
    with pytest.raises(Unavailable, match="no control groups of version 2"):
        sampler(root, [], cgroup="/")
