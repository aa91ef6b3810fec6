"""How far a number of one run differs from that of earlier runs, with the noise between runs in the error.

Runs of the same thing differ by more than their samples do: another process, another layout of memory, another minute of a shared
machine. Whoever tests within runs alone takes that for a change more than half of the time. With θ = ln q of each run, s its
standard error within the run, K - 1 its degrees, k baseline runs, and τ0 what runs are known to differ by:

    θ_b   = mean θ_i             V = sample variance of θ_i          s_b² = mean s_i²
    τ²    = (ν0 τ0² + (k-1) max(0, V - s_b²)) / (ν0 + k - 1)         ν0 = 3: τ0 counts as much as three more runs
    δ     = θ_new - θ_b
    SE²   = s_new² + s_b²/k + τ² (1 + 1/k)
    ν     = SE⁴ / (s_new⁴/(K-1) + (s_b²/k)²/(k(K-1)) + (τ²(1+1/k))²/(ν0+k-1))
    ratio   exp(δ ± t(0.975, ν) SE)

ν after Satterthwaite (1946); a prior for τ² by the scaled inverse chi-squared distribution (Gelman et al., Bayesian Data Analysis,
2.6).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from loadkit.stats.distributions import student_p, student_t

PRIOR_RUNS = 3
"""ν0: as many runs as the noise floor stands for."""


@dataclass(frozen=True, slots=True)
class Level:
    """A run's number: its logarithm, the standard error of that within the run, and the degrees behind it."""

    theta: float
    error: float
    degrees: int

    @classmethod
    def of(cls, value: float, low: float, high: float, degrees: int) -> Level:
        """Return the level of a number with its 95 % interval; all above zero, and with degrees of freedom."""
        return cls(math.log(value), math.log(high / low) / (2 * student_t(0.975, degrees)), degrees)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """A difference of logarithms, and the two parts of its variance: within runs, and between runs by `tau` (τ)."""

    base: float
    delta: float
    within: float
    between: float
    tau: float
    degrees: float

    @property
    def error(self) -> float:
        """Return the standard error of the difference."""
        return math.sqrt(self.within + self.between)

    @property
    def p_value(self) -> float:
        """Return how probable a difference as large is, either way, where there is none."""
        return student_p(abs(self.delta) / self.error, self.degrees)

    def reach(self, alpha: float = 0.05) -> float:
        """Return half the width of the interval at a level."""
        return student_t(1 - alpha / 2, self.degrees) * self.error


def contrast(new: Level, base: Sequence[Level], *, noise_floor: float) -> Contrast:
    """Return how a run differs from one baseline run or more; `noise_floor` is τ0, above zero."""
    k = len(base)
    mean = math.fsum(level.theta for level in base) / k
    own = math.fsum(level.error**2 for level in base) / k
    tau2 = noise_between(base, noise_floor=noise_floor)
    parts = (
        (new.error**2, new.degrees),
        (own / k, sum(level.degrees for level in base)),
        (tau2 * (1 + 1 / k), PRIOR_RUNS + k - 1),
    )
    total = math.fsum(variance for variance, _ in parts)
    return Contrast(
        base=mean,
        delta=new.theta - mean,
        within=parts[0][0] + parts[1][0],
        between=parts[2][0],
        tau=math.sqrt(tau2),
        degrees=total**2 / math.fsum(variance**2 / degrees for variance, degrees in parts),
    )


def noise_between(base: Sequence[Level], *, noise_floor: float) -> float:
    """Return τ², the variance between runs: what was seen beyond that within them, drawn to the noise floor."""
    k = len(base)
    mean = math.fsum(level.theta for level in base) / k
    own = math.fsum(level.error**2 for level in base) / k
    spread = math.fsum((level.theta - mean) ** 2 for level in base) / (k - 1) if k > 1 else 0.0
    return (PRIOR_RUNS * noise_floor**2 + (k - 1) * max(0.0, spread - own)) / (PRIOR_RUNS + k - 1)
