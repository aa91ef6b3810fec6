"""Functions of the time of day: `{{ $date("%Y-%m-%d", "7d") }}`. All times are UTC, so each machine writes the same."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from loadkit.template.functions import TemplateContext, TemplateFunction
from loadkit.units import NS_PER_S, parse_duration_ns

_UNITS_NS = {"s": NS_PER_S, "ms": 1_000_000, "us": 1_000, "ns": 1}


def _now(user: TemplateContext) -> str:
    text = _moment("$now", time.time_ns()).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def _date(user: TemplateContext, pattern: Any = "%Y-%m-%d", offset: Any = 0) -> str:
    moment = _moment("$date", time.time_ns() + _offset_ns("$date", offset))
    try:
        return moment.strftime(str(pattern).encode(errors="replace").decode())
    except ValueError as error:  # a NUL character
        raise ValueError(f"$date: {error}") from None


def _timestamp(user: TemplateContext, unit: Any = "s", offset: Any = 0) -> int:
    unit_ns = _UNITS_NS.get(unit) if isinstance(unit, str) else None
    if unit_ns is None:
        raise ValueError(f"$timestamp: {str(unit)[:60]!r} is not a unit; known: {', '.join(_UNITS_NS)}")
    return (time.time_ns() + _offset_ns("$timestamp", offset)) // unit_ns


def _offset_ns(function: str, offset: Any) -> int:
    """Return a signed duration: seconds, or text such as "-1d" or "1h30m"."""
    sign, size = 1, offset
    if isinstance(offset, str):
        size = offset.strip()
        sign = -1 if size.startswith("-") else 1
        size = size.removeprefix("-").removeprefix("+")
    elif isinstance(offset, int | float) and offset < 0:
        sign, size = -1, -offset
    try:
        return sign * parse_duration_ns(size)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{function}: {error}") from None


def _moment(function: str, epoch_ns: int) -> datetime:
    try:
        return datetime.fromtimestamp(epoch_ns // 1_000 / 1_000_000, UTC)
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"{function}: that is no date between the years 1 and 9999") from None


FUNCTIONS = {
    function.name: function
    for function in (
        TemplateFunction(
            name="$now",
            call=_now,
            doc="The time, such as 2031-05-01T12:00:00.000Z (ISO 8601).",
            example="{{ $now }}",
        ),
        TemplateFunction(
            name="$date",
            call=_date,
            max_args=2,
            doc="The date, or what a pattern of Python's `strftime` makes of it; with an offset the date so much later, or "
            'earlier: "7d", "-1h30m", or seconds.',
            example="{{ $date('%d.%m.%Y', '-7d') }}",
        ),
        TemplateFunction(
            name="$timestamp",
            call=_timestamp,
            max_args=2,
            doc='Whole seconds since 1970, or milliseconds ("ms"), microseconds ("us") or nanoseconds ("ns"); with an offset, '
            "as for `$date`.",
            example="{{ $timestamp('ms', '1h') }}",
        ),
    )
}
