"""One run as a page shows it: its report as plain data for templates, in words and already chosen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from loadkit.outputs.base import counted
from loadkit.outputs.paper import Report, legible
from loadkit.outputs.run_advice import advice
from loadkit.outputs.run_tables import failures, rate, tables
from loadkit.report.judgements import (
    Judgement,
    Suite,
    by_weight,
    judgements,
    series_message,
    series_name,
    verdict_word,
)
from loadkit.slo.evaluate import Status
from loadkit.slo.window import clock
from loadkit.units import format_duration_ns

NAME = 300
MESSAGE = 1000
MOST_JUDGED = 300
MOST_LINES = 3000
"""How many lines of the scenario a page shows, over all its texts."""

TONES = {"pass": "good", "fail": "bad", "regression": "bad", "invalid": "warn", "interrupted": "warn"}
_SUITES = {
    Suite.THRESHOLDS: "Thresholds",
    Suite.SLO: "Objectives",
    Suite.REGRESSION: "Compared with the baseline",
    Suite.EXPECTATIONS: "Expectations",
}
_DONE = {
    "pause": "arrivals were paused",
    "resume": "arrivals went on",
    "stop": "the run was stopped",
    "begin": "the run was begun",
}


def run_view(report: Report) -> dict[str, Any]:
    """Return what the templates show of a run."""
    found = report["loadkit"]
    judged = judgements(report)
    word = verdict_word(report)
    return {
        "name": legible(found["name"], NAME),
        "run": found.get("run"),
        "started": _instant(found["started_at"]),
        "word": word.upper(),
        "tone": TONES[word],
        "why": _reasons(judged),
        "next": advice(report, judged),
        "figures": _figures(found),
        "warmup": any(phase["warmup"] for phase in found["phases"]),
        "judged": {suite.value: _judged(found, judged, suite) for suite in _SUITES},
        "titles": {suite.value: title for suite, title in _SUITES.items()},
        "slos": [_objective(found, slo) for slo in found.get("slos") or ()],
        "comparison": _comparison(found.get("comparison")),
        "interventions": [_intervention(one) for one in found.get("interventions") or ()],
        "environment": _environment(found),
        "warnings": [legible(f"{one['code']}: {one['message']}", MESSAGE) for one in found["warnings"]],
        "source": _source(found, judged),
        **tables(report),
    }


def tone(status: Status, *, fails: bool = True) -> str:
    """Return how a status is coloured."""
    if status is Status.PASS:
        return "good"
    return "bad" if status is Status.FAIL and fails else "warn"


def _instant(text: str) -> str:
    return datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M:%S UTC")


def _reasons(judged: Sequence[Judgement]) -> list[str]:
    """Return why the run came to its verdict, in sentences."""
    asked = [one for one in judged if one.suite is not Suite.RUN]
    failing = sorted((one for one in judged if one.fails), key=by_weight)
    if failing:
        shown = [one for one in failing if one.suite is Suite.RUN] or failing
        rest = [f"and {len(shown) - 5:,} more"] if len(shown) > 5 else []
        return [_reason(one) for one in shown[:5]] + rest
    if not asked:
        return ["Nothing was judged: the scenario sets no thresholds and checks nothing."]
    held = sum(one.status is Status.PASS for one in asked)
    undecided = sum(one.status is Status.INCONCLUSIVE for one in asked)
    missed = sum(one.status is Status.FAIL for one in asked)
    told = [f"{held:,} of {counted(len(asked), 'objective')} hold" if held < len(asked) else _all_hold(held)]
    told += [f"{undecided:,} undecided"] if undecided else []
    told += [f"{missed:,} only warned of"] if missed else []
    return [f"{', '.join(told)}."]


def _reason(one: Judgement) -> str:
    """Return what fails the run. What is judged of the run itself is named by what should be, which would read as if it were."""
    if one.suite is Suite.RUN and one.status is Status.INVALID and "reasons" in one.data:
        return legible(f"The measurement cannot be trusted: {'; '.join(one.data['reasons'])}.", MESSAGE)
    if one.suite is Suite.RUN and one.status is Status.INVALID:
        return legible(f"The run was {one.message}.", MESSAGE)
    return legible(": ".join(text for text in (one.name, one.message) if text), MESSAGE)


def _all_hold(count: int) -> str:
    return "The one objective holds" if count == 1 else f"All {count:,} objectives hold"


def _figures(found: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the few figures that say most: (name, value, what else)."""
    judged = found["judged"]
    kinds = [kind for kind in ("requests", "calls") if judged[kind]] or ["requests"]
    times = judged.get("response_time_ms") or {}
    service = judged.get("service_time_ms") or {}
    errors = failures(judged)
    attempts = judged["requests"] + judged["calls"]
    return [
        {"name": " and ".join(kinds), "value": f"{attempts:,}", "more": f"{rate(judged):,.1f} per second"},
        *(_percentile(name, times, service) for name in ("p50", "p95", "p99") if name in times),
        {"name": "errors", "value": f"{errors:,}", "more": f"{100 * errors / attempts:.2f} %" if attempts else ""},
        {
            "name": "virtual users",
            "value": f"{judged['vusers']['created']:,}",
            "more": f"{judged['vusers']['failed']:,} failed",
        },
        {
            "name": "lasted",
            "value": format_duration_ns(found["elapsed_s"] * 1e9),
            "more": counted(found["workers"], "worker"),
        },
    ]


def _percentile(name: str, response: Mapping[str, float], service: Mapping[str, float]) -> dict[str, str]:
    more = f"service time {format_duration_ns(service[name] * 1e6)}" if name in service else ""
    return {"name": f"response {name}", "value": format_duration_ns(response[name] * 1e6), "more": more}


def _judged(found: Mapping[str, Any], judged: Sequence[Judgement], suite: Suite) -> list[dict[str, Any]]:
    """Return what was judged in a suite, the gravest first, each with the line that asks for it."""
    held = sorted((one for one in judged if one.suite is suite), key=by_weight)
    return [
        {
            "word": one.status.name if one.fails or one.status is not Status.FAIL else "WARNING",
            "tone": tone(one.status, fails=one.fails),
            "name": legible(one.name, NAME),
            "message": legible(one.message, MESSAGE),
            "samples": one.data.get("samples"),
            "note": legible(one.data.get("note") or "", MESSAGE),
            "tags": [legible(f"{key}: {value}", 80) for key, value in sorted((one.data.get("tags") or {}).items())],
            "place": legible(str(one.at), NAME) if one.at else "",
            "quote": quoted(found, one.data.get("at")) if one.at else None,
        }
        for one in held[:MOST_JUDGED]
    ]


def quoted(found: Mapping[str, Any], at: Mapping[str, Any] | None) -> str | None:
    """Return the line of the scenario that a place names; None where the report does not hold it."""
    files = {file["name"]: file["text"] for file in (found.get("source") or {}).get("files", ())}
    if not at or at["file"] not in files:
        return None
    lines = files[at["file"]].splitlines()
    return legible(lines[at["line"] - 1].strip(), NAME) if 0 < at["line"] <= len(lines) else None


def _objective(found: Mapping[str, Any], slo: Mapping[str, Any]) -> dict[str, Any]:
    budget = slo["run_budget"]
    spent = budget["bad"] / budget["allowed"] if budget["allowed"] else None
    status = Status(slo["status"])
    return {
        "name": legible(slo["name"], NAME),
        "description": legible(slo["description"], MESSAGE),
        "word": status.name,
        "tone": tone(status, fails=slo["severity"] == "error"),
        "lines": [legible(line, MESSAGE) for line in slo["lines"]],
        "spent": None if spent is None else min(spent, 1.0),
        "budget": _budget(budget, spent),
        "overspent": budget["overspent"],
        "alerts": slo["alerts"],
        "place": legible(f"{slo['at']['file']}:{slo['at']['line']}", NAME) if slo["at"] else "",
        "quote": quoted(found, slo["at"]),
    }


def _budget(budget: Mapping[str, Any], spent: float | None) -> str:
    told = f"{budget['bad']:,.6g} bad {budget['unit']}"
    if spent is None:
        return told
    return f"{told} of {budget['allowed']:,.6g} that this run may have: {100 * spent:,.0f} % of its budget"


def _comparison(comparison: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if not comparison:
        return None
    return {
        "baseline": legible(comparison["baseline"], NAME),
        "runs": counted(len(comparison["runs"]), "run"),
        "for_information": [
            (legible(series_name(series), NAME), legible(series_message(series), MESSAGE))
            for series in (*comparison["errors"], *comparison["series"])
            if not series["gated"]
        ][:MOST_JUDGED],
        "notes": [legible(str(note), MESSAGE) for note in comparison["notes"]],
    }


def _intervention(one: Mapping[str, Any]) -> dict[str, str]:
    what = (
        f"the rate was set to {one['value']:g} times the planned one"
        if one["kind"] == "rate"
        else _DONE.get(one["kind"])
    )
    return {"at": clock(int(one["at_s"])), "what": what or one["kind"], "by": one["by"]}


def _environment(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what the run was made with and where, by name; only what is known."""
    host = found["host"]
    machine = f"{host['system']} {host['machine']}, {counted(host['cpus'], 'processor')}"
    facts: dict[str, Any] = {
        "run": found.get("run"),
        "target": found["target"],
        "started": found["started_at"],
        "files": ", ".join(found["files"]),
        "seed": found["seed"],
        "plan": found["digest"],
        "fingerprint": (found.get("fingerprint") or {}).get("id"),
        "commit": found["commit"],
        "exit code": found["exit_code"],
        "workers": found["workers"],
        "machine": f"{machine}, {host['cpu']}" if host.get("cpu") else machine,
        "versions": ", ".join(f"{name} {version}" for name, version in sorted(found["versions"].items())),
        "certificates": "not verified" if found["insecure"] else None,
        "timeouts": f"{found['timeout_multiplier']:g} times as long" if found["timeout_multiplier"] != 1 else None,
        "ways": "; ".join(found["ways"]),
        **{f"tag {key}": value for key, value in sorted(found["tags"].items())},
    }
    return [
        (legible(name, 80), legible(str(value), MESSAGE)) for name, value in facts.items() if value not in (None, "")
    ]


def _source(found: Mapping[str, Any], judged: Sequence[Judgement]) -> list[dict[str, Any]]:
    """Return the texts of the scenario: its files, with the lines marked that were judged, and all of it as it ran."""
    source = found.get("source")
    if not source:
        return []
    places = [one.at for one in judged if one.at]
    files = [
        (file["name"], file["text"], {at.line for at in places if at.file == file["name"]}) for file in source["files"]
    ]
    left, made = MOST_LINES, []
    for name, text, marked in (*files, ("as it ran", source["text"], set[int]())):
        made.append({"name": legible(name, NAME), "lines": list(_lines(text, marked, left))})
        left = max(0, left - len(made[-1]["lines"]))
    return made


def _lines(text: str, marked: set[int], most: int) -> Iterator[tuple[str, bool]]:
    lines = text.splitlines()
    for number, line in enumerate(lines[:most], 1):
        yield legible(line, MESSAGE), number in marked
    if len(lines) > most:
        yield f"... and {len(lines) - most:,} lines more", False
