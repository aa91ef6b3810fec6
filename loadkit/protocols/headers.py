"""The header fields of requests: built-in ones, those of `http.defaults`, what keys imply, and the step's own."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from loadkit import __version__
from loadkit.flow.step import NOBODY, Build, Where
from loadkit.flow.user import VirtualUser
from loadkit.protocols.content import ACCEPTED
from loadkit.protocols.tracing import compile_tracing
from loadkit.template.compile import Template, TemplateFault, compile_value


def compile_lines(headers: tuple[tuple[str, Template], ...], build: Build) -> Callable[[VirtualUser], str]:
    """Return what renders all header lines: one template over the whole block, then the computed ones."""
    plain = [(name, template) for name, template in headers if _may_stand_in_block(template)]
    written = "".join(f"{name}: {template.source}\r\n" for name, template in plain)
    block = _block(written, build)
    computed = [(name, template.text) for name, template in headers if not _may_stand_in_block(template)]
    if not computed:
        return block
    return lambda user: block(user) + "".join(f"{name}: {text(user)}\r\n" for name, text in computed)


def _block(written: str, build: Build) -> Callable[[Any], str]:
    try:  # each header has been compiled, and so checked, by itself
        return compile_value(written, build.functions, script=build.compat).text
    except TemplateFault:
        return lambda user: written  # and so has the fault been reported


def compile_headers(
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
        template = build.template(text, at)
        chosen[name.lower()] = name, template
        if at[0] == "config" and template.uses and not build.compat:
            what = "this is rendered for each request (in Artillery once, when no virtual user has variables yet)"
            build.warn("LK506", at, what)

    add("User-Agent", f"loadkit/{__version__}", where)
    add("Accept", "*/*", where)
    for path in (("defaults",), ("http", "defaults")):
        defaults: Any = config
        for key in path:
            defaults = defaults.get(key, {})
        for name, value in defaults.get("headers", {}).items():
            add(name, value, ("config", *path, "headers", name))
    if spec.get("gzip", build.compat) is True:
        add("Accept-Encoding", ACCEPTED, where)
    if content_type:
        add("Content-Type", content_type, where)
    for name, value in spec.get("headers", {}).items():
        if name.lower() == "content-type" and content_type.startswith("multipart/"):
            text = "a form with files has its own Content-Type, which names the boundary; this value has no effect"
            build.warn("LK505", (*where, "headers", name), text, key=True)
            continue
        add(name, value, (*where, "headers", name))
    pair = user_and_password(spec, where, build)
    if pair is not None:
        chosen["authorization"] = "Authorization", _compile_basic(*pair, build)
    tracing = compile_tracing(build)
    if tracing is not None:
        chosen["traceparent"] = "traceparent", tracing
    chosen.pop("content-length", None)
    return tuple(chosen.values())


def _may_stand_in_block(template: Template) -> bool:
    """Say whether the source renders to the same when it is compiled anew: not what is computed, nor literal braces."""
    return template.source is not None and not (template.is_constant and "{{" in str(template.source))


def user_and_password(spec: Mapping[str, Any], where: Where, build: Build) -> tuple[str, Where] | None:
    """Return "user:password" with templates, and where it stands: of `auth`, `username` and `password`, the URL or the target."""
    auth = spec.get("auth")
    if isinstance(auth, Mapping):
        return f"{auth.get('user', '')}:{auth.get('pass', '')}", (*where, "auth")
    if spec.get("username") or spec.get("password"):
        return f"{spec.get('username', '')}:{spec.get('password', '')}", (*where, "username")
    key = "uri" if "uri" in spec else "url"
    url, at = str(spec.get(key, "/")), (*where, key)
    if url.startswith("/"):
        url, at = str(build.config.get("target", "")), ("config", "target")
    found = _USERINFO.match(url)
    if found is None:
        return None
    user, _, password = found[1].partition(":")
    return f"{unquote(user)}:{unquote(password)}", at


_USERINFO = re.compile(r"https?://([^/?#@]+)@")


def _compile_basic(pair: str, where: Where, build: Build) -> Template:
    """Return the value of Authorization for HTTP Basic (RFC 7617)."""
    template = build.template(pair, where)
    if template.is_constant:
        return Template.constant(_basic(template.text(NOBODY)))

    def render(user: Any) -> str:
        return _basic(template.text(user))

    return Template(source=None, render=render, text=render, is_constant=False, uses=())


def _basic(pair: str) -> str:
    return f"Basic {b64encode(pair.encode()).decode()}"
