"""Every key of a scenario file, from the schema that files are checked against."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from docs.pages.markdown import anchor, code, flow_yaml, heading, table
from docs.pages.notes import INTRODUCTION, NOTES, PHASE_SHAPES, STEPS
from loadkit.scenario.schema import scenario_schema

Schema = Mapping[str, Any]

_TYPES = {
    "object": "mapping",
    "array": "list",
    "string": "text",
    "number": "number",
    "integer": "whole number",
    "boolean": "true or false",
    "null": "empty",
}
_PARTS = {
    "config": ("`config`", "#config"),
    "phase": ("phases", "#configphases"),
    "scenario": ("scenarios", "#scenarios"),
    "flow": ("steps", "#steps"),
    "step": ("step", "#steps"),
}
_TEMPLATE = r"\{\{"


def configuration_page() -> str:
    """Return the page."""
    schema = _inlined(scenario_schema(), scenario_schema()["$defs"])
    parts = schema["$defs"]
    page = _Page()
    made = [heading(1, "Scenario files"), INTRODUCTION.strip()]
    made += page.section("The file", schema, 2)
    made += page.section("config", parts["config"], 2)
    made += page.section("config.phases", parts["phase"], 2)
    made += [heading(3, "Shapes of load"), table(("keys", "what happens"), PHASE_SHAPES)]
    made += page.section("scenarios", parts["scenario"], 2)
    made += [heading(2, "Steps"), STEPS.strip()]
    for names in _alike(parts["step"]["properties"], list(parts["step"]["dependentSchemas"])):
        made += page.step(names, parts["step"])
    return "\n\n".join(made)


def key_sections(schema: Schema) -> list[str]:
    """Return the sections of another file's keys, from its schema."""
    return list(_Page().section("The file", _inlined(schema, schema["$defs"]), 2))


def key_table(properties: Mapping[str, Schema], required: Sequence[str] = ()) -> str:
    """Return a table of keys, from their schemas."""
    return table(_HEAD, [_row(key, value, required) for key, value in properties.items()])


def _inlined(value: Any, parts: Mapping[str, Schema]) -> Any:
    """Return a schema with its references replaced by what they lead to, except those to parts with a section."""
    if isinstance(value, list):
        return [_inlined(item, parts) for item in value]
    if not isinstance(value, dict):
        return value
    name = str(value.get("$ref", "")).rpartition("/")[2]
    if name and name not in _PARTS:
        own = {word: item for word, item in value.items() if word != "$ref"}
        return _inlined({**parts[name], **own}, parts)
    return {word: _inlined(item, parts) for word, item in value.items()}


def _alike(steps: Mapping[str, Schema], actions: list[str]) -> list[list[str]]:
    """Return the actions in groups that have the same keys."""
    groups: dict[str, list[str]] = {}
    for name in actions:
        inner = steps[name].get("properties")
        groups.setdefault(json.dumps(inner) if inner else name, []).append(name)
    return list(groups.values())


class _Page:
    """Writes sections, and each set of keys only once."""

    def __init__(self) -> None:
        self._written: dict[str, str] = {}

    def section(self, title: str, part: Schema, level: int) -> Iterator[str]:
        """Yield a heading, the keys of an object in a table, and the sections of the objects inside."""
        yield heading(level, title if title == "The file" else code(title))
        yield part["description"] if title != "The file" else "What stands at the top."
        if title in NOTES:
            yield NOTES[title].strip()
        yield from self._keys(title, part, level)

    def step(self, names: list[str], steps: Schema) -> Iterator[str]:
        """Yield the section of one action, or of several with the same keys."""
        first = steps["properties"][names[0]]
        rare = [name for name in names if "x-rare" in steps["properties"][name]]
        yield heading(3, ", ".join(code(name) for name in names if name not in rare))
        described = {steps["properties"][name]["description"] for name in names}
        yield first["description"] if len(described) == 1 else NOTES["request"].strip()
        if rare:
            yield f"Less common methods are written alike: {', '.join(map(code, rare))}."
        if "properties" in first:
            yield from self._keys("", first, 3)
        else:
            yield f"Its value is {_type(first)}.{_examples(names[0], first)}"
        beside = _beside(names[0], steps)
        if beside:
            yield f"Beside `{names[0]}`, in the same step, may stand:"
            yield table(_HEAD, [_row(key, steps["properties"][key], ()) for key in beside])

    def _keys(self, title: str, part: Schema, level: int) -> Iterator[str]:
        properties = part["properties"]
        self._written[json.dumps(properties)] = title
        useful = {key: value for key, value in properties.items() if "x-noEffect" not in value}
        yield table(_HEAD, [_row(key, value, part.get("required", ())) for key, value in useful.items()])
        idle = [code(key) for key in properties if key not in useful]
        if idle:
            yield f"Accepted for Artillery's files, without effect (warning LK505): {', '.join(idle)}."
        for key, value in useful.items():
            each = value.get("additionalProperties")
            items = value.get("items", each if isinstance(each, dict) else {})
            for inner in (one for one in (value, items) if "properties" in one):
                yield from self._inside(f"{title}.{key}" if title not in ("", "The file") else key, inner, level + 1)

    def _inside(self, title: str, part: Schema, level: int) -> Iterator[str]:
        known = self._written.get(json.dumps(part["properties"]))
        if known is None:
            yield from self.section(title, part, min(level, 5))
        elif known != title:
            yield heading(min(level, 5), code(title))
            yield f"{part['description']} The keys are those of [{code(known)}](#{anchor(known)})."


_HEAD = ("key", "type", "default", "meaning")


def _row(key: str, value: Schema, required: Any) -> tuple[str, str, str, str]:
    kind = _type(value) + (", required" if key in required else "")
    default = code(flow_yaml(value["default"])) if "default" in value else ""
    return code(key), kind, default, f"{value.get('description', '')}{_examples(key, value)}".strip()


def _examples(key: str, value: Schema) -> str:
    examples = [code(flow_yaml({key: example})[1:-1]) for example in value.get("examples", ())]
    return f" For example {' or '.join(examples)}." if examples else ""


def _type(value: Schema) -> str:
    if "$ref" in value:
        text, link = _PARTS[value["$ref"].rpartition("/")[2]]
        return f"[{text}]({link})"
    if "enum" in value:
        return " or ".join(code(str(option)) for option in value["enum"])
    named = value.get("type", ())
    types = [named] if isinstance(named, str) else list(named)
    if value.get("pattern") == _TEMPLATE:
        types.remove("string")  # it only stands for templates
    texts = [_type_name(name, value) for name in types]
    return " or ".join(texts) or "anything"


def _type_name(name: str, value: Schema) -> str:
    items = value.get("items", {})
    if name == "array" and "$ref" in items:
        return f"list of {_type(items)}"
    if name == "object" and "$ref" in str(value.get("additionalProperties", "")):
        return f"mapping of names to {_type(value['additionalProperties'])}"
    return _TYPES[name]


def _beside(action: str, steps: Schema) -> list[str]:
    allowed = steps["dependentSchemas"][action]["propertyNames"]["anyOf"][0]["enum"]
    return [key for key in allowed if key != action]
