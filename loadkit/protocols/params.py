"""A request as hooks see it: what the scenario file says of it, before it is rendered, or what was sent."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import msgspec

from loadkit.flow.handed import Headers
from loadkit.flow.step import Build
from loadkit.protocols.request import Wire

KEYS = ("method", "url", "headers", "json", "body", "form", "formData", "qs", "cookie", "auth")
MAPPINGS = frozenset({"headers", "qs", "cookie", "form"})


class _Key:
    """One key of a request. A hook is given a copy of what the file says, which it may change."""

    def __init__(self, doc: str) -> None:
        self.__doc__ = doc
        self._name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, request: RequestParams | None, owner: type) -> Any:
        if request is None:
            return self
        own = request._own
        if self._name not in own:
            own[self._name] = request._read(self._name)
        return own[self._name]

    def __set__(self, request: RequestParams, value: Any) -> None:
        request._own[self._name] = value


class RequestParams:
    """A request: `method`, `url`, `headers`, `json`, `body`, `form`, `formData`, `qs`, `cookie` and `auth`, as in the file.

    A `beforeRequest` hook gets them as written: templates in them are rendered after the hooks, and so are those that a hook puts
    in. What the hooks leave is sent. `url` begins with the target; one that is set to a path is put behind it again. What the file
    does not give is None, or an empty mapping for `headers`, `qs`, `cookie` and `form`. An `afterResponse` hook gets what was
    sent, after redirects the last of it.
    """

    __slots__ = ("_given", "_own", "name")

    method = _Key("The method in capitals.")
    url = _Key("The whole URL, without what `qs` adds.")
    headers = _Key("Header fields by name: those that the request itself gives.")
    json = _Key("The value that is sent as JSON; None for none.")
    body = _Key("The text that is sent as it is; None for none.")
    form = _Key("The fields of a urlencoded form.")
    formData = _Key("The fields of a multipart form; None for none.")
    qs = _Key("Parameters that are added to the URL's query.")
    cookie = _Key("Cookies that are put into the virtual user's jar before the request.")
    auth = _Key("User and password of HTTP Basic, as {'user': ..., 'pass': ...}; None for none.")

    def __init__(self, given: Mapping[str, Any], name: str) -> None:
        self.name = name
        self._given = given
        self._own: dict[str, Any] = {}

    def __repr__(self) -> str:
        return f"RequestParams({self.method} {self.url})"

    def changes(self) -> dict[str, Any]:
        """Return what is no longer as in the file, by key."""
        given = self._given
        return {key: value for key, value in self._own.items() if not _is_same(value, given[key])}

    def _read(self, key: str) -> Any:
        value = self._given[key]
        return deepcopy(value) if isinstance(value, dict | list) else value


def _is_same(one: Any, other: Any) -> bool:
    return one.__class__ is other.__class__ and bool(one == other)


class SentParams(RequestParams):
    """A request that was sent: its method, URL, header fields and JSON or text are read from it, the rest is as it was left."""

    __slots__ = ("_wire",)

    def __init__(self, before: RequestParams, wire: Wire) -> None:
        super().__init__(before._given, before.name)
        self._own = {key: value for key, value in before._own.items() if key not in _OF_WIRE}
        self._wire = wire

    def _read(self, key: str) -> Any:
        wire = self._wire
        if key == "method":
            return wire.method
        if key == "url":
            return f"{wire.origin}{wire.path}"
        if key == "headers":
            lines = wire.payload[: len(wire.payload) - len(wire.body)].split(b"\r\n")[1:]
            pairs = (line.partition(b":") for line in lines if line)
            return Headers([(name, value.strip()) for name, _, value in pairs])
        if key == "json":
            return _json(wire.body)
        return wire.body.decode(errors="replace") if key == "body" and wire.body else super()._read(key)


_OF_WIRE = frozenset({"method", "url", "headers", "json", "body"})


def _json(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body) if body else None
    except ValueError:
        return None


def given_params(method: str, spec: Mapping[str, Any], build: Build) -> dict[str, Any]:
    """Return what the file says of a request, by the names that hooks know."""
    url = str(spec.get("url", spec.get("uri", "/")))
    given: dict[str, Any] = {key: spec.get(key, {} if key in MAPPINGS else None) for key in KEYS}
    target = str(build.config.get("target", "")).rstrip("/")
    return {**given, "method": method, "url": f"{target}{url}" if url.startswith("/") else url}
