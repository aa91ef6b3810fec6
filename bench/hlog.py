"""What a second of a histogram log costs: 200 series of 5 to 1,000 values, our encoder beside hdrhistogram's."""

from __future__ import annotations

from collections.abc import Callable
from time import process_time_ns

import numpy as np
from hdrh.histogram import HdrHistogram

from bench.table import markdown
from loadkit.metrics.histogram import HIGHEST_US, Histogram, lowest_us
from loadkit.metrics.snapshot import Snapshot
from loadkit.report.hlog import HistogramLog

_SERIES = 200
_VALUES = (5, 50, 200, 1000)
_ROUNDS = 5


def hlog() -> str:
    """Return the table: CPU time for each second of a run, the best of some rounds."""
    rows = []
    for values in _VALUES:
        second = _second(values)
        log = HistogramLog(0.0)
        log.rows(second)
        ours, bins = _fastest_ms(lambda: log.rows(second)), _bins(second)  # noqa: B023  # called at once
        theirs = _fastest_ms(lambda: [_library(held) for held in second.histograms.values()])  # noqa: B023
        rows.append([f"{values:,} values a series, {bins:.0f} bins", f"{ours:.1f} ms", f"{theirs:.1f} ms"])
    return markdown([f"{_SERIES} series", "a second's rows", "encoded by hdrhistogram"], rows)


def _second(values: int) -> Snapshot:
    drawn = np.random.default_rng(1)
    made = Snapshot(0, 10**9)
    for number in range(_SERIES):
        histogram = Histogram()
        histogram.record((drawn.lognormal(0, 0.5, values) * 30e6).astype(np.int64))
        made.histograms["http.response_time", f"/path/{number}"] = histogram
    return made


def _bins(second: Snapshot) -> float:
    return sum(len(held.bins()[0]) for held in second.histograms.values()) / _SERIES


def _library(held: Histogram) -> bytes:
    """Encode as the library has it: record each bin, then encode."""
    twin = HdrHistogram(1, HIGHEST_US, 3)
    for index, count in zip(*held.bins(), strict=True):
        twin.record_value(lowest_us(int(index)), int(count))
    encoded: bytes = twin.encode()
    return encoded


def _fastest_ms(run: Callable[[], object]) -> float:
    times = []
    for _ in range(_ROUNDS):
        began = process_time_ns()
        run()
        times.append(process_time_ns() - began)
    return min(times) / 1e6
