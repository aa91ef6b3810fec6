"""What each phase and each scenario of a run came to, and how certain its percentiles are: the data, and its schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loadkit.engine.result import RunResult
from loadkit.errors import Position
from loadkit.metrics.family import HTTP, PYTHON, response_times, service_times
from loadkit.metrics.snapshot import Snapshot
from loadkit.report.shapes import (
    Schema,
    choice,
    flag,
    integer,
    list_of,
    map_of,
    nullable,
    number,
    object_of,
    reference,
    text,
)
from loadkit.scenario.judged import active_s, phase_spans
from loadkit.scenario.plan import Phase
from loadkit.stats.intervals import Estimate
from loadkit.units import NS_PER_MS, NS_PER_S
from loadkit.workload.base import ClosedWorkload
from loadkit.workload.pause import Pause

SESSION_LENGTH = "vusers.session_length"
_TIMES = ("response_time_ms", "service_time_ms", "session_length_ms")


def parts(result: RunResult) -> dict[str, Any]:
    """Return the numbers of all phases, of all scenarios and of what is judged, and the intervals of percentiles."""
    spans = phase_spans(result.plan, result.summary.end_ns)
    weights: dict[str, float] = {}
    for scenario in result.plan.scenarios:  # those of one name are counted together
        weights[scenario.name] = weights.get(scenario.name, 0.0) + scenario.weight
    judged_s = active_s(result.plan, result.summary.end_ns)
    return {
        "phases": [
            measured_phase(phase, result.summary.select(phase=phase.index), _length_ns(spans[phase.index]))
            for phase in result.plan.phases
        ],
        "scenarios": [
            {"name": name, "weight": weight, **_numbers(result.judged.select(scenario=name), judged_s)}
            for name, weight in weights.items()
        ],
        "judged": _numbers(result.judged, judged_s),
        "intervals": [
            {**place._asdict(), **_interval(found)}
            for place, found in sorted(result.intervals.items(), key=lambda item: tuple(map(str, item[0])))
        ],
    }


def position(at: Position | None) -> dict[str, Any] | None:
    """Return a place in a file."""
    return {"file": at.file, "line": at.line, "column": at.column} if at else None


def under(prefix: str, counts: Mapping[str, int]) -> dict[str, int]:
    """Return the counts whose names begin with a prefix, by the rest of their name."""
    return {name.removeprefix(prefix): counts[name] for name in sorted(counts) if name.startswith(prefix)}


def _length_ns(span: tuple[int, int]) -> int:
    return span[1] - span[0]


def measured_phase(phase: Phase, seen: Snapshot, lasted_ns: int) -> dict[str, Any]:
    """Return what was planned of a phase, and what was measured in the time that it has lasted."""
    return _planned_phase(phase) | _numbers(seen, lasted_ns / NS_PER_S)


def _planned_phase(phase: Phase) -> dict[str, Any]:
    workload = phase.workload
    closed = workload if isinstance(workload, ClosedWorkload) else None
    return {
        "index": phase.index,
        "name": phase.name,
        "kind": "closed" if closed else "pause" if isinstance(workload, Pause) else "open",
        "start_s": phase.start_ns / NS_PER_S,
        "duration_s": phase.duration_ns / NS_PER_S,
        "arrivals": None if isinstance(workload, ClosedWorkload) else workload.planned,
        "users": closed.users if closed else None,
        "throughput_per_s": float(closed.throughput) if closed and closed.throughput else None,
        "max_vusers": phase.max_vusers,
        "warmup": phase.warmup,
        "at": position(phase.at),
    }


def _numbers(seen: Snapshot, seconds: float) -> dict[str, Any]:
    """Return counts, rates and times of a part of a run that went on for so many seconds."""
    counts: dict[str, int] = {}
    for (metric, _), count in seen.counters.items():
        if count:
            counts[metric] = counts.get(metric, 0) + count
    requests, calls = counts.get(HTTP.made, 0), counts.get(PYTHON.made, 0)
    found = (response_times(seen), service_times(seen), seen.histogram(SESSION_LENGTH))
    times = dict(zip(_TIMES, found, strict=True))
    return {
        "active_s": round(seconds, 3),
        "vusers": {word: counts.get(f"vusers.{word}", 0) for word in ("created", "completed", "failed")},
        "requests": requests,
        "request_rate": round(requests / seconds, 3) if seconds > 0 else 0.0,
        "responses": counts.get(HTTP.done, 0),
        "calls": calls,
        "returns": counts.get(PYTHON.done, 0),
        "codes": under("http.codes.", counts),
        "errors": under("errors.", counts),
        "checks_ok": counts.get("checks.ok", 0),
        "checks_failed": counts.get("checks.failed", 0),
        **{name: dict(histogram.summary_ms()) for name, histogram in times.items() if histogram.total},
    }


def _interval(found: Estimate) -> dict[str, Any]:
    ends = {"value_ms": found.value, "low_ms": found.low, "high_ms": found.high}
    return {
        **{name: None if end is None else round(end / NS_PER_MS, 3) for name, end in ends.items()},
        "samples": found.n,
        "effective_samples": round(found.n_eff),
        "steady_s": round(found.seconds, 3),
        "certified": found.certified,
        "note": found.note,
    }


def phases_schema() -> Schema:
    """Return the schema of the phases."""
    planned = {
        "index": integer("Number of the phase, from 0."),
        "name": text("Name of the phase."),
        "kind": choice("Workload model.", "open", "closed", "pause"),
        "start_s": number("Seconds from the run's start to the phase's."),
        "duration_s": number("How long it lasts."),
        "arrivals": nullable(integer("Planned arrivals; null in a closed model.")),
        "users": nullable(integer("Users of a closed model.")),
        "throughput_per_s": nullable(number("Requests per second that a closed model is paced to.")),
        "max_vusers": nullable(integer("Most virtual users at one time.")),
        "warmup": flag("Whether it only warms up: nothing is judged on its numbers."),
        "at": reference("position", "Where the phase stands."),
    }
    return list_of("The phases, in order.", _part("One phase: what was planned, and what was measured.", planned))


def measured_schema() -> dict[str, Schema]:
    """Return the schemas of scenarios, of what is judged, and of intervals."""
    named = {
        "name": text("Name of the scenario."),
        "weight": number("Its weight; the sum, where several have the name."),
    }
    return {
        "scenarios": list_of("The scenarios, without warm-up phases.", _part("One scenario.", named)),
        "judged": _part("All that is judged: the run without its warm-up phases.", {}),
        "intervals": list_of("Percentiles with what encloses them, without warm-up phases.", _interval_schema()),
    }


def _part(description: str, own: Schema) -> Schema:
    made = object_of(
        description,
        {
            **own,
            "active_s": number("How long it went on, in seconds; rates are taken over it."),
            "vusers": object_of(
                "Virtual users.",
                {
                    "created": integer("Started."),
                    "completed": integer("Came to the end of their flow."),
                    "failed": integer("Stopped at an error."),
                },
            ),
            "requests": integer("Requests sent."),
            "request_rate": number("Requests per second."),
            "responses": integer("Valid responses."),
            "calls": integer("Python functions called."),
            "returns": integer("Calls that returned a value."),
            "codes": map_of("Responses by status code.", integer("How often.")),
            "errors": map_of("Errors by name.", integer("How often.")),
            "checks_ok": integer("Expectations that held."),
            "checks_failed": integer("Expectations that did not hold."),
            "response_time_ms": reference(
                "summary", "From the intended instant to the last byte, or to a function's return."
            ),
            "service_time_ms": reference(
                "summary", "From the actual start to the last byte, or to a function's return."
            ),
            "session_length_ms": reference("summary", "From a virtual user's start to its end."),
        },
    )
    made["required"] = [key for key in made["required"] if key not in _TIMES]
    return made


def _interval_schema() -> Schema:
    return object_of(
        "One percentile. It belongs to all requests where label, phase and scenario are null.",
        {
            "metric": text("A time metric with its percentile, such as `http.response_time.p95`."),
            "label": nullable(text("The request's name.")),
            "phase": nullable(integer("Index of the phase; a warm-up phase has its intervals, too.")),
            "scenario": nullable(text("Name of the scenario.")),
            "value_ms": number("The percentile of all samples, in milliseconds."),
            "low_ms": nullable(number("Lower end of its 95 % interval; null where it is not known.")),
            "high_ms": nullable(number("Upper end of its 95 % interval; null where it is not known.")),
            "samples": integer("Number of samples."),
            "effective_samples": integer("How many independent samples would know as much."),
            "steady_s": number("Seconds of steady load that were looked at."),
            "certified": flag("Whether there is an interval with load enough behind it."),
            "note": text("What is missing for that."),
        },
    )
