"""The keys of ensure: a valid schema that explains each and knows the shape."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from loadkit.slo.ensure_keys import CONFIG


def _schemas(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield schema
    for below in schema.get("properties", {}).values():
        yield from _schemas(below)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from _schemas(schema[key])


@pytest.mark.parametrize("key", list(CONFIG))
def test_the_schema_is_valid_and_explains_every_key(key: str) -> None:
    jsonschema.Draft202012Validator.check_schema(CONFIG[key])
    for schema in _schemas(CONFIG[key]):
        assert schema["title"]
        assert schema["description"]
        for example in schema.get("examples", []):
            jsonschema.validate(example, schema)


@pytest.mark.parametrize(
    ("config", "fits"),
    [
        ({"ensure": {"thresholds": [{"http.response_time.p95": 250}]}}, True),
        ({"ensure": {"thresholds": [{}]}}, False),
        ({"ensure": {"conditions": [{"strict": False}]}}, False),
        ({"ensure": {"treshold": []}}, False),
    ],
)
def test_the_schema_knows_the_shape(config: dict[str, Any], fits: bool) -> None:
    schema = {"type": "object", "properties": CONFIG}

    assert jsonschema.Draft202012Validator(schema).is_valid(config) is fits
