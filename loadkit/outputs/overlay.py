"""Several runs as one page shows them: figures side by side, each held against the first run's, and what curves are drawn from.

A change is said, not judged: whether it is more than chance `loadkit compare` tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from loadkit.outputs.paper import Report, legible, started
from loadkit.outputs.run_charts import chart_data
from loadkit.outputs.run_tables import MOST, NAME, failures, rate
from loadkit.outputs.run_view import TONES, tone
from loadkit.report.judgements import Suite, judgements, verdict_word
from loadkit.slo.evaluate import Status
from loadkit.units import format_duration_ns

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_PARTS = ("scenario", "phases", "target", "host")
_PERCENTILES = ("p50", "p95", "p99", "max")
_SMALL = 0.0005  # a change of less is none


def overlay_view(reports: Sequence[Report]) -> dict[str, Any]:
    """Return what the templates show of several runs."""
    held = [report["loadkit"] for report in reports]
    return {
        "runs": [_run(label(index), report) for index, report in enumerate(reports)],
        "differ": _differing(held),
        "figures": [_row(*figure, held) for figure in _FIGURES] + list(_times(held)),
        "objectives": _objectives(reports),
        "names": [_name(name, held) for name in _names(held)[:MOST]],
    }


def overlay_data(reports: Sequence[Report]) -> dict[str, Any]:
    """Return what charts.js draws of several runs."""
    runs = []
    for index, report in enumerate(reports):
        made = chart_data(report)
        found = report["loadkit"]
        title = f"{label(index)}: {legible(found['name'], 60)} {found.get('run') or ''}".strip()
        runs.append(
            {"name": title, "timeline": made["timeline"], "phases": made["phases"], "spectrum": made["spectrum"]}
        )
    return {"runs": runs}


def label(index: int) -> str:
    """Return the letter of a run, or its number where there are more runs than letters."""
    return LETTERS[index] if index < len(LETTERS) else str(index + 1)


def _run(letter: str, report: Report) -> dict[str, Any]:
    found = report["loadkit"]
    word = verdict_word(report)
    return {
        "label": letter,
        "name": legible(found["name"], NAME),
        "run": found.get("run") or "",
        "word": word.upper(),
        "tone": TONES[word],
        "started": started(report).strftime("%Y-%m-%d %H:%M:%S UTC"),
        "target": legible(found["target"], NAME),
        "commit": (found["commit"] or "")[:12],
        "tags": [legible(f"{key}: {value}", 80) for key, value in sorted(found["tags"].items())],
        "interventions": len(found.get("interventions") or ()),
    }


def _differing(held: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return in which parts of what makes runs comparable these differ."""
    prints = [found.get("fingerprint") or {} for found in held]
    return [part for part in _PARTS if len({str(one.get(part)) for one in prints}) > 1]


_FIGURES: tuple[tuple[str, Any, str, bool], ...] = (
    ("requests and calls", lambda found: found["judged"]["requests"] + found["judged"]["calls"], "{:,}", False),
    ("per second", lambda found: rate(found["judged"]), "{:,.1f}", False),
    ("errors", lambda found: failures(found["judged"]), "{:,}", True),
    ("virtual users", lambda found: found["judged"]["vusers"]["created"], "{:,}", False),
    ("virtual users that failed", lambda found: found["judged"]["vusers"]["failed"], "{:,}", True),
    ("arrivals dropped", lambda found: found["metrics"]["counters"].get("arrivals.dropped", 0), "{:,}", True),
    ("seconds", lambda found: found["elapsed_s"], "{:,.1f}", False),
)
"""What is shown beside the times: its name, how a report tells it, how it is written, and whether more of it is worse."""


def _row(name: str, read: Any, form: str, worse: bool, held: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    values = [read(found) for found in held]
    return {"name": name, "cells": [_cell(value, values[0], form.format(value), worse=worse) for value in values]}


def _times(held: Sequence[Mapping[str, Any]]) -> Iterable[dict[str, Any]]:
    for kind in ("response", "service"):
        for percentile in _PERCENTILES:
            values = [(found["judged"].get(f"{kind}_time_ms") or {}).get(percentile) for found in held]
            if any(value is not None for value in values):
                yield {"name": f"{kind} time {percentile}", "cells": _time_cells(values)}


def _time_cells(values: Sequence[float | None]) -> list[dict[str, str]]:
    return [
        {"text": "–", "change": "", "tone": ""}
        if value is None
        else _cell(value, values[0], format_duration_ns(value * 1e6), worse=True)
        for value in values
    ]


def _cell(value: float, base: float | None, text: str, *, worse: bool) -> dict[str, str]:
    """Return a figure with by how much it differs from the first run's."""
    if not base or value == base:
        return {"text": text, "change": "", "tone": ""}
    change = value / base - 1
    if abs(change) < _SMALL:
        return {"text": text, "change": "±0 %", "tone": ""}
    tint = "" if not worse else "up" if change > 0 else "down"
    return {"text": text, "change": f"{100 * change:+,.1f} %".replace("-", "−"), "tone": tint}


def _objectives(reports: Sequence[Report]) -> list[dict[str, Any]]:
    """Return what was judged of any of the runs, with what each came to."""
    held = [{one.name: one for one in judgements(report) if one.suite is not Suite.RUN} for report in reports]
    names = list(dict.fromkeys(name for found in held for name in found))
    rows = []
    for name in names[:MOST]:
        cells = []
        for found in held:
            one = found.get(name)
            word = "" if one is None else one.status.name if one.fails or one.status is not Status.FAIL else "WARNING"
            said = (one.data.get("observed_text") or "") if one else ""
            cells.append(
                {"word": word, "tone": tone(one.status, fails=one.fails) if one else "", "text": legible(said, 80)}
            )
        rows.append({"name": legible(name, NAME), "cells": cells})
    return rows


def _names(held: Iterable[Mapping[str, Any]]) -> list[str]:
    counts: dict[str, int] = {}
    for found in held:
        for one in [*found["requests"], *found["calls"]]:
            counts[one["name"]] = counts.get(one["name"], 0) + (one.get("requests", 0) or one.get("calls", 0))
    return sorted(counts, key=lambda name: (-counts[name], name))


def _name(name: str, held: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return p95 and errors of one name in each of the runs."""
    p95: list[float | None] = []
    errors = []
    for found in held:
        one = next((one for one in [*found["requests"], *found["calls"]] if one["name"] == name), None)
        p95.append((one.get("response_time_ms") or {}).get("p95") if one else None)
        errors.append(failures(one) if one else None)
    return {"name": legible(name, NAME), "p95": _time_cells(p95), "errors": errors}
