"""The report of a run, key by key, from its JSON Schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from docs.pages.markdown import code, heading, table
from loadkit.report.schema import report_schema
from loadkit.report.timeline import COLUMNS

Schema = Mapping[str, Any]

_INTRODUCTION = """
`loadkit run FILE -o report.json` writes this file; given a directory, it chooses a name with the time in it. The file
appears when the run is over, whether by itself or by a signal, and is whole or not there at all. `loadkit schema
report` prints its JSON Schema.

`aggregate` and `intermediate` are in the shape of Artillery's report, with its metric and error names and times in
milliseconds, so that tools which read those keep working. They hold what Artillery's hold and nothing else: a connection
that was reset is `errors.ECONNRESET` wherever it struck, and `http.downloaded_bytes` is the sum of Content-Length. One
difference: `summaries["http.response_time"]` counts from the instant at which a request was due. What never occurred is
left out of `counters` as there, but thresholds take it for 0.

The key `loadkit` holds the rest. `loadkit.metrics` has all counters and summaries, under the names that thresholds use.
The histograms in `loadkit.series` can be decoded with any HdrHistogram library, merged with those of other runs, and asked
for any percentile.

The format only grows: a reader ignores keys that it does not know. User names and passwords in the target's URL are
masked.
"""


_COLUMNS = "The names of the values in a row, in order."


def report_page() -> str:
    """Return the page."""
    return "\n\n".join([heading(1, "Report"), _INTRODUCTION.strip(), *json_sections(report_schema())])


def json_sections(schema: Schema) -> Iterator[str]:
    """Yield the sections of a JSON file's keys, from its schema."""
    yield from _section("The file", schema, schema, 2)
    for name, definition in schema["$defs"].items():
        yield from _section(f"{name}", definition, schema, 2)


def _section(title: str, part: Schema, root: Schema, level: int) -> Iterator[str]:
    """Yield a table of a part's keys, then the sections of the objects in it."""
    yield heading(level, title if title in ("The file", *root["$defs"]) else code(title))
    yield part["description"]
    required = part.get("required", ())
    yield table(
        ("key", "type", "what it is"), [_row(key, value, required) for key, value in part["properties"].items()]
    )
    if title == "loadkit.timeline":
        yield "The columns are:"
        yield table(("column", "what it is"), [(code(name), words) for name, words in COLUMNS.items()])
    for key, value in part["properties"].items():
        inner = _inner(value)
        if inner is not None:
            path = key if title == "The file" else f"{title}.{key}"
            yield from _section(path + "[]" * (value.get("type") == "array"), inner, root, min(level + 1, 4))


def _row(key: str, value: Schema, required: Sequence[str]) -> tuple[str, str, str]:
    described = _COLUMNS if key == "columns" else value["description"]
    return code(key), _type(value), f"{described}{'' if key in required else ' Not always there.'}"


def _inner(value: Schema) -> Schema | None:
    """Return the object whose keys need a table of their own."""
    for candidate in (value, value.get("items", {}), value.get("additionalProperties", {})):
        if "properties" in candidate:
            found: Schema = candidate
            return found
        if "properties" in candidate.get("items", {}):
            nested: Schema = candidate["items"]
            return nested
    return None


def _type(value: Schema) -> str:
    if "$ref" in value:
        name = value["$ref"].rpartition("/")[2]
        return f"[{name}](#{name})"
    if "anyOf" in value:
        return " or ".join(_type(option) for option in value["anyOf"])
    if "const" in value:
        return code(str(value["const"]))
    if "enum" in value:
        return " or ".join(code(str(option)) for option in value["enum"])
    types = value["type"] if isinstance(value["type"], list) else [value["type"]]
    return " or ".join(_type_name(name, value) for name in types)


def _type_name(name: str, value: Schema) -> str:
    if name == "array":
        return f"list of {_type(value['items'])}"
    if name == "object" and "additionalProperties" in value:
        return f"map to {_type(value['additionalProperties'])}"
    return name
