"""What steps of rising numbers of users came to as one JSON document, and its schema."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from loadkit import __version__
from loadkit.analysis.scalability import Scalability
from loadkit.report.shapes import (
    Schema,
    choice,
    flag,
    integer,
    list_of,
    nullable,
    number,
    object_of,
    signed,
    text,
    titled,
)


def scalability_report(found: Scalability, settings: dict[str, Any]) -> dict[str, Any]:
    """Return the document; `settings` are the keys of `scalability_schema` that were not found."""
    started = datetime.fromtimestamp(settings["started_at"], UTC).isoformat(timespec="milliseconds")
    return {"kind": "scalability", "version": __version__, **settings, "started_at": started, **found.to_data()}


def scalability_schema() -> Schema:
    """Return the schema of the document."""
    made = object_of(
        "What `loadkit capacity --users` found.",
        {
            "kind": choice("What this is.", "scalability"),
            "version": text("The version of loadkit."),
            "name": text("The name of the scenario."),
            "target": text("Where the load went."),
            "files": list_of("The scenario's files.", text("A file.")),
            "digest": text("What identifies the scenario."),
            "seed": integer("The seed of choices and random values.", minimum=None),
            "criteria": list_of("What a step must meet to be one to run at.", text("An objective.")),
            "criteria_from": text("Where they come from."),
            "step_s": integer("Seconds measured in a step."),
            "settle_s": integer("Seconds before them that do not count."),
            "started_at": text("When it began, in UTC."),
            "elapsed_s": number("Seconds that all of it took."),
            "signal": nullable(text("The signal that ended it early; null without.")),
            "exit_code": integer("What the command exits with."),
            "steps": list_of("All steps, by rising number of users.", _step_schema()),
            "fit": nullable(_fit_schema()),
            "trusted": flag("Whether the law can be relied on."),
            "doubts": list_of("Why it cannot.", text("A reason.")),
            "warnings": list_of("What weakens it.", text("A sentence.")),
            "peak": _peak_schema(),
            "optimum": nullable(
                integer("The users with the most throughput for the response time that meet the objectives.")
            ),
            "knee": nullable(_knee_schema()),
            "efficiency_at_scale": nullable(
                object_of(
                    "E(N) of the most users that meet the objectives; null where none do.",
                    {"users": integer("How many."), "efficiency": number("Their efficiency; 1 is linear.")},
                )
            ),
        },
    )
    return titled("loadkit scalability", made)


def _step_schema() -> Schema:
    return object_of(
        "A step.",
        {
            "users": integer("How many were at work."),
            "rate": number("Requests per second."),
            "response_ms": number("Mean response time."),
            "p95_ms": number("p95 of the response time."),
            "p95_low_ms": nullable(number("Lower end of its 95 % interval; null where it is not known.")),
            "p95_high_ms": nullable(number("Its upper end.")),
            "efficiency": number("E(N): throughput of each user against that of one alone."),
            "marginal_efficiency": nullable(
                signed("What each further user since the step before adds; 1: as much as one alone. Null in the first.")
            ),
            "fitted_rate": nullable(number("Requests per second by the law; null without one.")),
            "failed": number("The share of requests that failed."),
            "seconds": number("How long was measured."),
            "missed": list_of("Objectives that were not met.", text("An objective.")),
            "left_out": nullable(text("Why the law does not count the step; null where it does.")),
        },
    )


def _fit_schema() -> Schema:
    return object_of(
        "The Universal Scalability Law of these steps; null for fewer than four numbers of users.",
        {
            "lambda": _bounds_schema("Requests per second of one user."),
            "sigma": _bounds_schema("Contention."),
            "kappa": _bounds_schema("Coherency."),
            "r_squared": signed("The part of the throughput's variation that the law explains."),
            "relative_error": number("By which part the law misses the throughputs, root mean square."),
        },
    )


def _peak_schema() -> Schema:
    return object_of(
        "Where throughput is largest.",
        {
            "status": choice(
                "measured: within the steps; predicted: at most 1.5 times beyond them; extrapolated: farther away, so that it is "
                "not named; none: by the law there is none; unknown: there is no law to rely on.",
                "measured",
                "predicted",
                "extrapolated",
                "none",
                "unknown",
            ),
            "users": nullable(_bounds_schema("With how many users; null unless measured or predicted.")),
            "rate": nullable(_bounds_schema("Requests per second there; null unless measured or predicted.")),
            "ceiling": nullable(
                _bounds_schema(
                    "What throughput without a peak comes close to; null before two thirds of it were measured."
                )
            ),
        },
    )


def _knee_schema() -> Schema:
    return object_of(
        "From where on more users do not pay; null where that was not seen.",
        {
            "users": integer("How many."),
            "why": text("What is seen there."),
            "certain": flag("Whether it stands outside of its confidence interval."),
        },
    )


def _bounds_schema(description: str) -> Schema:
    return object_of(
        description,
        {
            "value": number("The number."),
            "low": nullable(number("Lower end of its 95 % interval; null: unbounded.")),
            "high": nullable(number("Upper end of its 95 % interval; null: unbounded.")),
        },
    )
