import json
import os
import re
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader

from loadkit.engine.events import LogLine
from loadkit.metrics.histogram import HIGHEST_US
from loadkit.outputs import kept as outputs_kept
from loadkit.outputs.kept import KeptRun
from loadkit.report.rebuild import rebuild
from loadkit.report.store import FILES, HISTOGRAMS, JOURNAL, LOG, REPORT, SCENARIO, goes_on
from tests.support.interventions import EVERY
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
    kept = KeptRun(tmp_path / "runs", said.append)
    kept.start(started())
    assert kept.directory is not None
    path = kept.directory / JOURNAL
    for index in range(3):
        kept.interval(interval(second(index)))
        assert len(rebuild(path).timeline.rows) == index + 1
        assert goes_on(path)
    made = result(*(second(index) for index in range(3)))
    kept.finish(made, report_of(made))
    assert rebuild(path).whole
    assert not goes_on(path)
    assert json.loads((kept.directory / REPORT).read_text())["aggregate"]["counters"]["http.requests"] == 30
    assert said == []


def test_what_people_did_is_kept_once_also_what_comes_after_the_last_second(tmp_path: Path) -> None:
    kept = KeptRun(tmp_path / "runs", pytest.fail)
    kept.start(started())
    assert kept.directory is not None
    for told in (EVERY[:1], EVERY[:3], EVERY[:3]):
        kept.interval(replace(interval(second(0)), interventions=told))
        assert rebuild(kept.directory / JOURNAL).result.interventions == told
    made = result(second(0), interventions=EVERY)
    kept.finish(made, report_of(made))
    assert rebuild(kept.directory / JOURNAL).result.interventions == EVERY


def test_a_place_that_cannot_be_written_is_said_once_and_the_run_goes_on(tmp_path: Path) -> None:
    said: list[str] = []
    (tmp_path / "runs").write_text("a file")
    kept = KeptRun(tmp_path / "runs", said.append)
    kept.start(started())
    kept.interval(interval(second(0)))
    kept.finish(result(second(0)), {})
    kept.close()
    assert kept.directory is None
    (line,) = said
    assert line.startswith(f"warning: the run is not kept in {tmp_path / 'runs'}: ")
    assert line.endswith("; --no-store does without")


def test_a_disk_that_fills_up_is_said_once_and_what_was_written_stays(tmp_path: Path) -> None:
    said: list[str] = []
    kept = KeptRun(tmp_path / "runs", said.append)
    kept.start(started())
    assert kept.directory is not None
    path = kept.directory / JOURNAL
    kept.interval(interval(second(0)))
    with at_most(path.stat().st_size + 5):
        kept.interval(interval(second(1)))
        kept.interval(interval(second(2)))
        kept.finish(result(second(0)), {})
    assert len(said) == 1
    found = rebuild(path)
    assert (len(found.timeline.rows), found.whole) == (1, False)


def test_a_run_that_never_began_is_not_kept(tmp_path: Path) -> None:
    kept = KeptRun(tmp_path / "runs", pytest.fail)
    kept.finish(result(second(0)), {})
    kept.close()
    assert os.listdir(tmp_path) == []


def test_what_is_kept_can_be_read_by_others(tmp_path: Path) -> None:
    kept = KeptRun(tmp_path, pytest.fail)
    kept.log(LogLine(text="before the load", stream="stdout"))
    kept.start(started())
    kept.interval(interval(second(0)))
    kept.log(LogLine(text="two\nlines \x1b[31m", stream="stdout"))
    kept.finish(result(second(0)), report_of(result(second(0))))
    assert kept.directory is not None
    assert sorted(os.listdir(kept.directory)) == sorted(FILES)
    reader = HistogramLogReader(str(kept.directory / HISTOGRAMS), HdrHistogram(1, HIGHEST_US, 3))
    histogram = reader.get_next_interval_histogram()
    reader.close()
    assert (histogram.get_tag(), histogram.get_total_count()) == ("http.response_time:/products", 10)
    lines = [re.sub(r"^\d\d:\d\d:\d\dZ ", "", line) for line in (kept.directory / LOG).read_text().splitlines()]
    assert lines == ["before the load", "two", "lines \\x1b[31m"]
    assert yaml.safe_load((kept.directory / SCENARIO).read_text())["config"]["seed"] == 42


def test_a_log_of_json_has_the_run_in_each_line(tmp_path: Path) -> None:
    kept = KeptRun(tmp_path, pytest.fail, json_log=True)
    kept.log(LogLine(text="before the load", stream="stdout"))
    kept.start(started())
    kept.log(LogLine(text="two\nlines", stream="stdout", trace="a9", span="b8"))
    kept.close()
    assert kept.directory is not None
    first, second = (json.loads(line) for line in (kept.directory / LOG).read_text().splitlines())
    assert (first["message"], first["run"]) == ("before the load", kept.run)
    assert (second["message"], second["trace_id"], second["span_id"]) == ("two\nlines", "a9", "b8")


def test_a_log_ends_where_it_would_fill_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outputs_kept, "MAX_LOG", 100)
    kept = KeptRun(tmp_path, pytest.fail)
    kept.start(started())
    for index in range(9):
        kept.log(LogLine(text=f"{index} {'x' * 30}", stream="stdout"))
    kept.close()
    assert kept.directory is not None
    lines = (kept.directory / LOG).read_text().splitlines()
    assert [line[10:12] for line in lines] == ["0 ", "1 ", "mo"]
    assert lines[-1].endswith("more was printed; it is not kept")
