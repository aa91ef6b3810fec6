"""What steps of rising concurrency say about a target: its scalability law, the best number of users, the knee.

    efficiency          E(N) = X(N) / (λ N), λ the throughput of one user by the law, else of the first step
    marginal            (X_i - X_{i-1}) / (N_i - N_{i-1}) / (X_1/N_1): what a further user adds, one alone being 1
    power               X / R; the optimum is the step that has most of it (Kleinrock 1979) among those that meet the objectives
    knee                the first step whose marginal efficiency is below one half, or whose p95 is above twice the first step's;
                        else where two straight lines fit R(N) far better than one

The law (stats/usl.py) is fitted only to steps whose throughput is the target's: not where the generator was the limit, nor where
1 % of the requests failed. It is believed with six different numbers of users and R² >= 0.95; where the throughput hardly varies R²
says nothing, and residuals of 2 % do. A peak beyond 1.5 times the most users measured is extrapolation: it is not named.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from loadkit.arrays import Floats, np
from loadkit.stats.intervals import Estimate
from loadkit.stats.usl import Bounds, Fit, fit
from loadkit.units import format_share

LEAST_STEPS = 6
STEADY_S = 30
LEAST_EXPLAINED = 0.95
SMALL_ERROR = 0.02
MOST_FAILED = 0.01
REACH = 1.5
"""How far beyond the most users measured a peak may lie and still be named."""
_BENT = 0.25  # of the squares that one line leaves, where two lines are believed
_LEAST_BENT = 5  # steps


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What was measured with `users` at work: `rate` in requests/s, `response_s` the mean, `p95_ns` in nanoseconds.

    `failed` is the share of requests that failed. `limit` says why the throughput is the generator's and not the target's, and
    `missed` holds the objectives that the step did not meet, as text.
    """

    users: int
    rate: float
    response_s: float
    p95_ns: Estimate
    failed: float = 0.0
    seconds: float = 0.0
    limit: str = ""
    missed: tuple[str, ...] = ()

    @property
    def power(self) -> float:
        """Return X/R, in requests/s²."""
        return self.rate / self.response_s if self.response_s > 0 else 0.0

    @property
    def meets(self) -> bool:
        """Say whether the step is one to run a target at: its objectives hold, and what it shows is the target's doing."""
        return not self.missed and not self.limit and self.failed < MOST_FAILED


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A step in the table. `marginal` is None in the first."""

    step: Step
    efficiency: float
    marginal: float | None
    fitted: float | None
    left_out: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Knee:
    """Where more users stop paying; `certain` is whether it stands outside of its confidence interval."""

    users: int
    why: str
    certain: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Scalability:
    """The whole answer. `fit` is None, or not `trusted`, for the `doubts`; `warnings` weaken it and do not forbid it."""

    rows: tuple[Row, ...]
    fit: Fit | None
    doubts: tuple[str, ...]
    warnings: tuple[str, ...]
    optimum: Step | None
    knee: Knee | None

    @property
    def trusted(self) -> bool:
        """Say whether the law may be quoted."""
        return self.fit is not None and not self.doubts

    @property
    def most_users(self) -> int:
        """Return the most users that the law was fitted to; 0 without any."""
        return max((row.step.users for row in self.rows if not row.left_out), default=0)

    @property
    def peak(self) -> str:
        """Return "measured", "predicted" (a little beyond what was measured), "extrapolated", "none", or "unknown"."""
        if not self.trusted or self.fit is None:
            return "unknown"
        users = self.fit.peak_users.value
        if math.isinf(users):
            return "none"
        if users <= self.most_users:
            return "measured"
        return "predicted" if users <= REACH * self.most_users else "extrapolated"

    @property
    def named_peak(self) -> tuple[Bounds, Bounds] | None:
        """Return users and throughput of the peak, where it may be named."""
        return (self.fit.peak_users, self.fit.most) if self.fit and self.peak in ("measured", "predicted") else None

    @property
    def ceiling(self) -> Bounds | None:
        """Return the throughput that a law without peak approaches, where two thirds of it have been measured."""
        if self.fit is None or self.peak != "none" or math.isinf(self.fit.most.value):
            return None
        seen = max(row.step.rate for row in self.rows if not row.left_out)
        return self.fit.most if seen * REACH >= self.fit.most.value else None

    @property
    def at_scale(self) -> Row | None:
        """Return the row of the most users that meet the objectives: its efficiency is the "efficiency at scale"."""
        return max((row for row in self.rows if row.step.meets), key=lambda row: row.step.users, default=None)

    def to_data(self) -> dict[str, Any]:
        """Return plain data for a report: rates in requests/s, times in milliseconds, what is unbounded or unnamed as null."""
        at_scale, named, ceiling = self.at_scale, self.named_peak, self.ceiling
        return {
            "steps": [_row_data(row) for row in self.rows],
            "fit": _fit_data(self.fit) if self.fit else None,
            "trusted": self.trusted,
            "doubts": list(self.doubts),
            "warnings": list(self.warnings),
            "peak": {
                "status": self.peak,
                "users": _bounds_data(named[0]) if named else None,
                "rate": _bounds_data(named[1]) if named else None,
                "ceiling": _bounds_data(ceiling) if ceiling else None,
            },
            "optimum": self.optimum.users if self.optimum else None,
            "knee": {"users": self.knee.users, "why": self.knee.why, "certain": self.knee.certain}
            if self.knee
            else None,
            "efficiency_at_scale": {"users": at_scale.step.users, "efficiency": _rounded(at_scale.efficiency)}
            if at_scale
            else None,
        }


def analyse(steps: Sequence[Step]) -> Scalability:
    """Return what steps say. They are taken in order of their users; several may have the same number."""
    ordered = sorted(steps, key=lambda step: step.users)
    reasons = [_left_out(step) for step in ordered]
    kept = [step for step, reason in zip(ordered, reasons, strict=True) if not reason]
    found, doubts = _fitted(kept)
    return Scalability(
        rows=tuple(_rows(ordered, reasons, found)),
        fit=found,
        doubts=doubts,
        warnings=tuple(_warnings(ordered, kept)),
        optimum=max((step for step in ordered if step.meets), key=lambda step: step.power, default=None),
        knee=_knee(kept),
    )


def _left_out(step: Step) -> str:
    """Return why a step's throughput says nothing about the target; "" when it does."""
    if step.limit:
        return f"generator limit: {step.limit}"
    if step.failed >= MOST_FAILED:
        return f"{format_share(step.failed)} of the requests failed"
    return "" if step.rate > 0 else "no request was completed"


def _fitted(steps: Sequence[Step]) -> tuple[Fit | None, tuple[str, ...]]:
    users = [step.users for step in steps]
    different = len(set(users))
    doubts = []
    if different < LEAST_STEPS:
        doubts.append(
            f"the law needs at least {LEAST_STEPS} different numbers of users that can be used, has {different}"
        )
    if different < 4:  # three coefficients go through three points, whatever they are
        return None, tuple(doubts)
    found = fit(users, [step.rate for step in steps])
    if found.explained < LEAST_EXPLAINED and found.error > SMALL_ERROR:
        doubts.append(
            f"the law does not describe this target: R² is {found.explained:.3f}, {LEAST_EXPLAINED} is needed "
            f"(it misses by {100 * found.error:.1f}% on average)"
        )
    return found, tuple(doubts)


def _rows(steps: Sequence[Step], reasons: Sequence[str], found: Fit | None) -> list[Row]:
    first = steps[0] if steps else None
    alone = found.law.rate if found else first.rate / first.users if first else 0.0
    made: list[Row] = []
    for index, (step, reason) in enumerate(zip(steps, reasons, strict=True)):
        before = steps[index - 1] if index else None
        made.append(
            Row(
                step=step,
                efficiency=step.rate / (alone * step.users) if alone else 0.0,
                marginal=_marginal(before, step, steps[0]) if before else None,
                fitted=found.law.throughput(step.users) if found else None,
                left_out=reason,
            )
        )
    return made


def _marginal(before: Step, step: Step, first: Step) -> float | None:
    if step.users == before.users or not first.rate:
        return None
    return (step.rate - before.rate) / (step.users - before.users) / (first.rate / first.users)


def _warnings(steps: Sequence[Step], kept: Sequence[Step]) -> list[str]:
    told = []
    short = [step.seconds for step in steps if round(step.seconds) < STEADY_S]  # a step is cut some ms short or long
    if short:
        told.append(
            f"steps of {min(short):.3g} s are shorter than the {STEADY_S} s that the law asks for: expect more noise"
        )
    waiting = [step for step in kept if step.rate * step.response_s < 0.8 * step.users]
    if waiting:
        step = waiting[-1]
        busy = step.rate * step.response_s
        told.append(
            f"users wait between their requests: of {step.users} users {busy:.1f} had one under way on average; "
            "the law is over users, not over requests under way"
        )
    return told


def _knee(steps: Sequence[Step]) -> Knee | None:
    if not steps:
        return None
    first = steps[0]
    for before, step in pairwise(steps):
        marginal = _marginal(before, step, first)
        if marginal is not None and marginal < 0.5:
            why = f"a further user adds {100 * marginal:.0f}% of what the first one brings"
            return Knee(users=step.users, why=why, certain=marginal < 0.25)
        if step.p95_ns.value > 2 * first.p95_ns.value > 0:
            why = f"the p95 is {step.p95_ns.value / first.p95_ns.value:.1f} times that of {_users(first.users)}"
            return Knee(users=step.users, why=why, certain=_clearly_twice(step.p95_ns, first.p95_ns))
    return _bend(steps)


def _clearly_twice(later: Estimate, first: Estimate) -> bool:
    return later.low is not None and first.high is not None and later.low > 2 * first.high


def _bend(steps: Sequence[Step]) -> Knee | None:
    """Return where two straight lines meet that fit R(N) far better than one."""
    users = np.array([step.users for step in steps], dtype=np.float64)
    times = np.array([step.response_s for step in steps])
    if len(set(users.tolist())) < _LEAST_BENT:
        return None
    whole = _squares(users, times)
    splits = {
        at: _squares(users[: at + 1], times[: at + 1]) + _squares(users[at:], times[at:])
        for at in range(1, len(steps) - 1)
    }
    at = min(splits, key=lambda place: splits[place])
    slopes = [np.polyfit(users[part], times[part], 1)[0] for part in (slice(0, at + 1), slice(at, None))]
    if splits[at] > _BENT * whole or slopes[1] < 2 * max(float(slopes[0]), 0.0):
        return None
    return Knee(users=steps[at].users, why="from here on the mean response time grows faster", certain=False)


def _squares(x: Floats, y: Floats) -> float:
    """Return the sum of squares that the best straight line leaves."""
    design = np.stack([np.ones_like(x), x], axis=1)
    found, *_ = np.linalg.lstsq(design, y, rcond=None)
    return float(((design @ found - y) ** 2).sum())


def _users(count: int) -> str:
    return "one user" if count == 1 else f"{count} users"


# Plain data


def _row_data(row: Row) -> dict[str, Any]:
    step, p95 = row.step, row.step.p95_ns
    return {
        "users": step.users,
        "rate": _rounded(step.rate),
        "response_ms": _rounded(1000 * step.response_s),
        "p95_ms": _rounded(p95.value / 1e6),
        "p95_low_ms": None if p95.low is None else _rounded(p95.low / 1e6),
        "p95_high_ms": None if p95.high is None else _rounded(p95.high / 1e6),
        "efficiency": _rounded(row.efficiency),
        "marginal_efficiency": None if row.marginal is None else _rounded(row.marginal),
        "fitted_rate": None if row.fitted is None else _rounded(row.fitted),
        "failed": _rounded(step.failed),
        "seconds": _rounded(step.seconds),
        "missed": list(step.missed),
        "left_out": row.left_out or None,
    }


def _fit_data(found: Fit) -> dict[str, Any]:
    return {
        "lambda": _bounds_data(found.rate),
        "sigma": _bounds_data(found.contention),
        "kappa": _bounds_data(found.coherency),
        "r_squared": _rounded(found.explained),
        "relative_error": _rounded(found.error),
    }


def _bounds_data(bounds: Bounds) -> dict[str, Any]:
    low, high = (None if math.isinf(end) else _rounded(end) for end in (bounds.low, bounds.high))
    return {"value": _rounded(bounds.value), "low": low, "high": high}


def _rounded(number: float) -> float:
    return float(f"{number:.6g}")
