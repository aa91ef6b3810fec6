"""HdrHistogram's percentile distribution as text (.hgrm), which its plotter and others draw: response times in milliseconds.

    #[Series: http.response_time /products]
           Value     Percentile TotalCount 1/(1-Percentile)

          25.007 0.500000000000         12           2.00

The percentiles come ever closer to 100 %: five of them, then five in the half that is left, and so on. The first distribution
is that of all requests and calls together; behind it stands each name's own.

Source: `AbstractHistogram.outputPercentileDistribution` and `PercentileIterator` of HdrHistogram (Gil Tene).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from loadkit.arrays import Floats, Ints, np
from loadkit.metrics.hdr import decode
from loadkit.metrics.histogram import LENGTH, highest_us, lowest_us
from loadkit.outputs.paper import Paper, Report, legible

_METRICS = ("http.response_time", "python.response_time")
_TICKS = 5
_FOOT = """\
#[Mean    = {mean:12.3f}, StdDeviation   = {deviation:12.3f}]
#[Max     = {most:12.3f}, Total count    = {total:12d}]
#[Buckets =           22, SubBuckets     =         2048]
"""


def render(reports: Sequence[Report]) -> bytes:
    """Return the distributions of all runs together."""
    counts: dict[str, Ints] = {}
    for series in (series for report in reports for series in report["loadkit"]["series"]):
        if series["metric"] in _METRICS:
            held = counts.setdefault(f"{series['metric']} {series['label']}", np.zeros(LENGTH, np.int64))
            at, found = decode(series["hdr"], LENGTH)
            held[at] += found
    everything = sum(counts.values(), np.zeros(LENGTH, np.int64))
    texts = [_section("response_time of everything", everything)]
    texts += [_section(name, counts[name]) for name in sorted(counts)] if len(counts) > 1 else []
    return "\n".join(texts).encode()


def _section(name: str, counts: Ints) -> str:
    at = np.flatnonzero(counts)
    found = counts[at]
    head = (
        f"#[Series: {legible(name)}]\n{'Value':>12} {'Percentile':>14} {'TotalCount':>10} {'1/(1-Percentile)':>14}\n\n"
    )
    return head + "".join(_lines(at, found)) + _FOOT.format(**_moments(at, found))


def _lines(at: Ints, counts: Ints) -> Iterator[str]:
    """Yield a line for each percentile that is looked at, until the largest value is reached."""
    sums = np.cumsum(counts)
    total = int(sums[-1]) if len(sums) else 0
    percent = 0.0
    while total:
        position = int(np.searchsorted(100.0 * sums / total, percent))
        value_ms = highest_us(int(at[position])) / 1000
        if percent < 100:
            yield f"{value_ms:12.3f} {percent / 100:2.12f} {sums[position]:10d} {100 / (100 - percent):14.2f}\n"
        if sums[position] == total:
            yield f"{value_ms:12.3f} {1:2.12f} {total:10d}\n"
            return
        half = 2 ** (int(math.log2(100 / (100 - percent))) + 1)
        percent += 100 / (_TICKS * half)


def _moments(at: Ints, counts: Ints) -> dict[str, Any]:
    """Return mean and deviation of the bins' middles, and the largest value, in milliseconds."""
    middles: Floats = np.array([(lowest_us(index) + highest_us(index) + 1) // 2 for index in at.tolist()], np.float64)
    total = int(counts.sum())
    mean = float((middles * counts).sum() / total) if total else 0.0
    spread = float((((middles - mean) ** 2) * counts).sum() / total) if total else 0.0
    most = highest_us(int(at[-1])) if total else 0
    return {"mean": mean / 1000, "deviation": math.sqrt(spread) / 1000, "most": most / 1000, "total": total}


PAPERS: Mapping[str, Paper] = {"hgrm": Paper(render)}
