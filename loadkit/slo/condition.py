"""When a request counts as good: `status < 500 and not error`, in the language of conditions (template/grammar.py).

field         what it is                                                      compared with
status        the status of the response; none of a call and of a failure     numbers
error         why there was no valid response; none where there was one       by itself, or a text
check         whether every check of the request held                         by itself
latency       from when it was due to its last byte, as response_time         a time: 300ms, 1.5s, bare numbers are ms
service_time  from when it was sent to its last byte                          a time

A comparison with what there is not is false, but for `!=` and `not in`. The tree is evaluated as it is, for one request or for a
column of them: nothing of a scenario is ever executed.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

from loadkit.flow.step import closest_hint
from loadkit.metrics.events import Event
from loadkit.template.grammar import (
    Both,
    Chain,
    Constant,
    Duration,
    Either,
    ExpressionFault,
    Items,
    Name,
    Node,
    Signed,
    parse_expression,
)
from loadkit.units import NS_PER_MS, parse_duration_ns


@dataclass(frozen=True, slots=True)
class Compare:
    """A field against a value. Times are in ns; an error is compared with its name."""

    field: str  # "status", "error", "response_ns" or "service_ns"
    operator: str
    value: float | str


@dataclass(frozen=True, slots=True)
class Failed:
    """There was no valid response."""


@dataclass(frozen=True, slots=True)
class Checked:
    """There was a valid response, and no check of these kinds failed; of any kind where there are none."""

    kinds: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    part: Condition


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Any_:
    """At least one part holds."""

    parts: tuple[Condition, ...]


Condition = Compare | Failed | Checked | Not | All | Any_

_COMPARE: Mapping[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
TIMES = {"latency": "response_ns", "response_time": "response_ns", "service_time": "service_ns"}
FIELDS = ("status", "error", "check", *TIMES)


def holds(condition: Condition, event: Event) -> Any:
    """Return whether a condition holds of an event: a bool, or of a column an array of them where it depends on the row."""
    match condition:
        case Compare():
            value = getattr(event, condition.field)
            if value is None:
                return condition.operator == "!="
            return _COMPARE[condition.operator](value, condition.value)
        case Failed():
            return event.error is not None
        case Checked(kinds):
            return event.error is None and not (kinds.intersection(event.failed) if kinds else event.failed)
        case Not(part):
            return holds(part, event) ^ True
        case All(parts):
            return reduce(operator.and_, (holds(part, event) for part in parts))
        case Any_(parts):
            return reduce(operator.or_, (holds(part, event) for part in parts))


def fields_of(condition: Condition) -> frozenset[str]:
    """Return which fields a condition reads: "status", "error", "check", "response_ns", "service_ns"."""
    return frozenset(_fields(condition))


def _fields(condition: Condition) -> Iterator[str]:
    match condition:
        case Compare():
            yield condition.field
        case Failed():
            yield "error"
        case Checked():
            yield "check"
        case Not(part):
            yield from _fields(part)
        case All(parts) | Any_(parts):
            for each in parts:
                yield from _fields(each)


def time_limits(condition: Condition) -> Iterator[tuple[str, float]]:
    """Yield each time that a condition compares with: the field and ns."""
    match condition:
        case Compare(field, _, value) if not isinstance(value, str) and field.endswith("_ns"):
            yield field, value
        case Not(part):
            yield from time_limits(part)
        case All(parts) | Any_(parts):
            for each in parts:
                yield from time_limits(each)


def parse_condition(text: str) -> Condition:
    """Return the condition that a text says. Raises ExpressionFault with the offset of what is wrong."""
    return _read(parse_expression(text, durations=True))


# ------------------------------------------------------------------------------------------------------------- reading

_EXAMPLE = "write it like status < 500 and not error and latency < 300ms"


def _read(node: Node) -> Condition:
    match node:
        case Both(operands):
            return All(tuple(map(_read, operands)))
        case Either(operands):
            return Any_(tuple(map(_read, operands)))
        case Signed(signs, operand, at):
            if "-" in signs:
                raise ExpressionFault("a minus has no meaning here", offset=at, hint=_EXAMPLE)
            made = _read(operand)
            return Not(made) if len(signs) % 2 else made
        case Chain():
            return _comparison(node)
        case Name(name, at):
            return _told(name, at)
        case Constant() | Duration() | Items():
            raise ExpressionFault("this is no condition", offset=node.at, hint=_EXAMPLE)


def _told(name: str, at: int) -> Condition:
    if name == "error":
        return Failed()
    if name == "check":
        return Checked()
    if name in FIELDS:
        example = f"{name} < 500" if name == "status" else f"{name} < 300ms"
        raise ExpressionFault(f"`{name}` is compared with something", offset=at, hint=f"write {example}")
    raise _unknown(name, at)


def _unknown(name: str, at: int) -> ExpressionFault:
    hint = closest_hint(name, FIELDS) or f"there are: {', '.join(FIELDS)}"
    return ExpressionFault(f'requests have no "{name}"', offset=at, hint=hint)


def _comparison(node: Chain) -> Condition:
    (name, right), left = node.rest[0], node.first
    if name not in (*_COMPARE, "in", "not in"):
        raise ExpressionFault(f"`{name}` has no meaning here", offset=node.at, hint=_EXAMPLE)
    if not isinstance(left, Name) and isinstance(right, Name) and name in _TURNED:
        name, left, right = _TURNED[name], right, left
    if not isinstance(left, Name):
        hint = f"compare one of {', '.join(FIELDS)}"
        raise ExpressionFault("nothing of a request is compared here", offset=node.at, hint=hint)
    if left.name not in FIELDS:
        raise _unknown(left.name, left.at)
    if left.name == "check":
        raise ExpressionFault("`check` holds or not", offset=left.at, hint="write check, or not check")
    if name in ("in", "not in"):
        values = right.items if isinstance(right, Items) else (right,)
        any_of = Any_(tuple(_compare(left.name, "==", value) for value in values))
        return Not(any_of) if name == "not in" else any_of
    return _compare(left.name, name, right)


def _compare(field: str, name: str, right: Node) -> Condition:
    value = right.value if isinstance(right, Constant) else None
    if field == "error":
        return _error(name, right, value)
    if field == "status":
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ExpressionFault("`status` is compared with a number", offset=right.at, hint="write status < 500")
        return Compare("status", name, value)
    if isinstance(right, Duration):
        return Compare(TIMES[field], name, _ns(right))
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ExpressionFault(f"`{field}` is compared with a time", offset=right.at, hint=f"write {field} < 300ms")
    return Compare(TIMES[field], name, value * NS_PER_MS)


def _ns(node: Duration) -> int:
    try:
        return parse_duration_ns(node.text)
    except ValueError as fault:
        raise ExpressionFault(str(fault), offset=node.at, hint="write 300ms, 2s or 1m30s") from fault


def _error(name: str, right: Node, value: Any) -> Condition:
    if name not in ("==", "!="):
        raise ExpressionFault("an error is there or not, or has a name", offset=right.at, hint="write not error")
    if isinstance(right, Constant) and value is None:
        return Not(Failed()) if name == "==" else Failed()
    if not isinstance(value, str):
        hint = 'write error == "ETIMEDOUT", or not error'
        raise ExpressionFault("`error` is compared with the name of an error", offset=right.at, hint=hint)
    return Compare("error", name, value)
