"""The checks that `expect` knows: each compiles from its value, and says what it found for whoever prints it.

They hold for what they hold for in Artillery. A body is JSON where its Content-Type says so (application/json,
problem+json, ld+json), else text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from loadkit.flow.jmespath import JmesPathFault, compile_jmespath
from loadkit.flow.reading import body_fault
from loadkit.flow.response import Response
from loadkit.flow.sources import shown, shown_as
from loadkit.flow.step import Build, Where
from loadkit.template.compile import Template, TemplateContext
from loadkit.template.path import MISSING, PathFault, compile_getter, parse_path
from loadkit.template.regexp import RegexpFault, RegexpTimeout, compile_regexp
from loadkit.template.text import to_text

Check = Callable[[TemplateContext, Response], str | None]
"""Gives None when the check holds, else what was found and what was expected."""

Told = tuple[Any, Any]
"""What was expected and what was got, as Artillery prints it."""


def _tell_nothing(value: Any, response: Response, holds: bool) -> Told:
    return value, None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of check. `tell` gives what was expected and got, from its value, a response and whether it holds."""

    compile: Callable[[Template, Where, Build], Check | None]
    tell: Callable[[Any, Response, bool], Told] = _tell_nothing
    needs_body: bool = False


_CACHED = 256


def _document(response: Response) -> Any:
    """Return the parsed body. Raises ValueError where the response is not JSON, or not an object or a list."""
    fault = body_fault(response)
    if fault is not None:
        raise ValueError(fault)
    if not response.says_json:
        raise ValueError(f"content-type is {shown(response.header('content-type') or '')}, which is not JSON")
    body = response.json()
    if not isinstance(body, dict | list):
        raise ValueError(f"{response.noun} is {shown(body)}, neither object nor list")
    return body


# -------------------------------------------------------------------------------------------------------------- status


def as_list(value: Any) -> list[Any]:
    """Return a list as it is, anything else as the only element of one."""
    return value if isinstance(value, list) else [value]


def constant_statuses(template: Template) -> frozenset[int] | None:
    """Return the status codes that a constant accepts, None for a template."""
    if not template.is_constant:
        return None
    return frozenset(int(to_text(code)) for code in as_list(template.source))


def _statuses(template: Template, at: Where, build: Build) -> Callable[[TemplateContext], list[str]] | None:
    """Return the accepted status codes as texts; constants that are no status codes are reported."""
    if not template.is_constant:
        return lambda user: [to_text(code) for code in as_list(template.render(user))]
    codes = [to_text(code) for code in as_list(template.source)]
    wrong = [code for code in codes if not (code.isascii() and code.isdecimal() and 100 <= int(code) <= 599)]
    if wrong or not codes:
        message = f"{wrong[0]!r} is not a status code" if wrong else "a status code is missing"
        build.error("LK104", at, message, hint="a status code lies between 100 and 599")
        return None
    return lambda user: codes


def _status_code(template: Template, at: Where, build: Build) -> Check | None:
    accepted = _statuses(template, at, build)
    if accepted is None:
        return None

    def check(user: TemplateContext, response: Response) -> str | None:
        codes = accepted(user)
        return None if str(response.status) in codes else f"status is {response.status}, expected {' or '.join(codes)}"

    return check


def _not_status_code(template: Template, at: Where, build: Build) -> Check | None:
    rejected = _statuses(template, at, build)
    if rejected is None:
        return None

    def check(user: TemplateContext, response: Response) -> str | None:
        return f"status is {response.status}" if str(response.status) in rejected(user) else None

    return check


def _tell_not_status_code(value: Any, response: Response, holds: bool) -> Told:
    return f"Status code different than {','.join(to_text(code) for code in as_list(value))}", response.status


# ------------------------------------------------------------------------------------------------------------- headers


def _content_type(template: Template, at: Where, build: Build) -> Check:
    def check(user: TemplateContext, response: Response) -> str | None:
        expected, found = template.text(user).strip(), response.header("content-type")
        if found is None:
            return f"there is no content-type, expected {expected}"
        if expected != "json":
            return None if found.lower() == expected.lower() else f"content-type is {shown(found)}, expected {expected}"
        if not response.says_json:
            return f"content-type is {shown(found)}, expected json"
        if body_fault(response) is not None:
            return None  # too large to be parsed here; that it says so must do
        try:
            _document(response)
        except ValueError as error:
            return str(error)
        return None

    return check


def _tell_content_type(value: Any, response: Response, holds: bool) -> Told:
    found = response.header("content-type")
    if value != "json":
        return value, found or "content-type header not set"
    if not holds and response.says_json:
        return value, "could not parse response body as JSON"
    return value, "json" if holds else f"content-type is {found}"


_CAPITALS = (
    "Artillery looks for header names in lower case, so this check always fails there; here case does not matter"
)


def _header_reader(name: Any, at: Where, build: Build) -> Callable[[Response, str], str | None]:
    """Return what reads a header; a name with capitals is found, unless all is to be as in Artillery."""
    if build.compat:
        return lambda response, wanted: response.header(wanted) if wanted == wanted.lower() else None
    if isinstance(name, str) and "{{" not in name and name != name.lower():
        build.warn("LK506", at, _CAPITALS, hint=f"write {name.lower()}")
    return lambda response, wanted: response.header(wanted)


def _has_header(template: Template, at: Where, build: Build) -> Check:
    read = _header_reader(template.source, at, build)

    def check(user: TemplateContext, response: Response) -> str | None:
        name = template.text(user)
        return None if read(response, name) else f"there is no header {name}"

    return check


def _tell_has_header(value: Any, response: Response, holds: bool) -> Told:
    return value, value if holds else f"response has no {value} header"


def _header_equals(template: Template, at: Where, build: Build) -> Check | None:
    if isinstance(template.source, list) and len(template.source) != 2:
        build.error("LK104", at, "headerEquals takes a header's name and its value", hint="write [name, value]")
        return None
    read = _header_reader(template.source[0] if isinstance(template.source, list) else None, at, build)

    def check(user: TemplateContext, response: Response) -> str | None:
        pair = template.render(user)
        if not isinstance(pair, list) or len(pair) != 2:
            return f"headerEquals takes [name, value], got {shown(pair)}"
        name, expected = to_text(pair[0]), to_text(pair[1])
        found = read(response, name)
        if found == expected:
            return None
        return f"header {name} is {shown_as(name, found)}, expected {shown_as(name, expected)}"

    return check


def _tell_header_equals(value: Any, response: Response, holds: bool) -> Told:
    name, expected = value if isinstance(value, list) and len(value) == 2 else (value, None)
    found = response.header(to_text(name))
    if found is None:
        return f"response to have {to_text(name)} header", f"response has no {to_text(name)} header"
    return expected, found


_CDN_HEADERS = ("cf-cache-status", "x-cache", "x-vercel-cache")


def _cdn_says(response: Response) -> list[tuple[str, str]]:
    return [(name, value) for name in _CDN_HEADERS if (value := response.header(name)) is not None]


def _cdn_hit(template: Template, at: Where, build: Build) -> Check:
    def check(user: TemplateContext, response: Response) -> str | None:
        wanted = ("hit", "stale") if template.text(user) != "false" else ("miss",)
        found = _cdn_says(response)
        if not found:
            return f"there is none of the headers {', '.join(_CDN_HEADERS)}"
        holds = any(value.lower().startswith(wanted) for _, value in found)
        return None if holds else f"the cache says {shown(found[0][1])}"

    return check


def _tell_cdn_hit(value: Any, response: Response, holds: bool) -> Told:
    found = _cdn_says(response)
    got = f"{found[-1][0]} is {found[-1][1]}" if holds and found else "cache status header not found"
    return f"a cache header indicating a cache {'hit' if to_text(value) != 'false' else 'miss'}", got


# ---------------------------------------------------------------------------------------------------------------- body


def _has_property(template: Template, at: Where, build: Build) -> Check | None:
    return _property(template, at, build, wanted=True)


def _not_has_property(template: Template, at: Where, build: Build) -> Check | None:
    return _property(template, at, build, wanted=False)


def _getter(path: str) -> Callable[[Any], Any]:
    return compile_getter(parse_path(path), MISSING)


def _property(template: Template, at: Where, build: Build, *, wanted: bool) -> Check | None:
    getter = lru_cache(_CACHED)(_getter)
    if template.is_constant:
        try:
            getter(to_text(template.source))
        except PathFault as fault:
            build.error("LK104", at, f"not a property: {fault}", hint="write name or name.key[0]")
            return None

    def check(user: TemplateContext, response: Response) -> str | None:
        path = template.text(user)
        try:
            body, get = _document(response), getter(path)
        except ValueError as error:
            return str(error)
        found = (isinstance(body, dict) and path in body) or get(body) is not MISSING
        return None if found is wanted else f"{response.noun} has {'a' if found else 'no'} property {path}"

    return check


def _tell_property(value: Any, response: Response, holds: bool, *, wanted: bool) -> Told:
    if holds:
        return value, value
    try:
        _document(response)
    except ValueError:
        return value, "response body is not an object"
    return value, f"response body has {'no ' if wanted else ''}{value} property"


def _matches_regexp(template: Template, at: Where, build: Build) -> Check | None:
    check = _search(template, at, build, _text_there if build.compat else _text_here)
    if check is not None and not build.compat:
        message = 'a body of JSON is searched as it came; Artillery looks into "[object Object]" there'
        build.warn("LK506", at, message, hint="use `hasProperty` or `jmespath` for JSON")
    return check


def _search(template: Template, at: Where, build: Build, text_of: Callable[[Response], str]) -> Check | None:
    compiled = lru_cache(_CACHED)(compile_regexp)
    if template.is_constant:
        try:
            compiled(to_text(template.source))
        except RegexpFault as fault:
            build.error("LK206", at, f"not a regular expression: {fault}")
            return None

    def check(user: TemplateContext, response: Response) -> str | None:
        fault = body_fault(response)
        if fault is not None:
            return fault
        source = template.text(user)
        try:
            found = compiled(source).search(text_of(response))
        except RegexpTimeout as error:
            return str(error)
        except RegexpFault as error:
            return f"not a regular expression: {error}"
        return None if found else f"{response.noun} has no match of {shown(source)}"

    return check


def _text_here(response: Response) -> str:
    return response.text


def _text_there(response: Response) -> str:
    """Return what Artillery matches: of JSON what JavaScript makes of the value as text."""
    if not response.says_json:
        return response.text
    try:
        return _as_javascript(response.json())
    except ValueError:
        return "null"


def _as_javascript(value: Any) -> str:
    if isinstance(value, list):
        return ",".join("" if item is None else _as_javascript(item) for item in value)
    return "[object Object]" if isinstance(value, dict) else "null" if value is None else to_text(value)


def _equals(template: Template, at: Where, build: Build) -> Check:
    def check(user: TemplateContext, response: Response) -> str | None:
        values = ["null" if value is None else to_text(value) for value in as_list(template.render(user))]
        return None if len(set(values)) <= 1 else f"not equal: {', '.join(shown(value) for value in values)}"

    return check


def _tell_equals(value: Any, response: Response, holds: bool) -> Told:
    return "all values to be equal", ", ".join(to_text(item) for item in as_list(value))


def _jmespath(template: Template, at: Where, build: Build) -> Check | None:
    compiled = lru_cache(_CACHED)(compile_jmespath)
    if template.is_constant:
        try:
            compiled(to_text(template.source))
        except JmesPathFault as fault:
            build.error("LK104", at, f"not a JMESPath: {fault}", inside=(str(template.source), fault.offset))
            return None

    def check(user: TemplateContext, response: Response) -> str | None:
        source = template.text(user)
        try:
            found = compiled(source)(_document(response))
        except ValueError as error:
            return str(error)
        return None if found or isinstance(found, dict | list) else f"{source} is {shown(found)}"

    return check


KINDS: Mapping[str, Kind] = {
    "statusCode": Kind(compile=_status_code, tell=lambda value, response, holds: (value, response.status)),
    "notStatusCode": Kind(compile=_not_status_code, tell=_tell_not_status_code),
    "contentType": Kind(compile=_content_type, tell=_tell_content_type, needs_body=True),
    "hasProperty": Kind(
        compile=_has_property,
        tell=lambda value, response, holds: _tell_property(value, response, holds, wanted=True),
        needs_body=True,
    ),
    "notHasProperty": Kind(
        compile=_not_has_property,
        tell=lambda value, response, holds: _tell_property(value, response, holds, wanted=False),
        needs_body=True,
    ),
    "equals": Kind(compile=_equals, tell=_tell_equals),
    "hasHeader": Kind(compile=_has_header, tell=_tell_has_header),
    "headerEquals": Kind(compile=_header_equals, tell=_tell_header_equals),
    "matchesRegexp": Kind(compile=_matches_regexp, tell=lambda value, response, holds: (True, holds), needs_body=True),
    "cdnHit": Kind(compile=_cdn_hit, tell=_tell_cdn_hit),
    "jmespath": Kind(compile=_jmespath, tell=lambda value, response, holds: (value, value), needs_body=True),
    "jpath": Kind(compile=_jmespath, tell=lambda value, response, holds: (value, value), needs_body=True),
}

BODY_KINDS: Mapping[str, Kind] = {
    "hasProperty": KINDS["hasProperty"],
    "notHasProperty": KINDS["notHasProperty"],
    "matchesRegexp": Kind(
        compile=lambda template, at, build: _search(template, at, build, _text_here), needs_body=True
    ),
}
"""Those that look at nothing but the body, or at what stands in its place."""
