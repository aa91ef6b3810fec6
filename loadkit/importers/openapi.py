"""OpenAPI 3 (YAML or JSON): a scenario for each tag, with parameters and bodies from examples and schemas."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import yaml

from loadkit.importers.draft import Draft, Importer, ImportFault, Journey, Request, environment
from loadkit.importers.example import Examples
from loadkit.importers.places import is_usable
from loadkit.redact import is_secret, is_secret_variable

_METHODS = ("post", "get", "head", "put", "patch", "delete")  # of one path: what makes a thing first, what ends it last
_EXPECTED = "this is no OpenAPI 3 document: a mapping with `openapi: 3...` and `paths`"


def read_openapi(text: str) -> Draft:
    """Return a journey for each tag. Raises ImportFault for what is not OpenAPI 3."""
    document = _document(text)
    try:
        return _draft(document)
    except (TypeError, ValueError, AttributeError, KeyError) as error:  # no schema of OpenAPI is held against it
        raise ImportFault(f"the document is not what OpenAPI 3 says: {error}") from error


def _draft(document: Mapping[str, Any]) -> Draft:
    reader = _Reader(document)
    draft = Draft(journeys=[], target=reader.target())
    journeys: dict[str, list[Request]] = {}
    for path, item in document["paths"].items():
        if not str(path).startswith("/"):
            continue  # an extension: x-...
        shared = reader.examples.resolved(item)
        for method in _METHODS:
            operation = reader.examples.resolved(shared.get(method))
            if operation:
                tags = operation.get("tags") or []
                tag = str(tags[0]) if tags else _first_segment(str(path))
                journeys.setdefault(tag, []).append(reader.request(method, str(path), shared, operation))
    if not journeys:
        raise ImportFault("the document has no operations below `paths`")
    draft.journeys = [Journey(name=tag, requests=requests) for tag, requests in journeys.items()]
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
    if isinstance(document, Mapping) and str(document.get("swagger", "")).startswith("2"):
        raise ImportFault("this is Swagger 2.0; convert it to OpenAPI 3 first, as editor.swagger.io does")
    if not isinstance(document, Mapping) or not str(document.get("openapi", "")).startswith("3"):
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
        self.examples = Examples(document)
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

    def request(self, method: str, path: str, shared: Mapping[str, Any], operation: Mapping[str, Any]) -> Request:
        """Return the request of an operation."""
        request = Request(method=method, url=self._base + path, name=self._base + path if "{" in path else "")
        query: list[tuple[str, str]] = []
        for spec in self._parameters(shared, operation):
            self._put_parameter(spec, request, query)
        if query:
            request.url += f"?{urlencode(query, quote_via=quote)}"
        self._put_body(request, self.examples.resolved(operation.get("requestBody")), f"{method.upper()} {path}")
        self._put_security(request, operation.get("security", self._document.get("security")))
        return request

    def _parameters(self, shared: Mapping[str, Any], operation: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """Yield parameters; those of the operation win."""
        found: dict[tuple[str, str], Mapping[str, Any]] = {}
        for holder in (shared, operation):
            for one in holder.get("parameters") or ():
                spec = self.examples.resolved(one)
                found[str(spec.get("in")), str(spec.get("name"))] = spec
        yield from found.values()

    def _put_parameter(self, spec: Mapping[str, Any], request: Request, query: list[tuple[str, str]]) -> None:
        name, place = str(spec.get("name", "")), spec.get("in")
        has_example, value = self.examples.given(spec)
        if not has_example:
            value = self.examples.of(spec.get("schema"), name)
        texts = [_text(item) for item in value] if isinstance(value, list) else [_text(value)]
        if place == "path":
            request.url = request.url.replace(f"{{{name}}}", quote(",".join(texts), safe=""))
        elif not spec.get("required") and not has_example:
            return
        elif place == "query":
            if is_secret_variable(name):
                request.query[name] = environment(_environment_name(name))
            else:
                query += [(name, text) for text in texts]
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
        else:
            request.body, request.body_key = value if isinstance(value, str) else json.dumps(value), "body"
            request.headers["content-type"] = kind
            self.notes.append(f"look at the body of {what}: {kind} is not made from a schema")

    def _put_security(self, request: Request, wanted: Any) -> None:
        """Put in what the first of the alternatives asks for."""
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
            elif kind == "apiKey" and place == "header":
                request.headers[key.lower()] = environment(_environment_name(key))
            elif kind == "apiKey" and place == "query":
                request.query[key] = environment(_environment_name(key))
            elif kind == "apiKey" and place == "cookie":
                request.cookies[key] = environment(_environment_name(key))


def _environment_name(name: str) -> str:
    return "".join(char if char.isalnum() else "_" for char in name).strip("_").upper()


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, default=str).strip('"')


IMPORTERS = {
    "openapi": Importer(description="An OpenAPI 3 description of an API, in YAML or JSON.", read=read_openapi)
}  # fmt: skip
