"""What the operators of expressions do with two values; none raises, but for a `~=` that is given up after its budget."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any

from loadkit.template.regexp import RegexpFault, RegexpTimeout, compile_regexp
from loadkit.template.text import to_text

EXACT_DIGITS = 18
"""Numbers with at most so many digits are integers; longer ones are floats."""

_NUMERIC = re.compile(r"\s*[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?\s*", re.ASCII)


def number_of(value: Any) -> int | float | None:
    """Return the number that a value is or spells; None for all else."""
    if isinstance(value, int | float):
        return value
    if not isinstance(value, str) or not _NUMERIC.fullmatch(value):
        return None
    return int(value) if value.strip().isdecimal() and len(value) <= EXACT_DIGITS else float(value)


def negated(value: Any) -> Any:
    """Return minus a value; None for what is no number."""
    number = number_of(value)
    return None if number is None else -number


def _equal(left: Any, right: Any) -> bool:
    if left is None or right is None:
        return left is right
    if isinstance(left, str) is not isinstance(right, str):
        return _equal_spelled(left, right) if isinstance(right, str) else _equal_spelled(right, left)
    return bool(left == right)


def _equal_spelled(value: Any, text: str) -> bool:
    if isinstance(value, bool):
        return text == to_text(value)
    return isinstance(value, int | float) and number_of(text) == value


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def ordered(left: Any, right: Any) -> bool:
        if isinstance(left, str) and isinstance(right, str):
            return compare(left, right)
        left, right = number_of(left), number_of(right)
        return left is not None and right is not None and compare(left, right)

    return ordered


def _arithmetic(apply: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Return an operation that gives None for what is no number, for x/0 and for results beyond a float."""

    def calculate(left: Any, right: Any) -> Any:
        left, right = number_of(left), number_of(right)
        if left is None or right is None:
            return None
        try:
            return apply(left, right)
        except (ArithmeticError, ValueError):
            return None

    return calculate


def _power(left: float, right: float) -> Any:
    made = float(left) ** float(right)
    return None if isinstance(made, complex) else made


def _plus(left: Any, right: Any) -> Any:
    if left is None or right is None:
        return None
    return to_text(left) + to_text(right) if isinstance(left, str) or isinstance(right, str) else _add(left, right)


def _contains(left: Any, right: Any) -> bool:
    return any(_equal(left, item) for item in (right if isinstance(right, list | tuple) else (right,)))


def matches(left: Any, right: Any) -> bool:
    """Say whether a value has a match of a regular expression; one that is wrong matches nothing. Raises RegexpTimeout."""
    if left is None or right is None:
        return False
    try:
        return compile_regexp(to_text(right)).search(to_text(left)) is not None
    except RegexpTimeout:
        raise
    except RegexpFault:
        return False


_add = _arithmetic(operator.add)
BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "in": _contains,
    "not in": lambda left, right: not _contains(left, right),
    "==": _equal,
    "!=": lambda left, right: not _equal(left, right),
    "<": _ordered(operator.lt),
    "<=": _ordered(operator.le),
    ">": _ordered(operator.gt),
    ">=": _ordered(operator.ge),
    "+": _plus,
    "-": _arithmetic(operator.sub),
    "*": _arithmetic(operator.mul),
    "/": _arithmetic(operator.truediv),
    "%": _arithmetic(operator.mod),
    "^": _arithmetic(_power),
}
"""The operators with two operands, but for `and` and `or`, which may not need their second one."""
