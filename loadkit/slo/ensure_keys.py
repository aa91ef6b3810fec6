"""The keys of `config.ensure`, each with its schema and what it means; `config.plugins.ensure` has the same."""

from __future__ import annotations

from typing import Any

LEGACY = ("min", "max", "median", "p95", "p99")
"""The old form of thresholds: aggregates of http.response_time."""

_LIMIT: dict[str, Any] = {"type": ["number", "string"]}


def _legacy(aggregate: str) -> dict[str, Any]:
    return {
        **_LIMIT,
        "title": f"Largest {aggregate}",
        "description": f"The old form of the threshold http.response_time.{aggregate} < N, in milliseconds.",
        "examples": [200],
    }


ENSURE_KEYS: dict[str, Any] = {
    "thresholds": {
        "type": "array",
        "title": "Thresholds",
        "description": "Metrics that must stay below a maximum; times in milliseconds.",
        "examples": [[{"http.response_time.p95": 250}, {"http.codes.500": 1}]],
        "items": {
            "type": "object",
            "title": "Threshold",
            "description": "A metric and its maximum.",
            "minProperties": 1,
            "examples": [{"http.response_time.p95": 250}],
            "additionalProperties": {**_LIMIT, "title": "Maximum", "description": "The metric must be below it."},
        },
    },
    "conditions": {
        "type": "array",
        "title": "Conditions",
        "description": "Expressions over metrics that must be true; times in milliseconds.",
        "examples": [[{"expression": "http.response_time.p95 < 250 and http.request_rate > 100", "strict": True}]],
        "items": {
            "type": "object",
            "title": "Condition",
            "description": "An expression that must be true.",
            "required": ["expression"],
            "additionalProperties": False,
            "examples": [{"expression": "vusers.failed < 10"}],
            "properties": {
                "expression": {
                    "type": "string",
                    "title": "Expression",
                    "description": "Metrics, numbers, + - * / ^ % < <= > >= == != and or not ( ).",
                    "minLength": 1,
                    "examples": ["http.codes.500 == 0 and http.response_time.p99 < 500"],
                },
                "strict": {
                    "type": "boolean",
                    "title": "Strict",
                    "description": "Whether the run fails when the expression is false; else it is only reported.",
                    "default": True,
                    "examples": [False],
                },
            },
        },
    },
    **{aggregate: _legacy(aggregate) for aggregate in LEGACY},
    "maxErrorRate": {
        **_LIMIT,
        "title": "Largest error rate",
        "description": "How many percent of the virtual users created may not complete.",
        "examples": [1],
    },
}

CONFIG: dict[str, Any] = {
    "ensure": {
        "type": "object",
        "title": "Ensure",
        "description": "Artillery's checks at the end of a run; they count only with `plugins: {ensure: {}}`.",
        "examples": [{"thresholds": [{"http.response_time.p95": 250}], "maxErrorRate": 1}],
        "properties": ENSURE_KEYS,
        "additionalProperties": False,
    },
}
