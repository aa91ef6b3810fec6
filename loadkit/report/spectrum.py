"""The percentile spectrum: response and service time at percentiles that come ever closer to 100 %.

    percentile(k) = 100 * (1 - 10^(-k / 10))        ten points to each further nine, up to 99.9999 %

There is no point beyond what so many samples tell: the last one, at 100 * (1 - 1/n), is the largest value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loadkit.arrays import Ints, np
from loadkit.metrics.family import response_times, service_times
from loadkit.metrics.hdr import decode
from loadkit.metrics.histogram import LENGTH, highest_us
from loadkit.metrics.snapshot import Snapshot

_NINES = 6
_STEPS = 10  # to each
Points = list[list[float]]


def spectrum(summary: Snapshot) -> dict[str, Points]:
    """Return the spectra of all requests and calls, as [percentile, milliseconds]."""
    times = {"response_time": response_times(summary), "service_time": service_times(summary)}
    return {name: _points(*found.bins(), found.max_ns / 1e6) for name, found in times.items()}


def spectrum_of(report: Mapping[str, Any]) -> dict[str, Points]:
    """Return the spectra of a run by its report. Raises ValueError for histograms that are none."""
    made = {}
    for name in ("response_time", "service_time"):
        counts, most = np.zeros(LENGTH, np.int64), 0.0
        for series in report["loadkit"]["series"]:
            if series["metric"].partition(".")[2] == name:
                at, found = decode(series["hdr"], LENGTH)
                counts[at] += found
                most = max(most, series["max_ns"] / 1e6)
        at = np.flatnonzero(counts)
        made[name] = _points(at, counts[at], most)
    return made


def _points(at: Ints, counts: Ints, most_ms: float) -> Points:
    if not len(at):
        return []
    sums = np.cumsum(counts)
    total = int(sums[-1])
    nines = np.arange(_NINES * _STEPS + 1) / _STEPS
    nines = nines[10.0**nines < total]
    shares = 1 - 10.0**-nines
    found = at[np.searchsorted(sums, np.maximum(1, np.ceil(shares * total - 1e-9)))]
    made = [
        [round(100 * share, 5), round(min(highest_us(index) / 1000, most_ms), 3)]
        for share, index in zip(shares.tolist(), found.tolist(), strict=True)
    ]
    last = 100 * (1 - 1 / max(total, 2))
    return [*made, [round(min(last, 100 * (1 - 10.0**-_NINES)), 5), round(most_ms, 3)]]
