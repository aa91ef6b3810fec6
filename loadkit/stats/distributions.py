"""Quantiles of Student's t and of the beta distribution, for any real degrees, without scipy's second of import.

    I(x; a, b)                     regularised incomplete beta function
    P(|T| <= t), nu degrees        1 - I(nu/(nu + t^2); nu/2, 1/2)

The continued fraction is Abramowitz and Stegun 26.5.8, taken by Lentz's method. The tests compare with scipy.
"""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

_TINY = 1e-300
_EPSILON = 1e-14


def beta_cdf(x: float, a: float, b: float) -> float:
    """Return the probability that a beta(a, b) variable is at most x."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):  # the fraction converges quickly only below the mean
        return 1.0 - beta_cdf(1 - x, b, a)
    front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    return math.exp(front) / a * _fraction(x, a, b)


def beta_quantile(probability: float, a: float, b: float) -> float:
    """Return the x below which a beta(a, b) variable lies with a probability, by bisection."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if beta_cdf(middle, a, b) < probability:
            low = middle
        else:
            high = middle
    return (low + high) / 2


@lru_cache(maxsize=64)
def student_t(probability: float, degrees: float) -> float:
    """Return the t below which Student's variable lies with a probability above one half; 2.262 for 0.975 and 9.

    Newton's method from the normal quantile, which lies below: the distribution is concave there, so no step goes too far.
    """
    t = NormalDist().inv_cdf(probability)
    log_scale = math.lgamma((degrees + 1) / 2) - math.lgamma(degrees / 2) - math.log(degrees * math.pi) / 2
    for _ in range(100):
        density = math.exp(log_scale - (degrees + 1) / 2 * math.log1p(t * t / degrees))
        step = (probability - 1 + student_p(t, degrees) / 2) / density
        t += step
        if abs(step) <= 1e-10 * max(t, 1):
            break
    return t


def student_p(t: float, degrees: float) -> float:
    """Return how probable it is that Student's variable is as far from zero as t, to either side."""
    return beta_cdf(degrees / (degrees + t * t), degrees / 2, 0.5)


def _fraction(x: float, a: float, b: float) -> float:
    c, d = 1.0, _guarded(1 - (a + b) * x / (a + 1))
    d = result = 1 / d
    for m in range(1, 100_000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 / _guarded(1 + term * d)
            c = _guarded(1 + term / c)
            result *= c * d
        if abs(c * d - 1) < _EPSILON:
            break
    return result


def _guarded(number: float) -> float:
    return number if abs(number) > _TINY else _TINY
