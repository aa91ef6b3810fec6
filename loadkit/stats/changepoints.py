"""Where a history of runs changed for good: e-divisive means, with Student's t-test in the place of permutations.

Two stretches X, Y of n and m neighbouring runs lie apart by the energy distance of Székely and Rizzo:

    E(X, Y) = 2 mean|X_i - Y_j| - mean|X_i - X_k| - mean|Y_j - Y_k|       Q = n m / (n + m) * E

    split   in windows of 50 runs, each half a window after the last, or at the change found there: where Q is largest is a
            candidate; it is kept, and both sides are searched anew, while the t-test of both sides has p <= 10 * MAX_P
    merge   all candidates are tested again, each between its neighbours: the weakest goes while it has p >= MAX_P; then the
            smallest, while the means on its two sides are less than `least` apart, or the medians

Candidates are kept at ten times p, since two changes close together hide each other until both are found. The candidates are
chosen where they look best, so p is not the chance of a false alarm; `tests/unit/stats/test_changepoints.py` measures that: 1 % of
histories of 50 unchanged runs. A change needs SIDE runs on both sides, and the medians must differ as well: one odd run is an
outlier and no change.

Matteson and James, arXiv 1306.4933 (e-divisive); Fleming et al., Hunter, ICPE 2023, arXiv 2301.03034 (t-test, windows, merging).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from loadkit.arrays import Floats, np
from loadkit.stats.distributions import beta_cdf

WINDOW = 50
MAX_P = 0.001
WEAKER = 10
"""How many times larger p may be while candidates are looked for."""
SIDE = 3
"""Least runs on each side of a change."""


@dataclass(frozen=True, slots=True)
class Change:
    """A change between run `at - 1` and run `at`: the means of the stretches on both sides, and p of their t-test."""

    at: int
    before: float
    after: float
    p: float
    apart: float
    """By how much the medians differ, or the means, whichever is less."""

    @property
    def size(self) -> float:
        """Return by how much the mean rose, below zero where it fell."""
        return self.after - self.before


def find_changes(values: Sequence[float], *, least: float) -> tuple[Change, ...]:
    """Return the changes of a history, oldest first; of those with means less than `least` apart, none."""
    series = np.asarray(values, dtype=np.float64)
    points = _split(series)
    while points:
        changes = _tested(series, points)
        weakest = max(changes, key=lambda change: (change.p, -change.apart))
        if weakest.p < MAX_P:
            weakest = min(changes, key=lambda change: change.apart)
            if weakest.apart >= least:
                return tuple(changes)
        points.remove(weakest.at)
    return ()


def _split(series: Floats) -> list[int]:
    """Return candidates for changes, sorted."""
    found: set[int] = set()
    start = 0
    while start < len(series):
        inside = _split_window(series, start, min(start + WINDOW, len(series)))
        found.update(inside)
        start = max(start + WINDOW // 2, inside[-1] if inside else 0)
    return sorted(found)


def _split_window(series: Floats, start: int, end: int) -> list[int]:
    found: list[int] = []
    while True:
        edges = [start, *found, end]
        candidates = [best for low, high in pairwise(edges) if (best := _farthest(series, low, high))]
        if not candidates:
            return found
        _, low, at, high = max(candidates)
        if _p(series[low:at], series[at:high]) > MAX_P * WEAKER:
            return found
        found = sorted([*found, at])


def _farthest(series: Floats, start: int, end: int) -> tuple[float, int, int, int] | None:
    """Return the largest Q of a stretch, with the stretch and where in it the second part begins; None if it is too short.

    The second part may end before the stretch does, so that a change is found that is undone later.
    """
    size = end - start
    if size < 2 * SIDE:
        return None
    values = series[start:end]
    sums = np.zeros((size + 1, size + 1))
    sums[1:, 1:] = np.abs(values[:, None] - values[None, :]).cumsum(0).cumsum(1)
    inside = np.diagonal(sums)  # of the pairs of the first so many runs
    at, to = np.arange(size + 1)[:, None], np.arange(size + 1)[None, :]
    n, m = at * np.ones_like(to), to - at
    allowed = (n >= SIDE) & (m >= SIDE)
    n, m = np.where(allowed, n, SIDE), np.where(allowed, m, SIDE)
    across = sums - inside[:, None]
    second = inside[None, :] - sums - sums.T + inside[:, None]
    energy = 2 * across / (n * m) - inside[:, None] / (n * (n - 1)) - second / (m * (m - 1))
    q = np.where(allowed, n * m / (n + m) * energy, -np.inf)
    best = int(q.argmax())
    return float(q.flat[best]), start, start + best // (size + 1), end


def _tested(series: Floats, points: Sequence[int]) -> list[Change]:
    edges = [0, *points, len(series)]
    return [
        _change(series[low:at], series[at:high], at) for low, at, high in zip(edges, points, edges[2:], strict=False)
    ]


def _change(left: Floats, right: Floats, at: int) -> Change:
    before, after = float(left.mean()), float(right.mean())
    apart = min(abs(after - before), abs(float(np.median(right) - np.median(left))))
    return Change(at, before, after, _p(left, right), apart)


def _p(left: Floats, right: Floats) -> float:
    """Return p of Student's two-sided t-test for equal means, with one variance for both sides; 1 where one has too few runs."""
    if min(len(left), len(right)) < SIDE:
        return 1.0
    degrees = len(left) + len(right) - 2
    apart = float(right.mean() - left.mean())
    squares = float(((left - left.mean()) ** 2).sum() + ((right - right.mean()) ** 2).sum())
    error = math.sqrt(squares / degrees * (1 / len(left) + 1 / len(right)))
    if error <= 1e-12 * abs(apart) or not apart:
        return 0.0 if apart else 1.0
    return beta_cdf(degrees / (degrees + (apart / error) ** 2), degrees / 2, 0.5)
