"""`config.thresholds`: texts, and mappings that say more than a text can; each becomes an Objective, or faults with places."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from loadkit.errors import Position, Severity
from loadkit.flow.bookkeeping import NOTHING_OWN, Recorded
from loadkit.flow.step import Where, closest_hint
from loadkit.slo.expression import MOST_HINTED, Confidence, Fault, Objective, Operator, check_length, parse_threshold
from loadkit.slo.metric import Kind, Scope, ThresholdFault
from loadkit.slo.observed import NOTHING_OBSERVED, Observed
from loadkit.slo.observed_metric import is_growth, is_observed
from loadkit.slo.selection import parse_scope
from loadkit.slo.window import Logic, Window
from loadkit.units import NS_PER_S, parse_duration_ns

At = Callable[[Where], Position | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The names that a scope may speak of."""

    requests: Collection[str] = ()
    scenarios: Collection[str] = ()
    phases: Collection[str] = ()
    warmups: Collection[str] = ()
    """Names of phases that are only warm-ups, and never judged."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What could be read, in order, and what could not."""

    objectives: tuple[Objective, ...]
    faults: tuple[Fault, ...]


def parse_thresholds(
    items: Any,
    names: Names | None = None,
    at: At = lambda where: None,
    own: Recorded = NOTHING_OWN,
    observed: Observed = NOTHING_OBSERVED,
) -> Thresholds:
    """Read a list of thresholds; all that is wrong is collected. `at` gives the position of a path below `config`.

    What the schema refuses (an entry that is neither text nor mapping, a key of the wrong type) is passed over here. Without
    `names` any name will do. `own` are the metrics that the processor records, `observed` is the system under test.
    """
    objectives: list[Objective] = []
    faults: list[Fault] = []
    for index, item in enumerate(items if isinstance(items, list) else ()):
        entry = _Entry(item, ("thresholds", index), at, own, observed)
        objective = entry.objective()
        if objective is not None:
            entry.check(objective)
            if names is not None:
                entry.check_names(objective, names, hinted=len(faults) < MOST_HINTED)
            objectives.append(objective)
        faults += entry.faults
    return Thresholds(tuple(objectives), tuple(faults))


class _Entry:
    """One element of the list, being read."""

    def __init__(self, item: Any, where: Where, at: At, own: Recorded, observed: Observed) -> None:
        self._own = own
        self._observed = observed
        self._keys: Mapping[str, Any] = item if isinstance(item, Mapping) else {}
        self._text = item if isinstance(item, str) else self._get("expr", str, None)
        self._text_at = where if isinstance(item, str) else (*where, "expr")
        self._where = where
        self._at = at
        self.faults: list[Fault] = []

    def objective(self) -> Objective | None:
        """Return what was written, None when its text or its scope says nothing. Other keys fall back to their defaults."""
        if self._text is None:
            return None
        made = self._parsed(self._text)
        window, after_s = self._window(), self._seconds("after", least=0) or 0
        if made is None:
            return None
        severities, confidences = {one.value: one for one in Severity}, {one.value: one for one in Confidence}
        return replace(
            made,
            window=window,
            after_s=after_s,
            abort=self._get("abort", bool, False),
            severity=severities.get(self._get("severity", str, ""), Severity.ERROR),
            min_samples=self._get("min_samples", int, 0),
            confidence=confidences.get(self._get("confidence", str, ""), Confidence.POINT),
            name=self._get("name", str, ""),
            tags={str(key): str(value) for key, value in self._get("tags", Mapping, {}).items()},
        )

    def _get(self, key: str, kind: Any, default: Any) -> Any:
        value = self._keys.get(key, default)
        return value if isinstance(value, kind) else default

    def _parsed(self, text: str) -> Objective | None:
        try:
            made = parse_threshold(text, self._at(self._text_at), own=self._own, observed=self._observed)
        except ThresholdFault as fault:
            self._fault(fault, self._text_at)
            return None
        scope = self._get("scope", str, "")
        try:
            check_length(scope)
            return parse_threshold(text, made.at, parse_scope(scope), self._own, self._observed) if scope else made
        except ThresholdFault as fault:
            self._fault(fault, (*self._where, "scope"))
            return None

    def _window(self) -> Window | None:
        """Return the first window there is; the others are too many."""
        given = [logic for logic in Logic if logic.value in self._keys]
        for logic in given[1:]:
            message = f"`{given[0].value}` and `{logic.value}` are two windows, and a threshold has one"
            self._say("LK305", logic.value, message, "write a threshold for each")
        windows = [(logic, self._seconds(logic.value, least=1)) for logic in given]
        return next((Window(logic, seconds) for logic, seconds in windows if seconds), None)

    def _seconds(self, key: str, *, least: int) -> int | None:
        value = self._keys.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            return None
        try:
            seconds, rest = divmod(parse_duration_ns(value), NS_PER_S)
        except ValueError as error:
            self._say("LK211", key, str(error))
            return None
        if rest or seconds < least:
            message = f"`{key}` is a number of whole seconds{', one or more' if least else ''}, and {value!r} is not"
            self._say("LK305", key, message, "runs are judged once a second")
            return None
        return seconds

    def check(self, objective: Objective) -> None:
        """Say which keys do not go together."""
        if objective.abort and objective.severity is Severity.WARNING:
            self._say(
                "LK305", "abort", "a warning fails no run, so it cannot stop one", "leave out `severity` or `abort`"
            )
        elif objective.abort and objective.window is None and _only_at_the_end(objective):
            message = f"a count grows until the end, so {objective.operator.value} cannot stop a run before it"
            self._say("LK305", "abort", message, "give it a window, such as `over: 10s`, or use http.request_rate")
        if is_growth(objective.selector) and objective.watched:
            message = "growth is judged over the whole run, not over a part of it"
            hint = (
                "leave out `for`, `over`, `within`, `after` and `abort`; config.observe.warmup says what comes before"
            )
            self._say("LK305", self._watched_by(), message, hint)
            return
        if objective.confidence is Confidence.STRICT and objective.watched:
            message = "an interval is known of the whole run only, not of a window"
            hint = "leave out `confidence`, or `for`, `over`, `within`, `after` and `abort`"
            self._say("LK305", "confidence", message, hint)

    def _watched_by(self) -> str:
        """Return the key by which the objective is followed over time."""
        return next(key for key in ("for", "over", "within", "after", "abort") if key in self._keys)

    def check_names(self, objective: Objective, names: Names, *, hinted: bool = True) -> None:
        """Say which names of the scope nothing has; the closest one is looked for when `hinted`."""
        of_request = objective.selector.scope is Scope.REQUEST
        said = (
            (
                "request" if of_request else "scenario",
                objective.label,
                names.requests if of_request else names.scenarios,
            ),
            ("scenario", objective.selection.scenario, names.scenarios),
            ("phase", objective.selection.phase, names.phases),
        )
        for noun, name, known in said:
            if name is not None and name not in known:
                self._unknown(noun, name, sorted(known) if hinted else ())
        phase = objective.selection.phase
        if phase is not None and phase in names.warmups:
            where, offset = self._place(phase)
            message = f'the phase "{phase}" is a warm-up, and what it measures is not judged'
            self.faults.append(
                Fault(code="LK305", where=where, message=message, hint="name another phase", offset=offset)
            )

    def _unknown(self, noun: str, name: str, known: Sequence[str]) -> None:
        listed = f"there are: {', '.join(known[:8])}{', ...' if len(known) > 8 else ''}" if known else ""
        hint = closest_hint(name, known) or listed
        where, offset = self._place(name)
        message = f'there is no {noun} named "{name}"'
        self.faults.append(Fault(code="LK304", where=where, message=message, hint=hint, offset=offset))

    def _place(self, name: str) -> tuple[Where, int]:
        """Return where a name of the scope was written: in `scope`, else in the text."""
        scope = self._get("scope", str, "")
        if name in scope:
            return (*self._where, "scope"), _start(scope, name)
        return self._text_at, _start(str(self._text), name)

    def _fault(self, fault: ThresholdFault, where: Where) -> None:
        self.faults.append(
            Fault(code=fault.code, where=where, message=str(fault), hint=fault.hint, offset=fault.offset)
        )

    def _say(self, code: str, key: str, message: str, hint: str = "") -> None:
        self.faults.append(Fault(code=code, where=(*self._where, key), message=message, hint=hint))


def _start(text: str, name: str) -> int:
    """Return where a name begins in a text, its quotes included."""
    offset = max(0, text.rfind(name))
    return offset - (text[offset - 1 : offset] in ("'", '"'))


def _only_at_the_end(objective: Objective) -> bool:
    """Say whether a count that grows may fail now and hold at the end."""
    if objective.selector.kind not in (Kind.COUNT, Kind.BYTES):
        return False
    if is_observed(objective.selector.name) and not objective.selector.name.endswith(".max"):
        return False  # what is observed rises and falls
    operator = objective.operator
    return operator not in (Operator.LESS, Operator.AT_MOST) and not (
        operator is Operator.EQUAL and objective.limit == 0
    )
