"""Which keys a schema has, and which of them a scenario file uses: "config.http.timeout", "phase.rampTo", "getStep.capture.as"."""

from collections.abc import Iterator, Mapping
from typing import Any


def keys_of(schema: Mapping[str, Any]) -> set[str]:
    """Return every key of a schema, by the definition that it stands in."""
    found: set[str] = set()
    left: list[tuple[str, Any]] = [("file", schema)]
    seen: set[tuple[str, int]] = set()
    while left:
        owner, node = left.pop()
        for option in _options(schema, node):
            if (owner, id(option)) in seen:
                continue
            seen.add((owner, id(option)))
            for key, child in option.get("properties", {}).items():
                found.add(f"{owner}.{key}")
                left.append((_owner(child, f"{owner}.{key}"), child))
            left += [(_owner(child, owner), child) for child in _below(option)]
    return found


def keys_in(schema: Mapping[str, Any], document: Any) -> set[str]:
    """Return the keys of a schema that a document uses."""
    return set(_used(schema, "file", schema, document))


def _used(root: Mapping[str, Any], owner: str, node: Any, value: Any) -> Iterator[str]:
    for option in _options(root, node):
        if isinstance(value, Mapping):
            properties = option.get("properties", {})
            for key, item in value.items():
                if key in properties:
                    yield f"{owner}.{key}"
                    yield from _used(root, _owner(properties[key], f"{owner}.{key}"), properties[key], item)
                elif isinstance(option.get("additionalProperties"), Mapping):
                    child = option["additionalProperties"]
                    yield from _used(root, _owner(child, owner), child, item)
        elif isinstance(value, list):
            for item in value:
                for child in _below(option, lists=True):
                    yield from _used(root, _owner(child, owner), child, item)


def _options(root: Mapping[str, Any], node: Any) -> Iterator[Mapping[str, Any]]:
    if not isinstance(node, Mapping):
        return
    if "$ref" in node:
        yield from _options(root, root["$defs"][node["$ref"].rpartition("/")[2]])
        return
    yield node
    for word in ("anyOf", "oneOf"):
        for option in node.get(word, ()):
            yield from _options(root, option)
    for word in ("then", "else"):
        yield from _options(root, node.get(word))
    for beside in node.get("dependentSchemas", {}).values():
        yield from _options(root, beside)


def _below(node: Mapping[str, Any], *, lists: bool = False) -> list[Mapping[str, Any]]:
    words = ("items",) if lists else ("items", "additionalProperties")
    return [node[word] for word in words if isinstance(node.get(word), Mapping)]


def _owner(node: Any, name: str) -> str:
    """Return the definition that a schema refers to, else where it stands."""
    return node["$ref"].rpartition("/")[2] if isinstance(node, Mapping) and "$ref" in node else name
