"""Values and limits as people read them, each with its unit, and never alike when the numbers differ."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from loadkit.slo.metric import Kind
from loadkit.units import NS_PER_MS, NS_PER_S, format_bytes, format_duration_ns, parse_bytes


def limit_text(kind: Kind, limit: float) -> str:
    """Return a limit with its unit and all its digits: "250ms", "99.95%", "100/s"."""
    if kind is Kind.TIME:
        return format_duration_ns(limit) if limit >= 60 * NS_PER_S and not limit % NS_PER_S else _time(limit, 12)
    if kind is Kind.BYTES:
        return _size(limit)(limit, 15)
    if kind is Kind.RATIO:
        return f"{_rounded(100 * limit, 12)}%"
    return f"{_rounded(limit, 6)}/s" if kind is Kind.RATE else _rounded(limit, 15)


def interval_text(kind: Kind, low: float | None, high: float | None, limit: float) -> str:
    """Return "205ms to 219ms", "above 205ms" or "below 219ms" for an interval; "" where neither end is known."""
    ends = [None if end is None else observed_text(kind, end, limit) for end in (low, high)]
    if None not in ends:
        return f"{ends[0]} to {ends[1]}"
    return f"above {ends[0]}" if ends[0] else f"below {ends[1]}" if ends[1] else ""


def observed_text(kind: Kind, value: float, limit: float) -> str:
    """Return a value with its unit, with as many digits as it takes to look different from a limit that differs.

    A ratio never looks like 0% or 100% without being it.
    """
    wrong = {limit_text(kind, limit)}
    if value == limit:
        return wrong.pop()
    if kind is Kind.RATIO:
        wrong |= {f"{whole:.0%}" for whole in (0.0, 1.0) if whole != value}
    form = _size(limit) if kind is Kind.BYTES else _TEXT[kind]
    texts = (form(value, digits) for digits in range(3, 16))
    return next((text for text in texts if text not in wrong), repr(value))


def value_text(kind: Kind, value: float) -> str:
    """Return a value with its unit and three digits: "41.2 MiB", "-1.5 MiB", "12"."""
    if kind is Kind.COUNT and value != int(value):
        return f"{value:.3g}"
    return f"{'-' if value < 0 else ''}{_TEXT[kind](abs(value), 3)}"


def _rounded(number: float, digits: int) -> str:
    """Return a number with so many significant digits, never with an exponent below 1e15."""
    return f"{float(f'{number:.{digits}g}'):.15g}"


def _time(ns: float, digits: int) -> str:
    if ns >= 60 * NS_PER_S and digits == 3:
        return format_duration_ns(ns)
    units = ((NS_PER_S, "s"), (NS_PER_MS, "ms"), (1_000, "us"))
    factor, unit = next(((factor, unit) for factor, unit in units if ns >= factor), (1, "ns"))
    return f"{_rounded(ns / factor, digits)}{unit}"


def _percent(ratio: float, digits: int) -> str:
    return f"{100 * ratio:.{digits - 1}f}".rstrip("0").rstrip(".") + "%"


def _size(limit: float) -> Callable[[float, int], str]:
    """Return how a limit and what is compared with it are written: "476.8 MiB" beside "500 MB" would look like less."""
    is_binary = parse_bytes(format_bytes(limit)) == limit
    return _decimal if not is_binary and limit % 1000 == 0 else _binary


def _binary(size: float, digits: int) -> str:
    text = format_bytes(size)
    return text if digits == 3 or parse_bytes(text) == size else f"{size:.0f} B"


def _decimal(size: float, digits: int) -> str:
    factor, unit = next((one for one in _DECIMAL if abs(size) >= one[0]), (1, "B"))
    return f"{_rounded(size / factor, digits)} {unit}"


_DECIMAL = ((10**9, "GB"), (10**6, "MB"), (10**3, "KB"))
_TEXT: Mapping[Kind, Callable[[float, int], str]] = {
    Kind.TIME: _time,
    Kind.RATIO: _percent,
    Kind.RATE: lambda rate, digits: f"{_rounded(rate, digits)}/s",
    Kind.BYTES: lambda size, digits: format_bytes(size) if digits == 3 else f"{size:.0f} B",
    Kind.COUNT: lambda count, digits: _rounded(count, 15),
}
