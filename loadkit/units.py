"""Numbers with units, as people write them, to and from what is used inside (int ns, per second, bytes, ratio)."""

from __future__ import annotations

import math
import re

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000
_LONGEST_NS = 10 * 365 * 86_400 * NS_PER_S

_NS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "ms": NS_PER_MS,
    "msec": NS_PER_MS,
    "msecs": NS_PER_MS,
    "millisecond": NS_PER_MS,
    "milliseconds": NS_PER_MS,
    "s": NS_PER_S,
    "sec": NS_PER_S,
    "secs": NS_PER_S,
    "second": NS_PER_S,
    "seconds": NS_PER_S,
    "m": 60 * NS_PER_S,
    "min": 60 * NS_PER_S,
    "mins": 60 * NS_PER_S,
    "minute": 60 * NS_PER_S,
    "minutes": 60 * NS_PER_S,
    "h": 3600 * NS_PER_S,
    "hr": 3600 * NS_PER_S,
    "hrs": 3600 * NS_PER_S,
    "hour": 3600 * NS_PER_S,
    "hours": 3600 * NS_PER_S,
    "d": 86_400 * NS_PER_S,
    "day": 86_400 * NS_PER_S,
    "days": 86_400 * NS_PER_S,
    "w": 7 * 86_400 * NS_PER_S,
    "week": 7 * 86_400 * NS_PER_S,
    "weeks": 7 * 86_400 * NS_PER_S,
}
_BYTES = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}
_MOST_BYTES = 2**60
_PER = {"s": 1.0, "sec": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_PART = re.compile(r"\s*(\d+(?:\.\d+)?|\.\d+)\s*([a-zµ]+)\s*", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")


def parse_duration_ns(value: object, *, unit: str = "s") -> int:
    """Return nanoseconds for 90, "90", "90s", "1m30s" or "250ms"; a bare number counts in `unit`.

    Raises ValueError, with a text that says what is accepted.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"{value!r} is not a duration; write 90, 90s, 250ms or 1m30s")
    if isinstance(value, int | float):
        return _scaled(_as_float(value), _NS[unit], value)
    text = value.strip()
    if _NUMBER.fullmatch(text):
        return _scaled(float(text), _NS[unit], value)
    total, end = 0.0, 0
    while (match := _PART.match(text, end)) and match[2].lower() in _NS:
        total += float(match[1]) * _NS[match[2].lower()]
        end = match.end()
    if not text or end != len(text):
        raise ValueError(f"{value!r} is not a duration; write 90, 90s, 250ms or 1m30s")
    return _scaled(total, 1, value)


def _scaled(number: float, factor: int, written: object) -> int:
    if not 0 <= number < float("inf"):
        raise ValueError(f"{written!r} is not a duration: it must be zero or more")
    if number * factor > _LONGEST_NS:
        raise ValueError(f"{written!r} is longer than ten years")
    return round(number * factor)


def _as_float(number: float) -> float:
    """Return a float; infinity for an integer that none can hold."""
    try:
        return float(number)
    except OverflowError:
        return float("inf") if number > 0 else float("-inf")


def parse_rate_per_s(value: object) -> float:
    """Return events per second for 50, "50", "50/s", "30/min". Raises ValueError."""
    wrong = ValueError(f"{value!r} is not a rate; write 50, 50/s or 30/min")
    if isinstance(value, bool):
        raise wrong
    if isinstance(value, int | float):
        number, per = _as_float(value), "s"
    elif isinstance(value, str):
        head, _, per = value.strip().partition("/")
        per = per.strip().lower() or "s"
        if not _NUMBER.fullmatch(head.strip()) or per not in _PER:
            raise wrong
        number = float(head)
    else:
        raise wrong
    if not 0 <= number < float("inf"):
        raise ValueError(f"{value!r} is not a rate: it must be zero or more")
    return number / _PER[per]


def parse_bytes(value: object) -> int:
    """Return bytes for 512, "64KB", "1MiB". Raises ValueError."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_BYTES:
        return value
    if isinstance(value, str):
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]*)\s*", value)
        if match and match[2].lower() in _BYTES:
            size = float(match[1]) * _BYTES[match[2].lower()]
            if size <= _MOST_BYTES:
                return round(size)
    raise ValueError(f"{value!r} is not a size; write 512, 64KB or 1MiB")


def parse_ratio(value: object) -> float:
    """Return a ratio for 0.005, "0.5%" or "0.005". Raises ValueError."""
    ratio = float("nan")
    if isinstance(value, int | float) and not isinstance(value, bool):
        ratio = _as_float(value)
    elif isinstance(value, str):
        text = value.strip()
        head = text.removesuffix("%").strip()
        if _NUMBER.fullmatch(head):
            ratio = float(head) / (100 if text.endswith("%") else 1)
    if not math.isfinite(ratio):
        raise ValueError(f"{value!r} is not a ratio; write 0.005 or 0.5%")
    return ratio


def format_duration_ns(ns: float) -> str:
    """Return a span with three significant digits: "412us", "1.25ms", "3.2s", "1m30s"."""
    if ns >= 60 * NS_PER_S:
        seconds = round(ns / NS_PER_S)
        hours, rest = divmod(seconds, 3600)
        minutes, seconds = divmod(rest, 60)
        parts = ((hours, "h"), (minutes, "m"), (seconds, "s"))
        return "".join(f"{number}{unit}" for number, unit in parts if number)
    for factor, unit in ((NS_PER_S, "s"), (NS_PER_MS, "ms"), (1_000, "us")):
        if ns >= factor:
            return f"{three_digits(ns / factor)}{unit}"
    return f"{ns:.0f}ns"


def three_digits(number: float) -> str:
    """Return a non-negative number with three significant digits and no exponent: "1.25", "12.5", "125", "1250"."""
    decimals = 2 if number < 9.995 else 1 if number < 99.95 else 0
    text = f"{number:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if decimals else text


def format_share(share: float) -> str:
    """Return a share in percent with three significant digits, or all before the point: "94.2%", "0.003%", "-1,240%"."""
    percent = 100 * share
    return f"{percent:,.0f}%" if abs(percent) >= 99.95 else f"{percent:.3g}%"


def format_bytes(size: float) -> str:
    """Return a size with a binary unit: "312 B", "1.5 MiB"."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024 or unit == "GiB":
            return f"{size:.0f} B" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    raise AssertionError("unreachable")
