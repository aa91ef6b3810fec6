"""The keys of `config.thresholds`, each with its schema and what it means."""

from __future__ import annotations

from typing import Any

_DURATION: dict[str, Any] = {"type": ["number", "string"]}

_KEYS: dict[str, Any] = {
    "expr": {
        "type": "string",
        "title": "Expression",
        "description": "A metric, a comparison (< <= > >= == !=) and a value with its unit; a scope may stand behind it.",
        "minLength": 1,
        "examples": ["http.response_time.p95 < 250ms"],
    },
    "scope": {
        "type": "string",
        "title": "Scope",
        "description": (
            "What it is about: `global`; `each` request by itself (for vusers.*: each scenario); or any of "
            '`of "NAME"`, `phase "NAME"` and `scenario "NAME"` together.'
        ),
        "minLength": 1,
        "default": "global",
        "examples": ["each", 'phase "peak"', 'of "GET /" in phase "peak"'],
    },
    "for": {
        **_DURATION,
        "title": "For",
        "description": "Fails when it is false in every second of so long a time; what is shorter is forgiven.",
        "examples": ["10s"],
    },
    "over": {
        **_DURATION,
        "title": "Over",
        "description": "Judged each second on the numbers of the last so many seconds together, from the first whole window on.",
        "examples": ["10s"],
    },
    "within": {
        **_DURATION,
        "title": "Within",
        "description": "As `over`, and from the first second on, when the window is not full yet.",
        "examples": ["10s"],
    },
    "after": {
        **_DURATION,
        "title": "After",
        "description": (
            "What comes before does not count: so long after the start of the run, or of the phase that `scope` names."
        ),
        "default": 0,
        "examples": ["30s"],
    },
    "abort": {
        "type": "boolean",
        "title": "Abort",
        "description": "Whether the run stops at once, in all workers, when this fails.",
        "default": False,
        "examples": [True],
    },
    "severity": {
        "type": "string",
        "enum": ["error", "warning"],
        "title": "Severity",
        "description": "An error fails the run; a warning is shown.",
        "default": "error",
        "examples": ["warning"],
    },
    "min_samples": {
        "type": "integer",
        "minimum": 1,
        "title": "Fewest samples",
        "description": "With fewer samples it is inconclusive; a window with fewer is not judged.",
        "examples": [1000],
    },
    "confidence": {
        "type": "string",
        "enum": ["point", "strict"],
        "title": "Confidence",
        "description": (
            "point: the value itself is judged. strict: the whole interval in which the true value lies must satisfy; "
            "inconclusive when only a part does."
        ),
        "default": "point",
        "examples": ["strict"],
    },
    "name": {
        "type": "string",
        "title": "Name",
        "description": "What it is called in the summary and in the report.",
        "minLength": 1,
        "examples": ["peak stays fast"],
    },
    "tags": {
        "type": "object",
        "title": "Tags",
        "description": "Texts that go with the verdict into the report.",
        "additionalProperties": {
            "type": "string",
            "title": "Tag",
            "description": "Its value.",
            "examples": ["checkout"],
        },
        "examples": [{"team": "checkout"}],
    },
}

CONFIG: dict[str, Any] = {
    "thresholds": {
        "type": "array",
        "title": "Thresholds",
        "description": (
            "What the run must come to; exit code 3 when one does not hold. Each is `METRIC OP VALUE`, for one request "
            'with `of "NAME"` behind it, or a mapping that says more. A bare number is milliseconds for times.'
        ),
        "default": [],
        "examples": [
            ["http.response_time.p95 < 250ms", "http.error_rate < 1%"],
            [
                'http.response_time.p99 < 1s of "/checkout"',
                {"expr": "http.error_rate < 5%", "over": "10s", "abort": True, "after": "30s"},
            ],
        ],
        "items": {
            "type": ["string", "object"],
            "title": "Threshold",
            "description": "A metric, a comparison (< <= > >= == !=) and a value with its unit; as a mapping, with more keys.",
            "minLength": 1,
            "properties": _KEYS,
            "required": ["expr"],
            "additionalProperties": False,
            "examples": [
                "http.response_time.p95 < 250ms",
                "http.codes.5xx == 0",
                {"expr": "http.response_time.p95 < 300ms", "scope": 'phase "peak"', "name": "peak stays fast"},
            ],
        },
    }
}
