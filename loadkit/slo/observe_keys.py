"""The keys of `config.observe`: those of every source, and those that the kinds of sources bring along."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loadkit.slo.observed import SamplerPlugin

SHORT = ("host", "target")
"""Sources that need no more than their name."""
NAME = r"^[A-Za-z_][A-Za-z0-9_-]*$"

_SOURCE: dict[str, Any] = {
    "name": {
        "type": "string",
        "title": "Name",
        "description": "What thresholds and the report call it: letters, digits, _ and -. Default: the key that says what is "
        "observed.",
        "pattern": NAME,
        "examples": ["api"],
    },
    "required": {
        "type": "boolean",
        "title": "Required",
        "description": "Whether no load is made where it cannot be observed at the start. When false it is looked for on and on.",
        "default": True,
        "examples": [False],
    },
}


def source_keys(samplers: Mapping[str, SamplerPlugin]) -> dict[str, Any]:
    """Return the schemas of all keys of a source."""
    keys = dict(_SOURCE)
    for sampler in samplers.values():
        keys |= sampler.keys
    return keys


def observe_schema(samplers: Mapping[str, SamplerPlugin]) -> dict[str, Any]:
    """Return the schema of `config.observe`: a list of sources, or a mapping of names to them."""
    source = {
        "title": "Source",
        "description": "Something that is looked at once a second.",
        "properties": source_keys(samplers),
        "examples": [{"port": 8000}, {"host": True}],
    }
    return {
        "type": ["array", "object"],
        "title": "Observe",
        "description": "What of the system under test is observed while load is made, one sample a second: a list, or a mapping of "
        "names to sources. Thresholds may speak of it: observe.api.rss.max < 500MB.",
        "default": [],
        "examples": [
            {"api": {"port": 8000}, "host": True},
            ["host", {"name": "db", "cgroup": "/system.slice/postgresql.service"}],
        ],
        "items": {"type": ["object", "string"], "minLength": 1, **source},
        "properties": {
            "warmup": {
                "type": ["number", "string"],
                "minimum": 0,
                "title": "Warm-up",
                "description": "How much of the beginning does not count where growth is judged, at least; a fifth of the run is "
                "left out in any case. Seconds, or text such as 2m.",
                "default": 60,
                "examples": ["5s"],
            }
        },
        "additionalProperties": {"type": ["object", "boolean"], **source},
    }
