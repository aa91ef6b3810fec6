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
