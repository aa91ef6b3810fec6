"""Take one value out of a response: from its JSON body, by a regular expression, from a header, or from HTML and XML."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from loadkit.flow.jsonpath import JsonPath, JsonPathFault, compile_jsonpath
from loadkit.flow.markup import compile_selector, compile_xpath
from loadkit.flow.reading import MAX_BODY_BYTES, Failure, Read, body_fault
from loadkit.flow.response import Response
from loadkit.flow.step import Build, Where
from loadkit.flow.transform import compile_transform
from loadkit.redact import MASK, is_secret
from loadkit.template.compile import Template, TemplateContext
from loadkit.template.path import MISSING
from loadkit.template.regexp import Regexp, RegexpFault, RegexpTimeout, compile_regexp
from loadkit.template.text import to_text

SOURCES = ("json", "xpath", "regexp", "header", "selector")
"""In the order in which they are looked for; the others are not read then."""

_SHOWN = 200
_CACHED = 256


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
    if source is None:
        return _without_source(item, at, build, what, sources)
    if source not in sources.names:
        known = " or ".join(f"`{name}`" for name in sources.names)
        text = f"there is no `{source}` here; a {what} takes its value from {known}"
        build.error("LK216", (*at, source), text, key=True)
        return None
    for other in SOURCES:
        if other != source and other in item:
            build.warn("LK505", (*at, other), f"`{other}` is not read, `{source}` comes first", key=True)
    template = build.template(item[source], (*at, source))
    if template.is_constant and "{{" in str(template.source):
        return None  # a template that cannot be compiled
    read = _COMPILERS[source](template, item, at, build)
    return None if read is None else compile_transform(read, item, at, build)


def _without_source(item: Mapping[str, Any], at: Where, build: Build, what: str, sources: Sources) -> Read | None:
    """Return what is read where nothing says what; of a response that is nothing, as in Artillery, and a failure."""
    if any(other in item for other in SOURCES) or any(build.reported((*at, key)) for key in item):
        return None  # it has a source that is no text or is misspelt, which has been reported
    if sources.otherwise is not None:
        return compile_transform(sources.otherwise, item, at, build)
    known = ", ".join(f"`{name}`" for name in SOURCES)
    text = f"this {what} has no source, and so fails at each response"
    build.warn("LK512", at, text, hint=f"a {what} takes its value from one of {known}")
    failure = Failure("it has no source")
    return lambda user, response: failure


def member_of(item: Mapping[str, Any]) -> str | None:
    """Return which top-level member of a JSON object a capture takes; None when it asks for anything else."""
    source = item.get("json")
    if source_of(item) != "json" or "{{" in str(source) or {"all", "multiple", "transform"} & item.keys():
        return None
    try:
        return compile_jsonpath(str(source)).member
    except JsonPathFault:
        return None


def _compile_json(template: Template, item: Mapping[str, Any], at: Where, build: Build) -> Read | None:
    take = _taker(item, build)
    if not template.is_constant:
        cached = lru_cache(_CACHED)(compile_jsonpath)

        def read_dynamic(user: TemplateContext, response: Response) -> Any:
            try:
                return _read_json(cached(template.text(user)), take, user, response)
            except JsonPathFault as fault:
                return Failure(str(fault))

        return read_dynamic
    try:
        path = compile_jsonpath(str(template.source))
    except JsonPathFault as fault:
        build.error("LK205", (*at, "json"), str(fault), hint=fault.hint)
        return None
    if not path.singular and "all" not in item and "multiple" not in item and not build.compat:
        message = f"{template.source} may find several values; the first is taken, where Artillery takes one at random"
        build.warn("LK506", (*at, "json"), message, hint="add `all: true` for the list, `all: false` for the first")
    if path.get is not None and take is _first:
        return _plain_reader(path.get)
    return lambda user, response: _read_json(path, take, user, response)


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


_Take = Callable[[JsonPath, Any, TemplateContext], Any]


def _first(path: JsonPath, document: Any, user: TemplateContext) -> Any:
    return path.first(document)


def _all(path: JsonPath, document: Any, user: TemplateContext) -> Any:
    return path.values(document) or MISSING


def _unwrapped(path: JsonPath, document: Any, user: TemplateContext) -> Any:
    values = path.values(document)
    return values[0] if len(values) == 1 else values or MISSING


def _any(path: JsonPath, document: Any, user: TemplateContext) -> Any:
    """Take as Artillery does: one of several at random, and nothing of a document that is a plain value."""
    values = path.values(document) if isinstance(document, dict | list) else []
    return user.random.choice(values) if len(values) > 1 else values[0] if values else MISSING


def _taker(item: Mapping[str, Any], build: Build) -> _Take:
    if item.get("all") is True:
        return _all
    if item.get("multiple") is False:
        return _unwrapped
    return _any if build.compat and "all" not in item else _first


def _read_json(path: JsonPath, take: _Take, user: TemplateContext, response: Response) -> Any:
    fault = body_fault(response)
    if fault is not None:
        return Failure(fault)
    try:
        return take(path, response.json(), user)
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
    group = _usable_group(pattern, group, (*at, "group"), build)
    return lambda user, response: _search(pattern, group, response)


def _usable_group(pattern: Regexp, group: Any, at: Where, build: Build) -> Any:
    """Return the group that is taken for the one that is asked for, as Artillery chooses; where that is a surprise, say so."""
    named = bool(pattern.groupindex)
    if isinstance(group, int) and group and named and _has_group(pattern, group):
        if build.compat:
            return _NO_GROUP
        text = f"group {group} is taken (Artillery finds no number where groups have names, and fails)"
        build.warn("LK506", at, text, hint=_groups(pattern))
    elif not _has_group(pattern, group):
        outcome = "the capture fails at each response" if named else "the whole match is taken"
        text = f"the regular expression has no group {group!r}; {outcome}"
        build.warn("LK512", at, text, hint=_groups(pattern))
        return _NO_GROUP if named else 0
    return group


_NO_GROUP = -1


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
    written = str(template.source)
    if template.is_constant and written != written.lower() and not build.compat:
        text = "a header's name is matched whatever its case (Artillery finds lower-case names only, and fails)"
        build.warn("LK506", (*at, "header"), text, hint=f"write {written.lower()}")
    if template.is_constant and written.lower() == "set-cookie" and not build.compat:
        text = "the first Set-Cookie field is taken (Artillery takes the list of all)"
        build.warn("LK506", (*at, "header"), text)
    exact = build.compat

    def read(user: TemplateContext, response: Response) -> Any:
        name = template.text(user)
        if exact and name != name.lower():
            return MISSING
        if name.lower() == "set-cookie":  # its fields are never joined by commas (RFC 9110 section 5.3)
            values = response.header_values(name)
            return MISSING if not values else values if exact else values[0]
        value = response.header(name)
        return MISSING if value is None else value

    return read


_COMPILERS: Mapping[str, Callable[[Template, Mapping[str, Any], Where, Build], Read | None]] = {
    "json": _compile_json,
    "xpath": compile_xpath,
    "regexp": _compile_regexp,
    "header": _compile_header,
    "selector": compile_selector,
}


def is_identical(found: Any, expected: Any) -> bool:
    """Say whether a value is the expected one as JavaScript's === has it: 7 is not "7", 1 is 1.0, true is not 1.

    Lists and mappings are compared by what is in them.
    """
    if isinstance(found, bool) or isinstance(expected, bool):
        return found is expected
    if isinstance(found, int | float) and isinstance(expected, int | float):
        return found == expected
    return type(found) is type(expected) and bool(found == expected)


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
