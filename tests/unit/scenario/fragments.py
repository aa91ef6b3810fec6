"""Small plugins to build schemas from, so that these tests do not depend on the real ones."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Step:
    schema: Mapping[str, Any]
    siblings: Mapping[str, Any] = field(default_factory=dict)


STEPS = {
    "get": Step(
        {
            "type": ["object", "string"],
            "anyOf": [{"required": ["url"]}, {"required": ["uri"]}, {"type": "string"}],
            "properties": {
                "url": {"type": "string", "examples": ["/products"]},
                "uri": {"type": "string", "deprecated": True},
                "headers": {"type": "object"},
                "gzip": {"type": "boolean"},
                "retries": {"type": "integer", "minimum": 0},
                "capture": {
                    "anyOf": [
                        {
                            "type": "object",
                            "required": ["as"],
                            "properties": {"as": {"type": "string"}, "json": {"type": "string"}},
                        },
                        {
                            "type": "array",
                            "items": {"type": "object", "required": ["as"], "properties": {"as": {"type": "string"}}},
                        },
                    ]
                },
                "status": {
                    "anyOf": [{"type": "integer", "minimum": 100}, {"type": "array", "items": {"type": "integer"}}]
                },
            },
        }
    ),
    "think": Step({"type": ["number", "string"], "minimum": 0}, {"jitter": {"type": ["number", "string"]}}),
    "loop": Step({"$ref": "#/$defs/flow"}, {"count": {"type": "integer"}}),
    "parallel": Step({"$ref": "#/$defs/flow"}, {"limit": {"type": "integer"}, "count": {"type": "string"}}),
}

CONFIG = {
    "http": {"type": "object", "properties": {"pool": {"type": "integer", "minimum": 1}, "old": {"x-noEffect": True}}},
    "plugins": {"type": "object", "properties": {"expect": {"type": "object"}}, "additionalProperties": True},
    "statsInterval": {"type": "string"},
}
PHASE_KEYS = {
    "arrivalRate": {"type": ["number", "string"], "minimum": 0, "examples": [5]},
    "pause": {"type": ["number", "string"]},
    "users": {"type": "integer"},
}
