"""A compiled request: from a step's keys to the bytes that go on the wire.

Everything that does not depend on the virtual user is computed at load; a request without templates is two constants.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from loadkit.flow.step import NOBODY, Build, Where
from loadkit.flow.user import VirtualUser
from loadkit.protocols.address import Origin, is_target, request_target, split_url
from loadkit.protocols.bodies import compile_body
from loadkit.protocols.headers import compile_headers, compile_lines
from loadkit.protocols.network import network_of
from loadkit.protocols.passed_on import check_passed_on
from loadkit.protocols.proxy import NO_PROXIES, Proxies
from loadkit.protocols.urlencoded import query_text
from loadkit.template.compile import Template

_NO_BODY_METHODS = {"GET", "HEAD", "DELETE", "OPTIONS", "TRACE"}  # of which nobody expects one (RFC 9110 section 8.6)
_CREDENTIALS = {"authorization", "cookie", "proxy-authorization"}

_LONGEST_NAME = 200


class InvalidRequest(Exception):
    """A rendered request that must not be sent: a bad URL, or a line break in a header."""


class InvalidAddress(InvalidRequest):
    """A request that goes nowhere: its `url` as rendered is none."""

    def __init__(self, url: str, text: str) -> None:
        super().__init__(text)
        self.url = url

    @property
    def error(self) -> str:
        """Return the error's name, as Artillery and its HTTP library have it."""
        return "ERR_INVALID_URL" if self.url.startswith("http") else f"Invalid URL - {self.url[:_LONGEST_NAME]}"


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
            if lower == "traceparent":  # one for the request and what follows from it
                lines.append(_line_of(wire, name))
                continue
            if (crossed and lower in _CREDENTIALS) or (not keeps_body and lower.startswith("content-")):
                continue
            if lower == "host" and not crossed:
                lines[0] = f"{name}: {template.text(user)}\r\n"
            elif lower != "host":
                lines.append(f"{name}: {template.text(user)}\r\n")
        body = wire.body if keeps_body else b""
        if body or (keeps_body and method not in _NO_BODY_METHODS):
            lines.append(f"Content-Length: {len(body)}\r\n")
        text = "".join(lines)
        _check_lines(text, len(lines))
        head = f"{start}{path} HTTP/1.1\r\n{text}{for_proxy}\r\n"
        return Wire(method, origin, path, head.encode("utf-8", "replace") + body, body)


def _line_of(wire: Wire, name: str) -> str:
    """Return the line of a header as it was sent."""
    start = wire.payload.index(f"\r\n{name}: ".encode()) + 2
    return wire.payload[start : wire.payload.index(b"\r\n", start) + 2].decode()


def compile_request(method: str, spec: Mapping[str, Any], where: Where, build: Build) -> RequestSpec:
    """Compile the url, headers, body and authentication of a step; faults become diagnostics."""
    check_passed_on(spec, method, where, build)
    body = compile_body(spec, where, build)
    headers = compile_headers(spec, where, build, body.content_type)
    address = _compile_address(spec, where, build)
    named = any(name.lower() == "host" for name, _ in headers)
    needs_length = method not in _NO_BODY_METHODS or body.given
    may_break = not all(template.is_constant for _, template in headers)
    lines_of, path_of, address_of, body_of = compile_lines(headers, build), address.path, address.render, body.render
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
    url, at = url_of(spec, where)
    target = str(build.config.get("target", "http://127.0.0.1"))
    template = build.template(url, at)
    query = _compile_query(spec, where, build)
    text = template.text if query is None else _with_query(template.text, query.text)
    constant = template.is_constant and (query is None or query.constant)
    if url.startswith("/"):
        try:
            origin, prefix = split_url(target)
        except ValueError:
            origin, prefix = _NOWHERE  # the target has been reported by whoever checks it
        path = _below(_prefix(prefix, build), text)
        if constant:
            fixed = request_target(path(NOBODY))
            return _fixed(origin, fixed)
        return _Address(render=lambda user: (origin, path(user)), constant=False, origin=origin, path=path)
    report = build.warn if build.compat else build.error  # Artillery's virtual users end there
    if not template.is_constant and not url.startswith(("{{", "http://", "https://")):
        report("LK212", at, f"{url!r} is neither a path that starts with / nor an http(s) URL")
    render = _anywhere(target, text, build)
    if not constant:
        return _Address(render=render, constant=False, origin=None)
    try:
        address = render(NOBODY)
    except InvalidRequest as error:
        report("LK212", at, str(error), hint="a path starts with /, a whole URL with http:// or https://")
        if build.compat:
            return _Address(render=render, constant=False, origin=None)
        address = _NOWHERE
    return _fixed(*address)


_NOWHERE = Origin("http", "127.0.0.1", 80), "/"


def _fixed(origin: Origin, path: str) -> _Address:
    return _Address(render=lambda user: (origin, path), constant=True, origin=origin, path=lambda user: path)


def _below(prefix: str, text: Callable[[Any], str]) -> Callable[[Any], str]:
    """Return the path of what is under the target."""
    return (lambda user: f"{prefix}{text(user)}") if prefix else text


def _prefix(path: str, build: Build) -> str:
    """Return what stands before the paths of requests: Artillery also keeps the slash at a target's end."""
    ends_with_slash = str(build.config.get("target", "")).endswith("/")
    return path if build.compat and ends_with_slash else path.rstrip("/")


def _anywhere(target: str, text: Callable[[Any], str], build: Build) -> Callable[[Any], tuple[Origin, str]]:
    """Return the address of a URL that only the rendering shows to be a path or a whole URL."""
    try:
        below, prefix = split_url(target)
    except ValueError:
        below, prefix = _NOWHERE  # it has been reported
    prefix = _prefix(prefix, build)

    def render(user: Any) -> tuple[Origin, str]:
        url = text(user)
        if url.startswith("/"):
            return below, request_target(f"{prefix}{url}")
        try:
            return split_url(url)
        except ValueError as error:
            raise InvalidAddress(url, str(error)) from None

    return render


def url_of(spec: Mapping[str, Any], where: Where) -> tuple[str, Where]:
    """Return the URL of a request as written, and where it stands; as in Artillery `uri` wins."""
    key = "uri" if "uri" in spec else "url"
    return str(spec.get(key, "/")), (*where, key)


def _with_query(text: Callable[[Any], str], query: Callable[[Any], str]) -> Callable[[Any], str]:
    def render(user: Any) -> str:
        url = text(user).partition("#")[0].partition("?")[0]
        added = query(user)
        return f"{url}?{added}" if added else url

    return render


@dataclass(frozen=True, slots=True, kw_only=True)
class _Query:
    text: Callable[[Any], str]
    constant: bool


def _compile_query(spec: Mapping[str, Any], where: Where, build: Build) -> _Query | None:
    """Return what stands behind the ? by `qs` (or `searchParams`): as in Artillery it takes the place of the URL's own."""
    key = "qs" if "qs" in spec else "searchParams"
    if spec.get(key) is None:
        return None
    url, at = url_of(spec, where)
    if "?" in url and not build.compat:
        text = f"`{key}` takes the place of the query that the URL has"
        build.warn("LK506", at, text, hint=f"move its parameters to `{key}`", inside=(url, url.index("?")))
    template = build.template(spec[key], (*where, key))
    constant = template.is_constant

    def query(user: Any) -> str:
        value = template.render(user)
        return query_text(value) if isinstance(value, Mapping) else str(value).removeprefix("?")

    return _Query(text=query, constant=constant)
