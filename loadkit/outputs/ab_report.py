"""An A/B session as one JSON document, and its schema."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from loadkit import __version__
from loadkit.analysis.ab import PERCENTILES, Answer, Block, Decision, Pair
from loadkit.report.shapes import (
    Schema,
    choice,
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


def ab_report(decision: Decision, pairs: Sequence[Pair], settings: dict[str, Any]) -> dict[str, Any]:
    """Return the document; `settings` are the keys of `ab_schema` that are no measurement."""
    return {
        "kind": "ab",
        "version": __version__,
        **settings,
        **decision.to_data(),
        "blocks": [_pair_data(pair) for pair in pairs],
    }


def _pair_data(pair: Pair) -> dict[str, Any]:
    return {"order": pair.order, "a": _block_data(pair.a), "b": _block_data(pair.b), "invalid": pair.invalid or None}


def _block_data(block: Block) -> dict[str, Any]:
    return {
        name: {
            "requests": numbers.requests,
            "failed": numbers.failed,
            **{f"{word}_ms": _ms(numbers.times_ns.get(word)) for word in PERCENTILES},
        }
        for name, numbers in block.series.items()
    }


def _ms(nanoseconds: float | None) -> float | None:
    return None if nanoseconds is None else round(nanoseconds / 1e6, 6)


def ab_schema() -> Schema:
    """Return the schema of the document."""
    made = object_of(
        "What `loadkit ab` found.",
        {
            "kind": choice("What this is.", "ab"),
            "version": text("The version of loadkit."),
            "a": _side_schema("What B is compared with."),
            "b": _side_schema("What is judged."),
            "seed": integer("The seed of arrivals, choices and the order within pairs.", minimum=None),
            "block_s": integer("Seconds measured in a block."),
            "settle_s": integer("Seconds before them that do not count."),
            "repeated_blocks": integer("Blocks that the generator spoiled, which were measured again."),
            "max_pairs": integer("The most pairs that were allowed."),
            "elapsed_s": number("Seconds that the session took."),
            "ended": choice("Why it was over.", "decided", "pairs", "time", "signal", "spoiled"),
            "exit_code": integer("What the command exits with."),
            "verdict": choice("What is said of B.", *(answer.value for answer in Answer)),
            "severity": nullable(
                text("minor, major (20 %) or critical (50 %, or more errors); null unless B is worse.")
            ),
            "why": text("The same in words."),
            "metric": choice("What was asked about.", *PERCENTILES),
            "of": nullable(text("The request name that was asked about; null: all requests.")),
            "detect_percent": number("The difference that matters."),
            "pairs": integer("Pairs that count."),
            "pairs_left_out": integer("Pairs that do not, for reasons of the generator."),
            "difference": nullable(_difference_schema("What was asked about; null without response times.")),
            "errors": nullable(_errors_schema()),
            "late_percent": object_of(
                "Shares of arrivals that the generator was late with.", {"a": number("A's."), "b": number("B's.")}
            ),
            "others": list_of("Other percentiles and names, for information.", _difference_schema("One of them.")),
            "settle": nullable(text("What would bring an answer; null where there is one.")),
            "blocks": list_of("All pairs in order.", _pair_schema()),
        },
    )
    return titled("loadkit ab", made)


def _side_schema(description: str) -> Schema:
    return object_of(
        description,
        {
            "name": text("The name of the scenario."),
            "files": list_of("Its files.", text("A file.")),
            "target": text("Where the load went."),
            "digest": text("What identifies the scenario."),
            "load": object_of(
                "The load of each block; what it has not is null.",
                {
                    "rate": nullable(number("Arrivals per second.")),
                    "users": nullable(integer("Users that go on.")),
                    "throughput": nullable(number("Requests per second that they are paced to.")),
                },
            ),
        },
    )


def _difference_schema(description: str) -> Schema:
    return object_of(
        description,
        {
            "name": nullable(text("The request name; null: what was asked about are all requests.")),
            "metric": choice("Which percentile of the response time.", *PERCENTILES),
            "a_ms": number("The geometric mean of A's blocks."),
            "b_ms": number("The geometric mean of B's blocks."),
            "change_percent": signed("How much B is above A."),
            "low_percent": _bound("Lower end of the 95 % interval, which holds at every look."),
            "high_percent": _bound("Its upper end."),
        },
    )


def _errors_schema() -> Schema:
    return object_of(
        "Shares of requests that failed.",
        {
            "a_percent": number("A's."),
            "b_percent": number("B's."),
            "difference_points": signed("B's minus A's."),
            "low_points": _bound("Lower end of the 95 % interval, which holds at every look."),
            "high_points": _bound("Its upper end."),
        },
    )


def _pair_schema() -> Schema:
    time = nullable(number("Milliseconds, of requests that went well; null without any."))
    numbers = object_of(
        "Its numbers.",
        {
            "requests": integer("How many were made."),
            "failed": integer("How many failed."),
            **{f"{word}_ms": time for word in PERCENTILES},
        },
    )
    block = map_of('By request name; "" is all of them.', numbers)
    return object_of(
        "A pair.",
        {
            "order": choice("Which came first.", "AB", "BA"),
            "a": block,
            "b": block,
            "invalid": nullable(text("Why it does not count; null where it does.")),
        },
    )


def _bound(description: str) -> Schema:
    return nullable(signed(f"{description} Null as long as nothing is known."))
