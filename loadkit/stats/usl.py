"""The Universal Scalability Law: how throughput grows with concurrency, and where it stops growing.

    X(N) = λ N / (1 + σ (N-1) + κ N (N-1))      λ throughput of one user, σ contention, κ coherency; all >= 0
    N*   = sqrt((1-σ) / κ), X_max = X(N*)       the peak; κ = 0: none, X rises towards λ/σ; σ = κ = 0: without bound
    E(N) = X(N) / (λ N)                         efficiency

(Gunther, Guerrilla Capacity Planning, Springer 2007, ch. 4 to 6.) Turned round it is linear, so fitting needs no start values:

    N/X = a + b (N-1) + c N (N-1)               λ = 1/a, σ = b/a, κ = c/a

Each row is divided by its N/X, so that all steps count by relative error. Least squares with a, b, c >= 0 are found exactly by
solving for each set of coefficients that may be above zero, {a}, {a,b}, {a,c}, {a,b,c}, and taking the best that is feasible.
Intervals are the jackknife's (Efron and Tibshirani, An Introduction to the Bootstrap, ch. 11): the fit is repeated without
each point. What may be infinite, N* and X_max, is looked at by its reciprocal, which is zero then.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from loadkit.arrays import Floats, np
from loadkit.stats.distributions import student_t

_ACTIVE = ((0,), (0, 1), (0, 2), (0, 1, 2))
_TAIL = 0.025
_LEAST_POINTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """One law: `rate` is λ in the unit of the throughputs, `contention` σ, `coherency` κ."""

    rate: float
    contention: float = 0.0
    coherency: float = 0.0

    def throughput(self, users: float) -> float:
        """Return X(N)."""
        more = users - 1
        return self.rate * users / (1 + self.contention * more + self.coherency * users * more)

    def efficiency(self, users: float) -> float:
        """Return E(N): the part of a user's throughput alone that each of N has."""
        return self.throughput(users) / (self.rate * users)

    @property
    def peak_users(self) -> float:
        """Return N*, at least 1; infinite where throughput rises for ever."""
        if self.contention >= 1:  # a second user already lessens what there is
            return 1.0 if self.coherency or self.contention > 1 else math.inf
        return max(1.0, math.sqrt((1 - self.contention) / self.coherency)) if self.coherency else math.inf

    @property
    def most(self) -> float:
        """Return the throughput that is never exceeded: X_max at the peak, λ/σ without one; infinite without contention."""
        if math.isfinite(self.peak_users):
            return self.throughput(self.peak_users)
        return self.rate / self.contention if self.contention else math.inf


@dataclass(frozen=True, slots=True)
class Bounds:
    """A number and the ends of its 95 % interval; an end may be infinite."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A law with what is known of its certainty.

    `explained` is R² of relative residuals: the part of the throughput's variation that the law explains; `error` is the root mean
    square of the relative residuals.
    """

    law: Law
    rate: Bounds
    contention: Bounds
    coherency: Bounds
    peak_users: Bounds
    most: Bounds
    explained: float
    error: float


def fit_law(users: Sequence[float], rates: Sequence[float]) -> Law:
    """Return the law of least relative error. Raises ValueError for throughputs that are not above zero, or no points at all."""
    n, x = np.asarray(users, dtype=np.float64), np.asarray(rates, dtype=np.float64)
    if not len(n) or len(n) != len(x) or not (x > 0).all() or not (n >= 1).all():
        raise ValueError("a scalability law needs throughputs above zero at one user or more")
    demand = n / x  # seconds of one user per request
    rows = np.stack([np.ones_like(n), n - 1, n * (n - 1)], axis=1) / demand[:, None]
    best, least = np.zeros(3), math.inf
    for active in _ACTIVE:  # the first is always feasible
        found, *_ = np.linalg.lstsq(rows[:, active], np.ones_like(n), rcond=None)
        if found[0] <= 0 or (found < 0).any():
            continue
        coefficients = np.zeros(3)
        coefficients[list(active)] = found
        squares = float(((rows @ coefficients - 1) ** 2).sum())
        if squares < least - 1e-15:  # on equal terms the law with fewer terms
            best, least = coefficients, squares
    a, b, c = map(float, best)
    return Law(rate=1 / a, contention=b / a, coherency=c / a)


def fit(users: Sequence[float], rates: Sequence[float]) -> Fit:
    """Return the law of least relative error with 95 % intervals. Raises ValueError, also for fewer than three points."""
    if len(users) < _LEAST_POINTS:
        raise ValueError(f"a scalability law needs at least {_LEAST_POINTS} points, has {len(users)}")
    law = fit_law(users, rates)
    others = [
        fit_law([*users[:index], *users[index + 1 :]], [*rates[:index], *rates[index + 1 :]])
        for index in range(len(users))
    ]
    explained, error = _goodness(law, np.asarray(users, dtype=np.float64), np.asarray(rates, dtype=np.float64))
    return Fit(
        law=law,
        rate=_jackknifed(law, others, lambda one: one.rate),
        contention=_jackknifed(law, others, lambda one: one.contention),
        coherency=_jackknifed(law, others, lambda one: one.coherency),
        peak_users=_reciprocal(_jackknifed(law, others, lambda one: 1 / one.peak_users)),
        most=_reciprocal(_jackknifed(law, others, lambda one: 1 / one.most)),
        explained=explained,
        error=error,
    )


def _jackknifed(law: Law, others: Sequence[Law], read: Callable[[Law], float]) -> Bounds:
    """Return a number of the law with what leaving each point out says of its spread: se² = (n-1)/n sum (θ_i - mean θ)²."""
    value, count = read(law), len(others)
    seen = np.array([read(other) for other in others])
    spread = math.sqrt((count - 1) / count * float(((seen - seen.mean()) ** 2).sum()))
    reach = student_t(1 - _TAIL, count - 1) * spread
    return Bounds(value, max(0.0, value - reach), value + reach)


def _reciprocal(bounds: Bounds) -> Bounds:
    return Bounds(*(1 / number if number else math.inf for number in (bounds.value, bounds.high, bounds.low)))


def _goodness(law: Law, users: Floats, rates: Floats) -> tuple[float, float]:
    """Return R² and the root mean square of relative residuals. R² compares with the constant that errs least."""
    law_rates = np.array([law.throughput(float(number)) for number in users])
    residuals = float(((law_rates / rates - 1) ** 2).sum())
    constant = float((1 / rates).sum() / (1 / rates**2).sum())
    variation = float(((constant / rates - 1) ** 2).sum())
    explained = 1 - residuals / variation if variation > 0 else 0.0
    return explained, math.sqrt(residuals / len(users))
