"""Read Artillery's `ensure` (slo/ensure.py says what it means) into checks, faults and notes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from loadkit.errors import Position
from loadkit.flow.bookkeeping import NOTHING_OWN, Recorded
from loadkit.flow.step import Where
from loadkit.slo.ensure import Check, Condition, Ensure
from loadkit.slo.ensure_keys import LEGACY
from loadkit.slo.expression import Fault, Objective, Operator, per_cent
from loadkit.slo.metric import Kind, Selector, ThresholdFault, select
from loadkit.slo.reported import KnownNames, Reported, is_torn, quoted
from loadkit.template.expression import ExpressionFault, compile_expression
from loadkit.units import NS_PER_MS

At = Callable[[Where], Position | None]

_NUMBER = re.compile(r"(?:\d{1,15}(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d\d?)?")
_ALWAYS = ("vusers.created", "vusers.failed", "http.requests", "apdex.", "arrivals.")
_TORN = "Artillery cannot read a name in it"
_MAXIMUM = "write a number (milliseconds for times)"
_PERCENT = "write a number of percent, such as 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a reader of `ensure` knows: metrics of the processor, names in the file, and whether to do all as Artillery does."""

    own: Recorded = NOTHING_OWN
    known: KnownNames = KnownNames()  # noqa: RUF009  # it cannot change
    compat: bool = False


def parse_ensure(
    config: Mapping[str, Any],
    at: At = lambda where: None,
    reading: Reading = Reading(),  # it cannot change
) -> Ensure:
    """Read `ensure` or `plugins.ensure` of a configuration; all that is wrong is collected in `faults`.

    `at` gives the position of a path below `config`. What the schema refuses (a list that is none, a maximum that is
    neither number nor text) is passed over here.
    """
    plugins = config.get("plugins")
    enabled = isinstance(plugins, Mapping) and "ensure" in plugins
    parser = _Parser(at, reading)
    specs = [(path, spec) for path in (("ensure",), ("plugins", "ensure")) if (spec := _below(config, path))]
    for path, spec in specs[:1]:
        for key in ("thresholds", "conditions", *LEGACY, "maxErrorRate"):
            if isinstance(spec, Mapping) and spec.get(key) is not None:
                parser.read(key, spec[key], (*path, key))
    for path, _ in specs[1:]:
        parser.note(path, "`config.ensure` wins, so this is not judged", code="LK505")
    return Ensure(enabled=enabled, checks=tuple(parser.checks), faults=tuple(parser.faults), notes=tuple(parser.notes))


def _below(value: Any, path: Where) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


class _Parser:
    """Reads the keys of `ensure` one by one into checks and faults."""

    def __init__(self, at: At, reading: Reading) -> None:
        self._at = at
        self._reading = reading
        self.checks: list[Check] = []
        self.faults: list[Fault] = []
        self.notes: list[Fault] = []

    def read(self, key: str, value: Any, where: Where) -> None:
        if key == "thresholds":
            for metric, limit, below, is_first in _entries(value, where):
                if not is_first:
                    self.note(below, f"{metric} is judged as well; Artillery reads only the first metric of an entry")
                if is_first or not self._reading.compat:
                    self._threshold(metric, limit, below)
        elif key == "conditions":
            for index, entry in enumerate(value if isinstance(value, list) else ()):
                self._condition(entry, (*where, index))
        elif key == "maxErrorRate":
            self._max_error_rate(value, where)
        else:
            # parseInt, as there: "200ms" is 200, and so is 200.9
            digits = re.match(r"\s*\d+", str(value))
            self._threshold(f"http.response_time.{key}", digits[0] if digits else value, where)

    def _threshold(self, metric: str, maximum: Any, where: Where) -> None:
        wanted = self._wanted(metric, where, 0)
        number = self._number(maximum, where, _MAXIMUM) if wanted is not None else ""
        if wanted is None or not number:
            return
        if isinstance(wanted, Selector):
            limit = round(float(number) * NS_PER_MS) if wanted.kind is Kind.TIME else float(number)
            self._objective(f"{metric} < {number}", wanted, Operator.LESS, limit, where)
            return
        name = metric.replace("'", "")
        rule = Condition(
            text=f"{metric} < {number}",
            expression=compile_expression(f"'{name}' < {number}"),
            selectors={name: wanted},
            at=self._at(where),
            never=_TORN if self._reading.compat and is_torn(metric) else "",
        )
        self.checks.append(Check(where=where, rule=rule))

    def _wanted(self, name: str, where: Where, offset: int) -> Selector | Reported | None:
        """Return what a name refers to; None after a fault. What Artillery makes of it otherwise is noted."""
        if self._reading.compat:
            return Reported(name=name)
        if is_torn(name):
            self.note(where, f"a check of {name} always fails in Artillery, which cannot read the name there")
        is_endpoints = name.startswith(f"{self._reading.known.namespace}.")
        try:
            found = select(name, self._reading.own)
        except ThresholdFault as fault:
            if is_endpoints:
                return Reported(name=name)
            if fault.code == "LK302":  # Artillery runs, and the check fails
                text = f"{fault}; unless something counts it, this check fails"
                self.note(where, text, code="LK302", hint=fault.hint, offset=offset + fault.offset)
                return Reported(name=name)
            self._fault(fault.code, where, str(fault), fault.hint, offset + fault.offset)
            return None
        if found.kind is Kind.COUNT and not found.aggregate and not found.name.startswith(_ALWAYS):
            self.note(where, f"where {name} never occurs it counts as 0 here; in Artillery the check fails then")
        return Reported(name=name, otherwise=found) if is_endpoints else found

    def _max_error_rate(self, maximum: Any, where: Where) -> None:
        number = self._number(maximum, where, _PERCENT)
        if number:
            selector = select("vusers.error_rate")
            self._objective(f"maxErrorRate <= {number}", selector, Operator.AT_MOST, per_cent(number), where)

    def _objective(self, text: str, selector: Selector, operator: Operator, limit: float, where: Where) -> None:
        rule = Objective(text=text, selector=selector, operator=operator, limit=limit, at=self._at(where))
        self.checks.append(Check(where=where, rule=rule))

    def _number(self, value: Any, where: Where, hint: str) -> str:
        """Return a number as it was written, "" when it is none; text that spells one will do, as in Artillery."""
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            return ""
        text = str(value).strip()
        if not _NUMBER.fullmatch(text):
            self._fault("LK301", where, f"{value!r} is not a number of zero or more", hint)
            return ""
        return text

    def _condition(self, entry: Any, where: Where) -> None:
        text = entry.get("expression") if isinstance(entry, Mapping) else None
        if not isinstance(text, str):
            return
        below = (*where, "expression")
        names = quoted(text, self._reading.known)
        try:
            expression = compile_expression(names)
        except ExpressionFault as fault:
            offset = fault.offset if names == text else 0  # quotes were put in
            self._fault("LK301", below, f"this condition cannot be read: {fault}", fault.hint, offset)
            return
        selectors = {}
        for name in expression.names:
            wanted = self._wanted(name, below, max(0, text.find(name)))
            if wanted is not None:
                selectors[name] = wanted
        if len(selectors) == len(expression.names):
            torn = self._reading.compat and any(is_torn(name) for name in selectors)
            rule = Condition(
                text=text.strip(),
                expression=expression,
                selectors=selectors,
                at=self._at(below),
                never=_TORN if torn else "",
            )
            self.checks.append(Check(where=where, rule=rule, strict=entry.get("strict") is not False))

    def note(self, where: Where, message: str, *, code: str = "LK506", hint: str = "", offset: int = 0) -> None:
        """Note what Artillery does otherwise; nothing where all is done as it does."""
        if not self._reading.compat:
            self.notes.append(Fault(code=code, where=where, message=message, hint=hint, offset=offset))

    def _fault(self, code: str, where: Where, message: str, hint: str, offset: int = 0) -> None:
        self.faults.append(Fault(code=code, where=where, message=message, hint=hint, offset=offset))


def _entries(value: Any, where: Where) -> Iterator[tuple[str, Any, Where, bool]]:
    """Yield (metric, maximum, path, whether it stands first) of a list of mappings."""
    for index, entry in enumerate(value if isinstance(value, list) else ()):
        for place, (metric, maximum) in enumerate(entry.items() if isinstance(entry, Mapping) else ()):
            yield str(metric), maximum, (*where, index, metric), place == 0
