"""How an objective stands, as one number between 0 and 100.

    h       = 100 x clamp(R, 0, 1) x (1 - min(1, ln(max(1, BR)) / ln(14.4)))
    overall = the mean of h, at most 79 while a warning fires, at most 49 while a critical alert does

R is what is left of the budget, BR the burn rate of the last run: a burn of 1x or less costs nothing, 14.4x leaves nothing. What is
not known is left out and shown, and never 100.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from loadkit.slo.alert import Level

FORMULA = "100 x budget left x (1 - min(1, ln(max(1, burn rate)) / ln(14.4)))"
_WORST = 14.4
_CAPS = {Level.WARNING: 79.0, Level.CRITICAL: 49.0}


def health(left: float, burn: float) -> float:
    """Return the health of an objective with a share of its budget left that burns at a rate."""
    spent = min(1.0, math.log(max(1.0, burn)) / math.log(_WORST))
    return 100 * min(1.0, max(0.0, left)) * (1 - spent)


def overall(scores: Sequence[float], firing: Iterable[Level]) -> float | None:
    """Return the health of all; None where nothing is known."""
    if not scores:
        return None
    return min([sum(scores) / len(scores), *(_CAPS[level] for level in firing)])
