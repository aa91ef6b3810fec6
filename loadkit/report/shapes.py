"""The pieces that the JSON Schemas of what is written after a run are made of."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]


def titled(title: str, schema: Schema) -> Schema:
    """Return the schema of a whole file, in draft 2020-12."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, **schema}


def object_of(description: str, properties: Schema) -> Schema:
    """Return the schema of an object whose keys are all there."""
    return {"type": "object", "description": description, "properties": properties, "required": list(properties)}


def map_of(description: str, values: Schema) -> Schema:
    """Return the schema of an object with keys that vary."""
    return {"type": "object", "description": description, "additionalProperties": values}


def list_of(description: str, items: Schema) -> Schema:
    """Return the schema of a list."""
    return {"type": "array", "description": description, "items": items}


def position(description: str) -> Schema:
    """Return the schema of a place in a file."""
    return object_of(
        description,
        {
            "file": text("File as written on the command line."),
            "line": integer("Line, from 1.", minimum=1),
            "column": integer("Column, from 1.", minimum=1),
        },
    )


def reference(name: str, description: str) -> Schema:
    """Return a reference to a definition."""
    return {"$ref": f"#/$defs/{name}", "description": description}


def nullable_reference(name: str, description: str) -> Schema:
    """Return a reference to a definition, or null."""
    return {"anyOf": [{"$ref": f"#/$defs/{name}"}, {"type": "null"}], "description": description}


def text(description: str) -> Schema:
    """Return the schema of a text."""
    return {"type": "string", "description": description}


def flag(description: str) -> Schema:
    """Return the schema of true or false."""
    return {"type": "boolean", "description": description}


def choice(description: str, *values: str) -> Schema:
    """Return the schema of one of several texts."""
    return {"enum": list(values), "description": description}


def number(description: str) -> Schema:
    """Return the schema of a number of zero or more."""
    return {"type": "number", "minimum": 0, "description": description}


def signed(description: str) -> Schema:
    """Return the schema of any number."""
    return {"type": "number", "description": description}


def integer(description: str, *, minimum: int | None = 0) -> Schema:
    """Return the schema of a whole number."""
    made: Schema = {"type": "integer", "description": description}
    return made if minimum is None else {**made, "minimum": minimum}


def nullable(schema: Schema) -> Schema:
    """Return a schema that null fits as well."""
    return {**schema, "type": [schema["type"], "null"]}
