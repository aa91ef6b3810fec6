"""Artillery's `ensure`: maxima and conditions over what a run measured, judged at its end.

    thresholds:  [{http.response_time.p95: 250}]         below the maximum; times in milliseconds
    conditions:  [{expression: "...", strict: false}]    filtrex over all metrics; not strict: reported, fails nothing
    min max median p95 p99: 250                          the old form of http.response_time.p95 < 250
    maxErrorRate: 1                                      percent of the virtual users created that did not complete

It counts only with `plugins: {ensure: {}}`, as there; `plugins.ensure` may hold the keys, where there is no `config.ensure`. Other
than there, a counter that never occurred is 0 (`http.codes.500 == 0` holds) unless all is to be as in Artillery. Of times without
samples every comparison is false. `notes` say where Artillery would come to something else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from loadkit.errors import Position
from loadkit.flow.step import Where
from loadkit.metrics.endpoints import Naming
from loadkit.metrics.snapshot import Snapshot
from loadkit.slo.confidence import Estimator
from loadkit.slo.evaluate import INVALID_REASON, Observation, Status, Verdict, evaluate, observe, settled
from loadkit.slo.expression import Fault, Objective
from loadkit.slo.metric import Kind, Selector
from loadkit.slo.reported import Reported, report_of
from loadkit.slo.validity import Measurement
from loadkit.template.expression import Expression
from loadkit.units import NS_PER_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """An expression over metrics, compiled; `selectors` holds what each of its names refers to."""

    text: str
    expression: Expression
    selectors: Mapping[str, Selector | Reported]
    at: Position | None = None
    never: str = ""
    """Why it does not hold, whatever is measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One line of `ensure`. `where` is its path below `config`."""

    where: Where
    rule: Objective | Condition
    strict: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Ensure:
    """All checks in Artillery's order. Without `enabled` (no plugins.ensure) they are not judged."""

    enabled: bool = False
    checks: tuple[Check, ...] = ()
    faults: tuple[Fault, ...] = ()
    notes: tuple[Fault, ...] = ()


def evaluate_ensure(
    ensure: Ensure,
    summary: Snapshot,
    duration_s: float,
    measurement: Measurement,
    estimator: Estimator | None = None,
    naming: Naming | None = None,
) -> tuple[Verdict, ...]:
    """Judge the checks in order; nothing when `ensure` is not enabled. `duration_s` and `estimator` as for `evaluate`.

    `naming` says how the report calls things.
    """
    if not ensure.enabled:
        return ()
    rules = [check.rule for check in ensure.checks if isinstance(check.rule, Condition)]
    asks = any(isinstance(wanted, Reported) for rule in rules for wanted in rule.selectors.values())
    report = report_of(summary, naming or Naming(), duration_s) if asks else {}
    made = []
    for check in ensure.checks:
        if isinstance(check.rule, Condition):
            verdict = _judge(check.rule, summary, duration_s, measurement, report)
        else:
            (verdict,) = evaluate((check.rule,), summary, duration_s, measurement=measurement, estimator=estimator)
        made.append(replace(verdict, origin="ensure", strict=check.strict))
    return tuple(made)


def _observe(
    wanted: Selector | Reported, summary: Snapshot, duration_s: float, report: Mapping[str, float]
) -> Observation:
    """Return a number as conditions see it: times in milliseconds."""
    if isinstance(wanted, Selector):
        return seen_by_conditions(wanted, observe(wanted, summary, duration_s))
    if wanted.name in report:
        return Observation(report[wanted.name], 1)
    if wanted.otherwise is not None:
        return _observe(wanted.otherwise, summary, duration_s, report)
    return Observation(None, 0, f"{wanted.name} never occurred")


def _judge(
    condition: Condition,
    summary: Snapshot,
    duration_s: float,
    measurement: Measurement,
    report: Mapping[str, float],
) -> Verdict:
    seen = {name: _observe(wanted, summary, duration_s, report) for name, wanted in condition.selectors.items()}
    return judge_condition(condition, seen, measurement)


def judge_condition(condition: Condition, seen: Mapping[str, Observation], measurement: Measurement) -> Verdict:
    """Judge a condition by the numbers of its names, as conditions see them."""
    numbers = {name: found.value for name, found in seen.items()}
    reasons = [found.reason for found in seen.values() if found.value is None]
    # As there: a number other than 1 is false, and so is what is compared with a number that there is not.
    holds = not condition.never and condition.expression.evaluate(numbers.get) == 1
    reasons = [] if holds else [*reasons, condition.never] if condition.never else reasons
    status = settled(holds, measurement)
    return Verdict(
        objective_text=condition.text,
        status=status,
        observed=None,
        observed_text=", ".join(f"{name} = {_shown(number)}" for name, number in numbers.items()),
        limit_text="true",
        samples=min((found.samples for found in seen.values()), default=0),
        at=condition.at,
        reason=INVALID_REASON if status is Status.INVALID else "; ".join(dict.fromkeys(reasons)),
    )


def seen_by_conditions(selector: Selector, seen: Observation) -> Observation:
    """Return a number as conditions see it: times in milliseconds."""
    return (
        replace(seen, value=seen.value / NS_PER_MS) if seen.value is not None and selector.kind is Kind.TIME else seen
    )


def _shown(number: float | None) -> str:
    return "no samples" if number is None else f"{number:.6g}" if number % 1 else f"{number:.0f}"
