"""Two runs or more beside each other: what `loadkit compare` says of each beside the base, their figures, and their curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from loadkit.analysis.compare import Comparison, compare
from loadkit.analysis.policy import Settings
from loadkit.analysis.series import Verdict
from loadkit.dashboard.finding import run_of, seen
from loadkit.dashboard.kept import Seen
from loadkit.dashboard.problem import Problem
from loadkit.dashboard.templates import CHARTS, Page
from loadkit.outputs.comparison import comparison_lines, verdict_line
from loadkit.outputs.overlay import label, overlay_data, overlay_view
from loadkit.report.history import Store
from loadkit.report.noise import calibration_of

MOST = 8
_GOOD = {Verdict.PASS, Verdict.IMPROVEMENT}


def compare_page(store: Store, settings: Settings, asked: Sequence[str], base: str) -> Page:
    """Return the page for runs by their ids; the base is the oldest of them unless one is named. Raises Problem."""
    runs = {found.id: found for found in (run_of(store, text) for text in dict.fromkeys(asked) if text)}
    if base:
        found = run_of(store, base)
        runs.setdefault(found.id, found)
    if len(runs) < 2:
        raise Problem(400, "Two runs or more can be compared.", "Choose them in the list of runs.")
    if len(runs) > MOST:
        raise Problem(400, f"{len(runs)} runs are too many to be told apart.", f"Choose {MOST} or fewer.")
    ordered = sorted(runs.values(), key=lambda run: (run.started_at, run.id))
    first = run_of(store, base) if base else ordered[0]
    sides = [seen(store, run.id) for run in (first, *(run for run in ordered if run.id != first.id))]
    if going_on := [side.run.id for side in sides if side.runs]:
        raise Problem(409, f"{going_on[0]} goes on, so there is nothing to compare yet.", "Come back when it is over.")
    reports = [side.report for side in sides]
    compared = [_compared(store, settings, side, sides[0]) for side in sides[1:]]
    facts = {
        "base": first,
        "runs": [side.run for side in sides],
        "results": [
            {"letter": label(index), **_result(side, found)}
            for index, (side, found) in enumerate(zip(sides[1:], compared, strict=True), 1)
        ],
        "view": overlay_view(reports, compared),
        "base_urls": {side.run.id: _url(sides, side.run.id) for side in sides},
    }
    return Page(template="compare.html", title="Comparison", facts=facts, data=overlay_data(reports), scripts=CHARTS)


def _compared(store: Store, settings: Settings, side: Seen, base: Seen) -> Comparison:
    noise = calibration_of(store, side.run.fingerprint)
    used = replace(settings, noise_floor=noise.tau) if noise else settings
    return compare(side.report, [base.report], used, name=base.run.id)


def _result(side: Seen, found: Comparison) -> Mapping[str, Any]:
    lines = list(comparison_lines(found))
    return {"run": side.run, "verdict": verdict_line(found), "lines": lines, "tone": _tone(found)}


def _tone(found: Comparison) -> str:
    if found.verdict is Verdict.REGRESSION:
        return "bad"
    return "good" if found.verdict in _GOOD else "warn"


def _url(sides: Sequence[Seen], base: str) -> str:
    return "/compare?" + urlencode([*(("run", side.run.id) for side in sides), ("base", base)])
