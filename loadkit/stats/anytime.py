"""A confidence interval of a mean that may be looked at after each value, and stopped at whenever one likes.

An ordinary t interval that is computed again after each value misses the true mean far more often than in 5 % of the cases: who
looks often enough is wrong in the end. This one holds at all looks at once:

    t        = m sqrt(n) / s                            of n values with mean m and standard deviation s
    B_n(t)   = (1 + n g)^(-1/2) ((1 + t²/(n-1)) / (1 + t²/((n-1)(1 + n g))))^(n/2)
    interval = all means that give B_n < 1/α
             = m ± s/sqrt(n) sqrt((n-1) (K-1) / (1 - K/(1 + n g))),  K = ((1 + n g) / α²)^(1/n); without bound while K >= 1 + n g

B_n is the likelihood ratio of t between a mean of δ deviations, δ ~ N(0, g), and none (closed form: Gönen, Johnson, Lu and
Westfall, The American Statistician 59, 2005). t does not depend on the unknown deviation, so B_n is a martingale when the mean is
none, and by Ville's inequality it ever reaches 1/α with probability α at most (Lai, On Confidence Sequences, Annals of
Statistics 4, 1976; Wang and Ramdas, Anytime-valid t-tests and confidence sequences, arXiv 2310.03722). That is exact for
independent normal values; tests show by simulation what it is for others.

g says where the interval is narrowest. With 5, differences of two deviations are found after some five values.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

_SPREAD = 5.0  # g
ALPHA = 0.05
LEAST = 4
"""How many values it takes before the interval has ends."""
_MOST = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Mean:
    """A mean with an interval that holds at every look; the ends are infinite as long as nothing is known."""

    value: float
    low: float
    high: float
    deviation: float
    count: int

    @property
    def reach(self) -> float:
        """Return the interval's half width."""
        return self.high - self.value


def reach(count: int, deviation: float, alpha: float = ALPHA) -> float:
    """Return the half width of the interval of so many values; infinite where they do not say anything yet."""
    if count < 2:
        return math.inf
    wide = 1 + count * _SPREAD
    limit = (wide / alpha**2) ** (1 / count)
    if limit >= wide:
        return math.inf
    squared = (count - 1) * (limit - 1) / (1 - limit / wide)
    return deviation * math.sqrt(squared / count)


def mean_of(values: Sequence[float], alpha: float = ALPHA) -> Mean:
    """Return the mean of values in the order they came. Raises ValueError without any."""
    count = len(values)
    if not count:
        raise ValueError("the mean of no values is not known")
    value = math.fsum(values) / count
    deviation = math.sqrt(math.fsum((each - value) ** 2 for each in values) / (count - 1)) if count > 1 else math.inf
    half = reach(count, deviation, alpha)
    return Mean(value=value, low=value - half, high=value + half, deviation=deviation, count=count)


def count_for(wanted: float, deviation: float, alpha: float = ALPHA) -> int | None:
    """Return how many values with such a deviation make the half width as small as wanted; None for more than 10,000."""
    if wanted <= 0 or reach(_MOST, deviation, alpha) > wanted:
        return None
    low, high = 1, _MOST  # the width falls with the count
    while high - low > 1:
        middle = (low + high) // 2
        if reach(middle, deviation, alpha) <= wanted:
            high = middle
        else:
            low = middle
    return high
