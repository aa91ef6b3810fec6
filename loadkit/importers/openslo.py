"""OpenSLO v1 -> a `slos:` block. What cannot be said there is told with its place, and never guessed.

What an indicator measures stands in queries of another system. Understood are those that loadkit wrote itself, and PromQL counters
that say it plainly: good events with `status!~"5.."` or `code!~"5.."`, and a histogram's `_bucket{le="0.3"}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from loadkit.errors import Position, UsageError
from loadkit.slo.declared import parse_slos

API = "openslo/v1"
Place = tuple[str | int, ...]
_METHODS = {"occurrences": "occurrences", "timeslices": "timeslices", "ratiotimeslices": "ratio_timeslices"}
_DURATION = re.compile(r"([1-9][0-9]*)([mhdwMQY])")
_CALENDAR = {"M": 30, "Q": 90, "Y": 365}
_AVAILABLE = re.compile(
    r"\b(?:status|code|http_status|status_code)\s*!~\s*\"\(?\^?5(?:\.\.|xx|\[0-9\]\{2\}|\.\*)\$?\)?\""
)
_BUCKET = re.compile(r"_bucket\{[^}]*\ble\s*=\s*\"([0-9.eE+-]+)\"")
_SEVERITIES = ("critical", "warning", "page", "ticket")


@dataclass(frozen=True, slots=True)
class Told:
    """Something that was left out or taken for something else."""

    at: Position
    text: str


@dataclass(slots=True)
class Imported:
    """Objectives as they stand under `slos:`, and what was not understood."""

    slos: list[dict[str, Any]] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Document:
    data: Mapping[str, Any]
    node: yaml.Node
    file: str

    def at(self, *where: str | int) -> Position:
        """Return where a value stands, the nearest one around it where it is not there."""
        node = self.node
        for part in where:
            found = _child(node, part)
            if found is None:
                break
            node = found
        return Position(self.file, node.start_mark.line + 1, node.start_mark.column + 1)

    @property
    def name(self) -> str:
        return str(_mapping(self.data.get("metadata")).get("name", ""))

    @property
    def spec(self) -> Mapping[str, Any]:
        return _mapping(self.data.get("spec"))


def read_openslo(text: str, file: str) -> Imported:
    """Return the objectives of OpenSLO documents. Raises UsageError for what is no YAML, or holds no objective of v1."""
    documents = _documents(text, file)
    found = _Reading({(str(one.data.get("kind")), one.name): one for one in documents})
    made = Imported(told=found.told)
    for document in documents:
        kind, version = document.data.get("kind"), document.data.get("apiVersion")
        if version != API:
            found.tell(document, ("apiVersion",), f"this is {version}, and only {API} is read")
        elif kind == "SLO":
            made.slos += found.objectives(document)
        elif kind in ("AlertNotificationTarget", "DataSource"):
            found.tell(document, ("kind",), f"an object of kind {kind} has no place in a scenario; it is left out")
    if not any(one.data.get("kind") == "SLO" and one.data.get("apiVersion") == API for one in documents):
        raise UsageError(f"{file} holds no SLO of {API}")
    return made


def _documents(text: str, file: str) -> list[_Document]:
    loader = yaml.SafeLoader(text)
    made = []
    try:
        while loader.check_node():
            node = loader.get_node()
            assert node is not None  # since there is one
            data = loader.construct_document(node)
            if isinstance(data, Mapping):
                made.append(_Document(data, node, file))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise UsageError(f"{file}{place}: not YAML: {getattr(error, 'problem', None) or error}") from error
    finally:
        loader.dispose()
    return made


class _Reading:
    """Turns SLOs into ours; `known` are all documents by kind and name."""

    def __init__(self, known: Mapping[tuple[str, str], _Document]) -> None:
        self._known = known
        self.told: list[Told] = []

    def tell(self, document: _Document, where: Place, text: str) -> None:
        """Say that something was left out."""
        self.told.append(Told(document.at(*where), text))

    def objectives(self, document: _Document) -> Iterator[dict[str, Any]]:
        """Yield one of ours for each objective of an SLO that can be said."""
        spec = document.spec
        base = self._base(document)
        own = self._indicator(document, spec)
        if base is None or own is None:
            return
        given = spec.get("objectives")
        items = [item for item in given if isinstance(item, Mapping)] if isinstance(given, list) else []
        display = str(_mapping(document.data.get("metadata")).get("displayName") or document.name)
        for index, item in enumerate(items):
            made = self._objective(document, index, item, {**base, **own})
            if made is None:
                continue
            name = display if len(items) == 1 else f"{display} {item.get('displayName') or index + 1}"
            made = {"name": name, **made}
            faults = parse_slos([made]).faults
            for fault in faults:
                self.tell(document, ("spec", "objectives", index), f"{name} is left out: {fault.message}")
            if not faults:
                yield made

    def _base(self, document: _Document) -> dict[str, Any] | None:
        spec = document.spec
        method = _METHODS.get(str(spec.get("budgetingMethod", "Occurrences")).lower())
        if method is None:
            self.tell(
                document, ("spec", "budgetingMethod"), f"{document.name} is left out: its budgeting method is unknown"
            )
            return None
        made: dict[str, Any] = {"description": str(spec["description"])} if spec.get("description") else {}
        return {**made, "window": self._window(document), "method": method, **self._alerts(document)}

    def _window(self, document: _Document) -> str:
        given = document.spec.get("timeWindow")
        window = _mapping(given[0]) if isinstance(given, list) and given else {}
        where: Place = ("spec", "timeWindow", 0, "duration")
        text = str(window.get("duration", ""))
        if window.get("calendar") or window.get("isRolling") is False:
            self.tell(
                document,
                ("spec", "timeWindow", 0),
                "a window of the calendar is taken for a rolling one of that length",
            )
        found = _DURATION.fullmatch(text)
        if found is None:
            self.tell(document, where, f"the window {text or '(none)'} is taken for 30d")
            return "30d"
        if found[2] in _CALENDAR:
            days = int(found[1]) * _CALENDAR[found[2]]
            self.tell(document, where, f"the window {text} is taken for {days}d")
            return f"{days}d"
        return text

    def _objective(
        self, document: _Document, index: int, item: Mapping[str, Any], base: Mapping[str, Any]
    ) -> dict[str, Any] | None:
        where: Place = ("spec", "objectives", index)
        target = item.get("target")
        if target is None and isinstance(item.get("targetPercent"), int | float):
            target = f"{item['targetPercent']:.12g}%"
        if target is None:
            self.tell(document, where, f"an objective of {document.name} is left out: it has no target")
            return None
        made = {"sli": base["sli"], "target": target, **{key: value for key, value in base.items() if key != "sli"}}
        if base["method"] == "timeslices" and "timeSliceTarget" in item:
            made["timeSliceTarget"] = item["timeSliceTarget"]
        if base["method"] != "occurrences" and "timeSliceWindow" in item:
            window = item["timeSliceWindow"]
            made["timeSliceWindow"] = _minutes(window) if isinstance(window, int | float) else window
        if base["method"] == "occurrences":
            made.pop("method")
        if "value" in item:
            self.tell(
                document,
                (*where, "value"),
                "the threshold of a metric is left out; write it as `latency: {under: ...}`",
            )
        return made

    # ------------------------------------------------------------------------------------------------------- indicators

    def _indicator(self, document: _Document, spec: Mapping[str, Any]) -> dict[str, Any] | None:
        holder, found = document, _mapping(_mapping(spec.get("indicator")).get("spec"))
        where: Place = ("spec", "indicator", "spec")
        reference = spec.get("indicatorRef")
        if reference is not None:
            other = self._known.get(("SLI", str(reference)))
            if other is None:
                self.tell(
                    document, ("spec", "indicatorRef"), f"{document.name} is left out: there is no SLI {reference} here"
                )
                return None
            holder, where, found = other, ("spec",), other.spec
        ratio = _mapping(found.get("ratioMetric"))
        for side in ("good", "bad", "raw"):
            if side in ratio:
                return self._ratio(document, holder, (*where, "ratioMetric", side), side, ratio)
        place: Place = (*where, "thresholdMetric") if "thresholdMetric" in found else where
        text = f"{document.name} is left out: its indicator is no ratio of events; write such as `sli: {{latency: 300ms}}` yourself"
        self.tell(holder, place, text)
        return None

    def _ratio(
        self, document: _Document, holder: _Document, where: Place, side: str, ratio: Mapping[str, Any]
    ) -> dict[str, Any] | None:
        source = _mapping(_mapping(_mapping(ratio[side]).get("metricSource")).get("spec"))
        own = source.get("loadkit")
        if isinstance(own, Mapping) and isinstance(own.get("sli"), Mapping):
            return dict(own)
        query = next((value for value in source.values() if isinstance(value, str)), "")
        sli = _understood(query) if side == "good" else None
        if sli is None:
            what = "its good events are a query" if side == "good" else f"it counts {side} events"
            self.tell(
                holder,
                where,
                f"{document.name} is left out: {what} that cannot be told from outside; write `sli` yourself",
            )
            return None
        self.tell(holder, where, f"{document.name}: the query is taken for sli: {sli}")
        return {"sli": sli}

    # ------------------------------------------------------------------------------------------------------------ alerts

    def _alerts(self, document: _Document) -> dict[str, Any]:
        given = document.spec.get("alertPolicies")
        made = []
        for index, policy in enumerate(given if isinstance(given, list) else ()):
            made += self._policy(document, ("spec", "alertPolicies", index), policy)
        return {"alerts": made} if made else {}

    def _policy(self, document: _Document, where: Place, policy: Any) -> list[dict[str, Any]]:
        reference = policy.get("alertPolicyRef") if isinstance(policy, Mapping) else policy
        if isinstance(policy, Mapping) and reference is None:
            return self._conditions(document, (*where, "spec"), _mapping(policy.get("spec")))
        other = self._known.get(("AlertPolicy", str(reference)))
        if other is None:
            self.tell(document, where, f"there is no AlertPolicy {reference} here; the alert is left out")
            return []
        return self._conditions(other, ("spec",), other.spec)

    def _conditions(self, holder: _Document, where: Place, spec: Mapping[str, Any]) -> list[dict[str, Any]]:
        given = spec.get("conditions")
        made = []
        for index, item in enumerate(given if isinstance(given, list) else ()):
            place: Place = (*where, "conditions", index)
            condition, owner = _mapping(item), holder
            if "conditionRef" in condition:
                found = self._known.get(("AlertCondition", str(condition["conditionRef"])))
                if found is None:
                    self.tell(
                        holder,
                        place,
                        f"there is no AlertCondition {condition['conditionRef']} here; the alert is left out",
                    )
                    continue
                condition, owner, place = found.data, found, ()
            alert = self._condition(owner, place, condition)
            made += [alert] if alert is not None else []
        return made

    def _condition(self, owner: _Document, place: Place, condition: Mapping[str, Any]) -> dict[str, Any] | None:
        spec, metadata = _mapping(condition.get("spec")), _mapping(condition.get("metadata"))
        rule = _mapping(spec.get("condition"))
        window = str(rule.get("lookbackWindow", ""))
        if rule.get("kind") != "burnrate" or not isinstance(rule.get("threshold"), int | float) or not window:
            self.tell(
                owner,
                (*place, "spec", "condition"),
                "only a burn rate over a window can be said; the alert is left out",
            )
            return None
        if rule.get("op") not in ("gt", "gte"):
            text = f"op: {rule.get('op')} of a burn rate is taken for gt: an alert fires when the budget burns faster"
            self.tell(owner, (*place, "spec", "condition", "op"), text)
        severity = str(spec.get("severity", "warning")).lower()
        if severity not in _SEVERITIES:
            self.tell(owner, (*place, "spec", "severity"), f"the severity {severity} is taken for warning")
            severity = "warning"
        name = metadata.get("displayName") or metadata.get("name")
        short = _mapping(metadata.get("annotations")).get("loadkit-short-window")
        made = {"name": name, "severity": severity, "burn_rate": rule["threshold"], "long": window, "short": short}
        return {key: value for key, value in made.items() if value}


def _minutes(number: float) -> str:
    """Return a span of minutes, which bare numbers are there."""
    return f"{round(60 * number, 3):.12g}s"


def _understood(query: str) -> dict[str, Any] | None:
    """Return the indicator that a query of good events plainly is."""
    bucket, available = _BUCKET.search(query), _AVAILABLE.search(query)
    if bucket:
        limit = f"{float(bucket[1]):.9g}s"
        return (
            {"good": f"status < 500 and latency <= {limit}"}
            if available
            else {"good": f"not error and latency <= {limit}"}
        )
    return {"good": "status < 500"} if available else None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _child(node: yaml.Node, part: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if getattr(key, "value", None) == part), None)
    items: Sequence[yaml.Node] = node.value if isinstance(node, yaml.SequenceNode) else ()
    return items[part] if isinstance(part, int) and part < len(items) else None
