"""What people did to a run while it went on: it is no longer the plan alone that says what the load was.

pause, resume   withhold all arrivals; go on
rate            start `value` times as many arrivals as planned, until another factor is set
stop            start nobody any more; the second time, cut off who is still at work
begin           let a run begin whose workers waited for it

Pause and rate make another load than the plan's and stop makes less of it, so runs with those are compared with no others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from loadkit.slo.window import clock
from loadkit.units import NS_PER_S, format_duration_ns

Kind = Literal["pause", "resume", "rate", "stop", "begin"]
LEAST_RATE = 0.01
MOST_RATE = 10.0
"""The largest factor; more than that is another plan."""
MOST_TOLD = 8
"""How many are told in one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intervention:
    """What somebody did to a run, `at_s` seconds after load began.

    `value` is how many times the planned arrivals are made from then on. `by` says where it came from: "keyboard", "dashboard"
    or "api".
    """

    at_s: float
    kind: Kind
    by: str
    value: float

    @property
    def changes_load(self) -> bool:
        """Say whether the load after it is another than planned."""
        return self.kind in ("pause", "rate")

    @property
    def counts(self) -> bool:
        """Say whether it is told on its own: a resume is the end of its pause, and a run has to begin somehow."""
        return self.kind not in ("resume", "begin")


def described(interventions: Sequence[Intervention], end_s: float) -> list[str]:
    """Return each in words, in order: "paused 12.0s at 0:30 by keyboard". A pause that nobody ended lasted until `end_s`."""
    texts = []
    stops = 0
    for index, one in enumerate(interventions):
        if not one.counts:
            continue
        match one.kind:
            case "pause":
                until_s = next((later.at_s for later in interventions[index:] if later.kind == "resume"), end_s)
                what = f"paused {format_duration_ns(max(0.0, until_s - one.at_s) * NS_PER_S)}"
            case "rate":
                what = "rate as planned" if one.value == 1 else f"rate x{one.value:g}"
            case _:
                stops += 1
                what = "stopped" if stops == 1 else "cut off"
        texts.append(f"{what} at {clock(int(one.at_s))} by {one.by}")
    return texts


def counted_text(interventions: Sequence[Intervention]) -> str:
    """Return "2 interventions"; nothing where there are none that are told."""
    number = sum(one.counts for one in interventions)
    return f"{number} intervention{'s' * (number != 1)}" if number else ""


def summed_up(interventions: Sequence[Intervention], end_s: float) -> str:
    """Return all of them in one line: "2 interventions: paused 12.0s at 0:30 by keyboard, rate x2 at 1:10 by dashboard"."""
    return f"{counted_text(interventions)}: {listed(interventions, end_s)}" if counted_text(interventions) else ""


def listed(interventions: Sequence[Intervention], end_s: float) -> str:
    """Return the first of them in words, and how many others there are."""
    told = described(interventions, end_s)
    shown = told if len(told) <= MOST_TOLD else [*told[: MOST_TOLD - 1], f"and {len(told) - MOST_TOLD + 1} more"]
    return ", ".join(shown)
