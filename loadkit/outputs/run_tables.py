"""The tables of a run on a page: phases, names, what time went into, scenarios, outcomes, checks, the load generator."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from loadkit.outputs.paper import Report, legible
from loadkit.outputs.run_charts import table_rows
from loadkit.report.requests import PARTS
from loadkit.slo.window import clock
from loadkit.units import format_bytes

MOST = 500
"""How many names a table shows."""
NAME = 300
_EXAMPLE = 1000
_CHECKS = "expect."
_ARRIVALS = ("planned", "started", "late", "dropped", "lost")
_STATUS = {"2": "good", "3": "good", "4": "warn", "5": "bad"}
_PERCENTS = {
    "p50": "50",
    "p75": "75",
    "p90": "90",
    "p95": "95",
    "p99": "99",
    "p999": "99.9",
    "p9999": "99.99",
    "max": "100",
}


def tables(report: Report) -> dict[str, Any]:
    """Return the rows of all tables, by the name that templates know them by."""
    found = report["loadkit"]
    names = sorted([*found["requests"], *found["calls"]], key=lambda one: (-_made(one), one["name"]))
    return {
        "phases": [_phase(phase) for phase in found["phases"]],
        "spectrum": _spectrum(found["judged"]),
        "names": [_name(one) for one in names[:MOST]],
        "more_names": max(0, len(names) - MOST),
        "timing": _timing(names[:MOST]),
        "scenarios": [_scenario(one) for one in found["scenarios"]],
        "codes": [{"code": code, "count": count, "tone": _STATUS.get(code[:1], "")} for code, count in _codes(found)],
        "errors": _errors(found),
        "checks": _checks(names, found["examples"]),
        "generator": _generator(found),
        "observe": _observe(found.get("observe")),
        "course": [{**row, "at": clock(int(row["t_s"]))} for row in table_rows(report)],
    }


def _made(one: Mapping[str, Any]) -> int:
    return int(one.get("requests", 0) or one.get("calls", 0))


def failures(one: Mapping[str, Any]) -> int:
    """Return how many requests and calls failed, as `http.error_rate` counts them: with an error, or with a response of 5xx."""
    broken = sum(count for code, count in one.get("codes", {}).items() if code.startswith("5"))
    return int(sum(one["errors"].values()) + broken)


def rate(one: Mapping[str, Any]) -> float:
    """Return requests and calls per second; what reports call `request_rate` leaves calls out."""
    made, seconds = one["requests"] + one["calls"], one["active_s"]
    if not one["calls"] or not seconds:
        return float(one["request_rate"])
    return float(made / seconds)


def _phase(phase: Mapping[str, Any]) -> dict[str, Any]:
    planned = f"{phase['users']:,} users" if phase["users"] is not None else ""
    if phase["arrivals"] is not None:
        planned = f"{phase['arrivals']:,} arrivals"
    if phase["throughput_per_s"]:
        planned += f" at {phase['throughput_per_s']:g}/s"
    return {
        "name": legible(phase["name"], NAME),
        "warmup": phase["warmup"],
        "kind": phase["kind"],
        "from": clock(int(phase["start_s"])),
        "duration_ms": phase["duration_s"] * 1000,
        "planned": planned,
        "requests": phase["requests"] + phase["calls"],
        "rate": rate(phase),
        "errors": failures(phase),
        "response": phase.get("response_time_ms"),
        "service": phase.get("service_time_ms"),
    }


def _spectrum(judged: Mapping[str, Any]) -> list[tuple[str, float | None, float | None]]:
    """Return percentiles of all requests and calls without warm-up: (percent, response time, service time) in milliseconds."""
    response, service = judged.get("response_time_ms") or {}, judged.get("service_time_ms") or {}
    return [(percent, response[key], service.get(key)) for key, percent in _PERCENTS.items() if key in response]


def _name(one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": legible(one["name"], NAME),
        "call": "calls" in one,
        "count": _made(one),
        "errors": failures(one),
        "response": one.get("response_time_ms"),
        "service": one.get("service_time_ms"),
    }


def _timing(names: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return which parts were measured at all, and for each name p50 and p95 of each."""
    timed = [one for one in names if one.get("timing_ms")]
    parts = [part for part in PARTS if any(part in one["timing_ms"] for one in timed)]
    rows = [
        {"name": legible(one["name"], NAME), "parts": [one["timing_ms"].get(part) for part in parts]} for one in timed
    ]
    return {"parts": [(part.replace("_", " "), PARTS[part]) for part in parts], "rows": rows}


def _scenario(one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": legible(one["name"], NAME),
        "weight": f"{one['weight']:g}",
        "users": one["vusers"]["created"],
        "failed": one["vusers"]["failed"],
        "requests": one["requests"] + one["calls"],
        "errors": failures(one),
        "response": one.get("response_time_ms"),
        "session": one.get("session_length_ms"),
    }


def _codes(found: Mapping[str, Any]) -> list[tuple[str, int]]:
    codes: dict[str, int] = {}
    for one in found["requests"]:
        for code, count in one["codes"].items():
            codes[code] = codes.get(code, 0) + count
    return sorted(codes.items())


def _errors(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the errors of the whole run, the most frequent first, each with what was seen of it and the names it hit."""
    counts: dict[str, int] = {}
    names: dict[str, list[tuple[int, str]]] = {}
    for one in [*found["requests"], *found["calls"]]:
        for error, count in one["errors"].items():
            counts[error] = counts.get(error, 0) + count
            names.setdefault(error, []).append((count, one["name"]))
    for error, count in found["judged"]["errors"].items():  # those that belong to no name
        counts.setdefault(error, count)
    return [
        {
            "error": legible(error, NAME),
            "count": count,
            "names": [legible(name, NAME) for _, name in sorted(names.get(error, ()), reverse=True)[:5]],
            "examples": _examples(found["examples"].get(error, ())),
        }
        for error, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MOST]
    ]


def _examples(examples: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    return [{"at": clock(int(one["t_s"])), "text": legible(one["text"], _EXAMPLE)} for one in examples]


def _checks(names: Sequence[Mapping[str, Any]], examples: Mapping[str, Any]) -> dict[str, Any]:
    held = [one for one in names if one["checks_ok"] or one["checks_failed"]]
    return {
        "rows": [
            {"name": legible(one["name"], NAME), "ok": one["checks_ok"], "failed": one["checks_failed"]}
            for one in sorted(held, key=lambda one: -one["checks_failed"])[:MOST]
        ],
        "examples": [
            {"kind": legible(kind.removeprefix(_CHECKS), NAME), "examples": _examples(texts)}
            for kind, texts in sorted(examples.items())
            if kind.startswith(_CHECKS)
        ],
    }


def _generator(found: Mapping[str, Any]) -> dict[str, Any]:
    counters = found["metrics"]["counters"]
    measurement = found["measurement"]
    names = {phase["index"]: phase["name"] for phase in found["phases"]}
    return {
        "status": measurement["status"].upper(),
        "tone": {"valid": "good", "invalid": "bad"}.get(measurement["status"], "warn"),
        "reasons": [legible(text, _EXAMPLE) for text in (*measurement["reasons"], *measurement["notes"])],
        "arrivals": [(name, counters.get(f"arrivals.{name}", 0)) for name in _ARRIVALS] if _arrive(counters) else [],
        "achieved": [
            {"name": legible(names.get(one["phase"], "?"), NAME), "planned": one["planned"], "started": one["started"]}
            for one in found["health"]["achieved"]
        ],
        "workers": [_worker(one) for one in found["health"]["workers"]],
    }


def _arrive(counters: Mapping[str, int]) -> bool:
    """Say whether virtual users arrive at all: a fixed number of users does not."""
    return any(counters.get(f"arrivals.{name}") for name in _ARRIVALS)


def _worker(one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "worker": one["worker"],
        "cpu": one["cpu"],
        "memory": format_bytes(one["rss_bytes"]["max"]) if one["rss_bytes"] else "–",
        "fds": one["fds"],
        "lag": one["lag_ms"],
        "loop": one["loop_lag_ms"],
        "stalls": one["stall_ms"]["count"],
    }


def _observe(observe: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return what was seen of the system under test: a row for each series, and what is known of its growth."""
    if not observe or not observe.get("columns"):
        return None
    return {
        "columns": [
            {
                "source": legible(one["name"], NAME),
                "series": legible(one["series"], NAME),
                **{key: _in_unit(one.get(key), one.get("unit", "")) for key in ("min", "mean", "max", "last")},
            }
            for one in observe["columns"]
        ],
        "verdicts": [
            {
                "tone": _TONES.get(one["severity"], "idle" if one.get("course") == "unknown" else "good"),
                "word": _grown_word(one),
                "text": legible(f"{one['name']} {one['series']}: {one['text']}", _EXAMPLE),
                "advice": legible(one["advice"], _EXAMPLE),
            }
            for one in observe.get("verdicts") or ()
        ],
        "notes": [
            {"at": clock(int(one["t_s"])), "text": legible(f"{one['name']}: {one['text']}", _EXAMPLE)}
            for one in observe.get("notes") or ()
        ],
    }


_TONES = {"critical": "bad", "warning": "warn"}


def _grown_word(verdict: Mapping[str, Any]) -> str:
    if verdict["severity"] != "none":
        return str(verdict["severity"]).upper()
    return "OPEN" if verdict.get("course") == "unknown" else "OK"


def _in_unit(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    texts = {
        "bytes": lambda: format_bytes(value),
        "ratio": lambda: f"{100 * value:.1f} %",
        "ns": lambda: f"{value / 1e6:,.3g} ms",
    }
    return texts.get(unit, lambda: f"{value:,.6g}{'/s' if unit == 'per_s' else ''}")()
