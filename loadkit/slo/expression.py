"""Thresholds as people write them: `http.response_time.p95 < 250ms of "/checkout"`.

threshold = metric op value [ scope ]             white space is free; the scope as in slo/selection.py
metric    = a name of slo/metric.py, with its aggregate; the names of errors may hold spaces
op        = "<" | "<=" | ">" | ">=" | "==" | "!="
value     = number [ unit ] [ "per" work ]        `per` belongs to growth, see slo/observed_metric.py;
                                                  what the metric is decides the unit:
              times      ns us ms s m h, 1m30s    a bare number is milliseconds
              ratios     % or none                between 0 and 1, that is 0% and 100%
              rates      /s /min /h               a bare number is per second
              bytes      B KB MB GB KiB MiB GiB   a bare number is bytes
              counts     none
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import Enum

from loadkit.errors import Position, Severity
from loadkit.flow.bookkeeping import NOTHING_OWN, Recorded
from loadkit.flow.step import Where
from loadkit.metrics.snapshot import RATES
from loadkit.slo.metric import Kind, Selector, ThresholdFault, guessed, select
from loadkit.slo.observed import NOTHING_OBSERVED, Observed
from loadkit.slo.observed_metric import Per, is_observed, select_observed, split_per
from loadkit.slo.selection import ALL, Part, Selection, parse_scope, select_scope, split_scope
from loadkit.slo.window import Window
from loadkit.units import parse_bytes, parse_duration_ns, parse_rate_per_s, parse_ratio

__all__ = [
    "MOST_HINTED",
    "Confidence",
    "Fault",
    "Objective",
    "Operator",
    "ThresholdFault",
    "parse_threshold",
    "per_cent",
]


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


class Confidence(Enum):
    """Whether the value itself is judged, or the whole interval in which the true one lies."""

    POINT = "point"
    STRICT = "strict"


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """A threshold, parsed. `limit` is in ns, per second, bytes, or a plain count or ratio: `selector.kind` says which.

    Nothing is judged before `after_s`, counted from the start of the run, or of the phase that is selected. Fewer samples than
    `min_samples` decide nothing. An objective that is to `abort` ends the run when it fails.
    """

    text: str
    selector: Selector
    operator: Operator
    limit: float
    at: Position | None = None
    selection: Selection = ALL
    window: Window | None = None
    after_s: int = 0
    abort: bool = False
    severity: Severity = Severity.ERROR
    min_samples: int = 0
    confidence: Confidence = Confidence.POINT
    name: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    per: Per | None = None
    """The work in which a series may grow by `limit`; None for what is no growth."""

    @property
    def label(self) -> str | None:
        """Return the request's (or scenario's) name after `of`, None when everything counts."""
        return self.selector.label

    @property
    def watched(self) -> bool:
        """Say whether the numbers of the whole run do not suffice to judge it."""
        return self.window is not None or self.abort or self.after_s > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something wrong below `config`: `where` is the path from there, `offset` counts characters inside that text."""

    code: str
    where: Where
    message: str
    hint: str = ""
    offset: int = 0


_LONGEST = 1000  # characters; the expressions below take time by its square
MOST_HINTED = 200  # faults; a comparison with a thousand names takes a millisecond
_SPLIT = re.compile(r"\s*(?P<metric>[^<>=!]*?)\s*(?P<operator>[<>=!]+)\s*(?P<rest>.*)", re.DOTALL)
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


def parse_threshold(
    text: str,
    at: Position | None = None,
    scope: Sequence[Part] = (),
    own: Recorded = NOTHING_OWN,
    observed: Observed = NOTHING_OBSERVED,
) -> Objective:
    """Parse one threshold; `scope` is what is said about it elsewhere, `own` what the processor records.

    `observed` is what there is of the system under test.
    Raises ThresholdFault, with the wrong part's offset.
    """
    check_length(text)
    split = _SPLIT.fullmatch(text)
    if split is None:
        hint = "write it like http.response_time.p95 < 250ms"
        raise ThresholdFault("LK301", "a threshold compares: there is no < <= > >= == or !=", hint=hint)
    if not split["metric"]:
        raise ThresholdFault("LK301", "there is no metric before the comparison", hint="http.response_time.p95 < 250ms")
    selector = _selector(split["metric"], split.start("metric"), own, observed)
    comparison = _operator(split["operator"], split.start("operator"))
    value, end = split_scope(split["rest"])
    start = split.start("rest")
    if "/" in value and guessed(selector, own):
        selector = replace(selector, kind=Kind.RATE, samples=(f"{RATES}{selector.name}",))
    value, per = split_per(selector, value, start)
    limit = _value(selector, value, start)
    parts = parse_scope(split["rest"][end:], start + end)
    selection, label = select_scope(selector, (*parts, *scope))
    return Objective(
        text=text.strip(),
        selector=replace(selector, label=label),
        operator=comparison,
        limit=limit,
        at=at,
        selection=selection,
        per=per,
    )


def check_length(text: str) -> None:
    """Refuse a text that would take long to read. Raises ThresholdFault LK301."""
    if len(text) > _LONGEST:
        raise ThresholdFault("LK301", f"a threshold of more than {_LONGEST} characters")


def _selector(text: str, start: int, own: Recorded, observed: Observed) -> Selector:
    try:
        return select_observed(text, observed) if is_observed(text) else select(text, own)
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
    if selector.kind is Kind.RATIO and selector.bounded and not 0 <= limit <= 1:
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
