"""A run that is kept, in the shape in which the live page has one: its report, with what the page is told while a run goes on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from loadkit.dashboard.kept import Seen
from loadkit.outputs.run_charts import chart_data

_LARGE = ("series", "measures", "metrics", "timeline", "heat", "observe")
_HOLDS = {"pass": True, "fail": False}
_ARRIVALS = "arrivals."
_NOTHING: dict[str, Any] = {
    "source": None,
    "slos": [],
    "calls": [],
    "requests": [],
    "examples": {},
    "interventions": [],
    "measurement": {"status": "valid", "reasons": []},
    "health": {"workers": [], "coordinator": {}},
}
"""What reports that were made before it was in them lack."""


def stored_run(seen: Seen) -> dict[str, Any]:
    """Return what the live page shows of a run that is kept; of one that goes on, what it has come to so far."""
    found = seen.report["loadkit"]
    charts = chart_data(seen.report)
    few = {**_NOTHING, **{key: value for key, value in found.items() if key not in _LARGE}}
    rows, observe = charts["timeline"]["rows"], found.get("observe")
    elapsed_s = found["elapsed_s"] if not seen.runs else rows[-1][0] if rows else 0.0
    kept = str(seen.run.directory) if seen.run.directory else None
    over = None if seen.runs else {"report": {"loadkit": few}, "whole": False, "kept": kept, "files": True}
    made = {**few, "judged": None} if seen.runs else few
    return {
        **made,
        "stored": True,
        "may_control": False,
        "over": over,
        "duration_s": max((phase["start_s"] + phase["duration_s"] for phase in found["phases"]), default=0.0),
        "status": {"state": "running", "phase": None, "elapsed_s": elapsed_s, "rate": 1.0},
        "now": rows[-1] if rows else None,
        "timeline": {**charts["timeline"], "step_s": -(-len(found["timeline"]["rows"]) // max(1, len(rows)))},
        "heat": charts["heat"],
        "spectrum": charts["spectrum"],
        "standings": [_standing(verdict) for verdict in found["verdicts"]],
        "budgets": [_budget(slo) for slo in few["slos"]],
        "observe": {**(observe or {"columns": [], "notes": []}), "rows": (charts["observe"] or {"rows": []})["rows"]},
        "outcomes": _outcomes([*few["requests"], *few["calls"]]),
        "arrivals": {
            name.removeprefix(_ARRIVALS): count
            for name, count in found["metrics"]["counters"].items()
            if name.startswith(_ARRIVALS)
        },
        "health_now": {"workers": [], "coordinator": {}},
        "lines": [],
        "missed": 0,
    }


def _standing(verdict: Mapping[str, Any]) -> dict[str, Any]:
    breaches = verdict["breaches"] or {}
    return {
        "text": verdict["objective"],
        "observed": verdict["observed_text"],
        "limit": verdict["limit_text"],
        "bound": verdict["limit"],
        "unit": verdict["unit"],
        "holds": _HOLDS.get(verdict["status"]),
        "origin": verdict["origin"],
        "strict": verdict["strict"],
        "failed_s": breaches.get("failed_s"),
        "at": verdict["at"],
    }


def _budget(slo: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of its own budget the run has spent by an objective; of one that allows nothing more than all is spent."""
    budget = slo["run_budget"]
    bad, allowed = budget["bad"] or 0.0, budget["allowed"] or 0.0
    return {
        "name": slo["name"],
        "unit": budget["unit"],
        "bad": bad,
        "total": budget["planned"],
        "allowed": allowed,
        "used": min(bad / allowed, 999.0) if allowed else (999.0 if bad else 0.0),
        "overspent": budget["overspent"],
    }


def _outcomes(names: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    codes, errors = Counter[str](), Counter[str]()
    checks = {"ok": 0, "failed": 0}
    for name in names:
        codes.update(name.get("codes") or {})
        errors.update(name["errors"])
        for word in checks:
            checks[word] += name[f"checks_{word}"]
    return {"codes": dict(sorted(codes.items())), "errors": dict(errors), "checks": checks}
