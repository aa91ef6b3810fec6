"""How an objective stands while a run goes on: the value so far, and whether the comparison holds for it.

A standing is no verdict. It has no confidence interval, and what holds now may fail later; only of an objective over time that has
failed, and of a budget that is overspent, is it known that it stays so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from loadkit.errors import Position, Severity
from loadkit.slo.ensure import Check, judge_condition, seen_by_conditions
from loadkit.slo.evaluate import Observation, Status, Verdict
from loadkit.slo.expression import Objective, Operator
from loadkit.slo.metric import Kind, Selector
from loadkit.slo.objective import Method
from loadkit.slo.spending import Spending
from loadkit.slo.text import limit_text, observed_text
from loadkit.slo.validity import Measurement
from loadkit.slo.watch import Track, Watch, text_of

NO_VALUE = "no value yet"
_GROWING = (Kind.COUNT, Kind.BYTES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One threshold, objective or group of checks, now. `holds` is None while nothing can be said.

    `observed` and `limit` are for people, `value` and `bound` the same in `unit` (see Verdict; None without a number). Only what is
    strict fails the run. `failed_s` is the second at which it failed for good, None when it has not.
    """

    text: str
    observed: str
    limit: str
    holds: bool | None
    at: Position | None = None
    origin: str = "threshold"  # "threshold", "ensure", "slo" or "expect"
    strict: bool = True
    value: float | None = None
    bound: float | None = None
    unit: str = ""
    failed_s: int | None = None


def standing(objective: Objective, seen: Observation, *, begun: bool, strict: bool = True) -> Standing:
    """Return how an objective stands by its value so far; nothing is said of it before its part of the run has `begun`."""
    known = begun and seen.value is not None and seen.samples >= objective.min_samples
    value = seen.value if begun else None
    holds = _holds(objective, value) if known and value is not None else None
    return _standing(objective, objective.text, value, holds, strict=strict)


def followed(objective: Objective, watch: Watch, *, strict: bool = True) -> Iterator[Standing]:
    """Yield how an objective over time stands, for each label that it is judged under, sorted."""
    found = [(label or "", label, track) for label, track in watch.tracks.items()]
    for _, label, track in sorted(found, key=lambda one: one[0]):
        text = text_of(objective, label)
        yield _standing(objective, text, *_course(objective, watch, track), strict=strict)


def _course(objective: Objective, watch: Watch, track: Track) -> tuple[float | None, bool | None, int | None]:
    """Return the value now, whether the objective holds, and when it failed."""
    breaches = track.breaches
    if objective.window is None and not watch.begun:
        return None, None, None
    seen = watch.value(track)
    if breaches.failed_s is not None:
        return seen.value, False, breaches.failed_s
    if objective.window is not None:
        return (seen.value, True, None) if breaches.judged else (None, None, None)
    if seen.value is None or seen.samples < objective.min_samples or watch.duration_s <= 0:
        return None, None, None
    return seen.value, _holds(objective, seen.value), None


def _standing(
    objective: Objective,
    text: str,
    value: float | None,
    holds: bool | None,
    failed_s: int | None = None,
    *,
    strict: bool,
) -> Standing:
    kind, limit = objective.selector.kind, objective.limit
    return Standing(
        text=f"{text} {objective.window}" if objective.window else text,
        observed=NO_VALUE if value is None else observed_text(kind, value, limit),
        limit=f"{objective.operator.value} {limit_text(kind, limit)}",
        holds=holds,
        at=objective.at,
        strict=strict and objective.severity is Severity.ERROR,
        value=value,
        bound=limit,
        unit=kind.value,
        failed_s=failed_s,
    )


def _holds(objective: Objective, value: float) -> bool | None:
    """Compare; None where a count that only grows has not come as far as it is to come."""
    operator, limit = objective.operator, objective.limit
    if operator.holds(value, limit):
        return True
    still = value < limit or (value == limit and operator is Operator.MORE)
    least = operator in (Operator.MORE, Operator.AT_LEAST, Operator.EQUAL)
    return None if objective.selector.kind in _GROWING and objective.window is None and least and still else False


def of_budget(spending: Spending, *, strict: bool = True) -> Standing:
    """Return how an objective of events stands: the share of good ones so far beside its target."""
    slo, spent = spending.slo, spending.budget()
    sli = 1 - spent.bad / spent.total if spent.total else None
    if sli is not None and slo.method is Method.OCCURRENCES:
        sli = (spent.total - spent.bad) / spent.total  # 1 - 0.001 is not the float nearest to 0.999
    return Standing(
        text=f"slo {slo.name}",
        observed=NO_VALUE if sli is None else observed_text(Kind.RATIO, sli, slo.target),
        limit=f">= {limit_text(Kind.RATIO, slo.target)}",
        holds=None if sli is None else sli >= slo.target and not spent.overspent,
        at=slo.at,
        origin="slo",
        strict=strict and slo.strict,
        value=sli,
        bound=slo.target,
        unit=Kind.RATIO.value,
        failed_s=spending.overspent_s,
    )


def of_check(check: Check, read: Callable[[Selector], Observation], *, begun: bool, strict: bool = True) -> Standing:
    """Return how a line of `ensure` stands; what a condition reads of Artillery's report is known at the end only."""
    rule, strict = check.rule, strict and check.strict
    if isinstance(rule, Objective):
        return replace(standing(rule, read(rule.selector), begun=begun, strict=strict), origin="ensure")
    numbers = {
        name: seen_by_conditions(one, read(one)) for name, one in rule.selectors.items() if isinstance(one, Selector)
    }
    if len(numbers) < len(rule.selectors):
        return _unknown(check, "judged at the end", strict)
    if not begun or any(seen.value is None for seen in numbers.values()):
        return _unknown(check, NO_VALUE, strict)
    return replace(of_verdict(judge_condition(rule, numbers, Measurement()), strict=strict), origin="ensure")


def _unknown(check: Check, observed: str, strict: bool) -> Standing:
    rule = check.rule
    return Standing(
        text=rule.text, observed=observed, limit="true", holds=None, at=rule.at, origin="ensure", strict=strict
    )


def of_verdict(verdict: Verdict, *, strict: bool = True) -> Standing:
    """Return how something stands that is judged as at the end, such as checks."""
    return Standing(
        text=verdict.objective_text,
        observed=verdict.observed_text or NO_VALUE,
        limit=verdict.limit_text,
        holds={Status.PASS: True, Status.FAIL: False}.get(verdict.status),
        at=verdict.at,
        origin=verdict.origin,
        strict=strict and verdict.strict,
        value=verdict.observed,
        bound=verdict.limit,
        unit=verdict.unit,
    )
