"""Two runs or more beside each other: what `loadkit compare` says of each beside the base, key numbers, and their courses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from loadkit.analysis.compare import Comparison, compare
from loadkit.analysis.policy import Settings
from loadkit.analysis.series import Verdict
from loadkit.dashboard.finding import run_of, seen
from loadkit.dashboard.kept import Seen
from loadkit.dashboard.problem import Problem
from loadkit.dashboard.templates import Page, count, milliseconds, seconds, share
from loadkit.outputs.comparison import comparison_lines, verdict_line
from loadkit.report.history import Store
from loadkit.report.noise import calibration_of

MOST = 8
_MOST_NAMES = 30
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
    facts = {
        "base": first,
        "runs": [side.run for side in sides],
        "results": [_result(store, settings, side, sides[0]) for side in sides[1:]],
        "rows": _rows(sides),
        "names": _names(sides),
        "base_urls": {side.run.id: _url(sides, side.run.id) for side in sides},
    }
    return Page(template="compare.html", title="Comparison", facts=facts)


def _result(store: Store, settings: Settings, side: Seen, base: Seen) -> Mapping[str, Any]:
    noise = calibration_of(store, side.run.fingerprint)
    used = replace(settings, noise_floor=noise.tau) if noise else settings
    found = compare(side.report, [base.report], used, name=base.run.id)
    lines = list(comparison_lines(found))
    return {"run": side.run, "verdict": verdict_line(found), "lines": lines, "kind": _kind(found)}


def _kind(found: Comparison) -> str:
    if found.verdict is Verdict.REGRESSION:
        return "failed"
    return "passed" if found.verdict in _GOOD else "open"


def _rows(sides: Sequence[Seen]) -> list[Mapping[str, Any]]:
    """Return the key numbers, a row each; each run's with its ratio to the base."""
    runs = [side.run for side in sides]
    return [
        {"title": "Duration", "cells": [_cell(seconds(run.duration_s)) for run in runs]},
        {"title": "Requests", "cells": [_cell(count(run.requests)) for run in runs]},
        _ratios("Requests per second", [run.rate_per_s for run in runs], lambda value: f"{value:,.1f}"),
        *(
            _ratios(f"{name} of response time", [getattr(run, f"{name}_ms") for run in runs], milliseconds)
            for name in ("p50", "p95", "p99")
        ),
        {"title": "Errors", "cells": [_cell(share(run.error_rate)) for run in runs]},
    ]


def _names(sides: Sequence[Seen]) -> list[Mapping[str, Any]]:
    """Return the p95 of each request name, those with the most requests first."""
    made: dict[str, dict[int, Mapping[str, Any]]] = {}
    for index, side in enumerate(sides):
        found = side.report["loadkit"]
        for item in (*found["requests"], *found.get("calls", ())):
            if times := item.get("response_time_ms"):
                made.setdefault(str(item["name"]), {})[index] = times
    ranked = sorted(made.items(), key=lambda pair: -max(times["count"] for times in pair[1].values()))
    return [
        _ratios(name, [times.get(index, {}).get("p95") for index in range(len(sides))], milliseconds)
        for name, times in ranked[:_MOST_NAMES]
    ]


def _ratios(title: str, values: Sequence[float | None], written: Callable[[Any], str]) -> Mapping[str, Any]:
    base = values[0]
    cells = [
        _cell(written(value), f"{value / base - 1:+.1%}" if index and value is not None and base else "")
        for index, value in enumerate(values)
    ]
    return {"title": title, "cells": cells}


def _cell(text: str, change: str = "") -> Mapping[str, str]:
    return {"text": text, "change": change}


def _url(sides: Sequence[Seen], base: str) -> str:
    return "/compare?" + urlencode([*(("run", side.run.id) for side in sides), ("base", base)])
