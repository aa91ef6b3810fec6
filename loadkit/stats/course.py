"""How a few low points went over the work that was done: level, in a step, ever slower, since lately, or on and on.

    step      two levels fit better than a line or a bend does, and the largest rise between neighbours is over 70 % of all growth
    cache     the same, with a rise of several points; or the second half's slope is under half of the first half's by 2 of their
              standard errors, or under four fifths by 4; or it stands still in the end (see below)
    late      a level that rises from some point on fits better than a line does, that point lies behind two fifths of all, and the
              slope before it is less than a fifth of that behind it; or the last low point lies above all that was seen before.
              Where less than a tenth of the rise falls on the last three parts, it has stopped, as a cache
    grows     Z > 2.58 (Mann and Kendall, p < 0.01) and the lower end of the slope's interval above 0, and none of these

Whatever rises by less than is notable is steady. The rises of a leak in an allocator's steps differ as those of a random walk do,
those under noise as differences of independent values; how much of each there is tells the covariance of neighbouring rises:

    white = -cov(r_i, r_i+1)      walk = var(r) - 2 white                                  of the rises r without their trend
    variance of the slope of n points = 12 white / n^3 + 1.2 walk / n                      (least squares; per point)

A leak stands still by chance, too: the last k rises come to less than 35 % of what those before would have them come to, and are
short of it by 3 standard deviations of so many rises.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

from loadkit.arrays import Floats, np
from loadkit.stats.shape import hinge, line, step
from loadkit.stats.slope import Slope, theil_sen

_Z = 2.58
_STEP = 0.7
_LATE, _LEVEL = 0.4, 0.2
_SLOWED = ((0.5, 2.0), (0.8, 4.0))
_STILL, _SURE = 0.35, 3.0
_OVER = 0.1


class Course(Enum):
    """How a series went."""

    UNKNOWN = "unknown"
    STEADY = "steady"
    STEP = "step"
    CACHE = "cache"
    LATE = "late"
    GROWS = "grows"


@dataclass(frozen=True, slots=True)
class Way:
    """How low points went; for a step and for what grew late, the point `at` which that began."""

    course: Course
    at: int = 0


def way(slope: Slope, z: Floats, x: Floats, *, grown: float, notable: float, before: float) -> Way:
    """Tell how low points `z` at operations `x` went, whose slope is known.

    `grown` is what they rose by that slope; less than `notable` is not spoken of, nor is 0. `before` is the largest value that was
    seen before the last but one of them.
    """
    if x[-1] <= x[0]:
        return Way(Course.STEADY)  # no work was done that it could grow with
    straight, stepped, bent = line(z, x), step(z), hinge(z, x)
    if 0 < _risen(z, stepped.at) >= notable and stepped.rest < min(straight.rest, bent.rest):
        jump = float(z[stepped.at] - z[stepped.at - 1])
        return Way(Course.STEP if jump > _STEP * float(z[-1] - z[0]) else Course.CACHE, stepped.at)
    late = _above(z, bent.at)
    if bent.at >= _LATE * len(z) and bent.rest < straight.rest and 0 < _risen(z, late + 1) >= notable:
        first, second = theil_sen(z[: late + 1], x[: late + 1]), theil_sen(z[late:], x[late:])
        if first.value < _LEVEL * second.value:
            return Way(Course.CACHE if float(z[-1] - z[-4]) < _OVER * float(z[-1] - z[late]) else Course.LATE, late)
    if slope.z > _Z and slope.low > 0 and grown >= notable:
        return Way(Course.CACHE if _slows(z, x) else Course.GROWS)
    if 0 < float(z[-1]) - before >= notable:
        return Way(Course.LATE, len(z) - 2)
    return Way(Course.STEADY)


def _above(z: Floats, at: int) -> int:
    """Return the last point that does not lie above all up to point `at`."""
    return int(np.flatnonzero(z <= z[: at + 1].max())[-1])


def _risen(z: Floats, at: int) -> float:
    """Return how far above the level before a point it ends; 0 unless all from there on, at least two, lie above all before."""
    if not 0 < at <= len(z) - 2 or float(z[at:].min()) <= float(z[:at].max()):
        return 0.0
    return float(z[-1] - np.median(z[:at]))


def _slows(z: Floats, x: Floats) -> bool:
    """Say whether what grew grows ever slower, or has stopped: what has a bound will reach it, a leak does not slow down."""
    half = len(z) // 2
    first, second = theil_sen(z[:half], x[:half]), theil_sen(z[half:], x[half:])
    sure = (first.value - second.value) / _error(z, x, half)
    return any(second.value < share * first.value and sure > least for share, least in _SLOWED) or _stands(z, x)


def _error(z: Floats, x: Floats, n: int) -> float:
    """Return the standard error of the difference of two slopes, each of n points."""
    rises, at = np.diff(z), np.arange(len(z) - 1)
    rest = rises - np.polyval(np.polyfit(at, rises, 1), at)
    total = float((rest**2).sum()) / (len(rest) - 2)
    white = min(max(0.0, -float((rest[1:] * rest[:-1]).sum()) / (len(rest) - 3)), total / 2)
    apart = float(x[-1] - x[0]) / (len(x) - 1)
    return max(math.sqrt(2 * (12 * white / n**3 + 1.2 * (total - 2 * white) / n)) / apart, math.ulp(1.0))


def _stands(z: Floats, x: Floats) -> bool:
    """Say whether it stands still in the end, and not by chance."""
    rises, work = np.diff(z), np.diff(x)
    for count in range(2, len(rises) // 3 + 1):
        before, done = rises[:-count], work[:-count]
        mean = float(before.sum()) / max(float(done.sum()), math.ulp(1.0))
        spread = float(np.std(before - mean * done, ddof=1))
        expected, risen = mean * float(work[-count:].sum()), float(rises[-count:].sum())
        if risen < _STILL * expected and expected - risen > _SURE * spread * math.sqrt(count):
            return True
    return False
