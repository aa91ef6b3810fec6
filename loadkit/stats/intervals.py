"""The 95 % confidence interval of a percentile and of a ratio, from counts that are not independent.

    p+, p-  = p ± t(0.975, K-1) sqrt(p (1-p) / n_eff)       ranks; the interval is [Q(p-), Q(p+)]
    n_eff   and K by `batches`; the binomial limit is that of order statistics (David and Nagaraja, Order Statistics, 7.1)

An interval exists only where smallest and largest sample enclose the quantile with 95 %: p^n + (1-p)^n <= 0.05, that is
n >= 6 for the median, 29 for p90, 59 for p95, 299 for p99, 2 995 for p99.9.

A ratio's is Clopper and Pearson's (1934) with n_eff (z / t(0.975, K-1))^2 samples, after Korn and Graubard (1998): few batches
say little about their own variance. Where nothing happened, nothing came in clusters either, and n counts as it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

from loadkit.stats.batches import LEAST_S, Dependence
from loadkit.stats.distributions import beta_quantile, student_t

CERTIFIED_S = 100
"""Seconds of steady load from which ten batches of ten seconds stand behind an interval."""
EXCEEDANCES = 100
"""Independent samples beyond a percentile that make its rank certain to some 20 %."""
TAIL = 0.025
"""The probability that the truth lies beyond one end: half of what a 95 % interval leaves out."""
_MANY = 1_000_000  # degrees of freedom with which Student's t is the normal distribution


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A number of a run and how certain it is, in the number's unit.

    `low` and `high` enclose with 95 % what a run without end would have shown; None where the samples do not say. `n` samples know
    as much as `n_eff` independent ones; `seconds` of steady load were looked at, and their batches left so many `degrees` of
    freedom. `note` says what is missing, `certified` that nothing is.
    """

    value: float
    low: float | None = None
    high: float | None = None
    n: int = 0
    n_eff: float = 0.0
    seconds: float = 0.0
    degrees: int = 0
    note: str = ""

    @property
    def certified(self) -> bool:
        """Say whether the interval has both ends, and load enough behind it."""
        return self.low is not None and self.high is not None and not self.note


def least_samples(p: float) -> int:
    """Return the least number of samples with which a quantile has an interval at all; 0 where none has."""
    p = max(p, 1 - p)
    if p >= 1:
        return 0
    least = max(1, math.floor(math.log(2 * TAIL) / math.log(p)))
    while p**least + (1 - p) ** least > 2 * TAIL:
        least += 1
    return least


def ranks(p: float, n_eff: float, degrees: int, tail: float = TAIL) -> tuple[float, float]:
    """Return the ranks p- and p+ between which the true quantile p lies; they may leave 0..1."""
    reach = student_t(1 - tail, degrees) * math.sqrt(p * (1 - p) / n_eff)
    return p - reach, p + reach


def percentile(
    p: float, n: int, found: Dependence, quantile: Callable[[float], float], *, value: float, tail: float = TAIL
) -> Estimate:
    """Return the estimate of a quantile p (0..1) of n samples; `quantile` maps a rank to a value, `value` is that of p.

    `tail` is the probability that the truth lies beyond one of the ends.
    """
    n_eff = n / found.inflation
    name = f"p{100 * p:g}"
    least = least_samples(p)
    if not least:
        return _unknown(value, n, found, f"{name} is an extreme: it has no interval")
    if n < least:
        return _unknown(value, n, found, f"not enough samples: {name} needs at least {least:,}, has {n:,}")
    if found.degrees < 1:
        return _unknown(value, n, found, _too_short(found))
    below, above = ranks(p, n_eff, found.degrees, tail)
    low = min(quantile(below), value) if below > 1 / n else None
    high = max(quantile(above), value) if above < 1 - 1 / n else None
    beyond = n_eff * min(p, 1 - p)
    note = _open(name, p, n, found) if low is None or high is None else _doubts(found, beyond, f"beyond {name}")
    return _enclosed(value, low, high, n, found, note)


def ratio(part: int, whole: int, found: Dependence, *, tail: float = TAIL) -> Estimate:
    """Return the estimate of a ratio of counts. Without a single one, the upper end is 3.7/n."""
    value, n_eff = part / whole, whole / found.inflation
    if found.degrees < 1:
        return _unknown(value, whole, found, _too_short(found))
    trusted = n_eff
    if 0 < part < whole:
        trusted *= (NormalDist().inv_cdf(1 - tail) / student_t(1 - tail, found.degrees)) ** 2
    held, other = value * trusted, (1 - value) * trusted
    low = beta_quantile(tail, held, other + 1) if part else 0.0
    high = beta_quantile(1 - tail, held + 1, other) if part < whole else 1.0
    note = _doubts(found)
    return _enclosed(value, low, high, whole, found, note)


def _unknown(value: float, n: int, found: Dependence, note: str) -> Estimate:
    return _enclosed(value, None, None, n, found, note)


def _enclosed(value: float, low: float | None, high: float | None, n: int, found: Dependence, note: str) -> Estimate:
    return Estimate(
        value=value,
        low=low,
        high=high,
        n=n,
        n_eff=n / found.inflation,
        seconds=found.seconds,
        degrees=found.degrees,
        note=note,
    )


def _open(name: str, p: float, n: int, found: Dependence) -> str:
    """Return why an interval has not both ends: too few stretches to judge by, or too few samples."""
    n_eff = n / found.inflation
    below, above = ranks(p, n_eff, _MANY)
    if 1 / n < below and above < 1 - 1 / n:
        return f"too short: {found.batches} stretches in {found.seconds:.3g} s do not enclose {name}"
    worth = f" are worth {n_eff:,.0f} independent ones," if round(n_eff) < n else " are"
    return f"not enough samples: {n:,}{worth} too few to enclose {name}"


def _too_short(found: Dependence) -> str:
    return f"too short for an interval: {LEAST_S} s of steady load are needed, had {found.seconds:.3g} s"


def _doubts(found: Dependence, beyond: float = EXCEEDANCES, place: str = "") -> str:
    """Return why an interval is not certified; "" when it is."""
    doubts = []
    if beyond < EXCEEDANCES:
        doubts.append(f"{beyond:.0f} independent samples {place}, {EXCEEDANCES} are needed")
    if found.seconds < CERTIFIED_S:
        doubts.append(f"{found.seconds:.0f} s of steady load, {CERTIFIED_S} s are needed")
    return f"not certified: {' and '.join(doubts)}" if doubts else ""
