"""Artillery's `ensure`: maxima and conditions over what a run measured, judged at its end.

    thresholds:  [{http.response_time.p95: 250}]         below the maximum; times in milliseconds
    conditions:  [{expression: "...", strict: false}]    filtrex over all metrics; not strict: reported, fails nothing
    min max median p95 p99: 250                          the old form of http.response_time.p95 < 250
    maxErrorRate: 1                                      percent of the virtual users created that did not complete

It counts only with `plugins: {ensure: {}}`, as there. `plugins.ensure` may hold the same keys; `ensure` wins key by key. Other than
there, a counter that never occurred is 0 (`http.codes.500 == 0` holds); a time without samples still fails.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from loadkit.errors import Position
from loadkit.flow.bookkeeping import NOTHING_OWN, Recorded
from loadkit.flow.step import Where
from loadkit.metrics.snapshot import Snapshot
from loadkit.slo.confidence import Estimator
from loadkit.slo.evaluate import INVALID_REASON, Status, Verdict, evaluate, observe, settled
from loadkit.slo.expression import Fault, Objective, Operator, per_cent
from loadkit.slo.metric import Kind, Selector, ThresholdFault, select
from loadkit.slo.validity import Measurement
from loadkit.template.expression import Expression, ExpressionFault, compile_expression
from loadkit.units import NS_PER_MS

At = Callable[[Where], Position | None]

LEGACY = ("min", "max", "median", "p95", "p99")


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """An expression over metrics, compiled; `selectors` holds what each of its names refers to."""

    text: str
    expression: Expression
    selectors: Mapping[str, Selector]
    at: Position | None = None


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


def parse_ensure(config: Mapping[str, Any], at: At = lambda where: None, own: Recorded = NOTHING_OWN) -> Ensure:
    """Read `ensure` and `plugins.ensure` of a configuration; all that is wrong is collected in `faults`.

    `own` are the metrics that the processor records.

    `at` gives the position of a path below `config`. What the schema refuses (a list that is none, a maximum that is
    neither number nor text) is passed over here.
    """
    plugins = config.get("plugins")
    enabled = isinstance(plugins, Mapping) and "ensure" in plugins
    keys: dict[str, tuple[Any, Where]] = {}
    for path in (("plugins", "ensure"), ("ensure",)):
        spec = _below(config, path)
        if isinstance(spec, Mapping):
            keys |= {key: (value, (*path, key)) for key, value in spec.items()}
    parser = _Parser(at, own)
    for key in ("thresholds", "conditions", *LEGACY, "maxErrorRate"):
        if key in keys and keys[key][0] is not None:
            parser.read(key, *keys[key])
    return Ensure(enabled=enabled, checks=tuple(parser.checks), faults=tuple(parser.faults))


def _below(value: Any, path: Where) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def evaluate_ensure(
    ensure: Ensure,
    summary: Snapshot,
    duration_s: float,
    measurement: Measurement,
    estimator: Estimator | None = None,
) -> tuple[Verdict, ...]:
    """Judge the checks in order; nothing when `ensure` is not enabled. `duration_s` and `estimator` as for `evaluate`."""
    if not ensure.enabled:
        return ()
    return tuple(_verdict(check, summary, duration_s, measurement, estimator) for check in ensure.checks)


def _verdict(
    check: Check, summary: Snapshot, duration_s: float, measurement: Measurement, estimator: Estimator | None
) -> Verdict:
    if isinstance(check.rule, Condition):
        verdict = _judge(check.rule, summary, duration_s, measurement)
    else:
        (verdict,) = evaluate((check.rule,), summary, duration_s, measurement=measurement, estimator=estimator)
    return replace(verdict, origin="ensure", strict=check.strict)


def _judge(condition: Condition, summary: Snapshot, duration_s: float, measurement: Measurement) -> Verdict:
    seen = {name: observe(selector, summary, duration_s) for name, selector in condition.selectors.items()}
    numbers = {name: _number(condition.selectors[name], found.value) for name, found in seen.items()}
    reasons = [found.reason for found in seen.values() if found.value is None]
    holds = not reasons and bool(condition.expression.evaluate(numbers.get))
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


def _number(selector: Selector, value: float | None) -> float | None:
    """Return a value as conditions see it: times in milliseconds."""
    return value / NS_PER_MS if value is not None and selector.kind is Kind.TIME else value


def _shown(number: float | None) -> str:
    return "no samples" if number is None else f"{number:.6g}" if number % 1 else f"{number:.0f}"


# --------------------------------------------------------------------------------------------------------------- parser

# A name may hold what an expression would take for operators: plugins.metrics-by-endpoint.response_time./pets.p95
_BY_ENDPOINT = re.compile(r"(?<!['\w.])plugins\.metrics-by-endpoint\.[^\s<>=!()',]+")
_NUMBER = re.compile(r"(?:\d{1,15}(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d\d?)?")
_MAXIMUM = "write a number (milliseconds for times)"
_PERCENT = "write a number of percent, such as 1"


class _Parser:
    """Reads the keys of `ensure` one by one into checks and faults."""

    def __init__(self, at: At, own: Recorded) -> None:
        self._at = at
        self._own = own
        self.checks: list[Check] = []
        self.faults: list[Fault] = []

    def read(self, key: str, value: Any, where: Where) -> None:
        if key == "thresholds":
            for metric, limit, below in _entries(value, where):
                self._threshold(metric, limit, below)
        elif key == "conditions":
            for index, entry in enumerate(value if isinstance(value, list) else ()):
                self._condition(entry, (*where, index))
        elif key == "maxErrorRate":
            self._max_error_rate(value, where)
        else:
            # parseInt, as there: "200ms" is 200, and so is 200.9
            digits = re.match(r"\s*\d+", str(value))
            self._threshold(f"http.response_time.{key}", digits[0] if digits else value, where)

    def _threshold(self, metric: str, maximum: Any, where: Where) -> None:
        try:
            selector = select(metric, self._own)
        except ThresholdFault as fault:
            self._fault(fault.code, where, str(fault), fault.hint)
            return
        number = self._number(maximum, where, _MAXIMUM)
        if number:
            limit = round(float(number) * NS_PER_MS) if selector.kind is Kind.TIME else float(number)
            self._objective(f"{metric} < {number}", selector, Operator.LESS, limit, where)

    def _max_error_rate(self, maximum: Any, where: Where) -> None:
        number = self._number(maximum, where, _PERCENT)
        if number:
            selector = select("vusers.error_rate")
            self._objective(f"maxErrorRate <= {number}", selector, Operator.AT_MOST, per_cent(number), where)

    def _objective(self, text: str, selector: Selector, operator: Operator, limit: float, where: Where) -> None:
        rule = Objective(text=text, selector=selector, operator=operator, limit=limit, at=self._at(where))
        self.checks.append(Check(where=where, rule=rule))

    def _number(self, value: Any, where: Where, hint: str) -> str:
        """Return a number as it was written, "" when it is none; text that spells one will do, as in Artillery."""
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            return ""
        text = str(value).strip()
        if not _NUMBER.fullmatch(text):
            self._fault("LK301", where, f"{value!r} is not a number of zero or more", hint)
            return ""
        return text

    def _condition(self, entry: Any, where: Where) -> None:
        text = entry.get("expression") if isinstance(entry, Mapping) else None
        if not isinstance(text, str):
            return
        below = (*where, "expression")
        try:
            quoted = _BY_ENDPOINT.sub(lambda name: f"'{name[0]}'", text)
            expression = compile_expression(quoted)
        except ExpressionFault as fault:
            offset = fault.offset if quoted == text else 0  # quotes were put in
            self._fault("LK301", below, f"this condition cannot be read: {fault}", fault.hint, offset)
            return
        selectors = dict(self._selectors(expression, text, below))
        if len(selectors) == len(expression.names):
            rule = Condition(text=text.strip(), expression=expression, selectors=selectors, at=self._at(below))
            self.checks.append(Check(where=where, rule=rule, strict=entry.get("strict") is not False))

    def _selectors(self, expression: Expression, text: str, where: Where) -> Iterator[tuple[str, Selector]]:
        for name in expression.names:
            try:
                yield name, select(name, self._own)
            except ThresholdFault as fault:
                self._fault(fault.code, where, str(fault), fault.hint, max(0, text.find(name)) + fault.offset)

    def _fault(self, code: str, where: Where, message: str, hint: str, offset: int = 0) -> None:
        self.faults.append(Fault(code=code, where=where, message=message, hint=hint, offset=offset))


def _entries(value: Any, where: Where) -> Iterator[tuple[str, Any, Where]]:
    """Yield (metric, maximum, path) of a list of mappings; every key counts, not only the first as in Artillery."""
    for index, entry in enumerate(value if isinstance(value, list) else ()):
        for metric, maximum in entry.items() if isinstance(entry, Mapping) else ():
            yield str(metric), maximum, (*where, index, metric)


# --------------------------------------------------------------------------------------------------------------- schema

_LIMIT: dict[str, Any] = {"type": ["number", "string"]}


def _legacy(aggregate: str) -> dict[str, Any]:
    return {
        **_LIMIT,
        "title": f"Largest {aggregate}",
        "description": f"The old form of the threshold http.response_time.{aggregate} < N, in milliseconds.",
        "examples": [200],
    }


ENSURE_KEYS: dict[str, Any] = {
    "thresholds": {
        "type": "array",
        "title": "Thresholds",
        "description": "Metrics that must stay below a maximum; times in milliseconds.",
        "examples": [[{"http.response_time.p95": 250}, {"http.codes.500": 1}]],
        "items": {
            "type": "object",
            "title": "Threshold",
            "description": "A metric and its maximum.",
            "minProperties": 1,
            "examples": [{"http.response_time.p95": 250}],
            "additionalProperties": {**_LIMIT, "title": "Maximum", "description": "The metric must be below it."},
        },
    },
    "conditions": {
        "type": "array",
        "title": "Conditions",
        "description": "Expressions over metrics that must be true; times in milliseconds.",
        "examples": [[{"expression": "http.response_time.p95 < 250 and http.request_rate > 100", "strict": True}]],
        "items": {
            "type": "object",
            "title": "Condition",
            "description": "An expression that must be true.",
            "required": ["expression"],
            "additionalProperties": False,
            "examples": [{"expression": "vusers.failed < 10"}],
            "properties": {
                "expression": {
                    "type": "string",
                    "title": "Expression",
                    "description": "Metrics, numbers, + - * / ^ % < <= > >= == != and or not ( ).",
                    "minLength": 1,
                    "examples": ["http.codes.500 == 0 and http.response_time.p99 < 500"],
                },
                "strict": {
                    "type": "boolean",
                    "title": "Strict",
                    "description": "Whether the run fails when the expression is false; else it is only reported.",
                    "default": True,
                    "examples": [False],
                },
            },
        },
    },
    **{aggregate: _legacy(aggregate) for aggregate in LEGACY},
    "maxErrorRate": {
        **_LIMIT,
        "title": "Largest error rate",
        "description": "How many percent of the virtual users created may not complete.",
        "examples": [1],
    },
}

CONFIG: dict[str, Any] = {
    "ensure": {
        "type": "object",
        "title": "Ensure",
        "description": "Artillery's checks at the end of a run; they count only with `plugins: {ensure: {}}`.",
        "examples": [{"thresholds": [{"http.response_time.p95": 250}], "maxErrorRate": 1}],
        "properties": ENSURE_KEYS,
        "additionalProperties": False,
    },
}
