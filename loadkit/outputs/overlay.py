"""Several runs as one page shows them: figures side by side, each held against the first run's, and what curves are drawn from.

By how much a figure differs is told of each; whether that is more than chance is what `loadkit compare` finds (beside.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from loadkit.analysis.comparison import Comparison
from loadkit.outputs.beside import Beside, beside, beside_view
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
_FAR_APART = 4
"""From how many times the length of the shortest run on that of the longest hides its curve."""

_Found = Mapping[str, Any]


def overlay_view(reports: Sequence[Report], known: Sequence[Comparison] | None = None) -> dict[str, Any]:
    """Return what the templates show of several runs; `known` are comparisons with the first that were made already."""
    held = [report["loadkit"] for report in reports]
    found = beside(reports, known)
    return {
        "runs": [_run(label(index), report) for index, report in enumerate(reports)],
        "differ": _differing(held),
        "doubts": list(_doubts(reports)),
        "lengths": _lengths(held),
        "warmup": any(phase["warmup"] for one in held for phase in one["phases"]),
        "beside": [view for index, one in enumerate(found) if (view := beside_view(label(index), one))],
        "figures": [*_amounts(held), *_failures(held, found), *_times(held, found)],
        "objectives": _objectives(reports),
        "names": [_name(name, held, found) for name in _names(held)[:MOST]],
    }


def overlay_data(reports: Sequence[Report]) -> dict[str, Any]:
    """Return what charts.js draws of several runs."""
    runs = []
    for index, report in enumerate(reports):
        made = chart_data(report)
        found = report["loadkit"]
        title = f"{label(index)}: {legible(found['name'], 60)} {found.get('run') or ''}".strip()
        runs.append(
            {
                "name": title,
                "label": label(index),
                "timeline": made["timeline"],
                "phases": made["phases"],
                "spectrum": made["spectrum"],
            }
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
        "doubtful": word in ("invalid", "interrupted"),
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


def _doubts(reports: Sequence[Report]) -> Iterator[dict[str, str]]:
    """Yield why figures of some of the runs are not what they look like: (word, tone, sentence)."""
    words = [verdict_word(report) for report in reports]
    for word, text in (
        ("invalid", "the load generator did not keep up, so the figures may be its own and not the target's"),
        ("interrupted", "ended before the plan did, so the figures are those of the first part"),
    ):
        letters = [label(index) for index, one in enumerate(words) if one == word]
        if letters:
            yield {"word": word.upper(), "tone": TONES[word], "text": f"{', '.join(letters)}: {text}."}
    seen: dict[str, list[str]] = {}
    for index, report in enumerate(reports):
        found = report["loadkit"]
        seen.setdefault(found.get("run") or f"{found['started_at']} {found['digest']}", []).append(label(index))
    for letters in seen.values():
        if len(letters) > 1:
            yield {
                "word": "SAME RUN",
                "tone": "warn",
                "text": f"{', '.join(letters)} are one run, told more than once.",
            }


def _lengths(held: Sequence[_Found]) -> str:
    """Return how long the runs were, where a short one is hard to see beside a long one. Without load there is no curve."""
    lengths = [found["elapsed_s"] for found in held if found["elapsed_s"]]
    if not lengths or max(lengths) < _FAR_APART * min(lengths):
        return ""
    short, long = (format_duration_ns(length * 1e9) for length in (min(lengths), max(lengths)))
    return f"They lasted from {short} to {long}: drag over the beginning of a chart to see the short ones."


def _amounts(held: Sequence[_Found]) -> Iterator[dict[str, Any]]:
    """Yield what only says how large the runs were, and how much they did in a second."""
    yield _row("lasted", held, lambda found: format_duration_ns(found["elapsed_s"] * 1e9))
    yield _row("requests and calls", held, lambda found: f"{_attempts(found):,}")
    rates = [rate(found["judged"]) for found in held]
    yield {"name": "per second", "cells": [_cell(value, rates[0], f"{value:,.1f}") for value in rates]}
    yield _row("virtual users", held, lambda found: f"{found['judged']['vusers']['created']:,}")


def _row(name: str, held: Sequence[_Found], read: Callable[[_Found], str]) -> dict[str, Any]:
    return {"name": name, "cells": [_plain(read(found)) for found in held]}


def _attempts(found: _Found) -> int:
    return int(found["judged"]["requests"] + found["judged"]["calls"])


def _failures(held: Sequence[_Found], found: Sequence[Beside]) -> Iterator[dict[str, Any]]:
    """Yield what failed, as a count with its share: runs of different length have different counts of the same."""
    marks = [one.error(None) for one in found]
    errors = [(failures(one["judged"]), _attempts(one)) for one in held]
    yield {"name": "errors", "cells": _shares(errors, marks)}
    users = [(one["judged"]["vusers"]["failed"], one["judged"]["vusers"]["created"]) for one in held]
    yield {"name": "virtual users that failed", "cells": _shares(users)}
    counters = [one["metrics"]["counters"] for one in held]
    dropped = [(one.get("arrivals.dropped", 0), one.get("arrivals.planned", 0)) for one in counters]
    if any(of for _, of in dropped):
        yield {"name": "arrivals dropped", "cells": _shares(dropped)}


def _shares(counts: Sequence[tuple[int, int]], marks: Sequence[str] = ()) -> list[dict[str, str]]:
    """Return counts of so many as cells; a change is one of the share, in points."""
    shares = [count / of if of else None for count, of in counts]
    made = []
    for index, ((count, _), share) in enumerate(zip(counts, shares, strict=True)):
        text = f"{count:,}" if not share else f"{count:,} ({100 * share:.3g} %)"
        points = 100 * (share - shares[0]) if share is not None and shares[0] is not None else 0
        change = f"{points:+,.3g} points".replace("-", "−") if abs(points) >= 0.005 else ""
        made.append({"text": text, "change": change, "mark": marks[index] if marks else ""})
    return made


def _times(held: Sequence[_Found], found: Sequence[Beside]) -> Iterator[dict[str, Any]]:
    for kind in ("response", "service"):
        for percentile in _PERCENTILES:
            values = [(one["judged"].get(f"{kind}_time_ms") or {}).get(percentile) for one in held]
            marks = [one.time(None, percentile) if kind == "response" else "" for one in found]
            if any(value is not None for value in values):
                yield {"name": f"{kind} time {percentile}", "cells": _time_cells(values, marks)}


def _time_cells(values: Sequence[float | None], marks: Sequence[str]) -> list[dict[str, str]]:
    return [
        _plain("–") if value is None else _cell(value, values[0], format_duration_ns(value * 1e6), mark)
        for value, mark in zip(values, marks, strict=True)
    ]


def _plain(text: str) -> dict[str, str]:
    return {"text": text, "change": "", "mark": ""}


def _cell(value: float, base: float | None, text: str, mark: str = "") -> dict[str, str]:
    """Return a figure with by how much it differs from the first run's, and what that is called where it is more than chance."""
    if not base or value == base:
        return _plain(text)
    change = value / base - 1
    told = f"{100 * change:+,.1f} %".replace("-", "−") if abs(change) >= _SMALL else "±0 %"
    return {"text": text, "change": told, "mark": mark}


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


def _name(name: str, held: Iterable[_Found], found: Sequence[Beside]) -> dict[str, Any]:
    """Return p95 and errors of one name in each of the runs."""
    p95: list[float | None] = []
    errors = []
    for report in held:
        one = next((one for one in [*report["requests"], *report["calls"]] if one["name"] == name), None)
        p95.append((one.get("response_time_ms") or {}).get("p95") if one else None)
        errors.append(failures(one) if one else None)
    marks = [one.time(name, "p95") for one in found]
    return {"name": legible(name, NAME), "p95": _time_cells(p95, marks), "errors": errors}
