"""Swagger 2.0, the format before OpenAPI 3, brought into the shape of OpenAPI 3: servers, bodies, answers, security.

`$ref`s are left as they are: what they lead to stays where it was, in `definitions`, `parameters` and `responses`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from loadkit.importers.example import Examples

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch")
_OF_A_SCHEMA = (
    "type", "format", "items", "default", "enum", "minimum", "maximum", "minLength", "maxLength", "example",
)  # fmt: skip
_JSON, _FORM, _PARTS = "application/json", "application/x-www-form-urlencoded", "multipart/form-data"


def upgraded(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document as OpenAPI 3 would have it."""
    examples = Examples(document)
    paths = {path: _path(examples.resolved(item), document, examples) for path, item in document["paths"].items()}
    schemes = {
        name: _security(examples.resolved(spec)) for name, spec in (document.get("securityDefinitions") or {}).items()
    }  # fmt: skip
    return {
        **document,
        "openapi": "3.0.0",
        "servers": [{"url": _server(document)}],
        "paths": paths,
        "components": {"securitySchemes": schemes},
    }


def _server(document: Mapping[str, Any]) -> str:
    host, base = str(document.get("host") or ""), str(document.get("basePath") or "")
    schemes = list(document.get("schemes") or ["https"])
    scheme = "https" if "https" in schemes else schemes[0]
    return f"{scheme}://{host}{base}" if host else base


def _path(item: Mapping[str, Any], document: Mapping[str, Any], examples: Examples) -> dict[str, Any]:
    shared = [examples.resolved(one) for one in item.get("parameters") or ()]
    return {
        method: _operation(examples.resolved(item[method]), shared, document, examples)
        for method in _METHODS
        if method in item
    }


def _operation(
    operation: Mapping[str, Any], shared: Iterable[Mapping[str, Any]], document: Mapping[str, Any], examples: Examples
) -> dict[str, Any]:
    found = {(one.get("in"), one.get("name")): one for one in shared}
    own = [examples.resolved(one) for one in operation.get("parameters") or ()]
    found |= {(one.get("in"), one.get("name")): one for one in own}
    parameters = list(found.values())
    made = {
        **operation,
        "parameters": [_parameter(one) for one in parameters if one.get("in") not in ("body", "formData")],
    }
    body = _body(parameters, operation.get("consumes") or document.get("consumes") or [])
    if body:
        made["requestBody"] = body
    kind = next(iter(operation.get("produces") or document.get("produces") or []), _JSON)
    made["responses"] = {
        status: _answer(examples.resolved(one), kind) for status, one in (operation.get("responses") or {}).items()
    }
    return made


def _parameter(spec: Mapping[str, Any]) -> dict[str, Any]:
    made = {**spec, "schema": _schema(spec), "explode": spec.get("collectionFormat") == "multi"}
    if "x-example" in spec:
        made["example"] = spec["x-example"]
    return made


def _schema(spec: Mapping[str, Any]) -> dict[str, Any]:
    return {key: spec[key] for key in _OF_A_SCHEMA if key in spec}


def _body(parameters: Iterable[Mapping[str, Any]], consumes: Iterable[Any]) -> dict[str, Any]:
    """Return what is sent: the one parameter that is all of the body, or the fields of a form."""
    kinds = [str(kind) for kind in consumes]
    fields: dict[str, Any] = {}
    for one in parameters:
        if one.get("in") == "body":
            kind = next((kind for kind in kinds if "json" in kind), kinds[0] if kinds else _JSON)
            media = {"schema": one.get("schema"), **({"example": one["x-example"]} if "x-example" in one else {})}
            return {"content": {kind: media}}
        if one.get("in") == "formData":
            is_file = one.get("type") == "file"
            fields[str(one.get("name"))] = {"type": "string", "format": "binary"} if is_file else _schema(one)
    if not fields:
        return {}
    with_files = any(field.get("format") == "binary" for field in fields.values())
    kind = _PARTS if with_files or (_PARTS in kinds and _FORM not in kinds) else _FORM
    return {"content": {kind: {"schema": {"type": "object", "properties": fields}}}}


def _answer(spec: Mapping[str, Any], kind: str) -> dict[str, Any]:
    given = spec.get("examples") or {}
    example = next((given[name] for name in given if "json" in str(name)), None)
    media = {"schema": spec.get("schema"), **({"example": example} if example is not None else {})}
    return {"content": {kind: media}} if "schema" in spec or example is not None else {}


def _security(spec: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "http", "scheme": "basic"} if spec.get("type") == "basic" else dict(spec)
