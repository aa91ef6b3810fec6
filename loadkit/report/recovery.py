"""The report's section on how the target recovered from peaks of load."""

from __future__ import annotations

from typing import Any

from loadkit.engine.result import RunResult
from loadkit.report.shapes import Schema, flag, integer, list_of, nullable, number, object_of, text
from loadkit.units import NS_PER_MS


def recovery_data(result: RunResult) -> list[dict[str, Any]]:
    """Return what came of each peak that ended, by each objective."""
    return [
        {
            "phase": found.phase,
            "name": found.name,
            "ended_s": round(found.ended_s, 3),
            "objective": found.objective,
            "limit_ms": round(found.limit_ns / NS_PER_MS, 3),
            "recovered": found.recovered,
            "after_s": None if found.after_s is None else round(found.after_s, 3),
            "watched_s": round(found.watched_s, 3),
            "worst_ms": round(found.worst_ns / NS_PER_MS, 3),
        }
        for found in result.recovery
    ]


def recovery_schema() -> Schema:
    """Return the schema of that section."""
    return list_of(
        "How the response time came back under each objective after each peak of load; empty where the plan has none.",
        object_of(
            "A peak and an objective.",
            {
                "phase": integer("Index of the phase of the peak."),
                "name": text("Its name."),
                "ended_s": number("When the peak was over, in seconds since the run's start."),
                "objective": text("What is to hold again: a threshold, or twice the p95 from before."),
                "limit_ms": number("Its limit, in milliseconds."),
                "recovered": flag("Whether it held again while that was watched."),
                "after_s": nullable(number("Seconds from the end of the peak until then; null where it did not.")),
                "watched_s": number("Seconds that were watched after the peak."),
                "worst_ms": number("The worst second after the peak, in milliseconds."),
            },
        ),
    )
