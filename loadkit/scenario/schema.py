"""The JSON Schema of a scenario file with all installed plugins.

The same schema completes and explains in editors (`schemas/scenario.schema.json`) and is what files are checked against.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from loadkit import registry
from loadkit.scenario.assemble import below, build_schema, options, types_of
from loadkit.scenario.exports import published_items
from loadkit.scenario.keys import CONFIG, Schema
from loadkit.slo.observe_keys import observe_schema


@cache
def scenario_schema() -> Schema:
    """Return the schema of a scenario file with all installed plugins. The caller must not change it."""
    return _built({})


def published_schema() -> Schema:
    """Return the schema as it is published: with the options of all exporters, whose modules are imported for that."""
    return _built({"outputs": {**CONFIG["outputs"], "items": published_items()}})


def _built(more: Mapping[str, Any]) -> Schema:
    phase_keys: dict[str, Any] = {}
    for shape in registry.plugins("workload").values():
        phase_keys |= shape.keys
    config = {**registry.plugins("config"), "observe": observe_schema(registry.plugins("sampler")), **more}
    return build_schema(registry.plugins("step"), config, phase_keys)


def accepted_types(where: tuple[str | int, ...]) -> frozenset[str]:
    """Return the JSON types that a value at a path of a scenario file may have; empty where nothing says so."""
    schema = scenario_schema()
    found: list[Mapping[str, Any]] = [schema]
    for part in where:
        found = [child for parent in found for option in options(schema, parent) for child in below(option, part)]
    types: set[str] = set()
    for parent in found:
        for option in options(schema, parent):
            types.update(types_of(option))
    return frozenset(types)
