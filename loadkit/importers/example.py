"""An example of what a JSON Schema describes: what it gives as an example, a default or a choice, else the plainest value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_DEEPEST = 8
_MOST_ITEMS, _MOST_FIELDS = 100, 2000
_WHOLE_BODY, _WHOLE_ANSWER = 2, 4  # down to this depth there are all fields, below it the required ones
_FORMATS = {
    "date": "2026-01-31", "date-time": "2026-01-31T12:00:00Z", "time": "12:00:00", "email": "ann@shop.example",
    "uuid": "123e4567-e89b-12d3-a456-426614174000", "uri": "https://shop.example/", "url": "https://shop.example/",
    "hostname": "shop.example", "ipv4": "192.0.2.1", "ipv6": "2001:db8::1", "byte": "bG9hZGtpdA==", "binary": "loadkit",
    "password": "password",
}  # fmt: skip


class Examples:
    """Makes examples from the schemas of one document, whose `$ref`s it follows: of what is sent, or of what is answered."""

    def __init__(self, document: Mapping[str, Any], *, answers: bool = False) -> None:
        self._document = document
        self._of_the_other = "writeOnly" if answers else "readOnly"
        self._whole = _WHOLE_ANSWER if answers else _WHOLE_BODY
        self._fields = 0

    def resolved(self, value: Any) -> Mapping[str, Any]:
        """Return what a `$ref` leads to, at most eight times; an empty mapping for what leads nowhere."""
        for _ in range(_DEEPEST):
            if not isinstance(value, Mapping) or "$ref" not in value:
                break
            found: Any = self._document
            for part in str(value["$ref"]).removeprefix("#/").split("/"):
                key = part.replace("~1", "/").replace("~0", "~")
                found = found.get(key) if isinstance(found, Mapping) else None
            value = found
        return value if isinstance(value, Mapping) and "$ref" not in value else {}

    def given(self, holder: Mapping[str, Any]) -> tuple[bool, Any]:
        """Return whether a parameter or a media type gives an example of its own, and that."""
        if "example" in holder:
            return True, holder["example"]
        for one in (holder.get("examples") or {}).values() if isinstance(holder.get("examples"), Mapping) else ():
            example = self.resolved(one)
            if "value" in example:
                return True, example["value"]
        return False, None

    def of(self, schema: Any, name: str = "", depth: int = 0) -> Any:
        """Return an example of a schema; `name` is that of the field, and stands for a text without a format."""
        self._fields = self._fields + 1 if depth else 0
        spec = self._merged(schema)
        for key in ("example", "const", "default"):
            if spec.get(key) is not None:
                return spec[key]
        for key in ("examples", "enum"):
            if isinstance(spec.get(key), list) and spec[key]:
                return spec[key][0]
        for key in ("oneOf", "anyOf"):
            if isinstance(spec.get(key), list) and spec[key]:
                return self.of(spec[key][0], name, depth + 1) if depth < _DEEPEST else None
        return self._plain(spec, name, depth)

    def _plain(self, spec: Mapping[str, Any], name: str, depth: int) -> Any:
        kind = spec.get("type")
        if isinstance(kind, list):
            kind = next((one for one in kind if one != "null"), "null")
        if kind == "object" or "properties" in spec:
            return self._object(spec, depth)
        if kind == "array":
            number = max(1, min(int(spec.get("minItems") or 1), _MOST_ITEMS))
            return [self.of(spec.get("items"), name, depth + 1)] * number if depth < _DEEPEST else []
        if kind in ("integer", "number"):
            least, most = spec.get("minimum"), spec.get("maximum")
            return least if least is not None else min(1, most) if most is not None else 1
        if kind == "boolean":
            return True
        if kind == "null":
            return None
        text = _FORMATS.get(str(spec.get("format")), name or "text")
        return text.ljust(int(spec.get("minLength") or 0), "x")[: int(spec.get("maxLength") or 10_000)]

    def _object(self, spec: Mapping[str, Any], depth: int) -> dict[str, Any]:
        """Return all fields near the top, and deeper down those that are required: a tree may hold itself."""
        if depth >= _DEEPEST:
            return {}
        required = spec.get("required") or []
        return {
            str(name): self.of(field, str(name), depth + 1)
            for name, field in (spec.get("properties") or {}).items()
            if (name in required or (depth < self._whole and self._fields < _MOST_FIELDS))
            and not self.resolved(field).get(self._of_the_other)
        }

    def _merged(self, schema: Any) -> dict[str, Any]:
        """Return a schema with `allOf` taken in."""
        spec = dict(self.resolved(schema))
        for part in spec.pop("allOf", None) or ():
            other = self._merged(part)
            properties = {**(other.get("properties") or {}), **(spec.get("properties") or {})}
            required = [*(other.get("required") or []), *(spec.get("required") or [])]
            spec = {**other, **spec, **({"properties": properties} if properties else {}), "required": required}
        return spec
