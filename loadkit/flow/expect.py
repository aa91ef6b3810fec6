"""Checks of a response: the `expect` of an HTTP step. A check that fails is counted; the virtual user goes on.

Checks run after the step's captures, so their values may use what was just captured.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from loadkit.flow.response import Response, charset_of, media_type_of
from loadkit.flow.sources import body_fault, shown, shown_as
from loadkit.flow.step import Build, Where
from loadkit.template.compile import Template, TemplateContext
from loadkit.template.path import MISSING, PathFault, compile_getter, parse_path
from loadkit.template.regexp import RegexpFault, RegexpTimeout, compile_regexp
from loadkit.template.text import to_text

Check = Callable[[TemplateContext, Response], str | None]
"""Gives None when the check holds, else what was found and what was expected."""

CompileCheck = Callable[[Template, Where, Build], Check | None]

_NEEDS_BODY = {"hasProperty", "notHasProperty", "matchesRegexp"}
_CACHED = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Expect:
    """All checks of one step. `names` are their types, in order; `run` gives (type, text) of those that fail.

    `statuses` is set when the only check is a constant `statusCode`: whoever has the status need not call `run` then.
    """

    needs_body: bool
    names: tuple[str, ...]
    statuses: frozenset[int] | None
    run: Callable[[TemplateContext, Response], tuple[tuple[str, str], ...]]


def compile_expect(
    step: Mapping[str, Any], where: Where, build: Build, kinds: Mapping[str, CompileCheck] | None = None
) -> Expect | None:
    """Compile the `expect` of a step, whose checks are those of a response or `kinds`; None when it has none.

    Faults become diagnostics.
    """
    known = _CHECKS if kinds is None else kinds
    checks: list[tuple[str, Check]] = []
    statuses: list[frozenset[int] | None] = []
    for name, value, at in _items(step, where):
        compile_check = known.get(name)
        if compile_check is None:
            continue  # reported by the schema
        template = build.template(value, at)
        if template.is_constant and "{{" in to_text(template.source):
            continue  # a template that cannot be compiled
        check = compile_check(template, at, build)
        if check is not None:
            checks.append((name, check))
            statuses.append(_constant_statuses(template) if name == "statusCode" else None)
    if not checks:
        return None
    names = tuple(name for name, _ in checks)
    return Expect(
        needs_body=any(name in _NEEDS_BODY for name in names),
        names=names,
        statuses=statuses[0] if len(statuses) == 1 else None,
        run=_runner(tuple(checks)),
    )


def _items(step: Mapping[str, Any], where: Where) -> Iterable[tuple[str, Any, Where]]:
    value = step.get("expect")
    at = (*where, "expect")
    places = [(value, at)] if isinstance(value, Mapping) else []
    if isinstance(value, list):
        places = [(item, (*at, index)) for index, item in enumerate(value) if isinstance(item, Mapping)]
    for item, place in places:
        for name, expected in item.items():
            yield name, expected, (*place, name)


def _runner(
    checks: tuple[tuple[str, Check], ...],
) -> Callable[[TemplateContext, Response], tuple[tuple[str, str], ...]]:
    def run(user: TemplateContext, response: Response) -> tuple[tuple[str, str], ...]:
        failures: tuple[tuple[str, str], ...] = ()
        for name, check in checks:
            text = check(user, response)
            if text is not None:
                failures += ((name, text),)
        return failures

    return run


# -------------------------------------------------------------------------------------------------------------- status


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _constant_statuses(template: Template) -> frozenset[int] | None:
    if not template.is_constant:
        return None
    return frozenset(int(to_text(code)) for code in _as_list(template.source))


def _statuses(template: Template, at: Where, build: Build) -> Callable[[TemplateContext], list[str]] | None:
    """Return the accepted status codes as texts; constants that are no status codes are reported."""
    if not template.is_constant:
        return lambda user: [to_text(code) for code in _as_list(template.render(user))]
    codes = [to_text(code) for code in _as_list(template.source)]
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
        return None if str(response.status) in codes else f"status is {response.status}, expected {_either(codes)}"

    return check


def _not_status_code(template: Template, at: Where, build: Build) -> Check | None:
    rejected = _statuses(template, at, build)
    if rejected is None:
        return None

    def check(user: TemplateContext, response: Response) -> str | None:
        return f"status is {response.status}" if str(response.status) in rejected(user) else None

    return check


def _either(values: list[str]) -> str:
    return " or ".join(values)


# ------------------------------------------------------------------------------------------------------------- headers

_JSON = re.compile(r"application/(?:json|[\w.+-]+\+json)|text/json", re.ASCII)


def _content_type(template: Template, at: Where, build: Build) -> Check:
    def check(user: TemplateContext, response: Response) -> str | None:
        expected = template.text(user).strip().lower()
        found = response.header("content-type")
        if found is None:
            return f"there is no content-type, expected {expected}"
        if expected == "json":
            holds = _JSON.fullmatch(media_type_of(found)) is not None
        else:
            charset = charset_of(expected)
            holds = media_type_of(expected) == media_type_of(found) and charset in ("", charset_of(found))
        return None if holds else f"content-type is {shown(found)}, expected {expected}"

    return check


def _has_header(template: Template, at: Where, build: Build) -> Check:
    def check(user: TemplateContext, response: Response) -> str | None:
        name = template.text(user)
        return None if response.header(name) is not None else f"there is no header {name}"

    return check


def _header_equals(template: Template, at: Where, build: Build) -> Check | None:
    if isinstance(template.source, list) and len(template.source) != 2:
        build.error("LK104", at, "headerEquals takes a header's name and its value", hint="write [name, value]")
        return None

    def check(user: TemplateContext, response: Response) -> str | None:
        pair = template.render(user)
        if not isinstance(pair, list) or len(pair) != 2:
            return f"headerEquals takes [name, value], got {shown(pair)}"
        name, expected = to_text(pair[0]), to_text(pair[1])
        found = response.header(name)
        if found == expected:
            return None
        return f"header {name} is {shown_as(name, found)}, expected {shown_as(name, expected)}"

    return check


_CDN_HEADERS = ("cf-cache-status", "x-cache", "x-vercel-cache")


def _cdn_hit(template: Template, at: Where, build: Build) -> Check:
    def check(user: TemplateContext, response: Response) -> str | None:
        expected = template.text(user) == "true"
        found = [value for name in _CDN_HEADERS if (value := response.header(name)) is not None]
        if not found:
            return f"there is none of the headers {', '.join(_CDN_HEADERS)}"
        hit = any("hit" in value.lower() for value in found)
        return None if hit is expected else f"the cache says {shown(found[0])}"

    return check


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
        fault = body_fault(response)
        if fault is not None:
            return fault
        path = template.text(user)
        try:
            body, get = response.json(), getter(path)
        except ValueError as error:
            return str(error)
        if not isinstance(body, dict | list):
            return f"{response.noun} is {shown(body)}, neither object nor list"
        found = get(body) is not MISSING
        return None if found is wanted else f"{response.noun} has {'a' if found else 'no'} property {path}"

    return check


def _matches_regexp(template: Template, at: Where, build: Build) -> Check | None:
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
            found = compiled(source).search(response.text)
        except RegexpTimeout as error:
            return str(error)
        except RegexpFault as error:
            return f"not a regular expression: {error}"
        return None if found else f"{response.noun} has no match of {shown(source)}"

    return check


def _equals(template: Template, at: Where, build: Build) -> Check:
    def check(user: TemplateContext, response: Response) -> str | None:
        values = [to_text(value) for value in _as_list(template.render(user))]
        return None if len(set(values)) <= 1 else f"not equal: {', '.join(shown(value) for value in values)}"

    return check


BODY_CHECKS: Mapping[str, CompileCheck] = {
    "hasProperty": _has_property,
    "notHasProperty": _not_has_property,
    "matchesRegexp": _matches_regexp,
}
"""Those that look at nothing but the body, or at what stands in its place."""

_CHECKS: Mapping[str, CompileCheck] = {
    "statusCode": _status_code,
    "notStatusCode": _not_status_code,
    "contentType": _content_type,
    "hasProperty": _has_property,
    "notHasProperty": _not_has_property,
    "equals": _equals,
    "hasHeader": _has_header,
    "headerEquals": _header_equals,
    "matchesRegexp": _matches_regexp,
    "cdnHit": _cdn_hit,
}

# -------------------------------------------------------------------------------------------------------------- schema

_CODE: dict[str, Any] = {
    "type": ["integer", "string", "array"],
    "minimum": 100,
    "maximum": 599,
    "minItems": 1,
    "items": {
        "type": ["integer", "string"],
        "minimum": 100,
        "maximum": 599,
        "title": "Status code",
        "description": "One of the status codes.",
        "examples": [200],
    },
}

_PROPERTIES: dict[str, Any] = {
    "statusCode": {
        **_CODE,
        "title": "Status code",
        "description": "The response's status is this one, or one of these.",
        "examples": [200, [200, 201]],
    },
    "notStatusCode": {
        **_CODE,
        "title": "Other status code",
        "description": "The response's status is not this one, or none of these.",
        "examples": [500],
    },
    "contentType": {
        "type": "string",
        "minLength": 1,
        "title": "Content type",
        "description": "The media type; `json` stands for application/json and everything that ends with +json. "
        "A charset counts only when it is given here.",
        "examples": ["json", "text/html"],
    },
    "hasProperty": {
        "type": "string",
        "minLength": 1,
        "title": "Property",
        "description": "The JSON body has a property at this path, even if it is null.",
        "examples": ["data.items[0].id"],
    },
    "notHasProperty": {
        "type": "string",
        "minLength": 1,
        "title": "No property",
        "description": "The JSON body has no property at this path.",
        "examples": ["error"],
    },
    "equals": {
        "type": ["array", "string"],
        "minItems": 2,
        "items": {"title": "Value", "description": "One of the values.", "examples": ["{{ id }}"]},
        "title": "Equal values",
        "description": "All values of the list are equal, compared as text.",
        "examples": [["{{ id }}", "{{ expectedId }}"]],
    },
    "hasHeader": {
        "type": "string",
        "minLength": 1,
        "title": "Header",
        "description": "The response has this header; its case does not matter.",
        "examples": ["etag"],
    },
    "headerEquals": {
        "type": ["array", "string"],
        "minItems": 2,
        "maxItems": 2,
        "items": {
            "type": ["string", "number", "boolean"],
            "title": "Name or value",
            "description": "First the header's name, then its value.",
            "examples": ["cache-control"],
        },
        "title": "Header value",
        "description": "A header has exactly this value.",
        "examples": [["cache-control", "no-store"]],
    },
    "matchesRegexp": {
        "type": "string",
        "minLength": 1,
        "title": "Regular expression",
        "description": "The body's text has a match of this regular expression.",
        "examples": ["Welcome, \\w+"],
    },
    "cdnHit": {
        "type": ["boolean", "string"],
        "title": "CDN hit",
        "description": "A content delivery network served the response from its cache (or, with false, did not), by the headers "
        "cf-cache-status, x-cache and x-vercel-cache.",
        "examples": [True],
    },
}

BODY_PROPERTIES: Mapping[str, Any] = {name: _PROPERTIES[name] for name in BODY_CHECKS}

_ONE = {
    "title": "Checks",
    "description": "Checks of the response, each counted as passed or failed. One mapping or a list of them.",
    "properties": _PROPERTIES,
    "additionalProperties": False,
    "patternProperties": {"^x-": {}},
    "examples": [{"statusCode": 200, "contentType": "json"}],
}

EXPECT_SCHEMA: dict[str, Any] = {**_ONE, "type": ["object", "array"], "items": {**_ONE, "type": "object"}}
"""One mapping or a list of them, as one level: a choice between two schemas makes for poor messages."""
