"""`config.slos`: each becomes an Slo, or faults with places; what can never be met, judged or fire is one of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from loadkit.errors import Position
from loadkit.flow.step import Where, closest_hint
from loadkit.slo.alert import DEFAULT, PROFILES, alerts_of
from loadkit.slo.custom_alert import read_alert
from loadkit.slo.expression import MOST_HINTED, Fault, per_cent
from loadkit.slo.objective import Method, Slo
from loadkit.slo.selection import Selection
from loadkit.slo.sli import SliFault, read_sli
from loadkit.slo.threshold import Names
from loadkit.slo.unmeetable import faults_of
from loadkit.units import NS_PER_S, parse_duration_ns, parse_ratio

At = Callable[[Where], Position | None]
_DEFAULT_WINDOW = "30d"


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the objectives of a file may speak of: names, kinds of checks, and how long a request may take."""

    names: Names
    kinds: Collection[str] = ()
    longest_ns: int | None = None
    events_known: bool = True
    """Whether the plan says how many requests there will be."""


@dataclass(frozen=True, slots=True)
class Slos:
    """What could be read, in order, what could not, and what is worth a warning."""

    slos: tuple[Slo, ...]
    faults: tuple[Fault, ...]
    notes: tuple[Fault, ...] = ()


def parse_slos(items: Any, known: Surroundings | None = None, at: At = lambda where: None) -> Slos:
    """Read a list of objectives; all that is wrong is collected. `at` gives the position of a path below `config`.

    What the schema refuses is passed over here. Without `known` any name will do.
    """
    slos: list[Slo] = []
    faults: list[Fault] = []
    notes: list[Fault] = []
    first: dict[str, int] = {}
    for index, item in enumerate(items if isinstance(items, list) else ()):
        if not isinstance(item, Mapping):
            continue
        entry = _Entry(item, ("slos", index), at)
        slo = entry.slo()
        if slo is not None and slo.name in first:
            entry.say(
                "LK313",
                "name",
                f'there is an objective "{slo.name}" already',
                "a ledger knows objectives by their names",
            )
        elif slo is not None:
            first[slo.name] = index
            for found in faults_of(slo, item, entry.where, known.longest_ns if known else None):
                (notes if found.code == "LK315" else entry.faults).append(found)
            if known is not None:
                entry.check_names(slo, known, hinted=len(faults) < MOST_HINTED)
                notes += _unknown_end(slo, known, entry.where)
            slos.append(slo)
        faults += entry.faults
    return Slos(tuple(slos), tuple(faults), tuple(notes))


def _unknown_end(slo: Slo, known: Surroundings, where: Where) -> list[Fault]:
    if not slo.abort or known.events_known or slo.method is not Method.OCCURRENCES:
        return []
    message = "nobody knows how many requests users of a closed phase will make, so this cannot stop the run"
    hint = "give the phase a throughput, or use a threshold with `abort`"
    return [Fault(code="LK315", where=(*where, "abort"), message=message, hint=hint)]


@dataclass
class _Entry:
    """One element of the list, being read."""

    keys: Mapping[str, Any]
    where: Where
    at: At
    faults: list[Fault] = field(default_factory=list)

    def say(self, code: str, key: str, message: str, hint: str = "", offset: int = 0) -> None:
        self.faults.append(Fault(code=code, where=(*self.where, key), message=message, hint=hint, offset=offset))

    def slo(self) -> Slo | None:
        """Return what was written; None when its name, indicator, target or window says nothing."""
        name, sli = self._get("name", str, ""), self.keys.get("sli")
        target, window_ns = self._ratio("target"), self._window_ns()
        methods = {one.value: one for one in Method}
        method = methods.get(self._get("method", str, ""), Method.OCCURRENCES)
        try:
            indicator = read_sli(sli) if isinstance(sli, Mapping) and sli else None
        except SliFault as fault:
            place = (*self.where, "sli", *fault.where)
            self.faults.append(
                Fault(code=fault.code, where=place, message=str(fault), hint=fault.hint, offset=fault.offset)
            )
            return None
        slice_s, slice_target = self._slices(method)
        if not name or indicator is None or target is None or window_ns is None:
            return None
        selection, request = self._of()
        made = Slo(
            name=name,
            indicator=indicator,
            target=target,
            window_ns=window_ns,
            method=method,
            slice_target=slice_target,
            slice_s=slice_s,
            request=request,
            selection=selection,
            expected_events=self._expected(),
            consumes=self._get("consume_budget", bool, False),
            abort=self._get("abort", bool, False),
            strict=self._get("severity", str, "error") != "warning",
            description=self._get("description", str, ""),
            at=self.at(self.where),
        )
        return self._with_alerts(made)

    def _get(self, key: str, kind: Any, default: Any) -> Any:
        value = self.keys.get(key, default)
        return value if isinstance(value, kind) else default

    def _expected(self) -> int | None:
        """Return how many events production has in a window; digits may be grouped, 12_000_000, which YAML reads as text."""
        value = self.keys.get("expected_events")
        if isinstance(value, str):
            digits = value.replace("_", "")
            if not digits.isdecimal() or not int(digits):
                self.say("LK104", "expected_events", f"{value!r} is not a number of events", "write 12000000")
                return None
            return int(digits)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def _of(self) -> tuple[Selection, str | None]:
        of = self.keys.get("of")
        if not isinstance(of, Mapping):
            return Selection(), of if isinstance(of, str) else None
        request, scenario, phase = (
            of[key] if isinstance(of.get(key), str) else None for key in ("request", "scenario", "phase")
        )
        return Selection(scenario=scenario, phase=phase), request

    def _ratio(self, key: str) -> float | None:
        """Return a ratio above 0; what is 1 or more is left to whoever says that it leaves nothing."""
        value = self.keys.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            return None
        try:
            ratio = parse_ratio(value)
            if isinstance(value, str) and value.strip().endswith("%"):
                ratio = per_cent(value.strip().removesuffix("%").strip())
        except (ValueError, ArithmeticError):
            self.say("LK104", key, f"{value!r} is not a ratio", "write 99.9% or 0.999")
            return None
        if not 0 < ratio <= 1:
            hint = f"write {str(value).strip()}%" if 1 < ratio <= 100 else "write 99.9% or 0.999"
            self.say("LK104", key, f"`{key}` lies between 0 and 1 (0% and 100%), and {value!r} does not", hint)
            return None
        return ratio

    def _window_ns(self) -> int | None:
        window_ns = self._span_ns("window", _DEFAULT_WINDOW)
        if window_ns is not None and window_ns < NS_PER_S:
            self.say("LK311", "window", "a window of less than a second holds no budget", "write 30d, 7d or 1h")
            return None
        return window_ns

    def _span_ns(self, key: str, default: Any = None) -> int | None:
        value = self.keys.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            return None
        try:
            return parse_duration_ns(value)
        except ValueError as error:
            self.say("LK211", key, str(error))
            return None

    def _slices(self, method: Method) -> tuple[int, float]:
        """Return how long a slice is and what its target is; 0 and 0 of a method without slices."""
        needed = {"timeSliceWindow": method is not Method.OCCURRENCES, "timeSliceTarget": method is Method.TIMESLICES}
        missing = [key for key, is_needed in needed.items() if is_needed and key not in self.keys]
        if missing:
            listed = " and ".join(f"`{key}`" for key in missing)
            hint = f"add {' and '.join(_EXAMPLES[key] for key in missing)}"
            self.say("LK314", "method", f"the method {method.value} needs {listed}", hint)
        for key, is_needed in needed.items():
            if key in self.keys and not is_needed:
                self.say(
                    "LK314",
                    key,
                    f"the method {method.value} has no `{key}`",
                    f"leave out `{key}`, or choose another `method`",
                )
        span_ns = self._span_ns("timeSliceWindow") or 0
        seconds, rest = divmod(span_ns, NS_PER_S)
        if needed["timeSliceWindow"] and "timeSliceWindow" in self.keys and (rest or not seconds):
            value = self.keys["timeSliceWindow"]
            self.say("LK311", "timeSliceWindow", f"a slice lasts whole seconds, one or more, and {value!r} is not that")
        return max(1, seconds), self._ratio("timeSliceTarget") or 0.0

    def _with_alerts(self, slo: Slo) -> Slo:
        given = self.keys.get("alerts", {"profile": DEFAULT})
        if isinstance(given, list):
            alerts = []
            for index, item in enumerate(given):
                made, fault = read_alert(item, (*self.where, "alerts", index), slo.window_ns)
                alerts += [made] if made is not None else []
                self.faults += [fault] if fault is not None else []
            return replace(slo, alerts=tuple(alerts))
        profile = given.get("profile") if isinstance(given, Mapping) else None
        if not isinstance(profile, str) or profile not in PROFILES:
            return slo  # the schema has said so
        return replace(slo, alerts=alerts_of(profile, slo.window_ns), profile=profile)

    def check_names(self, slo: Slo, known: Surroundings, *, hinted: bool) -> None:
        """Say which names nothing has."""
        nested = isinstance(self.keys.get("of"), Mapping)
        names = known.names
        for noun, name, having in (
            ("request", slo.request, names.requests),
            ("scenario", slo.selection.scenario, names.scenarios),
            ("phase", slo.selection.phase, names.phases),
        ):
            where = (*self.where, "of", noun) if nested else (*self.where, "of")
            if name is not None and name not in having:
                self._unknown(f'there is no {noun} named "{name}"', name, having if hinted else (), where)
        if slo.selection.phase in names.warmups and slo.selection.phase is not None:
            message = f'the phase "{slo.selection.phase}" is a warm-up, and what it measures is not judged'
            where = (*self.where, "of", "phase")
            self.faults.append(Fault(code="LK311", where=where, message=message, hint="name another phase"))
        self._check_kinds(slo, known, hinted=hinted)

    def _check_kinds(self, slo: Slo, known: Surroundings, *, hinted: bool) -> None:
        where = (*self.where, "sli", "checks")
        if slo.indicator.kinds is None:
            return
        if not known.kinds:
            self.faults.append(
                Fault(code="LK304", where=where, message="no request has a check", hint="add an `expect` to a request")
            )
        for kind in sorted(slo.indicator.kinds - set(known.kinds)) if known.kinds else ():
            self._unknown(f'no request has a check "{kind}"', kind, known.kinds if hinted else (), where)

    def _unknown(self, message: str, name: str, having: Collection[str], where: Where) -> None:
        there = sorted(having)
        listed = f"there are: {', '.join(there[:8])}{', ...' if len(there) > 8 else ''}" if there else ""
        hint = closest_hint(name, there) or listed
        self.faults.append(Fault(code="LK304", where=where, message=message, hint=hint))


_EXAMPLES = {
    "timeSliceWindow": "timeSliceWindow: 1m",
    "timeSliceTarget": "timeSliceTarget: 95%",
}
_OTHER = "leave it out, or choose another `method`"
