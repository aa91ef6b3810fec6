import os
from pathlib import Path

import pytest
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader

from loadkit.errors import PreflightError
from loadkit.metrics.histogram import HIGHEST_US
from loadkit.outputs.hlog import HlogFile
from tests.support.results import interval, report_of, result, second, started


def run(output: HlogFile) -> None:
    output.check()
    output.start(started())
    for index in range(3):
        output.interval(interval(second(index)))
    output.finish(report_of(result()))


def test_the_log_has_each_second(tmp_path: Path) -> None:
    run(HlogFile(tmp_path / "run.hlog"))
    reader = HistogramLogReader(str(tmp_path / "run.hlog"), HdrHistogram(1, HIGHEST_US, 3))
    counts = []
    while histogram := reader.get_next_interval_histogram():
        counts.append(histogram.get_total_count())
    reader.close()
    assert counts == [10] * 6
    assert os.listdir(tmp_path) == ["run.hlog"]


def test_it_takes_its_place_only_when_the_run_is_over(tmp_path: Path) -> None:
    path = tmp_path / "run.hlog"
    path.write_text("earlier")
    output = HlogFile(path)
    output.start(started())
    output.interval(interval(second(0)))
    assert (path.read_text(), os.listdir(tmp_path)) == ("earlier", ["run.hlog"])
    output.finish(report_of(result()))
    assert path.read_text().startswith("#[Histogram log format version 1.3]")


def test_an_unwritable_place_is_found_before_the_run(tmp_path: Path) -> None:
    with pytest.raises(PreflightError, match="there is no directory"):
        HlogFile(tmp_path / "absent" / "run.hlog").check()


def test_a_disk_that_fills_up_does_not_end_the_run_and_is_told(tmp_path: Path) -> None:
    output = HlogFile(tmp_path / "run.hlog")
    output.start(started())
    assert output._kept is not None
    with open("/dev/full", "wb", buffering=0) as full:
        output._kept.close()
        output._kept = full
        output.interval(interval(second(0)))
    with pytest.raises(OSError, match="No space left"):
        output.finish(report_of(result()))
    assert os.listdir(tmp_path) == []
