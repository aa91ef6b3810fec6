"""Durations among an exporter's options."""

from __future__ import annotations

from loadkit.outputs.exporter import OptionFault, Options
from loadkit.units import NS_PER_S, parse_duration_ns

_LONGEST_S = 60.0


def read_seconds(options: Options, key: str, default: str, *, longest_s: float = _LONGEST_S) -> float:
    """Return an option as seconds. Raises OptionFault for what is no duration, or too long a one."""
    try:
        seconds = parse_duration_ns(options.get(key, default)) / NS_PER_S
    except ValueError as error:
        raise OptionFault(key, str(error), hint=f"write {key}: {default}") from error
    if seconds > longest_s:
        raise OptionFault(key, f"{seconds:g} s is too long", hint=f"{longest_s:g} s at most")
    return seconds
