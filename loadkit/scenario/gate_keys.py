"""The JSON Schema of a gate: the scenarios that are run before a release, and how much time each environment has for them."""

from __future__ import annotations

from typing import Any

from loadkit.scenario.assemble import EXTENSIONS
from loadkit.scenario.source import Document

Schema = dict[str, Any]

DEFAULT_BUDGETS: dict[str, str] = {"ci": "10m", "staging": "30m", "production": "none"}
"""The environments that are there without being defined, and how long a gate may take in each."""
NO_BUDGET = "none"
MOST_RETRIES = 3

_VARIABLES: Schema = {
    "type": "object",
    "title": "Variables",
    "description": "Values of `config.variables`, as `--variables` of `loadkit run` sets them.",
    "examples": [{"user": "ann"}],
}
_TARGET: Schema = {
    "type": "string",
    "minLength": 1,
    "title": "Target",
    "description": "Where the load goes, instead of `config.target`; `-t` and LOADKIT_TARGET win.",
    "examples": ["https://staging.example.com"],
}
_NAME: Schema = {"type": "string", "minLength": 1, "title": "Name"}

_ENVIRONMENT: dict[str, Schema] = {
    "budget": {
        "type": ["string", "number"],
        "title": "Budget",
        "description": "How long the whole gate may take here, or `none`. Without it: 10m in ci, 30m in staging, none elsewhere. "
        "More planned time is an error before anything is sent; what no longer fits when its turn comes is not started.",
        "examples": ["10m", "none"],
    },
    "target": _TARGET,
    "variables": _VARIABLES,
}

_RUN: dict[str, Schema] = {
    "scenario": {
        "type": ["string", "array"],
        "items": {"type": "string", "minLength": 1},
        "minLength": 1,
        "minItems": 1,
        "title": "Scenario",
        "description": "The scenario file, or several that are merged; paths are relative to this file.",
        "examples": ["light.yaml", ["shop.yaml", "thresholds.yaml"]],
    },
    "name": {
        **_NAME,
        "description": "What the run is called; without it, the file's name.",
        "examples": ["light"],
    },
    "only": {
        "type": "array",
        "minItems": 1,
        "items": {"type": "string", "minLength": 1},
        "title": "Only",
        "description": "The environments of the gate that it is run in; without it, all.",
        "examples": [["staging", "production"]],
    },
    "required": {
        "type": "boolean",
        "title": "Required",
        "description": "Whether the release depends on it. What goes wrong in a run that is not required is a warning.",
        "default": True,
        "examples": [False],
    },
    "weight": {
        "type": "number",
        "exclusiveMinimum": 0,
        "maximum": 1000,
        "title": "Weight",
        "description": "How much its score counts in the health score.",
        "default": 1,
        "examples": [2],
    },
    "retries": {
        "type": "integer",
        "minimum": 0,
        "maximum": MOST_RETRIES,
        "title": "Retries",
        "description": "How often it is run again when the measurement is invalid and time is left. A failure is not retried.",
        "default": 0,
        "examples": [1],
    },
    "baseline": {
        **_NAME,
        "description": "The baseline that the run is compared with; see `loadkit baseline`.",
        "examples": ["main"],
    },
    "environment": {
        **_NAME,
        "title": "Environment",
        "description": "The environment of the scenario (`config.environments`); without it, the one with the name of the gate's.",
        "examples": ["staging"],
    },
    "target": _TARGET,
    "variables": _VARIABLES,
    "overrides": {
        "type": "object",
        "title": "Overrides",
        "description": "What to change in the scenario, as `--overrides` of `loadkit run` does.",
        "examples": [{"config": {"http": {"timeout": 5}}}],
    },
    "scenario_name": {
        **_NAME,
        "title": "Scenario name",
        "description": "Run only this scenario of the file (its name, or a regular expression).",
        "examples": ["buy"],
    },
    "seed": {
        "type": "integer",
        "title": "Seed",
        "description": "Repeat a run: same arrivals, same choices, same random values.",
        "examples": [1],
    },
    "tags": {
        "type": "object",
        "additionalProperties": {"type": "string"},
        "title": "Tags",
        "description": "Tags of the run in its report.",
        "examples": [{"team": "checkout"}],
    },
}

_TOP: dict[str, Schema] = {
    "$schema": {
        "type": "string",
        "title": "Schema",
        "description": "Where editors find the JSON Schema of this file; it is not read otherwise.",
        "examples": ["schemas/gate.schema.json"],
    },
    "name": {**_NAME, "description": "What the gate is called in what is printed and written.", "examples": ["shop"]},
    "environments": {
        "type": "object",
        "additionalProperties": {"$ref": "#/$defs/environment"},
        "title": "Environments",
        "description": "What differs from environment to environment. `ci`, `staging` and `production` exist without being named.",
        "examples": [{"ci": {"budget": "5m"}, "staging": {"target": "https://staging.example.com"}}],
    },
    "runs": {
        "type": "array",
        "minItems": 1,
        "maxItems": 100,
        "items": {"$ref": "#/$defs/run"},
        "title": "Runs",
        "description": "What is run, one after the other.",
        "examples": [[{"scenario": "light.yaml"}, {"scenario": "stress.yaml", "only": ["staging"]}]],
    },
}


def is_gate(document: Document | None) -> bool:
    """Say whether a file is a gate: it lists runs, and has nothing of a scenario."""
    keys = document.data.keys() if document is not None else set()
    return bool(keys & {"runs", "environments"}) and not keys & {"scenarios", "config", "extends"}


def gate_schema() -> Schema:
    """Return the schema of a gate file, in draft 2020-12."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "loadkit gate",
        "description": "Which scenarios decide about a release, and how much time they have.",
        **_object(_TOP, "runs"),
        "$defs": {
            "environment": {**_object(_ENVIRONMENT), "title": "Environment", "description": "Where a gate is run."},
            "run": {**_object(_RUN, "scenario"), "title": "Run", "description": "One scenario, run once."},
        },
    }


def _object(properties: dict[str, Schema], *required: str) -> Schema:
    made: Schema = {"type": "object", "properties": properties}
    if required:
        made["required"] = list(required)
    return {**made, "patternProperties": {EXTENSIONS: True}, "additionalProperties": False}
