"""What a search for a capacity came to as one JSON document, and its schema."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from loadkit.analysis.capacity import Stage, Status, Tried
from loadkit.analysis.outcome import Outcome
from loadkit.outputs.capacity import Answer
from loadkit.report.report import generator
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
    signed,
    text,
    titled,
)
from loadkit.stats.intervals import Estimate
from loadkit.units import NS_PER_MS

FORMAT = 1


def answer_data(answer: Answer) -> dict[str, Any]:
    """Return the answer as plain data."""
    found = answer.capacity
    return {
        "format": FORMAT,
        "kind": "capacity",
        "status": found.status.value,
        "exit_code": answer.exit_code,
        "name": answer.name,
        "target": answer.target,
        "files": list(answer.files),
        "digest": answer.digest,
        "seed": answer.seed,
        "started_at": datetime.fromtimestamp(answer.started_at, UTC).isoformat(timespec="milliseconds"),
        "elapsed_s": round(answer.elapsed_s, 3),
        "signal": answer.signal,
        "criteria": list(answer.criteria),
        "criteria_from": answer.criteria_from,
        "capacity": _rate_data(answer, found.low),
        "confirmed": found.confirmed,
        "interval": {"low": _rate_data(answer, found.low), "high": _rate_data(answer, found.high)},
        "reached": _rate_data(answer, found.reached),
        "limiting": {"criterion": found.criterion, "reason": found.reason} if found.criterion or found.reason else None,
        "unstable": [_rate_data(answer, rate) for rate in found.unstable] if found.unstable else None,
        "requests_per_visit": round(answer.requests_per_visit, 4),
        "planned": _rate_data(answer, answer.planned),
        "headroom": None if answer.headroom is None else round(answer.headroom, 4),
        "findings": list(answer.findings),
        "trials": [_trial_data(one) for one in found.tried],
        **generator(),
    }


def _rate_data(answer: Answer, visits: float | None) -> dict[str, float] | None:
    requests = answer.requests(visits)
    if visits is None or requests is None:
        return None
    return {"requests_per_s": round(requests, 3), "visits_per_s": round(visits, 3)}


def _trial_data(one: Tried) -> dict[str, Any]:
    seen = one.seen
    return {
        "stage": one.ask.stage.value,
        "rate": one.ask.rate,
        "seconds": round(seen.seconds, 3),
        "outcome": seen.outcome.value,
        "counts_as": one.counts_as.value,
        "criterion": seen.criterion,
        "reason": seen.reason,
        "margin": None if seen.margin is None else round(seen.margin, 4),
        "requests_per_s": round(seen.requests_per_s, 3),
        "visits_per_s": round(seen.visits_per_s, 3),
        "achieved": None if seen.achieved is None else round(seen.achieved, 4),
        "in_flight": round(seen.in_flight, 3),
        "errors": seen.errors,
        "response_time_ms": {name: _times_data(found) for name, found in sorted(seen.times.items())},
    }


def _times_data(found: Estimate) -> dict[str, float | None]:
    ends: Sequence[tuple[str, float | None]] = (("value", found.value), ("low", found.low), ("high", found.high))
    return {name: None if end is None else round(end / NS_PER_MS, 3) for name, end in ends}


def capacity_schema() -> Schema:
    """Return the schema of a capacity report."""
    outcomes = [outcome.value for outcome in Outcome]
    return titled(
        "loadkit capacity",
        object_of(
            "The capacity of a target, and the trials by which it was found.",
            {
                "format": {"const": FORMAT, "description": "Changes when a key changes its meaning."},
                "kind": {"const": "capacity", "description": "What this is a report of."},
                "status": choice("What the search came to.", *(status.value for status in Status)),
                "exit_code": integer("What the command ended with."),
                "name": text("Name of the scenario."),
                "target": text("Where the load went, without its password."),
                "files": list_of("The scenario's files.", text("A path.")),
                "digest": text("SHA-256 of the scenario."),
                "seed": {"type": "integer", "description": "Seed of the first trial; each later one has the next."},
                "started_at": text("When it began, ISO 8601 in UTC."),
                "elapsed_s": number("How long it took, in seconds."),
                "signal": nullable(text("The signal that ended it early.")),
                "criteria": list_of("What must hold.", text("A threshold.")),
                "criteria_from": text("Where the criteria are from."),
                **_found(),
                "trials": list_of("The trials, in order.", _trial(outcomes)),
                "versions": map_of("Versions of loadkit and its libraries.", text("A version.")),
                "host": {"type": "object", "description": "The machine that made the load."},
            },
        ),
    )


def _found() -> Schema:
    """Return the answer: a rate, and what is known about it."""
    rate = object_of(
        "A rate.",
        {
            "requests_per_s": number("Requests (and calls of Python functions) per second."),
            "visits_per_s": number("Visits, that is arrivals, per second: `arrivalRate` of a phase."),
        },
    )
    no_rate = nullable(rate)
    return {
        "capacity": {**no_rate, "description": "The answer; null where no load passed."},
        "confirmed": flag("Whether three long trials at it have passed."),
        "interval": object_of(
            "What encloses the capacity.",
            {
                "low": {**no_rate, "description": "The largest load that passed."},
                "high": {**no_rate, "description": "The smallest load above it that failed; null if none."},
            },
        ),
        "reached": {
            **no_rate,
            "description": "About where the closest criterion meets its limit; null where the trials do not say.",
        },
        "limiting": nullable(
            object_of(
                "What was missed first above the capacity; null where nothing was.",
                {"criterion": text("The criterion."), "reason": text("What was seen of it.")},
            )
        ),
        "unstable": nullable(
            list_of("From the lowest load that failed to the highest that passed above it; else null.", rate)
        ),
        "requests_per_visit": number("Mean number of requests of a visit."),
        "planned": {**no_rate, "description": "The planned load; null where nobody says it."},
        "headroom": nullable(signed("Capacity / planned load - 1; null where it is not known.")),
        "findings": list_of("What else was noticed.", text("A sentence.")),
    }


def _trial(outcomes: list[str]) -> Schema:
    end = nullable(signed("In milliseconds; null where it is not known."))
    return object_of(
        "A trial.",
        {
            "stage": choice("Why it was made.", *(stage.value for stage in Stage if stage is not Stage.DONE)),
            "rate": number("Visits per second that were offered."),
            "seconds": number("How long was measured, after it had settled."),
            "outcome": choice("What was seen.", *outcomes),
            "counts_as": choice("What it counts as: what stays unsure counts as failed.", *outcomes),
            "criterion": text("What was missed, or not decided."),
            "reason": text("What was seen of it."),
            "margin": nullable(signed("How far the closest criterion is from its limit, as a share of it.")),
            "requests_per_s": number("Requests per second."),
            "visits_per_s": number("Visits per second that came to their end."),
            "achieved": nullable(signed("Visits that ended, of those that were offered.")),
            "in_flight": number("Mean number of virtual users at work."),
            "errors": integer("Errors of every kind."),
            "response_time_ms": map_of(
                "p50, p95 and p99 of the response time, with their 80 % intervals.",
                object_of("A percentile.", {"value": number("In milliseconds."), "low": end, "high": end}),
            ),
        },
    )
