"""The schema with all built-in plugins explains each key."""

from typing import Any

import pytest

from loadkit.scenario.schema import accepted_types, scenario_schema


def properties(schema: Any, name: str = "") -> list[tuple[str, Any]]:
    """Return every described property of a schema, all the way down."""
    found: list[tuple[str, Any]] = []
    if isinstance(schema, dict):
        for key, value in schema.items():
            if key == "properties":
                found += [(f"{name}.{inner}", fragment) for inner, fragment in value.items()]
            if key not in ("examples", "default", "dependentSchemas"):
                found += properties(value, f"{name}.{key}")
    elif isinstance(schema, list):
        for item in schema:
            found += properties(item, name)
    return found


def test_each_key_of_each_plugin_is_explained() -> None:
    lacking = [
        name
        for name, fragment in properties(scenario_schema())
        if not {"title", "description", "examples"} <= set(fragment)
    ]
    assert lacking == []


@pytest.mark.parametrize(
    ("where", "types"),
    [
        (("config", "phases", 0, "duration"), {"number", "string"}),
        (("config", "environments", "a", "target"), {"string"}),
        (("config", "seed"), {"integer", "string"}),
        (("scenarios", 3, "weight"), {"number", "string"}),
        (("config", "tls", "rejectUnauthorized"), {"boolean", "string"}),
        (("nothing", 0), set()),
    ],
)
def test_accepted_types(where: tuple[str | int, ...], types: set[str]) -> None:
    assert accepted_types(where) == types
