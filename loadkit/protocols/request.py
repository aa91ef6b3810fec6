"""A compiled request: from a step's keys to the bytes that go on the wire.

Everything that does not depend on the virtual user is computed at load; a request without templates is two constants.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import urlencode

import msgspec

from loadkit import __version__
from loadkit.flow.step import NOBODY, Build, Where
from loadkit.flow.user import VirtualUser
from loadkit.protocols.address import Origin, is_target, request_target, split_url
from loadkit.protocols.content import ACCEPTED
from loadkit.protocols.multipart import BoundaryFound, compile_multipart
from loadkit.protocols.network import network_of
from loadkit.protocols.proxy import NO_PROXIES, Proxies
from loadkit.template.compile import Template, TemplateFault, compile_value

_BODY_METHODS = {"POST", "PUT", "PATCH"}
_CREDENTIALS = {"authorization", "cookie", "proxy-authorization"}
_ENCODE_JSON = msgspec.json.Encoder().encode


class InvalidRequest(Exception):
    """A rendered request that must not be sent: a bad URL, or a line break in a header."""


class Wire(NamedTuple):
    """One request ready to send: `payload` is all of its bytes."""

    method: str
    origin: Origin
    path: str
    payload: bytes
    body: bytes

    def with_cookies(self, cookies: str) -> Wire:
        """Return the request with a Cookie header. Raises InvalidRequest for a cookie that would break the head."""
        if not cookies:
            return self
        if "\r" in cookies or "\n" in cookies or "\0" in cookies:
            raise InvalidRequest("a cookie contains a line break or a NUL character")
        fields = self.payload[: len(self.payload) - len(self.body) - 2]
        return self._replace(
            payload=b"%bCookie: %b\r\n\r\n%b" % (fields, cookies.encode("latin-1", "replace"), self.body)
        )


class Hop(NamedTuple):
    """Where a redirect leads. What one hop has lost, by crossing origins or becoming a GET, no later one gets back."""

    method: str
    origin: Origin
    path: str
    crossed: bool
    keeps_body: bool


Render = Callable[[VirtualUser], Wire]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSpec:
    """A request as compiled. `constant` is the whole wire form when nothing depends on the virtual user."""

    method: str
    render: Render
    constant: Wire | None
    headers: tuple[tuple[str, Template], ...]
    origin: Origin | None
    """Where it goes; None when the virtual user's variables decide."""
    proxies: Proxies = NO_PROXIES

    def redirected(self, user: VirtualUser, wire: Wire, hop: Hop) -> Wire:
        """Return the request of a redirect's next hop; credentials do not cross origins (RFC 9110 section 15.4)."""
        method, origin, path, crossed, keeps_body = hop
        start, for_proxy = self.proxies.opening(method, origin)
        lines = [f"Host: {origin.authority}\r\n"]
        for name, template in self.headers:
            lower = name.lower()
            if (crossed and lower in _CREDENTIALS) or (not keeps_body and lower.startswith("content-")):
                continue
            if lower == "host" and not crossed:
                lines[0] = f"{name}: {template.text(user)}\r\n"
            elif lower != "host":
                lines.append(f"{name}: {template.text(user)}\r\n")
        body = wire.body if keeps_body else b""
        if body or (keeps_body and method in _BODY_METHODS):
            lines.append(f"Content-Length: {len(body)}\r\n")
        text = "".join(lines)
        _check_lines(text, len(lines))
        head = f"{start}{path} HTTP/1.1\r\n{text}{for_proxy}\r\n"
        return Wire(method, origin, path, head.encode("utf-8", "replace") + body, body)


def compile_request(method: str, spec: Mapping[str, Any], where: Where, build: Build) -> RequestSpec:
    """Compile the url, headers, body and authentication of a step; faults become diagnostics."""
    body = _compile_body(spec, where, build)
    headers = _compile_headers(spec, where, build, body.content_type)
    address = _compile_address(spec, where, build)
    named = any(name.lower() == "host" for name, _ in headers)
    needs_length = method in _BODY_METHODS or body.given
    may_break = not all(template.is_constant for _, template in headers)
    lines_of, path_of, address_of, body_of = _compile_lines(headers, build), address.path, address.render, body.render
    fixed = address.origin or _NOWHERE[0]
    proxies = network_of(build).proxies
    fixed_start, for_proxy = proxies.opening(method, fixed)
    fixed_host = for_proxy if named else f"Host: {fixed.authority}\r\n{for_proxy}"

    def render(user: VirtualUser) -> Wire:
        if path_of is None:
            origin, path = address_of(user)
            start, for_proxy = proxies.opening(method, origin)
            host = for_proxy if named else f"Host: {origin.authority}\r\n{for_proxy}"
        else:
            start, origin, path, host = fixed_start, fixed, path_of(user), fixed_host
            if not is_target(path):
                path = request_target(path)
        payload, lines = body_of(user), lines_of(user)
        if may_break:
            _check_lines(lines, len(headers))
        length = f"Content-Length: {len(payload)}\r\n" if needs_length else ""
        head = f"{start}{path} HTTP/1.1\r\n{host}{lines}{length}\r\n"
        return _new_tuple(Wire, (method, origin, path, head.encode("utf-8", "replace") + payload, payload))

    constant = None
    if not may_break:
        try:
            _check_lines(lines_of(NOBODY), len(headers))  # type: ignore[arg-type]  # nothing in them reads the virtual user
        except InvalidRequest as error:
            build.error("LK214", (*where, "headers"), str(error))
        if address.constant and body.constant:
            constant = render(NOBODY)  # type: ignore[arg-type]
    return RequestSpec(
        method=method, render=render, constant=constant, headers=headers, origin=address.origin, proxies=proxies
    )


def _check_lines(lines: str, count: int) -> None:
    """Raise InvalidRequest unless header lines are as many as they should be: a value must not begin another."""
    if lines.count("\n") != count or lines.count("\r") != count or "\0" in lines:
        raise InvalidRequest("a header's value contains a line break or a NUL character")


_new_tuple = tuple.__new__  # what Wire(...) does, 0.15 us sooner


# The address


@dataclass(frozen=True, slots=True, kw_only=True)
class _Address:
    render: Callable[[Any], tuple[Origin, str]]
    constant: bool
    origin: Origin | None
    """Where every rendering goes; None when the virtual user's variables decide."""
    path: Callable[[Any], str] | None = None
    """Gives the path alone where the origin is fixed; what may not stand in a request line is still in it."""


def _compile_address(spec: Mapping[str, Any], where: Where, build: Build) -> _Address:
    at = (*where, "url" if "url" in spec else "uri")
    url = str(spec.get("url", spec.get("uri", "/")))
    target = str(build.config.get("target", "http://127.0.0.1"))
    template = build.template(url, at)
    query = _compile_query(spec, where, build)
    text = template.text if query is None else _with_query(template.text, query)
    constant = template.is_constant and (query is None or "{{" not in str(spec.get("qs")))
    if url.startswith("/"):
        try:
            origin, prefix = split_url(target)
        except ValueError:
            origin, prefix = _NOWHERE  # the target has been reported by whoever checks it
        path = _below(prefix.rstrip("/"), text)
        if constant:
            fixed = request_target(path(NOBODY))
            return _fixed(origin, fixed)
        return _Address(render=lambda user: (origin, path(user)), constant=False, origin=origin, path=path)
    if not template.is_constant and not url.startswith(("{{", "http://", "https://")):
        build.error("LK212", at, f"{url!r} is neither a path that starts with / nor an http(s) URL")
    render = _anywhere(target, text)
    if not constant:
        return _Address(render=render, constant=False, origin=None)
    try:
        address = render(NOBODY)
    except InvalidRequest as error:
        build.error("LK212", at, str(error), hint="a path starts with /, a whole URL with http:// or https://")
        address = _NOWHERE
    return _fixed(*address)


_NOWHERE = Origin("http", "127.0.0.1", 80), "/"


def _fixed(origin: Origin, path: str) -> _Address:
    return _Address(render=lambda user: (origin, path), constant=True, origin=origin, path=lambda user: path)


def _below(prefix: str, text: Callable[[Any], str]) -> Callable[[Any], str]:
    """Return the path of what is under the target."""
    return (lambda user: f"{prefix}{text(user)}") if prefix else text


def _anywhere(target: str, text: Callable[[Any], str]) -> Callable[[Any], tuple[Origin, str]]:
    """Return the address of a URL that only the rendering shows to be a path or a whole URL."""
    try:
        below, prefix = split_url(target)
    except ValueError:
        below, prefix = _NOWHERE  # it has been reported
    prefix = prefix.rstrip("/")

    def render(user: Any) -> tuple[Origin, str]:
        url = text(user)
        if url.startswith("/"):
            return below, request_target(f"{prefix}{url}")
        try:
            return split_url(url)
        except ValueError as error:
            raise InvalidRequest(str(error)) from None

    return render


def _with_query(text: Callable[[Any], str], query: Callable[[Any], str]) -> Callable[[Any], str]:
    def render(user: Any) -> str:
        url = text(user).partition("#")[0]
        return f"{url}{'&' if '?' in url else '?'}{query(user)}"

    return render


def _compile_query(spec: Mapping[str, Any], where: Where, build: Build) -> Callable[[Any], str] | None:
    if not spec.get("qs"):
        return None
    template = build.template(spec["qs"], (*where, "qs"))

    def query(user: Any) -> str:
        return urlencode({key: _form_value(value) for key, value in template.render(user).items()}, doseq=True)

    return query


# The headers


def _compile_lines(headers: tuple[tuple[str, Template], ...], build: Build) -> Callable[[VirtualUser], str]:
    """Return what renders all header lines: one template over the whole block, then the computed ones."""
    plain = [(name, template) for name, template in headers if _may_stand_in_block(template)]
    written = "".join(f"{name}: {template.source}\r\n" for name, template in plain)
    block = _block(written, build)
    computed = [(name, template.text) for name, template in headers if not _may_stand_in_block(template)]
    if not computed:
        return block
    return lambda user: block(user) + "".join(f"{name}: {text(user)}\r\n" for name, text in computed)


def _block(written: str, build: Build) -> Callable[[Any], str]:
    try:
        return compile_value(written, build.functions).text  # each header has been compiled, and so checked, by itself
    except TemplateFault:
        return lambda user: written  # and so has the fault been reported


def _compile_headers(
    spec: Mapping[str, Any], where: Where, build: Build, content_type: str
) -> tuple[tuple[str, Template], ...]:
    """Return the header fields in order: built-in defaults, `http.defaults.headers`, what the keys imply, the step's own."""
    config = build.config
    chosen: dict[str, tuple[str, Template]] = {}

    def add(name: str, value: object, at: Where) -> None:
        if not name or not all(char.isalnum() or char in "!#$%&'*+-.^_`|~" for char in name) or not name.isascii():
            build.error("LK214", at, f"{name!r} is not a header name", key=True)
            return
        if name.lower() == "transfer-encoding":
            build.error("LK214", at, "loadkit frames the body itself; Transfer-Encoding cannot be set", key=True)
        if name.lower() == "content-length":
            build.warn("LK505", at, "Content-Length is what the body's length is; this value has no effect", key=True)
        text = str(value).lower() if isinstance(value, bool) else str(value)
        chosen[name.lower()] = name, build.template(text, at)

    add("User-Agent", f"loadkit/{__version__}", where)
    add("Accept", "*/*", where)
    for path in (("defaults",), ("http", "defaults")):
        defaults: Any = config
        for key in path:
            defaults = defaults.get(key, {})
        for name, value in defaults.get("headers", {}).items():
            add(name, value, ("config", *path, "headers", name))
    if spec.get("gzip") is True:
        add("Accept-Encoding", ACCEPTED, where)
    if content_type:
        add("Content-Type", content_type, where)
    if "auth" in spec:
        add_auth = _compile_auth(spec["auth"], (*where, "auth"), build)
        chosen["authorization"] = "Authorization", add_auth
    for name, value in spec.get("headers", {}).items():
        if name.lower() == "content-type" and content_type.startswith("multipart/"):
            text = "a form with files has its own Content-Type, which names the boundary; this value has no effect"
            build.warn("LK505", (*where, "headers", name), text, key=True)
            continue
        add(name, value, (*where, "headers", name))
    chosen.pop("content-length", None)
    return tuple(chosen.values())


def _may_stand_in_block(template: Template) -> bool:
    """Say whether the source renders to the same when it is compiled anew: not what is computed, nor literal braces."""
    return template.source is not None and not (template.is_constant and "{{" in str(template.source))


def _compile_auth(auth: Mapping[str, Any], where: Where, build: Build) -> Template:
    """Return the value of Authorization for HTTP Basic (RFC 7617)."""
    template = build.template(f"{auth.get('user', '')}:{auth.get('pass', '')}", where)
    if template.is_constant:
        return Template.constant(_basic(template.text(NOBODY)))

    def render(user: Any) -> str:
        return _basic(template.text(user))

    return Template(source=None, render=render, text=render, is_constant=False, uses=())


def _basic(pair: str) -> str:
    return f"Basic {b64encode(pair.encode()).decode()}"


# The body


@dataclass(frozen=True, slots=True, kw_only=True)
class _Body:
    render: Callable[[Any], bytes]
    constant: bool
    given: bool
    content_type: str


def _compile_body(spec: Mapping[str, Any], where: Where, build: Build) -> _Body:
    given = [key for key in ("json", "formData", "form", "body") if key in spec]
    if len(given) > 1:
        text = f"a request has one body: `{given[0]}` is sent and `{given[1]}` is ignored"
        build.warn("LK505", (*where, given[1]), text, key=True)
    if not given:
        return _Body(render=lambda user: b"", constant=True, given=False, content_type="")
    kind = given[0]
    if kind == "formData":
        return _compile_form_data(spec[kind], (*where, kind), build)
    template = build.template(spec[kind], (*where, kind))
    encode, content_type = _ENCODERS[kind]
    if kind == "body":
        inner = template.text

        def render(user: Any) -> bytes:
            return inner(user).encode(errors="replace")
    else:
        value = template.render

        def render(user: Any) -> bytes:
            return encode(value(user))

    if template.is_constant:
        data = render(NOBODY)
        return _Body(render=lambda user: data, constant=True, given=True, content_type=content_type)
    return _Body(render=render, constant=False, given=True, content_type=content_type)


def _compile_form_data(fields: Mapping[str, Any], where: Where, build: Build) -> _Body:
    inner, constant, content_type = compile_multipart(fields, where, build)

    def render(user: Any) -> bytes:
        try:
            return inner(user)
        except BoundaryFound as error:
            raise InvalidRequest(str(error)) from None

    return _Body(render=inner if constant else render, constant=constant, given=True, content_type=content_type)


def _form(values: Mapping[str, Any]) -> bytes:
    return urlencode({key: _form_value(value) for key, value in values.items()}, doseq=True).encode()


def _form_value(value: Any) -> Any:
    if isinstance(value, list):
        return [_form_value(item) for item in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return ""
    return _ENCODE_JSON(value).decode() if isinstance(value, dict) else value


_ENCODERS: dict[str, tuple[Callable[[Any], bytes], str]] = {
    "json": (_ENCODE_JSON, "application/json"),
    "form": (_form, "application/x-www-form-urlencoded"),
    "body": (_ENCODE_JSON, ""),
}
