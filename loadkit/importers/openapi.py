"""OpenAPI 3 and Swagger 2 (YAML or JSON): a scenario for each tag, with parameters and bodies from examples and schemas."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import yaml

from loadkit.importers.draft import Draft, Importer, ImportFault, Journey, Request, environment
from loadkit.importers.example import Examples
from loadkit.importers.operations import Operation, find_login, flow_of
from loadkit.importers.parts import Part, put_parts
from loadkit.importers.places import is_usable
from loadkit.importers.swagger import upgraded
from loadkit.redact import is_secret, is_secret_variable

_METHODS = ("post", "get", "head", "put", "patch", "delete")  # of one path: what makes a thing first, what ends it last
_TEMPLATED = re.compile(r"\{([^{}/]+)\}")
_EXPECTED = "this is no OpenAPI document: a mapping with `openapi: 3...` or `swagger: 2.0`, and `paths`"


def read_openapi(text: str) -> Draft:
    """Return a journey for each tag. Raises ImportFault for what is not OpenAPI."""
    document = _document(text)
    try:
        return _draft(upgraded(document) if "swagger" in document else document)
    except (TypeError, ValueError, AttributeError, KeyError) as error:  # no schema of OpenAPI is held against it
        raise ImportFault(f"the document is not what OpenAPI says: {error}") from error


def _draft(document: Mapping[str, Any]) -> Draft:
    reader = _Reader(document)
    draft = Draft(journeys=[], target=reader.target())
    journeys: dict[str, list[Operation]] = {}
    for path, item in document["paths"].items():
        if not str(path).startswith("/"):
            continue  # an extension: x-...
        shared = reader.examples.resolved(item)
        for method in _METHODS:
            operation = reader.examples.resolved(shared.get(method))
            if operation:
                tags = operation.get("tags") or []
                tag = str(tags[0]) if tags else _first_segment(str(path))
                journeys.setdefault(tag, []).append(reader.operation(method, str(path), shared, operation))
    if not journeys:
        raise ImportFault("the document has no operations below `paths`")
    login = find_login(one for operations in journeys.values() for one in operations)
    draft.journeys = [Journey(name=tag, requests=flow_of(operations, login)) for tag, operations in journeys.items()]
    if login is not None and any(one.bearer for operations in journeys.values() for one in operations):
        reader.notes.append(f"scenarios that want a token begin with POST {login.path}; give its credentials")
    draft.notes = [
        *reader.notes,
        "a description has no traffic: weights, think times and the order of requests are yours to set",
    ]
    return draft


def _document(text: str) -> Mapping[str, Any]:
    text = text.removeprefix("\ufeff")
    try:
        document = json.loads(text) if text.lstrip().startswith("{") else yaml.safe_load(text)
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        raise ImportFault(f"{_EXPECTED}; it cannot be read: {' '.join(str(error).split())[:200]}") from error
    if not isinstance(document, Mapping):
        raise ImportFault(_EXPECTED)
    if not str(document.get("openapi", "")).startswith("3") and not str(document.get("swagger", "")).startswith("2"):
        raise ImportFault(_EXPECTED)
    if not isinstance(document.get("paths"), Mapping):
        raise ImportFault("the document has no operations below `paths`")
    return document


def _first_segment(path: str) -> str:
    return next((segment for segment in path.split("/") if segment and not segment.startswith("{")), "root")


class _Reader:
    """Reads the operations of one document; `notes` tell what has to be looked at."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._base = ""
        self.examples, self.answers = Examples(document), Examples(document, answers=True)
        self.notes: list[str] = []

    def target(self) -> str:
        """Return the first server, variables at their defaults; "" for a relative one. Its path goes before every path."""
        servers = self._document.get("servers")
        server = servers[0] if isinstance(servers, list) and servers and isinstance(servers[0], Mapping) else {}
        url = str(server.get("url", ""))
        for name, one in (server.get("variables") or {}).items():
            url = url.replace(f"{{{name}}}", str(self.examples.resolved(one).get("default", name)))
        split = urlsplit(url if is_usable(url) else "")
        self._base = split.path.rstrip("/")
        return f"{split.scheme}://{split.netloc}" if split.netloc else ""

    def operation(self, method: str, path: str, shared: Mapping[str, Any], spec: Mapping[str, Any]) -> Operation:
        """Return an operation with its request."""
        request = Request(method=method, url=self._base + path, name=self._base + path if "{" in path else "")
        made = Operation(path=path, request=request, gives=self._answer(spec))
        query: list[tuple[str, str]] = []
        for parameter in self._parameters(shared, spec):
            self._put_parameter(parameter, made, query)
        for name in _TEMPLATED.findall(request.url):
            made.open.setdefault(name, "1")  # one that the document forgot
        if query:
            request.url += f"?{urlencode(query, quote_via=quote)}"
        self._put_body(request, self.examples.resolved(spec.get("requestBody")), f"{method.upper()} {path}")
        made.bearer = self._put_security(request, spec.get("security", self._document.get("security")))
        return made

    def _answer(self, spec: Mapping[str, Any]) -> Any:
        """Return an example of the JSON that an operation gives when all is well."""
        for status, one in sorted((spec.get("responses") or {}).items(), key=lambda pair: str(pair[0])):
            content = self.answers.resolved(one).get("content")
            if not str(status).startswith("2") or not isinstance(content, Mapping):
                continue
            for kind, holder in content.items():
                if "json" in str(kind) or kind == "*/*":
                    media = self.answers.resolved(holder)
                    has_example, value = self.answers.given(media)
                    return value if has_example else self.answers.of(media.get("schema"))
        return None

    def _parameters(self, shared: Mapping[str, Any], operation: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """Yield parameters; those of the operation win."""
        found: dict[tuple[str, str], Mapping[str, Any]] = {}
        for holder in (shared, operation):
            for one in holder.get("parameters") or ():
                spec = self.examples.resolved(one)
                found[str(spec.get("in")), str(spec.get("name"))] = spec
        yield from found.values()

    def _put_parameter(self, spec: Mapping[str, Any], operation: Operation, query: list[tuple[str, str]]) -> None:
        name, place, request = str(spec.get("name", "")), spec.get("in"), operation.request
        has_example, value = self.examples.given(spec)
        if not has_example:
            value = self.examples.of(spec.get("schema"), name)
        texts = [_text(item) for item in value] if isinstance(value, list) else [_text(value)]
        if place == "path" and not has_example:
            operation.open[name] = ",".join(texts)
        elif place == "path":
            request.url = request.url.replace(f"{{{name}}}", quote(",".join(texts), safe=""))
        elif not spec.get("required") and not has_example:
            return
        elif place == "query":
            if is_secret_variable(name):
                request.query[name] = environment(_environment_name(name))
            else:
                query += [(name, text) for text in (texts if spec.get("explode", True) else [",".join(texts)])]
        elif place == "header" and name.lower() not in ("accept", "content-type", "authorization"):
            request.headers[name.lower()] = environment(_environment_name(name)) if is_secret(name) else ",".join(texts)
        elif place == "cookie":
            request.cookies[name] = environment(_environment_name(name))

    def _put_body(self, request: Request, body: Mapping[str, Any], what: str) -> None:
        content = body.get("content")
        if not isinstance(content, Mapping) or not content:
            return
        kinds = sorted(content, key=lambda kind: ("json" not in kind, "x-www-form" not in kind))
        kind, media = str(kinds[0]), self.examples.resolved(content[kinds[0]])
        has_example, value = self.examples.given(media)
        value = value if has_example else self.examples.of(media.get("schema"))
        value = json.loads(json.dumps(value, default=str))  # YAML makes dates of texts
        if "json" in kind:
            request.body, request.body_key = value, "json"
            if kind != "application/json":
                request.headers["content-type"] = kind
        elif kind.startswith("application/x-www-form-urlencoded") and isinstance(value, dict):
            request.body, request.body_key = {name: _text(item) for name, item in value.items()}, "form"
        elif kind.startswith("multipart/form-data") and isinstance(value, dict):
            files = self._files(media.get("schema"))
            parts = [
                Part(name=name, text=_text(item), file=f"{name}.bin" if name in files else "")
                for name, item in value.items()
            ]
            put_parts(request, parts, self.notes)
        else:
            request.body, request.body_key = value if isinstance(value, str) else json.dumps(value), "body"
            request.headers["content-type"] = kind
            self.notes.append(f"look at the body of {what}: {kind} is not made from a schema")

    def _files(self, schema: Any) -> set[str]:
        """Return the fields of a form that are files."""
        properties = self.examples.resolved(schema).get("properties") or {}
        return {str(name) for name, one in properties.items() if self.examples.resolved(one).get("format") == "binary"}

    def _put_security(self, request: Request, wanted: Any) -> bool:
        """Put in what the first of the alternatives asks for; say whether that is a token."""
        bearer = False
        first = wanted[0] if isinstance(wanted, list) and wanted and isinstance(wanted[0], Mapping) else {}
        schemes = (self._document.get("components") or {}).get("securitySchemes") or {}
        for name in first:
            spec = self.examples.resolved(schemes.get(name))
            kind, scheme = spec.get("type"), str(spec.get("scheme", "")).lower()
            key, place = str(spec.get("name", name)), spec.get("in")
            if kind == "http" and scheme == "basic":
                request.auth = environment("USERNAME"), environment("PASSWORD")
            elif kind in ("oauth2", "openIdConnect") or (kind == "http" and scheme == "bearer"):
                request.headers["authorization"] = f"Bearer {environment('TOKEN')}"
                bearer = True
            elif kind == "apiKey" and place == "header":
                request.headers[key.lower()] = environment(_environment_name(key))
            elif kind == "apiKey" and place == "query":
                request.query[key] = environment(_environment_name(key))
            elif kind == "apiKey" and place == "cookie":
                request.cookies[key] = environment(_environment_name(key))
        return bearer


def _environment_name(name: str) -> str:
    return "".join(char if char.isalnum() else "_" for char in name).strip("_").upper()


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, default=str).strip('"')


IMPORTERS = {
    "openapi": Importer(description="An OpenAPI 3 or Swagger 2 description of an API, in YAML or JSON.", read=read_openapi)
}  # fmt: skip
