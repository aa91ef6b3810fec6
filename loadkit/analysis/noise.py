"""How much runs of the same thing differ by themselves: the noise between runs, measured with runs that nobody changed.

    τ0² = mean over the series that decide of max(0, V - s_b²)

with V the sample variance of ln p95 over the runs, and s_b² the mean of their squared standard errors within the run (as in
`stats/contrast.py`). Series that decide are all requests, and each name that has 5 % of them. What a handful of runs can show
is no less than LEAST.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, variance
from typing import Any

from loadkit.analysis.compare import DECIDING, DECIDING_SHARE
from loadkit.analysis.reading import Reading, Series, read
from loadkit.errors import UsageError
from loadkit.stats.contrast import Level

LEAST_RUNS = 3
LEAST = 0.01
"""A smaller noise is not believed: runs that agree better did so by chance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """The noise between runs as a ratio, how many runs it is from, and that of each series, by its title."""

    tau: float
    runs: int
    series: Mapping[str, float]


def measure_noise(reports: Sequence[Mapping[str, Any]]) -> Noise:
    """Return the noise between runs of one fingerprint. Raises UsageError where they do not tell it."""
    readings = [read(report) for report in reports]
    for reading in readings:
        if reading.faults:
            raise UsageError(f"{reading.run} says nothing about noise: {'; '.join(reading.faults)}")
    if len(readings) < LEAST_RUNS:
        raise UsageError(f"{LEAST_RUNS} runs are needed to measure noise, better 5; there are {len(readings)}")
    found = {series: _between(levels) for series in _deciding(readings) if (levels := _levels(readings, series))}
    if not found:
        raise UsageError(
            f"these runs are too short to measure noise: not each has an interval of {DECIDING}; make them 100 s long"
        )
    tau = math.sqrt(fmean(found.values()))
    return Noise(
        tau=max(LEAST, tau),
        runs=len(readings),
        series={name or "all requests": math.sqrt(found[family, name]) for family, name in found},
    )


def _deciding(readings: Sequence[Reading]) -> list[Series]:
    first = readings[0]
    whole = sum(seen.requests for (_, name), seen in first.series.items() if name is None)
    return [series for series, seen in first.series.items() if seen.requests >= DECIDING_SHARE * whole]


def _levels(readings: Sequence[Reading], series: Series) -> list[Level]:
    """Return the level of each run; none where one of them has none."""
    seen = [reading.series.get(series) for reading in readings]
    levels = [one.good[DECIDING].level if one and DECIDING in one.good else None for one in seen]
    known = [level for level in levels if level is not None]
    return known if len(known) == len(readings) else []


def _between(levels: Sequence[Level]) -> float:
    """Return the variance between runs, beyond that within them."""
    return max(0.0, variance(level.theta for level in levels) - fmean(level.error**2 for level in levels))
