"""Objectives as Prometheus rules: recorded bad ratios of each window, what is left of the budget, and multi-window alerts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from loadkit.outputs.promql import Events, Metrics, duration, events_of
from loadkit.slo.alert import LEAST_BAD, Alert, BurnAlert
from loadkit.slo.budget import share_of_budget
from loadkit.slo.objective import Method, Slo
from loadkit.slo.slug import slugs

RATIO, LEFT = "slo:sli_error:ratio_rate", "slo:error_budget_remaining:ratio"


def prometheus_rules(slos: Sequence[Slo], metrics: Metrics) -> dict[str, Any]:
    """Return a rule file as plain data. Raises UsageError for metrics that do not go together."""
    names = slugs(slo.name for slo in slos)
    return {"groups": [group for slo in slos for group in _groups(slo, names[slo.name], events_of(slo, metrics))]}


def _groups(slo: Slo, name: str, events: Events) -> list[dict[str, Any]]:
    alerts = [_alert(slo, alert, events) for alert in slo.alerts]
    made = [{"name": f"{name}-recordings", "rules": _recordings(slo, events)}]
    return [*made, {"name": f"{name}-alerts", "rules": alerts}] if alerts else made


def _recordings(slo: Slo, events: Events) -> list[dict[str, Any]]:
    spans = [span for alert in slo.alerts if isinstance(alert, BurnAlert) for span in (alert.short_ns, alert.long_ns)]
    windows = [duration(span) for span in sorted({*spans, slo.window_ns})]
    period = duration(slo.window_ns)
    rules = [_record(f"{RATIO}{window}", events.ratio_of_bad(slo, window), slo) for window in windows]
    left = f"1 - {_series(f'{RATIO}{period}', slo)} / {slo.budget:.12g}"
    return [*rules, _record("slo:objective:ratio", f"vector({slo.target:.12g})", slo), _record(LEFT, left, slo)]


def _record(name: str, expression: str, slo: Slo) -> dict[str, Any]:
    return {"record": name, "expr": expression, "labels": {"slo": slo.name}}


def _series(name: str, slo: Slo) -> str:
    escaped = slo.name.replace("\\", "\\\\").replace('"', '\\"')
    return f'{name}{{slo="{escaped}"}}'


def _alert(slo: Slo, alert: Alert, events: Events) -> dict[str, Any]:
    labels = {"severity": alert.level.value, "slo": slo.name}
    if not isinstance(alert, BurnAlert):
        text = f"less than {100 * alert.below:.4g} % of the error budget of {slo.name} is left"
        return {
            "alert": "ErrorBudgetLow",
            "expr": f"{_series(LEFT, slo)} < {alert.below:.12g}",
            "labels": labels,
            "annotations": {"summary": text},
        }
    limit, long, short = f"({alert.factor:.12g} * {slo.budget:.12g})", duration(alert.long_ns), duration(alert.short_ns)
    both = " and ".join(f"{_series(f'{RATIO}{window}', slo)} > {limit}" for window in (long, short))
    if slo.method is Method.OCCURRENCES:  # one bad event of a few is no fire
        both = f"{both} and on() ({events.bad(long)}) >= {LEAST_BAD}"
    share = 100 * share_of_budget(alert.factor, alert.long_ns, slo.window_ns)
    text = f"{slo.name} burns its error budget more than {alert.factor:g}x too fast: {share:.3g} % of it in {long}"
    return {
        "alert": "ErrorBudgetBurn",
        "expr": both,
        "labels": {**labels, "rule": alert.name},
        "annotations": {"summary": text},
    }
