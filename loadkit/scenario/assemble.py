"""Put a JSON Schema (draft 2020-12) together from the frame in keys.py and the fragments of plugins.

It is strict: an object that lists its `properties` takes no others, except keys that start with `x-`. Where a plugin wants a
number or a boolean, a text with a template in it will do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from loadkit.scenario.keys import CONFIG, ERRAND, PHASE, SCENARIO, TOP, Schema

TEMPLATE = r"\{\{"
EXTENSIONS = "^x-"


class StepFragment(Protocol):
    """The part of a StepPlugin that the schema needs."""

    @property
    def schema(self) -> Mapping[str, Any]:
        """The schema of the value under the action's key."""

    @property
    def siblings(self) -> Mapping[str, Any]:
        """The schemas of the keys allowed beside it."""


def build_schema(steps: Mapping[str, StepFragment], config: Mapping[str, Any], phase_keys: Mapping[str, Any]) -> Schema:
    """Return the schema made of step plugins by action, of schemas by key of `config`, and of schemas by key of a phase."""
    actions, shared = _actions(steps)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "loadkit scenario",
        "description": "A load test: where to, how much, and what each virtual user does.",
        **_object(TOP),
        "anyOf": [{"required": [key]} for key in ("scenarios", "extends", "config")],  # a file may be a part of one
        "$defs": {
            "config": {
                **_object({**CONFIG, **config}),
                "title": "Config",
                "description": "The target, the load and everything that holds for all scenarios.",
            },
            "phase": {
                **_object({**PHASE, **phase_keys}),
                "title": "Phase",
                "description": "A stretch of time with a load.",
                "anyOf": [
                    {"required": ["duration"]},
                    {"required": ["pause"]},
                    {"required": ["replay"], "x-unnamed": True},  # it will do, and is not what somebody forgot
                ],
            },
            "scenario": {
                **_object(SCENARIO, required=["flow"]),
                "title": "Scenario",
                "description": "A journey: the steps that one virtual user does.",
            },
            "errand": {
                **_object(ERRAND, required=["flow"]),
                "title": "Errand",
                "description": "A flow that runs once, outside of the load: its requests are in no figure.",
            },
            "flow": {
                "type": "array",
                "title": "Flow",
                "description": "Steps in order. An item may itself be a list of steps, such as a shared one (*anchor).",
                "items": {
                    "if": {"type": "array"},
                    "then": {"$ref": "#/$defs/flow"},
                    "else": {"$ref": "#/$defs/step"},
                },
            },
            "step": _step(steps, actions),
            **shared,
        },
    }


def options(root: Mapping[str, Any], schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return a schema and its alternatives, its `$ref` (to `$defs` of the root) followed."""
    if "$ref" in schema:
        return options(root, root["$defs"][schema["$ref"].rpartition("/")[2]])
    inner = [option for word in ("anyOf", "oneOf") for option in schema.get(word, ())]
    return [schema, *(found for option in inner for found in options(root, option))]


def below(schema: Mapping[str, Any], part: str | int) -> list[Mapping[str, Any]]:
    """Return the schema of an element or of a key's value, if the schema says one."""
    if isinstance(part, int):
        child = schema.get("items")
    else:
        child = schema.get("properties", {}).get(part, schema.get("additionalProperties"))
    return [child] if isinstance(child, dict) else []


def _object(properties: Mapping[str, Any], *, required: list[str] | None = None) -> Schema:
    made: Schema = {"type": "object", "properties": {key: _strict(value) for key, value in properties.items()}}
    if required:
        made["required"] = required
    return {**made, "patternProperties": {EXTENSIONS: True}, "additionalProperties": False}


def _actions(steps: Mapping[str, StepFragment]) -> tuple[dict[str, Schema], dict[str, Schema]]:
    """Return the schemas of actions, and definitions: what several have in common but for their texts is written once."""
    whole = {name: _strict(step.schema) for name, step in steps.items()}
    rules = {
        name: {word: value for word, value in schema.items() if word not in _TEXTS} for name, schema in whole.items()
    }
    actions, shared = {}, {}
    for name, schema in whole.items():
        alike = [other for other in rules if rules[other] == rules[name]]
        if len(alike) == 1 or "properties" not in schema:
            actions[name] = schema
            continue
        shared[f"{alike[0]}Step"] = rules[name]
        texts = {word: schema[word] for word in _TEXTS if word in schema}
        actions[name] = {**texts, "$ref": f"#/$defs/{alike[0]}Step"}
    return actions, shared


_TEXTS = ("title", "description", "examples", "x-rare")


def _step(steps: Mapping[str, StepFragment], actions: Mapping[str, Schema]) -> Schema:
    """Return the schema of a step: all keys at the top, where editors complete them, and beside each action only its own.

    A sibling of several actions whose schemas differ is described with each of them.
    """
    siblings: dict[str, list[Schema]] = {}
    for step in steps.values():
        for key, fragment in step.siblings.items():
            strict = _strict(fragment)
            if strict not in siblings.setdefault(key, []):
                siblings[key].append(strict)
    properties = {**actions} | {key: found[0] if len(found) == 1 else True for key, found in siblings.items()}
    return {
        "type": "object",
        "title": "Step",
        "description": "One action of a virtual user.",
        "properties": properties,
        "patternProperties": {EXTENSIONS: True},
        "additionalProperties": False,
        "oneOf": [{"required": [name]} for name in steps],
        "dependentSchemas": {name: _beside(name, step, siblings) for name, step in steps.items()},
    }


def _beside(name: str, step: StepFragment, siblings: Mapping[str, list[Schema]]) -> Schema:
    others = {key: _strict(fragment) for key, fragment in step.siblings.items() if len(siblings[key]) > 1}
    names = {"propertyNames": {"anyOf": [{"enum": [name, *step.siblings]}, {"pattern": EXTENSIONS}]}}
    return {**names, "properties": others} if others else names


def _strict(fragment: Any) -> Any:
    """Return a fragment that refuses unknown keys and accepts templates for numbers and booleans, all the way down."""
    if isinstance(fragment, list | tuple):
        return [_strict(item) for item in fragment]
    if not isinstance(fragment, Mapping):
        return fragment
    made: Schema = {}
    for word, value in fragment.items():
        if word in ("properties", "patternProperties", "$defs", "dependentSchemas") and isinstance(value, Mapping):
            made[word] = {key: _strict(schema) for key, schema in value.items()}
        elif word in _SUBSCHEMAS:
            made[word] = _strict(value)
        else:
            made[word] = value
    if "object" in types_of(made) and "properties" in made and made.get("additionalProperties", False) is False:
        made["additionalProperties"] = False
        made["patternProperties"] = {EXTENSIONS: True, **made.get("patternProperties", {})}
    return _templated(made)


_SUBSCHEMAS = {"items", "prefixItems", "additionalProperties", "anyOf", "oneOf"}


def types_of(schema: Mapping[str, Any]) -> list[str]:
    """Return the types that a schema names."""
    named = schema.get("type", ())
    return [named] if isinstance(named, str) else list(named)


def _templated(schema: Schema) -> Schema:
    types = types_of(schema)
    if not {"number", "integer", "boolean"} & set(types) or "string" in types or "enum" in schema or "const" in schema:
        return schema
    return {**schema, "type": [*types, "string"], "pattern": TEMPLATE}
