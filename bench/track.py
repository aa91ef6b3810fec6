"""What the coordinator pays for confidence intervals: an interval of 100 request names, and the memory after an hour."""

from __future__ import annotations

from time import thread_time_ns

import numpy as np

from bench.table import markdown
from loadkit.metrics.histogram import Histogram
from loadkit.metrics.snapshot import Snapshot
from loadkit.metrics.track import Leg, Track
from loadkit.units import NS_PER_S

NAMES = 100
_SPREAD = 0.5  # of the logarithm: p99 is five times p50


def track(samples: int = 1000, seconds: int = 3600) -> str:
    """Return the table. The snapshots of a few seconds are used again and again, moved in time."""
    made = [_parts(samples, seed) for seed in range(16)]
    kept = Track([Leg(0, 0, seconds * NS_PER_S)])
    spent = []
    for second in range(seconds):
        snapshot = Snapshot.of_parts(second * NS_PER_S, (second + 1) * NS_PER_S, made[second % len(made)])
        began_ns = thread_time_ns()
        kept.add(snapshot)
        spent.append(thread_time_ns() - began_ns)
    rows = [
        ("an interval, median", f"{np.median(spent) / 1e6:.2f} ms"),
        ("an interval, mean", f"{np.mean(spent) / 1e6:.2f} ms"),
        ("an interval, longest", f"{np.max(spent) / 1e6:.2f} ms"),
        ("share of a core", f"{np.mean(spent) / NS_PER_S:.2%}"),
        ("memory at the end", f"{kept.nbytes() / 1e6:.1f} MB"),
    ]
    return markdown((f"{NAMES} names, {samples} samples each a second, {seconds} s", ""), rows)


def _parts(samples: int, seed: int) -> dict[tuple[int, str], Snapshot]:
    random, part = np.random.default_rng(seed), Snapshot()
    for number in range(NAMES):
        name, histogram = f"/endpoint/{number}", Histogram()
        histogram.record((random.lognormal(np.log(2e7 * (1 + number / 10)), _SPREAD, samples)).astype(np.int64))
        part.histograms |= {("http.response_time", name): histogram, ("http.service_time", name): histogram}
        part.counters |= {("http.requests", name): samples, ("http.responses", name): samples}
        part.counters["http.codes.200", name] = samples
    return {(0, "browse"): part}
