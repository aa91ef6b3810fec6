"""How a series of the system under test is named in a threshold, and how much it may grow.

metric    = "observe." source "." series "." aggregate
aggregate = "max" | "mean" | "min" | "last" | "growth"
growth is compared with: value "per" ( [ number ] "requests" | duration )        5MB per 500 requests, 10MB per 1h
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from loadkit.flow.step import closest_hint
from loadkit.slo.metric import Scope, Selector, ThresholdFault
from loadkit.slo.observed import OBSERVED, Observed, Series, Source
from loadkit.units import NS_PER_S, format_duration_ns, parse_duration_ns

AGGREGATES = {
    "max": "the largest value",
    "mean": "the mean of all samples",
    "min": "the smallest value",
    "last": "the value at the end",
    "growth": "how much it grows with the work that is done, `per 500 requests` or `per 1h`: see Leaks",
}
GROWTH = "growth"
_EXAMPLE = "observe.api.rss.max < 500MB"
_GROWTH_EXAMPLE = "write 5MB per 500 requests, or 10MB per 1h"
_PER = re.compile(r"(?P<value>.*?)\s+per\s+(?P<per>.*)", re.DOTALL)
_OPERATIONS = re.compile(r"(?:(?P<number>\d[\d_]*)\s+)?(?:requests?|calls?|operations?)", re.IGNORECASE)
_UNIT = re.compile(r"s|sec|second|m|min|minute|h|hour|d|day", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Per:
    """The work that growth is compared with: so many operations (requests and calls), or so many seconds."""

    number: float
    seconds: bool = False

    def __str__(self) -> str:
        if self.seconds:
            return f"per {format_duration_ns(self.number * NS_PER_S)}"
        return "per request" if self.number == 1 else f"per {self.number:.0f} requests"


def is_observed(name: str) -> bool:
    """Say whether a metric's name is that of something observed."""
    return name.startswith(OBSERVED)


def is_growth(selector: Selector) -> bool:
    """Say whether a selector is about the growth of a series."""
    return is_observed(selector.name) and selector.name.endswith(f".{GROWTH}")


def select_observed(text: str, observed: Observed) -> Selector:
    """Return what the name of an observed series refers to. Raises ThresholdFault LK302."""
    parts = text.split(".")
    source = _source(parts, text, observed)
    series = _series(parts, text, source)
    if len(parts) < 4 or parts[3] not in AGGREGATES or len(parts) > 4:
        written = ".".join(parts[3:])
        names = f"one of {', '.join(AGGREGATES)}"
        hint = closest_hint(written, AGGREGATES) or f"write {'.'.join(parts[:3])}.max, or {names}"
        message = f'{".".join(parts[:3])} has no "{written}"' if written else f"{text} is many values; say which"
        raise ThresholdFault("LK302", message, offset=_offset(parts, 3), hint=hint)
    return Selector(text=text, name=text, kind=series.kind, scope=Scope.RUN, samples=(), bounded=series.bounded)


def _source(parts: list[str], text: str, observed: Observed) -> Source:
    name = parts[1] if len(parts) > 1 else ""
    found = observed.source(name)
    if found is None:
        known = [source.name for source in observed.sources]
        message = f'nothing named "{name}" is observed' if name else f"{text} does not say what is observed"
        hint = (
            closest_hint(name, known)
            or _listed(known)
            or "add it to config.observe, such as observe: {api: {port: 8000}}"
        )
        raise ThresholdFault("LK302", message, offset=_offset(parts, 1), hint=hint)
    return found


def _series(parts: list[str], text: str, source: Source) -> Series:
    name = parts[2] if len(parts) > 2 else ""
    found = source.get(name)
    if found is None:
        known = [series.name for series in source.series]
        message = f'"{source.name}" has no series "{name}"' if name else f"{text} does not say which series"
        hint = closest_hint(name, known) or _listed(known) or f"write it like {_EXAMPLE}"
        raise ThresholdFault("LK302", message, offset=_offset(parts, 2), hint=hint)
    return found


def _listed(known: Iterable[str]) -> str:
    names = sorted(known)
    return f"there are: {', '.join(names[:16])}{', ...' if len(names) > 16 else ''}" if names else ""


def _offset(parts: list[str], index: int) -> int:
    """Return where a part begins, in characters; the end of the text for one that is not there."""
    return len(".".join(parts[:index])) + (1 if index < len(parts) else 0)


def split_per(selector: Selector, text: str, start: int) -> tuple[str, Per | None]:
    """Return a value without its `per`, and what that says. Raises ThresholdFault LK301 where it is missing or too much."""
    found = _PER.fullmatch(text)
    if not is_growth(selector):
        if found:
            hint = "leave out `per`; it belongs to the growth of an observed series"
            message = f"{selector.text} is compared with a value, not with one per something"
            raise ThresholdFault("LK301", message, offset=start + found.end("value") + 1, hint=hint)
        return text, None
    if found is None:
        message = f"{selector.text} grows with the work that is done; say per how much of it"
        raise ThresholdFault("LK301", message, offset=start + len(text), hint=_GROWTH_EXAMPLE)
    return found["value"], _per(found["per"].strip(), start + found.start("per"))


def _per(text: str, start: int) -> Per:
    operations = _OPERATIONS.fullmatch(text)
    try:
        if operations:
            number = float((operations["number"] or "1").replace("_", ""))
            made = Per(number)
        elif text.isdigit():  # of what?
            made = Per(0.0)
        else:
            made = Per(parse_duration_ns(f"1{text}" if _UNIT.fullmatch(text) else text) / NS_PER_S, seconds=True)
    except ValueError:
        made = Per(0.0)
    if not made.number:
        message = f"{text or 'nothing'} is no amount of work"
        raise ThresholdFault("LK301", message, offset=start, hint=_GROWTH_EXAMPLE)
    return made
