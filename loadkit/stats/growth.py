"""Whether what a process holds grows with the work it does: a leak, a cache that fills, a single step, or nothing.

    warm-up   what came first is left out: WARMUP_S, or a fifth of the time where that is longer
    windows   the rest is cut into WINDOWS parts, and the smallest value of each stands for it: what is left after a garbage
              collection, so that a sawtooth is level
    slope     of these over the operations completed: Theil-Sen with its interval, Mann-Kendall's Z (stats/slope.py)
    course    how these went (stats/course.py)

    warning   growth of at least `least` and 5 % of the beginning: on and on, ever slower, or only since lately
    critical  growth that goes on and on, and has come to 20 % or reaches the limit within 24 hours

A window that holds only a part of a sawtooth's period has no low point of its own, and growth is found later, not wrongly. What
grew only in the end may go on or stop: it was not seen for long enough to be called critical (`python -m bench leaks`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from loadkit.arrays import Floats, np
from loadkit.stats.course import Course, Way, way
from loadkit.stats.slope import Slope, theil_sen

WARMUP_S = 60.0
WARMUP_SHARE = 0.2
WINDOWS, LEAST_WINDOWS = 20, 10
DAY_S = 86_400.0
_NOTABLE, _MUCH = 0.05, 0.2
_WARNED = (Course.GROWS, Course.CACHE, Course.LATE)


class Severity(Enum):
    """How much it matters."""

    NONE = "none"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """What was found. `slope` is per operation; `began` and `grown` are in the series' unit, after the warm-up.

    `grown` follows the slope, but not beyond the largest value that was seen. `windows` is 0 where there was too little to judge.
    `left_s` is the time until the limit is reached as it goes on, None where there is no limit or no growth. Of a step, and of what
    grew only lately, `since_s` says when that began; `lately` is the slope from there on.
    """

    course: Course
    severity: Severity
    slope: Slope
    began: float
    grown: float
    windows: int
    left_s: float | None = None
    since_s: float | None = None
    lately: Slope | None = None

    def per(self, operations: float) -> Slope:
        """Return the growth over so many operations; lately, where it grew only since then."""
        slope = self.slope if self.lately is None or self.course is not Course.LATE else self.lately
        return slope.times(operations)


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
    if len(seen) < LEAST_WINDOWS:
        return Growth(course=Course.UNKNOWN, severity=Severity.NONE, slope=_NOTHING, began=0.0, grown=0.0, windows=0)
    windows = WINDOWS if len(seen) >= 2 * WINDOWS else LEAST_WINDOWS
    lowest = _lowest(seen, windows)
    z, x = seen[lowest], done[lowest]
    slope = theil_sen(z, x)
    notable, before = max(least, _NOTABLE * float(z[0])), float(seen[: lowest[-2]].max())
    began, grown = float(z[0]), min(slope.value * float(x[-1] - x[0]), float(seen.max() - z[0]))
    found = way(slope, z, x, grown=grown, notable=notable, before=before)
    since_s, lately = None, None
    if found.at:
        since_s, lately = float(at_s[lowest[found.at]]), theil_sen(z[found.at :], x[found.at :])
        began = float(np.median(z[: found.at]))
        grown = float(z[-1]) - began
    left_s = None if found.course is Course.LATE else _left_s(slope, limit, at_s, done, seen)
    return Growth(
        course=found.course,
        severity=_severity(found, grown, began, left_s),
        slope=slope,
        began=began,
        grown=grown,
        windows=windows,
        left_s=left_s,
        since_s=since_s,
        lately=lately,
    )


def _lowest(values: Floats, windows: int) -> list[int]:
    """Return where the smallest value of each of so many equal parts stands."""
    ends = np.linspace(0, len(values), windows + 1).astype(int)
    return [int(begin + np.argmin(values[begin:end])) for begin, end in pairwise(ends) if end > begin]


def _severity(found: Way, grown: float, began: float, left_s: float | None) -> Severity:
    if found.course not in _WARNED:
        return Severity.NONE
    much = grown >= _MUCH * began or (left_s is not None and left_s < DAY_S)
    return Severity.CRITICAL if found.course is Course.GROWS and much else Severity.WARNING


def _left_s(slope: Slope, limit: float | None, at_s: Floats, done: Floats, seen: Floats) -> float | None:
    passed_s = float(at_s[-1] - at_s[0])
    if limit is None or slope.value <= 0 or passed_s <= 0:
        return None
    per_s = slope.value * float(done[-1] - done[0]) / passed_s
    return max(0.0, limit - float(seen[-1])) / per_s if per_s > 0 else None
