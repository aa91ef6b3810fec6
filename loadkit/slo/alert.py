"""Alerts on an error budget: what their windows are, and which of them a run would set off.

A burn-rate alert fires when its long window burns the budget faster than its factor, and so does its short one (a twelfth of it
unless said otherwise), which lets it end soon after the trouble does. Factors are fixed and windows grow with the period, as in
Pyrra; those below are of 30 days.

profile       severity   factor  long  short    share of the budget
document      critical   5       3h    15m      2.1 %            also with less than 10 % of the budget left
              warning    2       12h   1h       3.3 %            also with less than 20 % left
google-sre    critical   14.4    1h    5m       2 %
              critical   6       6h    30m      5 %
              warning    3       1d    2h       10 %
              warning    1       3d    6h       10 %

With little traffic one bad event looks like a fire, so an alert needs three bad events in its long window, and the lower end of
their ratio's 95 % interval (Clopper and Pearson) above factor x budget. A window whose events are so few that less than one bad one
is allowed at the factor, n < 1 / (factor x budget), or in which the ratio is high and not certain, has `insufficient_data`: it
does not say that all is well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from loadkit.arrays import Ints, np
from loadkit.slo.budget import detection
from loadkit.stats.distributions import beta_cdf
from loadkit.units import NS_PER_S

LEAST_BAD = 3
_TAIL = 0.025
_HOUR_NS = 3600 * NS_PER_S
_MONTH_NS = 30 * 24 * _HOUR_NS
SHORT = 12
"""A long window is so many short ones."""


class Level(Enum):
    """How bad it is when an alert fires."""

    CRITICAL = "critical"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class BurnAlert:
    """Fires when both windows burn the budget faster than `factor`."""

    name: str
    level: Level
    factor: float
    long_ns: int
    short_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RemainingAlert:
    """Fires when less than a share of the budget is left, as a ledger has it."""

    name: str
    level: Level
    below: float


Alert = BurnAlert | RemainingAlert

# severity, factor, long window in hours, short one in minutes
_DOCUMENT = ((Level.CRITICAL, 5.0, 3, 15), (Level.WARNING, 2.0, 12, 60))
_LEFT = ((Level.CRITICAL, 0.10), (Level.WARNING, 0.20))
_GOOGLE = (
    (Level.CRITICAL, 14.4, 1, 5),
    (Level.CRITICAL, 6.0, 6, 30),
    (Level.WARNING, 3.0, 24, 120),
    (Level.WARNING, 1.0, 72, 360),
)
PROFILES: Mapping[str, tuple[tuple[Level, float, int, int], ...]] = {"document": _DOCUMENT, "google-sre": _GOOGLE}
DEFAULT = "document"


def alerts_of(profile: str, window_ns: int) -> tuple[Alert, ...]:
    """Return the alerts of a profile for a budget of a window. Raises KeyError for a profile that there is not."""
    made: list[Alert] = [
        BurnAlert(
            name=f"{level.value} {factor:g}x",
            level=level,
            factor=factor,
            long_ns=_scaled(hours * _HOUR_NS, window_ns),
            short_ns=_scaled(minutes * 60 * NS_PER_S, window_ns),
        )
        for level, factor, hours, minutes in PROFILES[profile]
    ]
    if profile == "document":
        made += [
            RemainingAlert(name=f"{level.value} {below:.0%} left", level=level, below=below) for level, below in _LEFT
        ]
    return tuple(made)


def _scaled(span_ns: int, window_ns: int) -> int:
    """Return a span of 30 days for a budget of another window."""
    return span_ns * window_ns // _MONTH_NS


class State(Enum):
    """What a run says about an alert."""

    FIRES = "fires"
    QUIET = "quiet"
    INSUFFICIENT_DATA = "insufficient_data"
    NOT_JUDGED = "not_judged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """An alert, held against a run: `second` is when it would have fired, of the seconds in which load was made.

    `seen_s` is how much of the long window the run filled. `after_s` is how long the run's ratio would have to stay for it to
    fire; None where it never would.
    """

    alert: Alert
    state: State
    second: int | None = None
    seen_s: int = 0
    after_s: float | None = None
    reason: str = ""


def find(alert: Alert, good: Ints, bad: Ints, budget: float) -> Finding:
    """Hold an alert against the good and bad events of each second of a run."""
    if isinstance(alert, RemainingAlert):
        return Finding(alert=alert, state=State.NOT_JUDGED, reason="a run by itself takes nothing from a budget")
    total = good + bad
    n, k = int(total.sum()), int(bad.sum())
    long_s, short_s = (max(1, round(span / NS_PER_S)) for span in (alert.long_ns, alert.short_ns))
    limit, seen_s = alert.factor * budget, min(len(bad), long_s)
    after_s = detection(alert.factor, budget, alert.long_ns / NS_PER_S, k / n if n else 0.0)
    (long_bad, long_all), (short_bad, short_all) = (
        (_window(bad, span), _window(total, span)) for span in (long_s, short_s)
    )
    hot = np.flatnonzero((long_bad > limit * long_all) & (short_bad > limit * short_all))
    for second in hot:
        if is_certain(int(long_bad[second]), int(long_all[second]), limit):
            return Finding(alert=alert, state=State.FIRES, second=int(second) + 1, seen_s=seen_s, after_s=after_s)
    reason = ""
    if len(hot):
        reason = f"up to {int(long_bad[hot].max())} bad events at a ratio above {alert.factor:g}x, which are too few to be sure"
    elif n * limit < 1:
        reason = f"{n:,} events: one bad one alone would be above {alert.factor:g}x"
    state = State.INSUFFICIENT_DATA if reason else State.QUIET
    return Finding(alert=alert, state=state, seen_s=seen_s, after_s=after_s, reason=reason)


def is_certain(bad: int, total: int, limit: float) -> bool:
    """Say whether so many bad events prove a ratio above a limit: the lower end of Clopper and Pearson's interval lies above it."""
    return bad >= LEAST_BAD and beta_cdf(limit, bad, total - bad + 1) < _TAIL


def _window(counts: Ints, seconds: int) -> Ints:
    """Return, for each second, the sum of the last so many."""
    sums = np.concatenate(([0], np.cumsum(counts)))
    ends = np.arange(1, len(sums))
    made: Ints = sums[ends] - sums[np.maximum(ends - seconds, 0)]
    return made
