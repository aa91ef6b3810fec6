"""The key `config.plugins`: Artillery's plugins, those that are built in with their options, the others as they come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loadkit.flow.apdex import SCHEMA as APDEX_SCHEMA
from loadkit.flow.plugins import ENDPOINT_SCHEMA, EXPECT_SCHEMA
from loadkit.slo.ensure_keys import ENSURE_KEYS

_BUILT_IN: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "apdex": ("Tell requests apart by how long users wait; the summary and the report hold the score.", APDEX_SCHEMA),
    "ensure": ("Judge `ensure`. It may hold the same keys as `config.ensure`, which wins.", ENSURE_KEYS),
    "expect": ("How the checks of requests (`expect`) are made and shown.", EXPECT_SCHEMA),
    "fake-data": ("Made-up data in templates: the functions of faker.js, each with its options by name.", {}),
    "metrics-by-endpoint": (
        "How the report names its metrics by endpoint; they are always there.",
        ENDPOINT_SCHEMA,
    ),
}
_WITHOUT_EFFECT = ("memory-inspector", "slack")

# Artillery's plugins, and whether loadkit does what they do. The others are accepted and have no effect.
KNOWN_PLUGINS: Mapping[str, bool] = {
    **dict.fromkeys((*_BUILT_IN, "publish-metrics"), True),
    **dict.fromkeys(_WITHOUT_EFFECT, False),
}


_PUBLISH_METRICS: Mapping[str, Any] = {
    "type": ["array", "object", "boolean", "null"],
    "title": "publish-metrics",
    "description": "Tell other systems of the run: reporters of the types datadog (an agent), statsd, influxdb-statsd, prometheus, "
    "open-telemetry, newrelic, dynatrace and honeycomb, as the outputs that do the same (see `outputs`).",
    "examples": [[{"type": "prometheus", "pushgateway": "http://localhost:9091"}]],
    "items": {
        "type": "object",
        "title": "Reporter",
        "description": "A system that is told, by its type, with its options.",
        "examples": [{"type": "statsd", "host": "127.0.0.1", "port": 8125}],
        "required": ["type"],
        "additionalProperties": True,
        "properties": {
            "type": {"type": "string", "title": "Type", "description": "Which system it is.", "examples": ["statsd"]},
        },
    },
}


def _schema(name: str) -> dict[str, Any]:
    if name == "publish-metrics":
        return dict(_PUBLISH_METRICS)
    if name not in _BUILT_IN:
        text = f"Artillery's plugin {name}; accepted, without effect."
        return {
            "type": ["object", "array", "boolean", "null"],
            "title": name,
            "description": text,
            "examples": [{}],
        }
    text, options = _BUILT_IN[name]
    closed = {"properties": options, "additionalProperties": False} if options else {}
    example = {key: value["examples"][0] for key, value in list(options.items())[:1]}
    return {"type": ["object", "boolean", "null"], "title": name, "description": text, "examples": [example], **closed}


CONFIG: dict[str, Any] = {
    "plugins": {
        "type": "object",
        "title": "Plugins",
        "description": "Artillery's plugins by name, each with its settings. An unknown one is a warning.",
        "examples": [{"ensure": {}, "expect": {}}],
        "properties": {name: _schema(name) for name in sorted(KNOWN_PLUGINS)},
        "additionalProperties": {
            "title": "Plugin",
            "description": "The settings of a plugin.",
            "examples": [{}],
        },
    },
}
