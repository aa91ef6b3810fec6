"""What a run says about its objectives, as the report has it: the data, and its schema."""

from __future__ import annotations

from typing import Any

from loadkit.report.parts import position
from loadkit.report.shapes import (
    Schema,
    choice,
    flag,
    integer,
    list_of,
    nullable,
    nullable_reference,
    number,
    object_of,
    text,
)
from loadkit.slo.alert import BurnAlert, Finding, Level, State
from loadkit.slo.attained import Attained
from loadkit.slo.budget import debit, share_of_budget
from loadkit.slo.evaluate import Status
from loadkit.slo.objective import Method, Slo
from loadkit.slo.wording import headline, told
from loadkit.units import NS_PER_S

_DIGITS = 12


def slo_data(found: Attained) -> dict[str, Any]:
    """Return what a run says about one objective."""
    slo, ratio, budget = found.slo, found.bad_ratio, found.run_budget
    burns = [None if end is None else end / slo.budget for end in (ratio.low, ratio.high)] if ratio else [None, None]
    return {
        **_declared(slo),
        "status": found.status.value,
        "reason": found.reason,
        "good": found.good,
        "bad": found.bad,
        "slices": found.slices,
        "slices_bad": _rounded(found.slices_bad),
        "sli": _rounded(found.sli),
        "sli_low": None if ratio is None or ratio.high is None else _rounded(1 - ratio.high),
        "sli_high": None if ratio is None or ratio.low is None else _rounded(1 - ratio.low),
        "effective_events": None if ratio is None else round(ratio.n_eff, 1),
        "steady_s": None if ratio is None else ratio.seconds,
        "note": "" if ratio is None else ratio.note,
        "burn_rate": _rounded(found.burn),
        "burn_rate_low": _rounded(burns[0]),
        "burn_rate_high": _rounded(burns[1]),
        "budget_lasts_s": _rounded(found.lasts_s, 3),
        "events_to_prove": found.to_prove,
        "events_to_settle": found.to_settle,
        "run_budget": {
            "unit": budget.unit,
            "bad": _rounded(budget.bad),
            "planned": _rounded(budget.planned),
            "allowed": _rounded(budget.allowed),
            "overspent": budget.overspent,
        },
        "alerts": [_alert(slo, one) for one in found.alerts],
        "debit": _debit(found),
        "lines": [headline(found), *told(found)],
    }


def _declared(slo: Slo) -> dict[str, Any]:
    return {
        "name": slo.name,
        "description": slo.description,
        "good_is": slo.indicator.text,
        "of": slo.of,
        "target": slo.target,
        "budget": slo.budget,
        "window_s": slo.window_ns / NS_PER_S,
        "method": slo.method.value,
        "slice_s": None if slo.method is Method.OCCURRENCES else slo.slice_s,
        "slice_target": slo.slice_target if slo.method is Method.TIMESLICES else None,
        "expected_events": slo.expected_events,
        "consume_budget": slo.consumes,
        "severity": "error" if slo.strict else "warning",
        "profile": slo.profile,
        "at": position(slo.at),
    }


def _alert(slo: Slo, found: Finding) -> dict[str, Any]:
    alert = found.alert
    burns = isinstance(alert, BurnAlert)
    long_s, short_s = (
        (alert.long_ns / NS_PER_S, alert.short_ns / NS_PER_S) if isinstance(alert, BurnAlert) else (None, None)
    )
    share = share_of_budget(alert.factor, alert.long_ns, slo.window_ns) if isinstance(alert, BurnAlert) else None
    return {
        "name": alert.name,
        "severity": alert.level.value,
        "kind": "burn_rate" if burns else "remaining",
        "burn_rate": alert.factor if isinstance(alert, BurnAlert) else None,
        "below": None if isinstance(alert, BurnAlert) else alert.below,
        "long_s": long_s,
        "short_s": short_s,
        "budget_share": _rounded(share),
        "state": found.state.value,
        "fired_s": found.second,
        "seen_s": found.seen_s,
        "fires_after_s": _rounded(found.after_s, 3),
        "reason": found.reason,
    }


def _debit(found: Attained) -> float | None:
    """Return what share of a whole budget the run takes from the ledger when it is kept."""
    slo = found.slo
    if not slo.consumes or slo.expected_events is None or found.status is Status.INVALID:
        return None
    return _rounded(debit(found.bad, slo.budget, slo.expected_events))


def _rounded(value: float | None, digits: int = _DIGITS) -> float | None:
    return None if value is None else round(value, digits)


def slos_schema() -> Schema:
    """Return the schema of the objectives."""
    return list_of(
        "What the run says about each objective of `slos`.",
        object_of("One objective.", {**_declared_properties(), **_found_properties()}),
    )


def _declared_properties() -> Schema:
    """Return what the file says of an objective."""
    return {
        "name": text("Its name."),
        "description": text("What it promises."),
        "good_is": text("When an event is good."),
        "of": text("What it is about, as one would write it: `global` for all that is judged."),
        "target": number("What share must be good."),
        "budget": number("What share may be bad: 1 - target."),
        "window_s": number("The period of the error budget, in seconds."),
        "method": choice("What the budget counts.", *(one.value for one in Method)),
        "slice_s": nullable(integer("Seconds of a slice; null where events are counted.")),
        "slice_target": nullable(number("What share of a slice's events must be good; null without timeslices.")),
        "expected_events": nullable(integer("Events of production in a window.")),
        "consume_budget": flag("Whether bad events of the run are taken from the ledger."),
        "severity": choice("Whether a miss fails the run.", "error", "warning"),
        "profile": text("Profile of the alerts; empty where they are listed."),
        "at": nullable_reference("position", "Where it stands."),
    }


def _found_properties() -> Schema:
    """Return what the run says about it."""
    return {
        "status": choice("What was found.", *(one.value for one in Status)),
        "reason": text("Why, where the numbers do not say it."),
        "good": integer("Good events, without warm-up."),
        "bad": integer("Bad events, without warm-up."),
        "slices": nullable(integer("Whole slices with events; null where events are counted.")),
        "slices_bad": nullable(number("Bad slices; of ratio timeslices the sum of their bad shares.")),
        "sli": nullable(number("The indicator: what share was good; null where there was nothing.")),
        "sli_low": nullable(number("Lower end of its 95 % interval.")),
        "sli_high": nullable(number("Upper end of its 95 % interval.")),
        "effective_events": nullable(number("How many independent events would know as much.")),
        "steady_s": nullable(number("Seconds of steady load that were looked at.")),
        "note": text("What an interval lacks."),
        "burn_rate": nullable(
            number("How many times faster than allowed production would spend its budget at this ratio.")
        ),
        "burn_rate_low": nullable(number("Lower end of its 95 % interval.")),
        "burn_rate_high": nullable(number("Upper end of its 95 % interval.")),
        "budget_lasts_s": nullable(number("How long a full budget would last; null for ever.")),
        "events_to_prove": integer("Events (or slices) without a bad one that prove the target with 95 %."),
        "events_to_settle": nullable(
            integer("Events (or slices) that would settle the verdict at this ratio; null where it is settled.")
        ),
        "run_budget": object_of(
            "The run's own budget: what of its events (or slices) may be bad.",
            {
                "unit": choice("What is counted.", "events", "slices"),
                "bad": number("How many were bad."),
                "planned": nullable(number("How many the plan makes; null where nobody knows.")),
                "allowed": nullable(number("How many of them may be bad.")),
                "overspent": flag("Whether more were bad."),
            },
        ),
        "alerts": list_of("What the run says about each alert.", object_of("One alert.", _alert_properties())),
        "debit": nullable(
            number("What share of a whole budget a kept run takes from the ledger; null without `consume_budget`.")
        ),
        "lines": list_of("The same in words.", text("A sentence.")),
    }


def _alert_properties() -> Schema:
    return {
        "name": text("Its name."),
        "severity": choice("How bad it is.", *(one.value for one in Level)),
        "kind": choice("What it looks at.", "burn_rate", "remaining"),
        "burn_rate": nullable(number("The burn rate above which it fires.")),
        "below": nullable(number("The share of the budget below which it fires.")),
        "long_s": nullable(number("Seconds of its long window.")),
        "short_s": nullable(number("Seconds of its short window.")),
        "budget_share": nullable(number("What share of the budget the long window takes at that rate.")),
        "state": choice("What the run says.", *(one.value for one in State)),
        "fired_s": nullable(integer("After how many seconds of load it would have fired.")),
        "seen_s": integer("How many seconds of the long window the run filled."),
        "fires_after_s": nullable(number("How long the run's ratio would have to stay for it to fire; null for ever.")),
        "reason": text("Why there is not enough data."),
    }
