"""What an interval says about a limit: all of it holds, none of it does, or the samples do not decide.

    objective     holds for certain        fails for certain
    < <=          high < limit             low does not hold
    > >=          low > limit              high does not hold
    ==            low = high = limit       limit outside of the interval
    !=            limit outside            low = high = limit

An end that is not known (None) is nowhere: it proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from loadkit.slo.expression import Operator
from loadkit.slo.metric import Selector
from loadkit.stats.intervals import Estimate

Estimator = Callable[[Selector], Estimate | None]
"""Gives a number of a run with its interval; None where none is kept."""

_BELOW = (Operator.LESS, Operator.AT_MOST)
_ABOVE = (Operator.MORE, Operator.AT_LEAST)


def decides(operator: Operator, limit: float, low: float | None, high: float | None) -> bool | None:
    """Return whether every value of an interval satisfies a comparison, False when none does, None when it is not decided."""
    if operator in _BELOW or operator in _ABOVE:
        best, worst = (low, high) if operator in _BELOW else (high, low)
        if worst is not None and operator.holds(worst, limit):
            return True
        return False if best is not None and not operator.holds(best, limit) else None
    outside = (low is not None and limit < low) or (high is not None and limit > high)
    if outside:
        return operator is Operator.UNEQUAL
    if low is not None and low == high:
        return operator is Operator.EQUAL
    return None
