"""Objectives as OpenSLO v1 documents: a Service, an SLO each with its indicator, and its alerts.

OpenSLO has one window in a condition, so the short one stands in an annotation; what is left of a budget has no kind there. What
only loadkit knows of an objective stands beside the query of good events, under `loadkit`, so that it comes back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from loadkit.errors import UsageError
from loadkit.outputs.promql import Metrics, duration, events_of
from loadkit.slo.alert import Alert, BurnAlert
from loadkit.slo.objective import Method, Slo
from loadkit.slo.slug import slug, slugs
from loadkit.units import NS_PER_S

API = "openslo/v1"
SHORT_WINDOW = "loadkit-short-window"
METHODS = {
    Method.OCCURRENCES: "Occurrences",
    Method.TIMESLICES: "Timeslices",
    Method.RATIO_TIMESLICES: "RatioTimeslices",
}
_UNITS = ((7 * 86_400, "w"), (86_400, "d"), (3600, "h"), (60, "m"))


def openslo(slos: Sequence[Slo], metrics: Metrics, service: str) -> tuple[list[dict[str, Any]], list[str]]:
    """Return documents as plain data, and what of the objectives they do not say.

    Raises UsageError for a window that OpenSLO cannot write.
    """
    notes: list[str] = []
    names = slugs(slo.name for slo in slos)
    documents = [_document("Service", slug(service), {"description": f"What {service} tests."}, display=service)]
    if any(slo.alerts for slo in slos):
        target = {"description": "Put your own in its place.", "target": "default"}
        documents.append(_document("AlertNotificationTarget", "default", target))
    for slo in slos:
        policies = list(_policies(slo, names, notes))
        references = [policy["metadata"]["name"] for policy in policies]
        documents += [_slo(slo, metrics, names, slug(service), references), *policies]
    return documents, notes


def _document(kind: str, name: str, spec: Mapping[str, Any], *, display: str = "") -> dict[str, Any]:
    metadata = {"name": name, **({"displayName": display} if display else {})}
    return {"apiVersion": API, "kind": kind, "metadata": metadata, "spec": dict(spec)}


def _slo(slo: Slo, metrics: Metrics, names: Mapping[str, str], service: str, policies: list[str]) -> dict[str, Any]:
    objective: dict[str, Any] = {"displayName": slo.name, "target": slo.target}
    if slo.method is Method.TIMESLICES:
        objective["timeSliceTarget"] = slo.slice_target
    if slo.method is not Method.OCCURRENCES:
        objective["timeSliceWindow"] = _whole(slo.slice_s) or round(slo.slice_s / 60, 6)  # a bare number is minutes
    spec = {
        **({"description": slo.description[:1050]} if slo.description else {}),
        "service": service,
        "indicator": {"metadata": {"name": f"{names[slo.name]}-sli"}, "spec": {"ratioMetric": _ratio(slo, metrics)}},
        "timeWindow": [{"duration": _window(slo), "isRolling": True}],
        "budgetingMethod": METHODS[slo.method],
        "objectives": [objective],
        **({"alertPolicies": policies} if policies else {}),
    }
    return _document("SLO", names[slo.name], spec, display=slo.name)


def _ratio(slo: Slo, metrics: Metrics) -> dict[str, Any]:
    events = events_of(slo, metrics)
    own: dict[str, Any] = {"sli": dict(slo.indicator.written)}
    named = (("request", slo.request), ("scenario", slo.selection.scenario), ("phase", slo.selection.phase))
    of = {key: value for key, value in named if value is not None}
    extras = {
        "of": of,
        "expected_events": slo.expected_events,
        "consume_budget": slo.consumes,
        "abort": slo.abort,
        "severity": "" if slo.strict else "warning",
        "alerts": {"profile": slo.profile} if slo.profile else None,
    }
    own |= {key: value for key, value in extras.items() if value}
    return {"counter": True, "good": _source(events.good, {"loadkit": own}), "total": _source(events.total, {})}


def _source(query: str, more: Mapping[str, Any]) -> dict[str, Any]:
    return {"metricSource": {"type": "Prometheus", "spec": {"query": query, **more}}}


def _policies(slo: Slo, names: Mapping[str, str], notes: list[str]) -> Iterator[dict[str, Any]]:
    for number, alert in enumerate(slo.alerts, 1):
        condition = _condition(slo, alert, notes)
        if condition is not None:
            spec = {
                "description": alert.name,
                "alertWhenNoData": False,
                "alertWhenResolved": True,
                "alertWhenBreaching": True,
                "conditions": [condition],
                "notificationTargets": [{"targetRef": "default"}],
            }
            yield _document(
                "AlertPolicy", f"{names[slo.name][:50].strip('-')}-alert-{number}", spec, display=alert.name
            )


def _condition(slo: Slo, alert: Alert, notes: list[str]) -> dict[str, Any] | None:
    if not isinstance(alert, BurnAlert):
        notes.append(
            f'{slo.name}: the alert "{alert.name}" is left out: OpenSLO knows no alert on what is left of a budget'
        )
        return None
    window = _whole(alert.long_ns // NS_PER_S)
    if window is None or alert.long_ns % NS_PER_S:
        long = duration(alert.long_ns)
        notes.append(
            f'{slo.name}: the alert "{alert.name}" is left out: OpenSLO has whole minutes, and its window is {long}'
        )
        return None
    spec = {
        "severity": alert.level.value,
        "condition": {
            "kind": "burnrate",
            "op": "gt",
            "threshold": float(f"{alert.factor:.12g}"),
            "lookbackWindow": window,
            "alertAfter": "1m",
        },
    }
    annotations = {SHORT_WINDOW: duration(alert.short_ns)}
    name = f"burn-{re.sub('[^0-9]', '-', f'{alert.factor:g}')}x-{window}"
    return {
        "kind": "AlertCondition",
        "metadata": {"name": name, "displayName": alert.name, "annotations": annotations},
        "spec": spec,
    }


def _window(slo: Slo) -> str:
    found = _whole(slo.window_ns // NS_PER_S)
    if found is None:
        window = duration(slo.window_ns)
        raise UsageError(f"{slo.name}: OpenSLO has whole minutes, and its window is {window}; write another `window`")
    return found


def _whole(seconds: int) -> str | None:
    return next((f"{seconds // size}{unit}" for size, unit in _UNITS if seconds and not seconds % size), None)
