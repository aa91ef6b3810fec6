"""The difference of two shares, such as error rates, with an interval that holds where they are near zero.

    Wilson (1927)      l, u = (p + z²/2n ∓ z sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n)
    Newcombe (1998)    low  = p1 - p2 - sqrt((p1 - l1)² + (u2 - p2)²)        method 10
                       high = p1 - p2 + sqrt((u1 - p1)² + (p2 - l2)²)

What comes in clusters counts as fewer: n becomes n/Λ (see `batches`). Runs differ, too: where the shares of k baseline runs differ
by more than their n/Λ let expect, all n are divided once more, by

    Φ = max(1, sum_i n_i (p_i - p)² / (p (1-p)) / (k - 1))                   Pearson's dispersion (McCullagh and Nelder 1989, 4.5)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Share:
    """A part of so many, of which only so many are independent."""

    part: int
    whole: int
    effective: float

    @property
    def value(self) -> float:
        """Return the share, 0 of nothing."""
        return self.part / self.whole if self.whole else 0.0


@dataclass(frozen=True, slots=True)
class Difference:
    """The first share minus the second, with the ends of its 95 % interval, and how probable as much is without a change."""

    value: float
    low: float
    high: float
    p_value: float


def pooled(shares: Sequence[Share]) -> tuple[Share, float]:
    """Return several runs as one share, and their dispersion Φ; its effective number is divided by that already."""
    part, whole = sum(share.part for share in shares), sum(share.whole for share in shares)
    effective = math.fsum(share.effective for share in shares)
    dispersion, mean = 1.0, part / whole if whole else 0.0
    if len(shares) > 1 and 0 < part < whole:
        squares = math.fsum(share.effective * (share.value - mean) ** 2 for share in shares)
        dispersion = max(1.0, squares / (mean * (1 - mean)) / (len(shares) - 1))
    return Share(part, whole, effective / dispersion), dispersion


def difference(first: Share, second: Share) -> Difference:
    """Return how far two shares differ; neither is of nothing."""
    low, high = newcombe(first, second, alpha=0.05)
    return Difference(first.value - second.value, low, high, _p_value(first, second))


def newcombe(first: Share, second: Share, *, alpha: float) -> tuple[float, float]:
    """Return the interval of the difference of two shares at a level."""
    z = -_NORMAL.inv_cdf(alpha / 2)
    (low1, high1), (low2, high2) = wilson(first, z), wilson(second, z)
    p1, p2 = first.value, second.value
    return p1 - p2 - math.hypot(p1 - low1, high2 - p2), p1 - p2 + math.hypot(high1 - p1, p2 - low2)


def wilson(share: Share, z: float) -> tuple[float, float]:
    """Return the interval of one share, z standard errors to either side."""
    p, n = share.value, share.effective
    middle, reach = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return max(0.0, (middle - reach) / scale), min(1.0, (middle + reach) / scale)


def _p_value(first: Share, second: Share) -> float:
    """Return the level at which the interval just touches zero."""
    if first.value == second.value:
        return 1.0
    least, most = 1e-12, 1.0 - 1e-12
    for _ in range(60):
        alpha = math.sqrt(least * most)
        low, high = newcombe(first, second, alpha=alpha)
        least, most = (alpha, most) if low <= 0 <= high else (least, alpha)
    return most
