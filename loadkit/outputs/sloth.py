"""Objectives for Sloth (`prometheus/v1`), which makes Prometheus rules of them with windows of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from loadkit.outputs.promql import PLACEHOLDER, Metrics, events_of
from loadkit.slo.alert import Level
from loadkit.slo.objective import Method, Slo
from loadkit.slo.slug import slug, slugs


def sloth(slos: Sequence[Slo], metrics: Metrics, service: str) -> tuple[dict[str, Any], list[str]]:
    """Return a document as plain data, and what of the objectives it does not say."""
    made, notes = [], []
    names = slugs(slo.name for slo in slos)
    for slo in slos:
        if slo.method is not Method.OCCURRENCES:
            notes.append(
                f"{slo.name} is left out: Sloth counts events, and the method {slo.method.value} counts slices"
            )
            continue
        if slo.alerts:
            notes.append(f"{slo.name}: Sloth takes alerts from windows of its own, not from `alerts`")
        made.append(_slo(slo, names[slo.name], metrics))
    return {"version": "prometheus/v1", "service": slug(service), "slos": made}, notes


def _slo(slo: Slo, name: str, metrics: Metrics) -> dict[str, Any]:
    events = events_of(slo, metrics)
    total = f"sum(rate({events.total}[{PLACEHOLDER}]))"
    good = f"(sum(rate({events.good}[{PLACEHOLDER}])) or vector(0))"
    severities = {Level.CRITICAL: "page_alert", Level.WARNING: "ticket_alert"}
    wanted = {alert.level for alert in slo.alerts}
    alerts = {
        key: {"labels": {"severity": level.value}} if level in wanted else {"disable": True}
        for level, key in severities.items()
    }
    return {
        "name": name,
        "description": slo.description or f"{slo.name}: {slo.indicator.text}",
        "objective": float(f"{100 * slo.target:.12g}"),
        "sli": {"events": {"error_query": f"{total} - {good}", "total_query": total}},
        "alerting": {"name": "ErrorBudgetBurn", "labels": {"slo": slo.name}, **alerts},
    }
