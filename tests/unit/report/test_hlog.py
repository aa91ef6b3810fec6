"""The log of histograms, opened with HdrHistogram's own reader."""

import json
import re
from pathlib import Path

import pytest
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader
from hypothesis import given
from hypothesis import strategies as st

from loadkit.metrics.histogram import HIGHEST_US
from loadkit.metrics.snapshot import Snapshot, merge_all
from loadkit.report.hlog import HistogramLog, tag_of
from loadkit.report.report import SERIES
from tests.support.results import STARTED_AT, failing_second, second


def log_of(*snapshots: Snapshot) -> str:
    log = HistogramLog(STARTED_AT)
    return log.head() + "".join(map(log.rows, snapshots))


def read(path: Path) -> list[HdrHistogram]:
    reader, found = HistogramLogReader(str(path), HdrHistogram(1, HIGHEST_US, 3)), []
    while histogram := reader.get_next_interval_histogram():
        found.append(histogram)
    reader.close()
    return found


def names(text: str) -> dict[str, dict[str, str]]:
    return {tag: json.loads(data) for tag, data in re.findall(r"^#\[Series: (\S+) = (.*)\]$", text, re.MULTILINE)}


def test_hdrhistograms_reader_finds_each_second_of_each_series(tmp_path: Path) -> None:
    path = tmp_path / "run.hlog"
    path.write_text(log_of(second(0, requests=3), second(1, requests=4, ms=40)))
    found = read(path)
    tags = ["http.response_time:/products", "http.service_time:/products"] * 2
    assert [histogram.get_tag() for histogram in found] == tags
    assert [histogram.get_total_count() for histogram in found] == [3, 3, 4, 4]
    starts = [histogram.get_start_time_stamp() for histogram in found]
    assert starts == pytest.approx([STARTED_AT * 1000 + start for start in (0, 0, 1000, 1000)])
    lengths = [histogram.get_end_time_stamp() - histogram.get_start_time_stamp() for histogram in found]
    assert lengths == pytest.approx([1000] * 4)
    assert found[2].get_value_at_percentile(50) == pytest.approx(45_000, rel=1e-3)  # microseconds


def test_the_sum_of_its_rows_is_what_the_report_holds(tmp_path: Path) -> None:
    seconds = [second(0), failing_second(1), second(2, name="/cart", ms=333), second(3, ms=7)]
    path = tmp_path / "run.hlog"
    path.write_text(log_of(*seconds))
    sums: dict[str, HdrHistogram] = {}
    for histogram in read(path):
        sums.setdefault(histogram.get_tag(), HdrHistogram(1, HIGHEST_US, 3)).add(histogram)
    merged = merge_all(seconds)
    expected = {key: held for key, held in merged.histograms.items() if key[0] in SERIES}
    assert set(sums) == {tag_of(*key) for key in expected}
    for key, histogram in expected.items():
        counts = sums[tag_of(*key)].encoder.get_counts()
        assert {index: count for index, count in enumerate(counts) if count} == dict(
            zip(*histogram.bins(), strict=True)
        )


def test_the_head_is_that_of_version_1_3() -> None:
    assert log_of().splitlines() == [
        "#[Histogram log format version 1.3]",
        "#[StartTime: 1700000004.500 (seconds since epoch), 2023-11-14T22:13:24.500Z]",
        '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"',
    ]


def test_the_largest_value_of_a_row_is_in_milliseconds() -> None:
    row = log_of(second(3, ms=20)).splitlines()[4]
    assert row.startswith("Tag=http.response_time:/products,3.000,1.000,25.000,HISTFAAAA")


def test_a_series_is_introduced_once() -> None:
    text = log_of(second(0), second(1))
    assert text.count("#[Series: http.response_time:/products") == 1
    assert names(text)["http.response_time:/products"] == {"metric": "http.response_time", "label": "/products"}


@given(st.lists(st.text(max_size=200), min_size=1, max_size=6, unique=True))
def test_any_name_gives_a_tag_of_its_own_and_is_told_beside_it(tmp_path_factory, labels: list[str]) -> None:
    snapshot = merge_all(second(0, name=label) for label in labels)
    text = log_of(snapshot)
    path = tmp_path_factory.mktemp("log") / "run.hlog"
    path.write_text(text)
    found = [histogram.get_tag() for histogram in read(path)]
    assert len(found) == len(set(found)) == 2 * len(labels)
    assert {names(text)[tag]["label"] for tag in found} == set(labels)
    assert all(re.fullmatch(r"[A-Za-z0-9._/:+~-]{1,89}", tag) for tag in found)


@pytest.mark.parametrize(
    ("label", "tag"),
    [
        ("/a", "http.response_time:/a"),
        ("", "http.response_time"),
        ("worker 0", "http.response_time:worker_0~"),
        ("a,b\nTag=x", "http.response_time:a_b_Tag_x~"),
        ("x" * 10_000, "http.response_time:" + "x" * 61 + "~"),
    ],
)
def test_tags_are_names_as_far_as_a_tag_can_hold_them(label: str, tag: str) -> None:
    found = tag_of("http.response_time", label)
    assert found == tag or (tag.endswith("~") and re.fullmatch(re.escape(tag) + "[0-9a-f]{8}", found))
