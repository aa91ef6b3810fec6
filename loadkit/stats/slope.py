"""Whether a series grows: the Theil-Sen slope with its 95 % interval, and the Mann-Kendall test.

    slope    median of (z_j - z_i) / (x_j - x_i) over all pairs i < j                    (Theil 1950, Sen 1968)
    ends     the pairs' slopes at the ranks (M -+ C) / 2,  C = 1.96 sqrt(Var S),  M pairs
    S        sum of sign(z_j - z_i) over all pairs                                       (Mann 1945, Kendall)
    Var S    n (n-1) (2n+5) / 18 * correction
    Z        (S - sign S) / sqrt(Var S), about normal where nothing grows
    correction = 1 + 2 / (n (n-1) (n-2)) * sum_l (n-l) (n-l-1) (n-l-2) r_l, at least 1   (Hamed and Rao 1998)
    r_l      autocorrelation at lag l (1 to 3) of the ranks of the series without its slope, where it is significant

Neighbouring seconds of a queue are alike, and without the correction chance would be taken for growth.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from loadkit.arrays import Floats, np

LEAST = 4
"""Points below which a slope has no interval."""
_Z = 1.959964
_LAGS = 3


@dataclass(frozen=True, slots=True)
class Slope:
    """A slope in units of the series per step or per unit of `at`, what encloses it with 95 %, and Mann and Kendall's Z."""

    value: float
    low: float
    high: float
    z: float = 0.0

    def times(self, steps: float) -> Slope:
        """Return the slope over so many steps."""
        return Slope(self.value * steps, self.low * steps, self.high * steps, self.z)


def theil_sen(series: Sequence[float] | Floats, at: Sequence[float] | Floats | None = None) -> Slope:
    """Return the slope of a series over rising `at`, of equally spaced values without.

    Where fewer than LEAST values differ in `at`, it is enclosed by nothing.
    """
    z = np.asarray(series, np.float64)
    n = len(z)
    x = np.arange(n, dtype=np.float64) if at is None else np.asarray(at, np.float64)
    first, second = np.triu_indices(n, 1)
    steps, rises = x[second] - x[first], z[second] - z[first]
    apart = steps > 0
    if not apart.any():
        return Slope(0.0, -math.inf, math.inf)
    slopes = np.sort(rises[apart] / steps[apart])
    value = float(np.median(slopes))
    if len(np.unique(x)) < LEAST:
        return Slope(value, -math.inf, math.inf)
    pairs = len(slopes)
    deviation = math.sqrt(n * (n - 1) * (2 * n + 5) / 18 * _correction(z - value * x))
    reach = _Z * deviation
    low, high = math.floor((pairs - reach) / 2) - 1, math.ceil((pairs + reach) / 2)
    score = int(np.sign(rises).sum())
    return Slope(
        value,
        float(slopes[low]) if low >= 0 else -math.inf,
        float(slopes[high]) if high < pairs else math.inf,
        (score - (score > 0) + (score < 0)) / deviation,
    )


def _correction(rest: Floats) -> float:
    """Return by how much dependence between neighbours inflates Var S."""
    n = len(rest)
    ranks = _ranks(rest)
    centred = ranks - ranks.mean()
    total = float((centred**2).sum())
    if not total or n <= _LAGS + 2:
        return 1.0
    inflation = 0.0
    for lag in range(1, _LAGS + 1):
        r = float((centred[lag:] * centred[:-lag]).sum()) / total
        if abs(r) > _Z / math.sqrt(n):
            inflation += (n - lag) * (n - lag - 1) * (n - lag - 2) * r
    return max(1.0, 1 + 2 * inflation / (n * (n - 1) * (n - 2)))


def _ranks(values: Floats) -> Floats:
    """Return the ranks from 1; equal values share the mean of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    shared: Floats = (ends - (counts - 1) / 2)[inverse]
    return shared
