"""What a process says about itself."""

import os
import sys
from pathlib import Path
from time import perf_counter_ns, process_time_ns

import pytest

from loadkit.engine.usage import LEAST_NS, Descriptors, Usage

linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux tells it in /proc")


def work(ns: int) -> None:
    """Use so much processor time."""
    until = process_time_ns() + ns
    while process_time_ns() < until:
        pass


def test_a_moment_has_no_share_of_a_core() -> None:
    assert Usage().take() == {}


def test_the_share_of_a_core_is_processor_time_over_time() -> None:
    began_ns, usage = perf_counter_ns(), Usage()
    work(LEAST_NS)
    seen = usage.take()
    least = LEAST_NS / (perf_counter_ns() - began_ns)
    assert least <= seen["cpu"] <= 1.05
    assert seen["rss_bytes"] > 2**20
    assert seen["major_faults"] >= 0
    assert usage.take() == {}


@linux
def test_descriptors_that_came_since_the_start_are_ports(tmp_path: Path) -> None:
    usage = Usage()
    opened = [(tmp_path / str(number)).open("w") for number in range(7)]
    work(LEAST_NS)
    seen = usage.take()
    for file in opened:
        file.close()
    assert seen["ports"] == 7
    assert seen["fds"] > 7
    assert seen["fds"] <= seen["fds_limit"]
    work(LEAST_NS)
    assert usage.take()["ports"] == 0


@linux
def test_the_count_of_descriptors_is_what_a_listing_shows() -> None:
    assert Descriptors().count() == len(os.listdir("/proc/self/fd")) - 1


def test_many_descriptors_are_not_listed_every_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the size of /proc/self/fd tells nothing, as before Linux 6.2."""
    listings = []

    class Silent:
        st_size = 0

    monkeypatch.setattr(os, "stat", lambda path: Silent())
    monkeypatch.setattr(os, "listdir", lambda path: listings.append(path) or range(2001))
    counted = Descriptors(str(tmp_path))
    assert [counted.count() for _ in range(20)] == [2000] * 20
    assert len(listings) == 2


def test_nothing_is_said_where_there_is_no_proc() -> None:
    assert Descriptors("/nonexistent").count() is None
