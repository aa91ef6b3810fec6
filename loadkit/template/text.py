"""Values as text, the way JavaScript (and so Artillery) puts them into a URL, a header or a body."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import Any

import msgspec

_WORDS = {None: "", True: "true", False: "false"}
_EXPONENT_FROM = 1e21
_EXPONENT_BELOW = 1e-6


class _Undefined:
    """What a variable is that has no value, to who asked for JavaScript's ways (compat: artillery)."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "undefined"


UNDEFINED: Any = _Undefined()


def to_script_text(value: Any) -> str:
    """Return text as JavaScript makes it, "undefined" and "null" included; `to_text` leaves these empty."""
    return "undefined" if value is UNDEFINED else "null" if value is None else to_text(value)


def without_undefined(value: Any) -> Any:
    """Return plain data as JSON.stringify takes it: members that are undefined are left out, items are null."""
    if isinstance(value, dict):
        return {key: without_undefined(item) for key, item in value.items() if item is not UNDEFINED}
    if isinstance(value, list):
        return [None if item is UNDEFINED else without_undefined(item) for item in value]
    return value


def to_text(value: Any) -> str:
    """Return text as it is, true/false, "" for None, numbers as JSON writes them (1.0 is "1"), the rest as compact JSON."""
    kind = value.__class__
    if kind is str:
        return str(value)
    if kind is int:
        return repr(value)
    if value is None or kind is bool:
        return _WORDS[value]
    if kind is float:
        return _float_text(value)
    return to_json(value)


def to_json(value: Any) -> str:
    """Return any value as compact JSON."""
    try:
        return msgspec.json.encode(value).decode()
    except (TypeError, ValueError, RecursionError):  # other keys than text, lone surrogates, a list in itself
        return _tolerant_json(value)


def _float_text(value: float) -> str:
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if value.is_integer() and abs(value) < _EXPONENT_FROM:
        return str(int(value))
    if _EXPONENT_BELOW <= abs(value) < _EXPONENT_FROM:
        return format(Decimal(repr(value)), "f")
    return repr(value).replace("e-0", "e-")


def _tolerant_json(value: Any) -> str:
    try:
        return json.dumps(value, separators=(",", ":"), default=str, skipkeys=True)
    except (ValueError, RecursionError):
        return str(value)
