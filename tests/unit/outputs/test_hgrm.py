"""The distribution as text: read as HdrHistogram's plotter does, and compared with what the library finds."""

import math

import numpy as np
import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import given
from hypothesis import strategies as st

from loadkit.metrics.histogram import HIGHEST_US, Histogram
from loadkit.outputs.hgrm import render
from tests.support.results import report_of, result, second


def plotted(text: str) -> list[list[float]]:
    """The numbers of the first distribution, as a plotter reads them: comments and the head are passed over."""
    lines = text.split("#[Mean")[0].splitlines()
    return [[float(word) for word in line.split()] for line in lines if line.strip() and line.lstrip()[0].isdigit()]


def of(*microseconds: int) -> str:
    histogram = Histogram()
    histogram.record(np.array(microseconds, np.int64) * 1000)
    report = report_of(result())
    report["loadkit"]["series"] = [{"metric": "http.response_time", "label": "/a", "hdr": histogram.encode()}]
    return render([report]).decode()


@given(st.lists(st.integers(0, HIGHEST_US), min_size=1, max_size=300))
def test_each_line_is_what_the_library_finds_at_that_percentile(microseconds: list[int]) -> None:
    theirs, ranked = HdrHistogram(1, HIGHEST_US, 3), sorted(microseconds)
    lines = plotted(of(*microseconds))
    for value_ms, percentile, count, *_ in lines:
        rank = max(1, math.ceil(percentile * len(ranked) - 1e-6))
        assert value_ms == pytest.approx(theirs.get_highest_equivalent_value(ranked[rank - 1]) / 1000, abs=0.0006)
        assert count >= rank
    assert lines[-1][1:] == [1.0, len(microseconds)]


def test_percentiles_come_ever_closer_to_the_end():
    lines = plotted(of(*range(1, 1001)))
    assert [line[1] for line in lines[:8]] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.55, 0.6])
    assert lines[5] == pytest.approx([0.5, 0.5, 500, 2.0])
    assert lines[-1] == pytest.approx([1.0, 1.0, 1000])


def test_the_foot_has_mean_deviation_and_total():
    text = of(1000, 2000)
    assert "#[Mean    =        1.500, StdDeviation   =        0.500]" in text
    assert "#[Max     =        2.000, Total count    =            2]" in text


def test_behind_all_requests_together_stands_each_name():
    report = report_of(result(second(0), second(1, name="/cart")))
    text = render([report, report]).decode()
    assert [line for line in text.splitlines() if line.startswith("#[Series")] == [
        "#[Series: response_time of everything]",
        "#[Series: http.response_time /cart]",
        "#[Series: http.response_time /products]",
    ]
    assert text.count("Total count    =           40]") == 1  # both runs


def test_a_run_without_responses_is_an_empty_distribution():
    report = report_of(result())
    report["loadkit"]["series"] = []
    assert plotted(render([report]).decode()) == []
