"""What people did to a run while it went on, as its report has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import msgspec

from loadkit.engine.interventions import Intervention, listed, summed_up
from loadkit.report.shapes import Schema, choice, list_of, number, object_of, text


def interventions_data(interventions: Sequence[Intervention]) -> list[dict[str, Any]]:
    """Return interventions as a report holds them."""
    return [{**asdict(one), "at_s": round(one.at_s, 3)} for one in interventions]


def interventions_of(found: Mapping[str, Any]) -> tuple[Intervention, ...]:
    """Return those of a report's `loadkit`; none of one that was made before there were any.

    Raises ValueError for what is damaged.
    """
    return msgspec.convert(list(found.get("interventions") or ()), tuple[Intervention, ...])


def intervened(found: Mapping[str, Any]) -> str:
    """Return a line with all interventions of a report's `loadkit`, "" where nobody intervened."""
    return summed_up(interventions_of(found), found["elapsed_s"])


def changed_load(found: Mapping[str, Any]) -> str:
    """Return in words by what people made another load than the plan's; "" where they did not."""
    made = interventions_of(found)
    if not any(one.changes_load for one in made):
        return ""
    return listed([one for one in made if one.changes_load or one.kind == "resume"], found["elapsed_s"])


def stopped_by(found: Mapping[str, Any]) -> str:
    """Return who ended a run early without a signal; "" where nobody did."""
    return next((one.by for one in interventions_of(found) if one.kind == "stop"), "")


def interventions_schema() -> Schema:
    """Return the schema of the report's `interventions`."""
    one = object_of(
        "One of them.",
        {
            "at_s": number("Seconds since the run's start."),
            "kind": choice("What was done.", "pause", "resume", "rate", "stop", "begin"),
            "by": text("Where it came from: `keyboard`, `dashboard` or `api`."),
            "value": number("How many times the planned arrivals are made from then on; 0 of a pause."),
        },
    )
    return list_of("What people did to the run while it went on, in order.", one)
