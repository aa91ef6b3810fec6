"""What a page shows of a second, or of a run so far, as plain data: the pieces that a report has only at its end."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from loadkit.metrics.family import FAMILIES
from loadkit.metrics.snapshot import Snapshot
from loadkit.report.parts import position
from loadkit.slo.spending import RunBudget
from loadkit.slo.standing import Standing
from loadkit.slo.validity import judge

MOST_NAMES = 200
"""How many request names, those with the most requests, a page is told of."""
MOST_TEXT = 2000


def busiest(summary: Snapshot, most: int = MOST_NAMES) -> set[str]:
    """Return the names with the most requests and calls."""
    made = {family.made for family in FAMILIES}
    counts = {label: count for (metric, label), count in summary.counters.items() if metric in made}
    return set(sorted(counts, key=lambda name: (-counts[name], name))[:most])


def changed(second: Snapshot) -> set[str]:
    """Return the names of which there is anything new in a second."""
    return {label for _, label in second.counters}


def outcomes(summary: Snapshot) -> dict[str, Any]:
    """Return how often what came back: responses by status code, errors by name, checks."""
    codes: dict[str, int] = {}
    errors: dict[str, int] = {}
    checks = {"ok": 0, "failed": 0}
    for (metric, _), count in summary.counters.items():
        for prefix, found in (("http.codes.", codes), ("errors.", errors)):
            if metric.startswith(prefix):
                name = metric.removeprefix(prefix)
                found[name] = found.get(name, 0) + count
        if metric.startswith("checks.") and metric.removeprefix("checks.") in checks:
            checks[metric.removeprefix("checks.")] += count
    return {"codes": dict(sorted(codes.items())), "errors": errors, "checks": checks}


def arrivals(summary: Snapshot) -> dict[str, int]:
    """Return the account of arrivals so far."""
    metrics = sorted({metric for metric, _ in summary.counters if metric.startswith("arrivals.")})
    return {metric.removeprefix("arrivals."): summary.count(metric) for metric in metrics}


def standings_data(standings: Iterable[Standing]) -> list[dict[str, Any]]:
    """Return how thresholds and objectives stand."""
    return [
        {
            "text": one.text,
            "observed": one.observed,
            "limit": one.limit,
            "bound": one.bound,
            "unit": one.unit,
            "holds": one.holds,
            "origin": one.origin,
            "strict": one.strict,
            "failed_s": one.failed_s,
            "at": position(one.at),
        }
        for one in standings
    ]


def budgets_data(budgets: Iterable[RunBudget]) -> list[dict[str, Any]]:
    """Return what of their own budgets the run has spent; of one that allows nothing more than all is spent."""
    return [
        {
            "name": one.name,
            "unit": one.unit,
            "bad": round(one.bad, 6),
            "total": round(one.total, 6),
            "allowed": one.allowed,
            "used": min(one.used, 999.0),
            "overspent": one.overspent,
        }
        for one in budgets
    ]


def measurement(summary: Snapshot) -> dict[str, Any]:
    """Return whether what was measured so far can be believed."""
    found = judge(summary)
    return {"status": found.status.value, "reasons": list(found.reasons)}


def cut(text: str) -> str:
    """Return a text that is not too long for a list."""
    return text if len(text) <= MOST_TEXT else f"{text[:MOST_TEXT]}..."
