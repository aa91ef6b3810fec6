"""A service level indicator: which requests are its events, and which of them are good.

sli                                 good is
{availability: true}                a valid response below 500; of a function, that it returned
{good: CONDITION}                   what the condition says (condition.py); one about `status` is about HTTP requests alone
{latency: {under: 300ms}}           a valid response in less than that, from when it was due
{checks: true}                      every check of the request held; a list of kinds: those. Requests without them are no events

A request that got no valid response is an event, too: it is bad unless a condition says otherwise. Each hop of a redirect is a
request, as in all numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from loadkit.metrics.events import Event
from loadkit.metrics.family import HTTP, Family
from loadkit.slo.condition import TIMES, All, Checked, Compare, Condition, Failed, Not, fields_of, holds
from loadkit.units import NS_PER_MS, format_duration_ns

AVAILABLE = All((Not(Failed()), Not(Compare("status", ">=", 500))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """`kind` is good, latency, availability or checks; `text` says in words what is good, `written` is the mapping that says it."""

    kind: str
    text: str
    condition: Condition
    written: Mapping[str, Any] = field(default_factory=dict)
    kinds: frozenset[str] | None = None
    """Of checks: only requests of which such checks are made are events; empty means any."""

    def good(self, event: Event) -> Any:
        """Say whether an event is good; of a column for each."""
        return holds(self.condition, event)

    def concerns(self, family: Family, checks: frozenset[str]) -> bool:
        """Say whether requests of a family, of which checks of these kinds are made, are events."""
        if self.kinds is not None:
            return bool(checks & self.kinds if self.kinds else checks)
        return family is HTTP or self.kind != "good" or "status" not in fields_of(self.condition)


def availability() -> Indicator:
    """Return the share of requests that got a valid response below 500."""
    return Indicator(
        kind="availability", text="a valid response below 500", condition=AVAILABLE, written={"availability": True}
    )


def latency(limit_ns: int, *, measure: str = "response_time") -> Indicator:
    """Return the share of requests that got a valid response in less than a time."""
    text = f"a valid response with a {measure.replace('_', ' ')} under {format_duration_ns(limit_ns)}"
    limit = Compare(TIMES[measure], "<", limit_ns)
    under = {"under": f"{limit_ns / NS_PER_MS:.12g}ms", **({} if measure == "response_time" else {"measure": measure})}
    return Indicator(kind="latency", text=text, condition=All((Not(Failed()), limit)), written={"latency": under})


def checks(kinds: frozenset[str]) -> Indicator:
    """Return the share of checked requests whose checks of some kinds, or all, held."""
    text = f"the checks {', '.join(sorted(kinds))} held" if kinds else "every check held"
    written = {"checks": sorted(kinds) if kinds else True}
    return Indicator(kind="checks", text=text, condition=Checked(kinds), kinds=kinds, written=written)


def condition(text: str, parsed: Condition) -> Indicator:
    """Return the share of requests of which a condition holds."""
    said = " ".join(text.split())
    return Indicator(kind="good", text=said, condition=parsed, written={"good": said})


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Counts the events of one objective (metrics/events.py); None stands for all scenarios and for all requests."""

    good: str
    bad: str
    indicator: Indicator
    scenario: str | None = None
    request: str | None = None

    def holds(self, event: Event) -> Any:
        """Say whether an event is good."""
        return self.indicator.good(event)

    def concerns(self, scenario: str, name: str, family: Family, checks: frozenset[str]) -> bool:
        """Say whether requests of a series are events."""
        here = self.scenario in (None, scenario) and self.request in (None, name)
        return here and self.indicator.concerns(family, checks)
