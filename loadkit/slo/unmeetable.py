"""Settings of an objective that mean nothing: what no run can meet, prove or set off. LK315 is a warning, the others are errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from loadkit.flow.step import Where
from loadkit.slo.alert import BurnAlert
from loadkit.slo.budget import most_burn
from loadkit.slo.condition import time_limits
from loadkit.slo.expression import Fault
from loadkit.slo.objective import Method, Slo
from loadkit.units import NS_PER_S, format_duration_ns


def faults_of(slo: Slo, written: Mapping[str, Any], where: Where, longest_ns: int | None) -> Iterator[Fault]:
    """Yield what is impossible about an objective; `longest_ns` is how long a request may take."""
    if slo.target >= 1:
        message = "a target of 100 % leaves no budget: one bad event would be a breach, and no run proves it"
        yield Fault(
            code="LK311",
            where=(*where, "target"),
            message=message,
            hint="write 99.9%, or a threshold such as http.codes.5xx == 0",
        )
        return
    yield from _alerts(slo, written, where)
    yield from _slices(slo, where)
    yield from _ledger(slo, written, where)
    yield from _times(slo, written, where, longest_ns)
    if slo.abort and not slo.strict:
        message = "a warning fails no run, so it cannot stop one"
        yield Fault(code="LK314", where=(*where, "abort"), message=message, hint="leave out `severity` or `abort`")


def _alerts(slo: Slo, written: Mapping[str, Any], where: Where) -> Iterator[Fault]:
    most = most_burn(slo.target)
    for index, alert in enumerate(slo.alerts):
        if not isinstance(alert, BurnAlert) or alert.factor < most * (1 - 1e-9):
            continue
        message = (
            f"the alert at {alert.factor:g}x can never fire: with a target of {100 * slo.target:.12g} % the budget "
            f"burns {most:.6g}x at most, when every event is bad"
        )
        if "alerts" not in written:
            hint = "list `alerts` with lower burn rates"
            yield Fault(code="LK315", where=(*where, "target"), message=message, hint=hint)
        elif isinstance(written["alerts"], list):
            key = "burn_rate" if "burn_rate" in written["alerts"][index] else "budget"
            place = (*where, "alerts", index, key)
            yield Fault(code="LK312", where=place, message=message, hint=f"write a burn rate below {most:.6g}")
        else:
            hint = "raise the target, or list `alerts` with lower burn rates"
            yield Fault(code="LK312", where=(*where, "alerts", "profile"), message=message, hint=hint)


def _slices(slo: Slo, where: Where) -> Iterator[Fault]:
    if slo.method is Method.OCCURRENCES:
        return
    if slo.slice_s * NS_PER_S > slo.window_ns:
        window, part = format_duration_ns(slo.window_ns), format_duration_ns(slo.slice_s * NS_PER_S)
        message = f"the window of {window} is shorter than one slice of {part}"
        yield Fault(code="LK311", where=(*where, "timeSliceWindow"), message=message, hint="make slices shorter")


def _ledger(slo: Slo, written: Mapping[str, Any], where: Where) -> Iterator[Fault]:
    if not slo.consumes:
        return
    if "expected_events" not in written:
        message = "a ledger counts events, so it has to know how many production has in a window"
        hint = "add expected_events: 12000000, or leave out `consume_budget`"
        yield Fault(code="LK314", where=(*where, "consume_budget"), message=message, hint=hint)
    if slo.method is not Method.OCCURRENCES:
        message = f"a ledger counts events, and the method {slo.method.value} counts slices"
        hint = "use method: occurrences, or leave out `consume_budget`"
        yield Fault(code="LK314", where=(*where, "consume_budget"), message=message, hint=hint)


def _times(slo: Slo, written: Mapping[str, Any], where: Where, longest_ns: int | None) -> Iterator[Fault]:
    if longest_ns is None:
        return
    for _, limit in time_limits(slo.indicator.condition):
        if limit < longest_ns:
            continue
        key = slo.indicator.kind
        place = (*where, "sli", key)
        if isinstance(written.get("sli"), Mapping) and isinstance(written["sli"].get(key), Mapping):
            place = (*place, "under")
        message = (
            f"requests time out after {format_duration_ns(longest_ns)}, so nearly every response is below this limit of "
            f"{format_duration_ns(limit)}"
        )
        yield Fault(code="LK315", where=place, message=message, hint="lower the limit, or raise `timeout`")
