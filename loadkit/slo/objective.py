"""A service level objective as `config.slos` says it: which events, how many of them must be good, over which window."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from loadkit.errors import Position
from loadkit.slo.alert import Alert
from loadkit.slo.budget import budget_of
from loadkit.slo.indicator import Counted, Indicator
from loadkit.slo.selection import ALL, Selection


class Method(Enum):
    """What the budget counts: events; slices of time that were good enough; or slices, each by its share of good events."""

    OCCURRENCES = "occurrences"
    TIMESLICES = "timeslices"
    RATIO_TIMESLICES = "ratio_timeslices"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slo:
    """One objective. `target` is a ratio, `window_ns` the period of its budget, `request` None for all requests.

    `slice_target` is what share of a slice's events must be good for the slice to count as good. `expected_events` are those of
    a whole window in production; `consumes` says that a run takes what it spoils from the ledger.
    """

    name: str
    indicator: Indicator
    target: float
    window_ns: int
    method: Method = Method.OCCURRENCES
    slice_target: float = 0.0
    slice_s: int = 0
    request: str | None = None
    selection: Selection = ALL
    expected_events: int | None = None
    alerts: tuple[Alert, ...] = ()
    profile: str = ""
    """The alerts' profile, "" where they are listed one by one."""
    consumes: bool = False
    abort: bool = False
    strict: bool = True
    description: str = ""
    at: Position | None = None

    @property
    def budget(self) -> float:
        """Return the share of events, or of slices, that may be bad."""
        return budget_of(self.target)

    @property
    def good_metric(self) -> str:
        """Return the counter of its good events."""
        return f"slo.{self.name}.good"

    @property
    def bad_metric(self) -> str:
        """Return the counter of its bad events."""
        return f"slo.{self.name}.bad"

    @property
    def counted(self) -> Counted:
        """Return what counts its events."""
        return Counted(
            good=self.good_metric,
            bad=self.bad_metric,
            indicator=self.indicator,
            scenario=self.selection.scenario,
            request=self.request,
        )

    @property
    def of(self) -> str:
        """Return what it is about as one would write it, "global" where that is everything."""
        return self.selection.text(self.request)
