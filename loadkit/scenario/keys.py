"""The keys of a scenario file that no plugin owns: its frame, and what Artillery has and loadkit accepts without effect.

`x-noEffect` marks the latter, with what the warning says beside that; a plugin that gives such a key a meaning replaces it.
"""

from __future__ import annotations

from typing import Any

from loadkit.flow.function import SCENARIO_HOOKS

Schema = dict[str, Any]


def _idle(title: str, description: str, example: Any, **rules: Any) -> Schema:
    return {
        "title": title,
        "description": f"{description} Accepted as in Artillery; it has no effect yet.",
        "examples": [example],
        "x-noEffect": True,
        **rules,
    }


TOP: dict[str, Schema] = {
    "$schema": {
        "type": "string",
        "title": "Schema",
        "description": "Where editors find the JSON Schema of this file; it is not read otherwise.",
        "examples": ["schemas/scenario.schema.json"],
    },
    "extends": {
        "type": ["string", "array"],
        "items": {"type": "string", "minLength": 1},
        "minLength": 1,
        "title": "Extends",
        "description": "A file, or several, that this one builds on; paths are relative to this file. "
        "Mappings are merged key by key, lists replace the base's.",
        "examples": ["base.yaml", ["base.yaml", "thresholds.yaml"]],
    },
    "config": {
        "$ref": "#/$defs/config",
        "title": "Config",
        "description": "The target, the load and everything that holds for all scenarios.",
        "examples": [{"target": "demo://", "phases": [{"duration": "30s", "arrivalRate": 5}]}],
    },
    "scenarios": {
        "type": "array",
        "minItems": 1,
        "items": {"$ref": "#/$defs/scenario"},
        "title": "Scenarios",
        "description": "The journeys of virtual users; each virtual user picks one by weight. "
        "Required, here or in a file that is merged with this one.",
        "examples": [[{"name": "browse", "flow": [{"get": {"url": "/"}}]}]],
    },
    "before": {
        "$ref": "#/$defs/errand",
        "title": "Before",
        "description": "A flow that runs once, before the first phase. What it captures and sets every virtual user has from the "
        "start. When it fails, nothing is run.",
        "examples": [{"flow": [{"post": {"url": "/login", "capture": {"json": "$.token", "as": "token"}}}]}],
    },
    "after": {
        "$ref": "#/$defs/errand",
        "title": "After",
        "description": "A flow that runs once, when the last virtual user is done, also after Ctrl-C. It has the variables that "
        "`before` set. When it fails, so does the run.",
        "examples": [{"flow": [{"delete": {"url": "/test-data"}}]}],
    },
}

CONFIG: dict[str, Schema] = {
    "target": {
        "type": "string",
        "minLength": 1,
        "title": "Target",
        "description": "The base URL of the system under test; URLs that start with / are added to it. demo:// starts a small shop "
        "on this machine. The option -t and the environment variable LOADKIT_TARGET replace it.",
        "examples": ["https://staging.example.com", "http://localhost:8080", "demo://"],
    },
    "phases": {
        "type": "array",
        "items": {"$ref": "#/$defs/phase"},
        "title": "Phases",
        "description": "How the load changes over time, one phase after the other. Without phases one virtual user runs once.",
        "examples": [[{"duration": "1m", "arrivalRate": 5, "rampTo": 50, "name": "warm up"}]],
    },
    "environments": {
        "type": "object",
        "additionalProperties": {"$ref": "#/$defs/config"},
        "title": "Environments",
        "description": "Settings by name that -e NAME merges into `config`: mappings key by key, lists replace.",
        "examples": [{"staging": {"target": "https://staging.example.com"}}],
    },
    "variables": {
        "type": "object",
        "title": "Variables",
        "description": "Variables of each virtual user. Of a list, each virtual user gets one element at random.",
        "examples": [{"currency": "EUR", "color": ["red", "green"]}],
    },
    "secrets": {
        "type": "array",
        "items": {"type": "string", "minLength": 1},
        "title": "Secrets",
        "description": "Names of variables whose values are masked (***) in all that is printed or written: of `variables`, "
        "payloads, captures, `set` or the environment. Those whose names say so, such as apiToken, count without being listed.",
        "examples": [["customerNumber", "iban"]],
    },
    "name": {
        "type": "string",
        "minLength": 1,
        "title": "Name",
        "description": "The name of this test in reports. Default: the file's name.",
        "examples": ["checkout under load"],
    },
    "seed": {
        "type": "integer",
        "minimum": 0,
        "title": "Seed",
        "description": "With the same seed a run has the same arrivals, scenario picks and random values. "
        "Default: a new one each run.",
        "examples": [42],
    },
    "compat": {
        "type": "string",
        "enum": ["artillery"],
        "title": "Compatibility",
        "description": "Do as Artillery does where loadkit does something else on purpose, so that counts agree. Each "
        "such place has a warning (LK506) without it.",
        "examples": ["artillery"],
    },
    "mode": {
        "type": "string",
        "enum": ["uniform", "poisson"],
        "title": "Arrival mode",
        "description": "How arrivals are spread in phases that do not say it themselves: evenly, or at random.",
        "examples": ["poisson"],
        "default": "uniform",
    },
    "timeout": {
        "type": ["number", "string"],
        "minimum": 0,
        "title": "Timeout",
        "description": "How long a request may take in all; wins over `http.timeout`. Seconds, or text such as 500ms.",
        "examples": [10, "500ms"],
        "default": 10,
    },
    "outputs": {
        "type": "array",
        "items": {
            "type": ["string", "object"],
            "minLength": 1,
            "title": "Output",
            "description": "KIND:ARGUMENT, or a mapping: beside `type` it has the options of that kind "
            "([Outputs](outputs.md)).",
            "properties": {
                "type": {
                    "type": "string",
                    "title": "Type",
                    "description": "The kind of output.",
                    "examples": ["prometheus"],
                },
            },
            "required": ["type"],
            "additionalProperties": True,  # the options of its kind: exports.py
        },
        "title": "Outputs",
        "description": "Other systems that are told of the run each second, beside what `--out` names: KIND:ARGUMENT as behind "
        "`--out`, or a mapping with `type` and the options of that kind.",
        "examples": [["prometheus:9464", {"type": "prometheus", "listen": "127.0.0.1:9465", "linger": "1m"}]],
    },
    "engine": {
        "type": "string",
        "enum": ["http", "python"],
        "title": "Engine",
        "description": "What runs scenarios that do not say it themselves.",
        "examples": ["http"],
        "default": "http",
    },
    "engines": _idle("Engines", "Settings of engines by name.", {"playwright": {}}, type="object"),
    "statsInterval": _idle("Statistics interval", "Seconds between reports.", 10, type=["number", "string"]),
    "ws": _idle("WebSocket", "Settings of the WebSocket engine.", {"subprotocols": ["json"]}, type="object"),
    "socketio": _idle("Socket.IO", "Settings of the Socket.IO engine.", {"transports": ["websocket"]}, type="object"),
    "bundling": _idle("Bundling", "What is left out of bundles.", {"external": ["aws-sdk"]}, type="object"),
    "includeFiles": _idle("Included files", "Files that workers need.", ["./data.json"], type="array"),
    "pluginsScope": _idle("Scope of plugins", "The npm scope of plugins.", "@example/", type="string"),
}

PHASE: dict[str, Schema] = {
    "name": {
        "type": "string",
        "title": "Name",
        "description": "The name of the phase on screen and in reports.",
        "examples": ["warm up"],
    },
    "duration": {
        "type": ["number", "string"],
        "minimum": 0,
        "title": "Duration",
        "description": "How long the phase lasts: seconds, or text such as 90s, 5m or 1m30s.",
        "examples": [60, "5m", "1m30s"],
    },
    "maxVusers": {
        "type": ["integer", "string"],
        "minimum": 0,
        "title": "Most virtual users",
        "description": "While so many virtual users are active, arrivals are dropped and counted. Default: no limit.",
        "examples": [500],
    },
    "warmup": {
        "type": "boolean",
        "title": "Warm-up",
        "description": "Whether the phase only warms the target up: its numbers are reported, and no threshold or check is judged "
        "on them.",
        "examples": [True],
        "default": False,
    },
    "mode": {
        "type": "string",
        "enum": ["uniform", "poisson"],
        "title": "Arrival mode",
        "description": "How arrivals are spread: evenly, or at random (a Poisson process). Default: that of `config.mode`.",
        "examples": ["poisson"],
        "default": "uniform",
    },
}

SCENARIO: dict[str, Schema] = {
    "name": {
        "type": "string",
        "title": "Name",
        "description": "The name of the scenario in reports. Default: its number.",
        "examples": ["browse and buy"],
    },
    "weight": {
        "type": ["number", "string"],
        "title": "Weight",
        "description": "How often this scenario is picked, relative to the others: zero or more.",
        "examples": [3],
        "default": 1,
    },
    "flow": {
        "$ref": "#/$defs/flow",
        "title": "Flow",
        "description": "The steps of a virtual user, in order.",
        "examples": [[{"get": {"url": "/"}}, {"think": 1}]],
    },
    "engine": {
        "type": "string",
        "enum": ["http", "python"],
        "title": "Engine",
        "description": "What runs this scenario.",
        "examples": ["http"],
        "default": "http",
    },
    **SCENARIO_HOOKS,
    "socketio": _idle("Socket.IO", "Settings of the Socket.IO connection.", {"path": "/chat"}, type="object"),
}

_ON_ERROR = SCENARIO_HOOKS["onError"]
ERRAND: dict[str, Schema] = {
    **{key: schema for key, schema in SCENARIO.items() if key not in ("weight", "socketio")},
    "timeout": {
        "type": ["number", "string"],
        "minimum": 0,
        "title": "Timeout",
        "description": "How long the whole flow may take. Seconds, or text such as 2m.",
        "examples": ["2m"],
        "default": 300,
    },
    "onError": _idle("On error", "Functions that run when the flow fails.", _ON_ERROR["examples"][0],
                     **{word: _ON_ERROR[word] for word in ("type", "items")}),
}  # fmt: skip

IDLE = frozenset(name for keys in (TOP, CONFIG, SCENARIO) for name, schema in keys.items() if "x-noEffect" in schema)
"""Keys that hints do not offer."""
