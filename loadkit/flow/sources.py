"""Take one value out of a response: from its JSON body, by a regular expression, or from a header."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from loadkit.flow.jsonpath import JsonPath, JsonPathFault, compile_jsonpath
from loadkit.flow.response import Response
from loadkit.flow.step import Build, Where
from loadkit.redact import MASK, is_secret
from loadkit.template.compile import Template, TemplateContext
from loadkit.template.path import MISSING
from loadkit.template.regexp import Regexp, RegexpFault, RegexpTimeout, compile_regexp
from loadkit.template.text import to_text

MAX_BODY_BYTES = 1 << 20
"""Captures and checks read no body beyond this size: parsing one would hold up every other virtual user."""

SOURCES = ("json", "regexp", "header")
_SHOWN = 200
_CACHED = 256


class Failure:
    """Why there is no value, where "nothing was found" does not say it."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


Read = Callable[[TemplateContext, Response], Any]
"""Gives the value, MISSING, or a Failure."""


def source_of(item: Mapping[str, Any]) -> str | None:
    """Return which of SOURCES a capture or match reads; the first one that it has."""
    return next((source for source in SOURCES if isinstance(item.get(source), str)), None)


def source_text(item: Mapping[str, Any]) -> str:
    """Return the source as messages name it: "$.token", "header location"."""
    source = source_of(item)
    if source is None:
        return "the whole value"
    text = item[source]
    return str(text) if source == "json" else f"{source} {text}"


class Sources(NamedTuple):
    """The sources of what is captured from, and what is read where a capture names none of them."""

    names: tuple[str, ...] = SOURCES
    otherwise: Read | None = None


RESPONSE_SOURCES = Sources()


def compile_source(
    item: Mapping[str, Any], at: Where, build: Build, what: str, sources: Sources = RESPONSE_SOURCES
) -> Read | None:
    """Compile the source of a capture or match (`what`); None when it cannot be, which has become a diagnostic."""
    source = source_of(item)
    if source is None and sources.otherwise is not None and not any(other in item for other in SOURCES):
        return sources.otherwise
    if source is not None and source not in sources.names:
        known = " or ".join(f"`{name}`" for name in sources.names)
        build.error(
            "LK216", (*at, source), f"there is no `{source}` here; a {what} takes its value from {known}", key=True
        )
        return None
    if source is None:
        is_misspelt = any(build.reported((*at, key)) for key in item if key not in ("as", "value"))
        if not is_misspelt and not any(other in item for other in SOURCES):
            build.error("LK216", at, f"a {what} takes its value from `json`, `regexp` or `header`; it has none of them")
        return None
    for other in SOURCES:
        if other != source and other in item:
            build.warn("LK505", (*at, other), f"`{other}` is not read, `{source}` comes first", key=True)
    template = build.template(item[source], (*at, source))
    if template.is_constant and "{{" in str(template.source):
        return None  # a template that cannot be compiled
    return _COMPILERS[source](template, item, at, build)


def member_of(item: Mapping[str, Any]) -> str | None:
    """Return which top-level member of a JSON object a capture takes; None when it asks for anything else."""
    source = item.get("json")
    if source_of(item) != "json" or "{{" in str(source) or "all" in item or "multiple" in item:
        return None
    try:
        return compile_jsonpath(str(source)).member
    except JsonPathFault:
        return None


def body_fault(response: Response) -> str | None:
    """Return why a body is not looked at: it is too large. None when it is not."""
    size = len(response.body)
    if size <= MAX_BODY_BYTES:
        return None
    return f"the body has {size} bytes, captures and checks read {MAX_BODY_BYTES} at most"


def _compile_json(template: Template, item: Mapping[str, Any], at: Where, build: Build) -> Read | None:
    take = _taker(item)
    if not template.is_constant:
        cached = lru_cache(_CACHED)(compile_jsonpath)

        def read_dynamic(user: TemplateContext, response: Response) -> Any:
            try:
                return _read_json(cached(template.text(user)), take, response)
            except JsonPathFault as fault:
                return Failure(str(fault))

        return read_dynamic
    try:
        path = compile_jsonpath(str(template.source))
    except JsonPathFault as fault:
        build.error("LK205", (*at, "json"), str(fault), hint=fault.hint)
        return None
    if not path.singular and "all" not in item and "multiple" not in item:
        message = f"{template.source} may find several values; the first is taken, where Artillery takes one at random"
        build.warn("LK506", (*at, "json"), message, hint="add `all: true` for the list, `all: false` for the first")
    if path.get is not None and take is _first:
        return _plain_reader(path.get)
    return lambda user, response: _read_json(path, take, response)


def _plain_reader(get: Callable[[Any], Any]) -> Read:
    """Return the reader of a path like $.a.b[0], the usual one: 0.3 us beside decoding."""

    def read(user: TemplateContext, response: Response) -> Any:
        if len(response.body) > MAX_BODY_BYTES:
            return Failure(str(body_fault(response)))
        try:
            return get(response.json())
        except ValueError as error:
            return Failure(str(error))

    return read


_Take = Callable[[JsonPath, Any], Any]


def _first(path: JsonPath, document: Any) -> Any:
    return path.first(document)


def _all(path: JsonPath, document: Any) -> Any:
    return path.values(document) or MISSING


def _unwrapped(path: JsonPath, document: Any) -> Any:
    values = path.values(document)
    return values[0] if len(values) == 1 else values or MISSING


def _taker(item: Mapping[str, Any]) -> _Take:
    if item.get("all") is True:
        return _all
    return _unwrapped if item.get("multiple") is False else _first


def _read_json(path: JsonPath, take: _Take, response: Response) -> Any:
    fault = body_fault(response)
    if fault is not None:
        return Failure(fault)
    try:
        return take(path, response.json())
    except ValueError as error:
        return Failure(str(error))


def _compile_regexp(template: Template, item: Mapping[str, Any], at: Where, build: Build) -> Read | None:
    flags = str(item.get("flags", ""))
    group = item.get("group", 0)
    if isinstance(group, str) and group.isdecimal():
        group = int(group)
    if not template.is_constant:
        cached = lru_cache(_CACHED)(lambda source: compile_regexp(source, flags))

        def read_dynamic(user: TemplateContext, response: Response) -> Any:
            try:
                return _search(cached(template.text(user)), group, response)
            except RegexpFault as fault:
                return Failure(f"not a regular expression: {fault}")

        return read_dynamic
    try:
        pattern = compile_regexp(str(template.source), flags)
    except RegexpFault as fault:
        build.error("LK206", (*at, "regexp"), f"not a regular expression: {fault}")
        return None
    if not _has_group(pattern, group):
        build.error("LK216", (*at, "group"), f"the regular expression has no group {group!r}", hint=_groups(pattern))
        return None
    return lambda user, response: _search(pattern, group, response)


def _has_group(pattern: Regexp, group: Any) -> bool:
    return group in pattern.groupindex if isinstance(group, str) else 0 <= group <= pattern.groups


def _groups(pattern: Regexp) -> str:
    if not pattern.groups:
        return "put parentheses around what to capture, or leave out `group` for the whole match"
    known = [*pattern.groupindex, *range(1, pattern.groups + 1)]
    return f"its groups are {', '.join(map(str, known))}"


def _search(pattern: Regexp, group: Any, response: Response) -> Any:
    fault = body_fault(response)
    if fault is not None:
        return Failure(fault)
    if not _has_group(pattern, group):
        return Failure(f"the regular expression has no group {group!r}")
    try:
        found = pattern.search(response.text)
    except RegexpTimeout as fault:
        return Failure(str(fault))
    value = found[group] if found else None
    return MISSING if value is None else value


def _compile_header(template: Template, item: Mapping[str, Any], at: Where, build: Build) -> Read | None:
    def read(user: TemplateContext, response: Response) -> Any:
        value = response.header(template.text(user))
        return MISSING if value is None else value

    return read


_COMPILERS = {"json": _compile_json, "regexp": _compile_regexp, "header": _compile_header}


def is_same(found: Any, expected: Any) -> bool:
    """Say whether a value is the expected one: equal, or a plain value that reads the same as text ("1" and 1)."""
    if found is None or expected is None:
        return found is expected
    if isinstance(found, dict | list) and isinstance(expected, dict | list):
        return bool(found == expected)
    return to_text(found) == to_text(expected)


def shown(value: Any) -> str:
    """Return a value as a message shows it: JSON, cut after 200 characters."""
    text = "nothing" if value is None else to_text([value])[1:-1] if isinstance(value, str) else to_text(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def shown_as(name: str, value: Any) -> str:
    """Return a value of this name as a message shows it: not at all if the name says that it is secret."""
    return MASK if is_secret(name) else shown(value)
