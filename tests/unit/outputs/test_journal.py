import json
import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from loadkit.outputs.journal import Journal
from loadkit.report.rebuild import rebuild
from loadkit.report.store import JOURNAL, REPORT, goes_on
from tests.support.results import interval, report_of, result, second, started


@contextmanager
def at_most(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond a size, as a full disk does."""
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


def test_a_second_is_on_its_way_to_the_disk_before_the_next_begins(tmp_path: Path) -> None:
    said: list[str] = []
    journal = Journal(tmp_path / "runs", said.append)
    journal.start(started())
    assert journal.directory is not None
    path = journal.directory / JOURNAL
    for index in range(3):
        journal.interval(interval(second(index)))
        assert len(rebuild(path).timeline.rows) == index + 1
        assert goes_on(path)
    made = result(*(second(index) for index in range(3)))
    journal.finish(made, report_of(made))
    assert rebuild(path).whole
    assert not goes_on(path)
    assert json.loads((journal.directory / REPORT).read_text())["aggregate"]["counters"]["http.requests"] == 30
    assert said == []


def test_a_place_that_cannot_be_written_is_said_once_and_the_run_goes_on(tmp_path: Path) -> None:
    said: list[str] = []
    (tmp_path / "runs").write_text("a file")
    journal = Journal(tmp_path / "runs", said.append)
    journal.start(started())
    journal.interval(interval(second(0)))
    journal.finish(result(second(0)), {})
    journal.close()
    assert journal.directory is None
    (line,) = said
    assert line.startswith(f"warning: the run is not kept in {tmp_path / 'runs'}: ")
    assert line.endswith("; --no-store does without")


def test_a_disk_that_fills_up_is_said_once_and_what_was_written_stays(tmp_path: Path) -> None:
    said: list[str] = []
    journal = Journal(tmp_path / "runs", said.append)
    journal.start(started())
    assert journal.directory is not None
    path = journal.directory / JOURNAL
    journal.interval(interval(second(0)))
    with at_most(path.stat().st_size + 5):
        journal.interval(interval(second(1)))
        journal.interval(interval(second(2)))
        journal.finish(result(second(0)), {})
    assert len(said) == 1
    found = rebuild(path)
    assert (len(found.timeline.rows), found.whole) == (1, False)


def test_a_run_that_never_began_is_not_kept(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "runs", pytest.fail)
    journal.finish(result(second(0)), {})
    journal.close()
    assert os.listdir(tmp_path) == []
