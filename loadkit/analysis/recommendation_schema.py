"""The JSON Schema of what `loadkit gate --json` writes; `schemas/recommendation.schema.json` is this, written out."""

from __future__ import annotations

from loadkit.analysis.recommendation import FORMAT, Decision
from loadkit.analysis.standing import Cause, Gravity, State
from loadkit.report.shapes import (
    Schema,
    choice,
    flag,
    integer,
    list_of,
    nullable,
    nullable_reference,
    number,
    object_of,
    position,
    text,
    titled,
)


def recommendation_schema() -> Schema:
    """Return the schema of a recommendation, in draft 2020-12. Keys that it does not name may be added later."""
    return titled(
        "loadkit recommendation",
        {
            **object_of(
                "What the runs of a gate come to.",
                {
                    "format": {
                        "const": FORMAT,
                        "description": "Version of this format; it changes when a key changes its meaning.",
                    },
                    "gate": text("The gate's name."),
                    "file": text("The gate file, as written on the command line."),
                    "environment": text("The environment of the gate."),
                    "budget_s": nullable(number("How many seconds it might take; null for no limit.")),
                    "elapsed_s": number("How many seconds it took."),
                    "decision": choice("What to do with the release.", *(one.value for one in Decision)),
                    "exit_code": integer("The exit code of the command."),
                    "health": _health(),
                    "runs": list_of("The runs of this environment, in the order of the file.", _run()),
                    "reasons": list_of("What speaks about them, the gravest first.", _reason()),
                    "next": list_of("What to do next.", text("A sentence.")),
                },
            ),
            "$defs": {"position": position("A place in a file.")},
        },
    )


def _health() -> Schema:
    return object_of(
        "The health score.",
        {
            "score": nullable(number("0 to 100; null when it is unknown.")),
            "mean": nullable(number("The mean of the runs' scores by their weights, before it is capped.")),
            "cap": nullable(number("What the score cannot exceed for the reasons that there are; null for no cap.")),
            "unknown": list_of("The runs without a score.", text("A run's name.")),
            "formula": list_of("How the score comes about, with its numbers.", text("A line.")),
        },
    )


def _run() -> Schema:
    return object_of(
        "One run.",
        {
            "name": text("Its name."),
            "state": choice("How it stands.", *(one.value for one in State)),
            "required": flag("Whether the release depends on it."),
            "weight": number("How much its score counts."),
            "score": nullable(number("0 to 100; null where nothing is known about the target.")),
            "terms": nullable(
                object_of(
                    "The terms of its score; null without one.",
                    {
                        "judged": integer("Objectives that were judged: thresholds, SLOs and checks."),
                        "failed": integer("Those that failed."),
                        "warned": integer("Those that failed and only warn."),
                        "inconclusive": integer("Those that could not be decided."),
                        "missed": number("Points lost by them."),
                        "worse": number("Points lost by a regression against the baseline."),
                        "doubt": number("Points lost by a measurement that is suspect."),
                    },
                )
            ),
            "formula": text("Its score with its numbers; empty without one."),
            "planned_s": number("How many seconds its phases were to take."),
            "elapsed_s": nullable(number("How many it took; null when it was not run.")),
            "started_at": nullable(text("When its load began, in UTC (ISO 8601); null when it was not run.")),
            "tries": integer("How often it was run; more than once only after an invalid measurement."),
            "run": nullable(text("Its id in the history; null when it is not stored.")),
            "exit_code": nullable(integer("What `loadkit run` would have ended with; null when it was not run.")),
            "at": nullable_reference("position", "Where the gate file lists it."),
        },
    )


def _reason() -> Schema:
    return object_of(
        "One reason.",
        {
            "run": text("The run that it is about."),
            "severity": choice(
                "`critical` blocks, `unknown` leaves no decision, `note` changes nothing.",
                *(one.value for one in Gravity),
            ),
            "cause": choice("What it is about.", *(one.value for one in Cause)),
            "text": text("What was found."),
            "remedy": text("What to do about it."),
            "at": nullable_reference("position", "The objective in the scenario file, or the run in the gate file."),
        },
    )
