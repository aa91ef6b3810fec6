"""`sli` of an objective: the mapping as it was written -> an Indicator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loadkit.flow.step import Where
from loadkit.slo.condition import parse_condition
from loadkit.slo.indicator import Indicator, availability, checks, condition, latency
from loadkit.template.grammar import ExpressionFault
from loadkit.units import parse_duration_ns

KINDS = ("good", "latency", "availability", "checks")
_MEASURES = ("response_time", "service_time")


class SliFault(ValueError):
    """What is wrong with an indicator: `where` is the path below it, `offset` counts characters inside that text."""

    def __init__(
        self, message: str, where: Where = (), *, code: str = "LK310", hint: str = "", offset: int = 0
    ) -> None:
        super().__init__(message)
        self.where = where
        self.code = code
        self.hint = hint
        self.offset = offset


def read_sli(sli: Mapping[str, Any]) -> Indicator | None:
    """Return the indicator; None where the schema has spoken already. Raises SliFault."""
    given = [kind for kind in KINDS if kind in sli]
    if len(given) > 1:
        message = f"`{given[0]}` and `{given[1]}` are two indicators, and an objective has one"
        raise SliFault(message, (given[1],), hint="join them: good: not error and latency < 300ms and check")
    if not given:
        return None
    value = sli[given[0]]
    match given[0]:
        case "good":
            return _condition(value)
        case "latency":
            return _latency(value)
        case "availability":
            return _availability(value)
        case _:
            return _checks(value)


def _condition(value: Any) -> Indicator | None:
    if not isinstance(value, str) or not value:
        return None
    try:
        return condition(value, parse_condition(value))
    except ExpressionFault as fault:
        raise SliFault(str(fault), ("good",), hint=fault.hint, offset=fault.offset) from None


def _latency(value: Any) -> Indicator | None:
    inside: Where = ("latency", "under") if isinstance(value, Mapping) else ("latency",)
    under = value.get("under") if isinstance(value, Mapping) else value
    if isinstance(under, bool) or not isinstance(under, int | float | str):
        return None
    try:
        limit_ns = parse_duration_ns(under, unit="ms")
    except ValueError as error:
        raise SliFault(str(error), inside, code="LK211") from None
    if not limit_ns:
        raise SliFault("no response takes less than 0", inside, code="LK311", hint="write under: 300ms")
    measure = value.get("measure") if isinstance(value, Mapping) else None
    return latency(limit_ns, measure=str(measure) if measure in _MEASURES else _MEASURES[0])


def _availability(value: Any) -> Indicator | None:
    if value is False:
        raise SliFault("`availability: false` is no indicator", ("availability",), hint="write availability: true")
    return availability() if value is True else None


def _checks(value: Any) -> Indicator | None:
    if value is False:
        raise SliFault("`checks: false` is no indicator", ("checks",), hint="write checks: true, or a kind of check")
    if value is True:
        return checks(frozenset())
    kinds = [value] if isinstance(value, str) else value
    if not isinstance(kinds, list) or not kinds or not all(isinstance(kind, str) for kind in kinds):
        return None
    return checks(frozenset(kinds))
