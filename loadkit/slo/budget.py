"""The arithmetic of error budgets: pure functions of counts, ratios and spans (in any one unit of time).

    T         the target, b = 1 - T the budget: the share of events that may be bad
    e         bad / all, the bad ratio of a window
    burn rate = e / b                                  1 spends the budget in exactly its window P; 1/b is the most there can be
    lasts     = P / burn rate                          how long a full budget would last at that ratio
    share     = burn rate x w / P                      what of the budget a window w of that burn rate takes (constant traffic)
    debit     = bad / (b x events expected in P)       the same by events, which is what a ledger uses
    remaining = 1 - sum of debits                      never above 1; below 0 the objective is breached
    exhausted in remaining x P / burn rate

Google, The Site Reliability Workbook, ch. 5; Sloth and Pyrra use the same.

    n without a bad event that proves T with 95 %:  T^n <= 0.05, about 3 / b (the rule of three): 299 for 99 %, 2,995 for 99.9 %

The bad ratio's interval is that of stats/intervals.py, Clopper and Pearson's for as many events as n/Λ independent ones would be.
Where no event was bad its lower end, 0, cannot be wrong, so the upper end has all 5 %: that is what makes the verdict agree with n.
"""

from __future__ import annotations

import math
from decimal import Decimal

from loadkit.stats.batches import Dependence
from loadkit.stats.intervals import Estimate, ratio

_ALPHA = 0.05
_MOST_TIMES = 1e6


def budget_of(target: float) -> float:
    """Return 1 - T as the nearest float: 0.001 for 0.999, which a subtraction would miss."""
    return float(1 - Decimal(repr(target)))


def burn_rate(bad_ratio: float, budget: float) -> float:
    """Return how many times faster than its window allows a budget is spent."""
    return bad_ratio / budget


def lasts(window: float, burn: float) -> float | None:
    """Return how long a full budget of a window lasts; None for ever."""
    return window / burn if burn > 0 else None


def share_of_budget(factor: float, window: float, period: float) -> float:
    """Return what share of a period's budget a window at a burn rate takes."""
    return factor * window / period


def factor_of(share: float, window: float, period: float) -> float:
    """Return the burn rate at which a window takes a share of a period's budget: 14.4 for 2 % in 1 h of 30 d."""
    return share * period / window


def most_burn(target: float) -> float:
    """Return the burn rate when every event is bad: no alert at or above it can ever fire."""
    return 1 / budget_of(target)


def detection(factor: float, budget: float, window: float, bad_ratio: float) -> float | None:
    """Return after how long an alert on a window fires when a bad ratio begins and stays; None where it never does."""
    needed = factor * budget
    return window * needed / bad_ratio if bad_ratio > needed else None


def debit(bad: int, budget: float, expected_events: int) -> float:
    """Return what share of the budget bad events take of a period with so many events."""
    return bad / (budget * expected_events)


def remaining(debits: float) -> float:
    """Return what is left of a budget: 1 at most, negative once it is overspent."""
    return min(1.0, 1.0 - debits)


def exhausted_in(left: float, period: float, burn: float) -> float | None:
    """Return how long what is left lasts at a burn rate: 0 when nothing is, None for ever."""
    if left <= 0:
        return 0.0
    return left * period / burn if burn > 0 else None


def events_to_prove(target: float) -> int:
    """Return how many events without a bad one prove a target with 95 % confidence."""
    return math.ceil(math.log(_ALPHA) / math.log(target))


def bad_ratio(bad: int, total: int, found: Dependence) -> Estimate:
    """Return the bad ratio of a run with its interval; without an end where the run was too short for one."""
    made = ratio(bad, total, found)
    if bad or made.high is None:
        return made
    return Estimate(
        value=0.0,
        low=0.0,
        high=1 - _ALPHA ** (1 / total),
        n=total,
        n_eff=made.n_eff,
        seconds=made.seconds,
        note=made.note,
    )


def events_to_settle(bad: int, total: int, found: Dependence, budget: float) -> int | None:
    """Return how many events would settle the verdict if the bad ratio stayed as it is; None where none would."""
    if not total or found.degrees < 1 or (bad and bad == budget * total):
        return None
    if not bad:
        return events_to_prove(1 - budget)
    low, high = 1.0, 1.0
    while not _settled(bad * high, total * high, found, budget):
        low, high = high, high * 2
        if high > _MOST_TIMES:
            return None
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (low, middle) if _settled(bad * middle, total * middle, found, budget) else (middle, high)
    return math.ceil(total * high)


def _settled(bad: float, total: float, found: Dependence, budget: float) -> bool:
    seen = ratio(round(bad), round(total), found)
    return seen.low is not None and seen.high is not None and (seen.low > budget or seen.high <= budget)
