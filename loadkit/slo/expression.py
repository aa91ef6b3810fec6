"""Thresholds as people write them: `http.response_time.p95 < 250ms of "/checkout"`.

threshold = metric op value [ "of" label ]        white space is free
metric    = a name of slo/metric.py, with its aggregate; the names of errors may hold spaces
op        = "<" | "<=" | ">" | ">=" | "==" | "!="
value     = number [ unit ]                       what the metric is decides the unit:
              times      ns us ms s m h, 1m30s    a bare number is milliseconds
              ratios     % or none                between 0 and 1, that is 0% and 100%
              rates      /s /min /h               a bare number is per second
              bytes      B KB MB GB KiB MiB GiB   a bare number is bytes
              counts     none
label     = '"' text '"' | "'" text "'" | word    a request's name; a scenario's for vusers.*
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import Enum
from typing import Any

from loadkit.errors import Position
from loadkit.flow.step import Where, closest_hint
from loadkit.slo.metric import Kind, Scope, Selector, ThresholdFault, select
from loadkit.units import parse_bytes, parse_duration_ns, parse_rate_per_s, parse_ratio

__all__ = ["CONFIG", "Fault", "Objective", "Operator", "ThresholdFault", "check_names", "parse_threshold", "per_cent"]


class Operator(Enum):
    """How the observed value must stand to the limit."""

    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="
    EQUAL = "=="
    UNEQUAL = "!="

    def holds(self, observed: float, limit: float) -> bool:
        """Return whether `observed` satisfies the comparison."""
        return _COMPARE[self](observed, limit)


_COMPARE: Mapping[Operator, Callable[[float, float], bool]] = {
    Operator.LESS: operator.lt,
    Operator.AT_MOST: operator.le,
    Operator.MORE: operator.gt,
    Operator.AT_LEAST: operator.ge,
    Operator.EQUAL: operator.eq,
    Operator.UNEQUAL: operator.ne,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """A threshold, parsed. `limit` is in ns, per second, bytes, or a plain count or ratio: `selector.kind` says which."""

    text: str
    selector: Selector
    operator: Operator
    limit: float
    at: Position | None = None

    @property
    def label(self) -> str | None:
        """Return the request's (or scenario's) name after `of`, None when everything counts."""
        return self.selector.label


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something wrong below `config`: `where` is the path from there, `offset` counts characters inside that text."""

    code: str
    where: Where
    message: str
    hint: str = ""
    offset: int = 0


_LONGEST = 1000  # characters; the expressions below take time by its square
_MOST_HINTED = 200  # faults; a comparison with a thousand names takes a millisecond
_SPLIT = re.compile(r"\s*(?P<metric>[^<>=!]*?)\s*(?P<operator>[<>=!]+)\s*(?P<rest>.*)", re.DOTALL)
_REST = re.compile(r"(?P<value>.*?)(?:\s+of\b\s*(?P<label>.*?))?\s*", re.DOTALL)
_LABEL = re.compile(r"""\s*(?:"(?P<double>[^"]+)"|'(?P<single>[^']+)'|(?P<word>[^\s"']+))\s*""")
_NUMBER = re.compile(r"\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+")
_SECOND = re.compile(r"\s(?:and|or)\s|&&|\|\|")
_MEANT = {"=": "==", "===": "==", "=<": "<=", "=>": ">=", "<>": "!=", "!": "!=", "!==": "!="}
_UNITS = {
    Kind.TIME: ("a time", "write 250ms, 1.5s, or a bare number of milliseconds"),
    Kind.RATIO: ("a ratio", "write 1% or 0.01"),
    Kind.RATE: ("a rate", "write 100/s, 6000/min, or a bare number per second"),
    Kind.BYTES: ("a size", "write 512, 64KB or 1MiB"),
    Kind.COUNT: ("a count", "write a plain number, zero or more"),
}


def parse_threshold(text: str, at: Position | None = None) -> Objective:
    """Parse one threshold. Raises ThresholdFault, with the offset of the part that is wrong."""
    if len(text) > _LONGEST:
        raise ThresholdFault("LK301", f"a threshold of more than {_LONGEST} characters")
    split = _SPLIT.fullmatch(text)
    if split is None:
        hint = "write it like http.response_time.p95 < 250ms"
        raise ThresholdFault("LK301", "a threshold compares: there is no < <= > >= == or !=", hint=hint)
    if not split["metric"]:
        raise ThresholdFault("LK301", "there is no metric before the comparison", hint="http.response_time.p95 < 250ms")
    selector = _selector(split["metric"], split.start("metric"))
    comparison = _operator(split["operator"], split.start("operator"))
    rest = _REST.fullmatch(split["rest"])
    assert rest is not None  # both groups may be empty
    start = split.start("rest")
    limit = _value(selector, rest["value"], start)
    if rest["label"] is not None:
        selector = replace(selector, label=_label(selector, rest["label"], start + rest.start("label")))
    return Objective(text=text.strip(), selector=selector, operator=comparison, limit=limit, at=at)


def check_names(
    objectives: Iterable[Objective], request_names: Iterable[str], scenario_names: Iterable[str]
) -> tuple[Fault, ...]:
    """Return a fault for each threshold `of` a request or scenario that the plan does not have."""
    known = {Scope.REQUEST: sorted(request_names), Scope.SCENARIO: sorted(scenario_names), Scope.RUN: []}
    faults: list[Fault] = []
    for index, objective in enumerate(objectives):
        scope, label = objective.selector.scope, objective.label
        if label is not None and label not in known[scope]:
            message = f'there is no {scope.value} named "{label}"'
            hint = _names_hint(label, known[scope]) if len(faults) < _MOST_HINTED else ""
            offset = max(0, objective.text.rfind(label))
            offset -= objective.text[offset - 1 : offset] in ("'", '"')
            faults.append(Fault(code="LK304", where=("thresholds", index), message=message, hint=hint, offset=offset))
    return tuple(faults)


def _names_hint(label: str, known: list[str]) -> str:
    listed = f"there are: {', '.join(known[:8])}{', ...' if len(known) > 8 else ''}" if known else ""
    return closest_hint(label, known) or listed


def _selector(text: str, start: int) -> Selector:
    try:
        return select(text)
    except ThresholdFault as fault:
        raise ThresholdFault(fault.code, str(fault), offset=start + fault.offset, hint=fault.hint) from None


def _operator(text: str, start: int) -> Operator:
    try:
        return Operator(text)
    except ValueError:
        hint = f"write {_MEANT[text]}" if text in _MEANT else "write one of < <= > >= == !="
        raise ThresholdFault("LK301", f"{text} is not a comparison", offset=start, hint=hint) from None


def _value(selector: Selector, text: str, start: int) -> float:
    """Return the limit in the metric's unit."""
    what, hint = _UNITS[selector.kind]
    if not text:
        raise ThresholdFault("LK301", "there is no value to compare with", offset=start, hint=hint)
    if _SECOND.search(text):
        hint = "a threshold is one comparison; write the other one on a line of its own"
        raise ThresholdFault("LK301", f'"{text}" is more than a value', offset=start, hint=hint)
    try:
        limit = _PARSE[selector.kind](text)
    except (ValueError, ArithmeticError):  # arithmetic: a number that no float can hold
        message = f"{selector.text} is {what}, and {text} is not"
        raise ThresholdFault("LK301", message, offset=start, hint=hint) from None
    if selector.kind is Kind.RATIO and not 0 <= limit <= 1:
        hint = f"write {text}%" if 1 < limit <= 100 and "%" not in text else hint
        message = f"{selector.text} lies between 0 and 1 (0% and 100%), and {text} does not"
        raise ThresholdFault("LK301", message, offset=start, hint=hint)
    return limit


def _ratio(text: str) -> float:
    ratio = parse_ratio(text)
    return per_cent(text.removesuffix("%").strip()) if text.endswith("%") else ratio


def per_cent(text: str) -> float:
    """Return the float nearest to a hundredth of a number: 99.9/100 is not, and 999 of 1000 would fail >= 99.9%."""
    return float(Decimal(text) / 100)


def _count(text: str) -> float:
    if not _NUMBER.fullmatch(text) or not math.isfinite(float(text)):
        raise ValueError(text)
    return float(text)


_PARSE: Mapping[Kind, Callable[[str], float]] = {
    Kind.TIME: lambda text: parse_duration_ns(text, unit="ms"),
    Kind.RATIO: _ratio,
    Kind.RATE: parse_rate_per_s,
    Kind.BYTES: parse_bytes,
    Kind.COUNT: _count,
}


def _label(selector: Selector, text: str, start: int) -> str:
    if selector.scope is Scope.RUN:
        message = f"{selector.text} is measured for the whole run"
        raise ThresholdFault("LK301", message, offset=start, hint="leave out `of`")
    if selector.label is not None:
        message = f'{selector.text} names "{selector.label}" already'
        raise ThresholdFault("LK301", message, offset=start, hint="leave out `of`")
    found = _LABEL.fullmatch(text)
    if found is None:
        hint = f'write of "{text.strip(chr(34))}"' if text else 'write of "/checkout"'
        raise ThresholdFault("LK301", "`of` is followed by one name, in quotes", offset=start, hint=hint)
    return found["double"] or found["single"] or found["word"]


CONFIG: dict[str, Any] = {
    "thresholds": {
        "type": "array",
        "title": "Thresholds",
        "description": (
            "What the run must come to; exit code 3 when one does not hold. Each is `METRIC OP VALUE`, for one request "
            'with `of "NAME"` behind it. A bare number is milliseconds for times.'
        ),
        "default": [],
        "examples": [
            ["http.response_time.p95 < 250ms", "http.error_rate < 1%"],
            ['http.response_time.p99 < 1s of "/checkout"', "checks.pass_rate >= 99.9%", "http.request_rate >= 100/s"],
        ],
        "items": {
            "type": "string",
            "title": "Threshold",
            "description": "A metric, a comparison (< <= > >= == !=) and a value with its unit.",
            "minLength": 1,
            "examples": ["http.response_time.p95 < 250ms", "http.codes.5xx == 0", "vusers.failed <= 10"],
        },
    }
}
