"""One element of `alerts` that is written out: a burn rate over two windows, or what is left of the budget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from loadkit.flow.step import Where
from loadkit.slo.alert import SHORT, Alert, BurnAlert, Level, RemainingAlert
from loadkit.slo.budget import factor_of
from loadkit.slo.expression import Fault
from loadkit.units import parse_duration_ns, parse_ratio

_LEVELS = {
    "critical": Level.CRITICAL,
    "page": Level.CRITICAL,
    "warning": Level.WARNING,
    "ticket": Level.WARNING,
}


class _Wrong(Exception):
    """What is wrong with an alert."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


def read_alert(item: Any, where: Where, window_ns: int) -> tuple[Alert | None, Fault | None]:
    """Return an alert of a budget of a window, or what is wrong with it; neither where the schema has said so."""
    if not isinstance(item, Mapping):
        return None, None
    try:
        return _Reader(item, where).alert(window_ns), None
    except _Wrong as wrong:
        return None, wrong.fault


@dataclass
class _Reader:
    keys: Mapping[str, Any]
    where: Where

    def alert(self, window_ns: int) -> Alert:
        level = _LEVELS.get(str(self.keys.get("severity", "warning")), Level.WARNING)
        given = [key for key in ("burn_rate", "budget", "remaining") if key in self.keys]
        if len(given) != 1:
            what = f"`{given[0]}` and `{given[1]}` are two alerts" if given else "the alert says nothing"
            hint = "write burn_rate: 14.4 with long: 1h, or remaining: 10%"
            self._wrong("LK314", given[1] if given else None, what, hint)
        if given == ["remaining"]:
            return self._remaining(level)
        if "long" not in self.keys:
            self._wrong("LK314", given[0], f"`{given[0]}` needs a window", "add long: 1h")
        long_ns = self._span_ns("long")
        short_ns = self._span_ns("short") if "short" in self.keys else max(1, long_ns // SHORT)
        if short_ns > long_ns or long_ns > window_ns:
            key, other = ("short", "long one") if short_ns > long_ns else ("long", "objective's")
            self._wrong("LK314", key, f"this window is longer than the {other}", "give it less time")
        factor = self._number() if given == ["burn_rate"] else self._factor(long_ns, window_ns)
        name = str(self.keys.get("name") or f"{level.value} {factor:g}x")
        return BurnAlert(name=name, level=level, factor=factor, long_ns=long_ns, short_ns=short_ns)

    def _remaining(self, level: Level) -> Alert:
        for key in ("long", "short"):
            if key in self.keys:
                self._wrong("LK314", key, "what is left of a budget has no window", f"leave out `{key}`")
        below = self._share("remaining")
        name = str(self.keys.get("name") or f"{level.value} {below:.4g} left")
        return RemainingAlert(name=name, level=level, below=below)

    def _factor(self, long_ns: int, window_ns: int) -> float:
        return factor_of(self._share("budget"), long_ns, window_ns)

    def _share(self, key: str) -> float:
        try:
            share = parse_ratio(self.keys[key])
        except ValueError as error:
            self._wrong("LK104", key, str(error), "")
        if not 0 < share < 1:
            self._wrong("LK104", key, f"`{key}` lies between 0% and 100%", "write 10%")
        return share

    def _number(self) -> float:
        value = self.keys["burn_rate"]
        if isinstance(value, bool) or not isinstance(value, int | float):
            self._wrong("LK104", "burn_rate", f"{value!r} is not a number", "write burn_rate: 14.4")
        if value <= 0:
            self._wrong(
                "LK312", "burn_rate", "a burn rate is above 0, or the alert fires all the time", "write burn_rate: 2"
            )
        return float(value)

    def _span_ns(self, key: str) -> int:
        try:
            span_ns = parse_duration_ns(self.keys[key])
        except ValueError as error:
            self._wrong("LK211", key, str(error), "")
        return span_ns or self._wrong("LK314", key, "a window of no time holds nothing", "write 5m")

    def _wrong(self, code: str, key: str | None, message: str, hint: str) -> NoReturn:
        where = self.where if key is None else (*self.where, key)
        raise _Wrong(Fault(code=code, where=where, message=message, hint=hint))
