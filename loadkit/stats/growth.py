"""Whether what a process holds grows with the work it does: a leak, a cache that fills, a single step, or nothing.

    warm-up   what came first is left out: WARMUP_S, or a fifth of the time where that is longer
    windows   the rest is cut into WINDOWS parts, and the smallest value of each stands for it: what is left after a garbage
              collection, so that a sawtooth is level
    slope     of these over the operations completed: Theil-Sen with its interval, Mann-Kendall's Z (stats/slope.py)

    warning   Z > 2.58 (p < 0.01), the slope's lower end above 0, and the growth at least `least` and 5 % of the beginning
    step      the largest rise between neighbours is over 70 % of all growth: something was allocated once
    cache     the slope of the second half is under half that of the first: it slows down; or, where noise leaves no doubt, under
              four fifths; or the last fifth of the low points lies within a quarter of what the first half would have them rise
    critical  a warning that is neither, and has grown by 20 % or reaches the limit within 24 hours

A window that holds only a part of a sawtooth's period has no low point of its own, and growth is found later, not wrongly.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from loadkit.arrays import Floats, np
from loadkit.stats.slope import Slope, theil_sen

WARMUP_S = 60.0
WARMUP_SHARE = 0.2
WINDOWS, LEAST_WINDOWS = 20, 10
DAY_S = 86_400.0
_Z = 2.58
_NOTABLE, _MUCH = 0.05, 0.2
_SLOWED, _SLOWED_SURELY = 0.5, 0.8
_LAST, _STILL = 5, 0.25
_STEP = 0.7


class Course(Enum):
    """How a series went."""

    UNKNOWN = "unknown"
    STEADY = "steady"
    STEP = "step"
    CACHE = "cache"
    GROWS = "grows"


class Severity(Enum):
    """How much it matters."""

    NONE = "none"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """What was found. `slope` is per operation; `began` and `grown` are in the series' unit, after the warm-up.

    `grown` follows the slope, but not beyond the largest value that was seen. `windows` is 0 where there was too little to judge.
    `left_s` is the time until the limit is reached as it goes on, None where there is no limit or no growth.
    """

    course: Course
    severity: Severity
    slope: Slope
    began: float
    grown: float
    windows: int
    left_s: float | None = None

    def per(self, operations: float) -> Slope:
        """Return the growth over so many operations."""
        slope = self.slope
        return Slope(slope.value * operations, slope.low * operations, slope.high * operations, slope.z)


_NOTHING = Slope(0.0, -math.inf, math.inf)


def growth(
    seconds: Sequence[float] | Floats,
    operations: Sequence[float] | Floats,
    values: Sequence[float] | Floats,
    *,
    least: float = 0.0,
    limit: float | None = None,
    warmup_s: float = WARMUP_S,
) -> Growth:
    """Judge `values` that were seen at `seconds`, when `operations` had been completed; all three in order, equally long.

    `least` is the growth below which nothing is said, in the unit of the values; `limit` what the values must not reach. Pass the
    seconds as operations where no operations are counted.
    """
    at_s, done, seen = (np.asarray(numbers, np.float64) for numbers in (seconds, operations, values))
    if len(seen):
        settled = at_s >= at_s[0] + max(warmup_s, WARMUP_SHARE * (at_s[-1] - at_s[0]))
        at_s, done, seen = at_s[settled], done[settled], seen[settled]
    windows = WINDOWS if len(seen) >= 2 * WINDOWS else LEAST_WINDOWS
    if len(seen) < LEAST_WINDOWS:
        return Growth(course=Course.UNKNOWN, severity=Severity.NONE, slope=_NOTHING, began=0.0, grown=0.0, windows=0)
    lowest = _lowest(seen, windows)
    z, x = seen[lowest], done[lowest]
    slope = theil_sen(z, x)
    grown = min(slope.value * float(x[-1] - x[0]), float(seen.max() - z[0]))
    left_s = _left_s(slope, limit, at_s, done, seen)
    course = _course(slope, grown, max(least, _NOTABLE * float(z[0])), z, x)
    severity = Severity.NONE
    if course in (Course.GROWS, Course.CACHE):
        much = grown >= _MUCH * float(z[0]) or (left_s is not None and left_s < DAY_S)
        severity = Severity.CRITICAL if course is Course.GROWS and much else Severity.WARNING
    return Growth(
        course=course, severity=severity, slope=slope, began=float(z[0]), grown=grown, windows=windows, left_s=left_s
    )


def _lowest(values: Floats, windows: int) -> list[int]:
    """Return where the smallest value of each of so many equal parts stands."""
    ends = np.linspace(0, len(values), windows + 1).astype(int)
    return [int(begin + np.argmin(values[begin:end])) for begin, end in pairwise(ends) if end > begin]


def _course(slope: Slope, grown: float, notable: float, z: Floats, x: Floats) -> Course:
    if not (slope.z > _Z and slope.low > 0 and grown >= notable):
        return Course.STEADY
    if float(np.diff(z).max()) > _STEP * float(z[-1] - z[0]):
        return Course.STEP
    return Course.CACHE if _slows(z, x) else Course.GROWS


def _slows(z: Floats, x: Floats) -> bool:
    """Say whether what grew grows ever slower, or has stopped: what has a bound will reach it, a leak does not slow down."""
    half, rest = len(z) // 2, len(z) - max(3, len(z) // _LAST)
    first, second = theil_sen(z[:half], x[:half]), theil_sen(z[half:], x[half:])
    if second.value < _SLOWED * first.value or second.high < _SLOWED_SURELY * first.low:
        return True
    return float(np.ptp(z[rest:])) < _STILL * first.low * float(x[-1] - x[rest])


def _left_s(slope: Slope, limit: float | None, at_s: Floats, done: Floats, seen: Floats) -> float | None:
    passed_s = float(at_s[-1] - at_s[0])
    if limit is None or slope.value <= 0 or passed_s <= 0:
        return None
    per_s = slope.value * float(done[-1] - done[0]) / passed_s
    return max(0.0, limit - float(seen[-1])) / per_s if per_s > 0 else None
