"""Captures and matches: take values out of a response into variables, or compare them.

    capture:                                    match:
      - json: $.token                             json: $.state
        as: token                                 value: "{{ expected }}"

All captures and matches of a step are read first. If a strict one fails nothing is stored, and the failure names it.
A value that is missing or "" is a failure; null, 0 and false are values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loadkit.flow.members import TakeMembers, compile_members
from loadkit.flow.reading import Failure, Read
from loadkit.flow.response import Response
from loadkit.flow.sources import (
    RESPONSE_SOURCES,
    Sources,
    compile_source,
    is_identical,
    member_of,
    shown,
    shown_as,
    source_of,
    source_text,
)
from loadkit.flow.step import Build, Where, root_of
from loadkit.template.compile import Template, TemplateContext
from loadkit.template.path import MISSING, PathFault, compile_assignment
from loadkit.template.text import UNDEFINED, to_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Captures:
    """All captures and matches of one step.

    `apply` stores the values in the user's variables and returns None, or a text saying which one failed and why: then nothing is
    stored, and `seen` gives what would have been, by the name of the variable.
    `take` does the same from a plain body, sooner, where it can; `apply` is for what it refuses.
    """

    needs_body: bool
    apply: Callable[[TemplateContext, Response], str | None]
    seen: Callable[[TemplateContext, Response], dict[str, Any]]
    take: TakeMembers | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Capture:
    name: str
    label: str
    read: Read
    store: Callable[[dict[str, Any], Any], None]
    strict: bool
    nothing: Any = None
    """What the variable becomes when nothing is found and that is no failure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Match:
    label: str
    read: Read
    expected: Template
    strict: bool
    same: Callable[[Any, Any], bool]


def compile_captures(
    step: Mapping[str, Any],
    where: Where,
    build: Build,
    *,
    strict_default: bool = True,
    sources: Sources = RESPONSE_SOURCES,
) -> Captures | None:
    """Compile the `capture` and `match` of a step; None when it has neither. Faults become diagnostics."""
    captures, matches = [], []
    for item, at in _items(step, "capture", where):
        read = compile_source(item, at, build, "capture", sources)
        store = _compile_store(item, at, build)
        if read is not None and store is not None:
            label = f'capture "{item["as"]}" ({source_text(item)})'
            strict = item.get("strict", strict_default) is not False
            name = root_of(str(item["as"]))
            nothing = None
            if build.compat:
                nothing = UNDEFINED if source_of(item) == "json" else ""
            captures.append(_Capture(name=name, label=label, read=read, store=store, strict=strict, nothing=nothing))
    for item, at in _items(step, "match", where):
        read = compile_source(item, at, build, "match", sources)
        if "value" not in item and source_of(item) is not None:
            build.warn("LK505", at, "a match without `value` compares nothing", hint="add the value that must be found")
        elif read is not None and "value" in item:
            _note_value(item, at, build)
            expected = build.template(item["value"], (*at, "value"))
            label, strict = f"match ({source_text(item)})", item.get("strict", True) is not False
            same = _plain_and_identical if build.compat else is_identical
            matches.append(_Match(label=label, read=read, expected=expected, strict=strict, same=same))
    for name, _ in captured_names(step):
        build.define(name)
    if not captures and not matches:
        return None
    named = [source_of(item) for key in ("capture", "match") for item, _ in _items(step, key, where)]
    return Captures(
        needs_body=any(source in _OF_BODY for source in named),
        apply=_applier(tuple(captures), tuple(matches)),
        take=None if matches else _compile_take([item for item, _ in _items(step, "capture", where)], captures),
        seen=lambda user, response: {one.name: one.read(user, response) for one in captures},
    )


_OF_BODY = frozenset({"json", "xpath", "regexp", "selector"})
_TEXTS = frozenset({"xpath", "regexp", "header"})  # what these find is text


def _plain_and_identical(found: Any, expected: Any) -> bool:
    """Compare as Artillery does, where no list and no mapping is the same as another."""
    return not isinstance(found, list | dict) and is_identical(found, expected)


def _note_value(item: Mapping[str, Any], at: Where, build: Build) -> None:
    """Warn of an expected value that differs from all that can be found."""
    value, source = item["value"], source_of(item)
    if source in _TEXTS and "transform" not in item and not isinstance(value, str):
        text = f"what `{source}` finds is text, which is never the same as {shown(value)}"
        build.warn("LK512", (*at, "value"), text, hint=f'write "{to_text(value)}"')
    elif isinstance(value, list | dict) and not build.compat:
        text = (
            "lists and mappings are compared by what is in them (in Artillery no two are the same, and the match fails)"
        )
        build.warn("LK506", (*at, "value"), text)


def _compile_take(items: Sequence[Mapping[str, Any]], captures: Sequence[_Capture]) -> TakeMembers | None:
    """Return the shorter way, if every capture is a strict one of a top-level member into a variable."""
    members = [(member_of(item), item.get("as")) for item in items]
    plain = [(str(member), str(name)) for member, name in members if member is not None and name == root_of(str(name))]
    if len(plain) < len(members) or len(captures) < len(members) or not all(capture.strict for capture in captures):
        return None
    return compile_members(plain)


def captured_names(step: Mapping[str, Any]) -> list[tuple[str, Where]]:
    """Return the variables that a step's captures define, each with the path to its `as` inside the step."""
    found = []
    for item, at in _items(step, "capture", ()):
        name = item.get("as")
        if isinstance(name, str) and root_of(name):
            found.append((root_of(name), (*at, "as")))
    return found


def _items(step: Mapping[str, Any], key: str, where: Where) -> list[tuple[Mapping[str, Any], Where]]:
    """Return one mapping or a list of them as a list with places; what is neither has been reported by the schema."""
    value = step.get(key)
    if isinstance(value, Mapping):
        return [(value, (*where, key))]
    if isinstance(value, list):
        return [(item, (*where, key, index)) for index, item in enumerate(value) if isinstance(item, Mapping)]
    return []


# ------------------------------------------------------------------------------------------------------------- running


def _applier(
    captures: tuple[_Capture, ...], matches: tuple[_Match, ...]
) -> Callable[[TemplateContext, Response], str | None]:
    rows = tuple((one.read, one.store, one.strict, one.label, one.nothing) for one in captures)

    def apply(user: TemplateContext, response: Response) -> str | None:
        values = []
        for read, store, strict, label, nothing in rows:
            value = read(user, response)
            kind = value.__class__
            if value is MISSING or kind is Failure or (kind is str and not value):
                if strict:
                    return _failure_text(label, value, response)
                value = nothing
            values.append((store, value))
        for match in matches:
            text = _mismatch(match, user, response)
            if text is not None and match.strict:
                return text
        variables = user.variables
        for store, value in values:
            store(variables, value)
        return None

    return apply


def _failure_text(label: str, value: Any, response: Response) -> str:
    missing = "nothing was found" if value is MISSING else "the value is empty"
    reason = value.text if isinstance(value, Failure) else missing
    return f"{label}: {reason}{response.where}"


def _mismatch(match: _Match, user: TemplateContext, response: Response) -> str | None:
    value = match.read(user, response)
    if value is MISSING or isinstance(value, Failure):
        return _failure_text(match.label, value, response)
    expected = match.expected.render(user)
    if match.same(value, expected):
        return None
    found, wanted = shown_as(match.label, value), shown_as(match.label, expected)
    return f"{match.label}: found {found}, expected {wanted}{response.where}"


# ----------------------------------------------------------------------------------------------------------- compiling


def _compile_store(item: Mapping[str, Any], at: Where, build: Build) -> Callable[[dict[str, Any], Any], None] | None:
    name = item.get("as")
    if not isinstance(name, str):
        return None
    try:
        return compile_assignment(name)
    except PathFault as fault:
        build.error("LK216", (*at, "as"), f"{name!r} is not a variable: {fault}", hint="write name or name.key[0]")
        return None


# ------------------------------------------------------------------------------------------------------------- schemas

_SOURCE_PROPERTIES: dict[str, Any] = {
    "json": {
        "type": "string",
        "title": "JSONPath",
        "description": "Take the value from a JSON body by a JSONPath (RFC 9535); of several matches the first.",
        "examples": ["$.items[0].id", "$..token"],
    },
    "regexp": {
        "type": "string",
        "title": "Regular expression",
        "description": "Take the value from the body's text: the whole match, or `group`.",
        "examples": ["id=(\\d+)"],
    },
    "xpath": {
        "type": "string",
        "minLength": 1,
        "title": "XPath",
        "description": "Take the text that an XPath finds in XML or HTML, or an attribute by `attr`. Needs the extra `html`.",
        "examples": ["//item/@id", "count(//item)"],
    },
    "selector": {
        "type": "string",
        "minLength": 1,
        "title": "CSS selector",
        "description": "Take an attribute (`attr`) of the element that a CSS selector finds, all of them as a mapping, or with "
        "`text: true` its text. Needs the extra `html`.",
        "examples": ["input[name=csrf]"],
    },
    "attr": {
        "type": "string",
        "minLength": 1,
        "title": "Attribute",
        "description": "With `selector` or `xpath`: the attribute of the element to take.",
        "examples": ["href"],
    },
    "text": {
        "type": "boolean",
        "default": False,
        "title": "Text",
        "description": "With `selector` and without `attr`: take the text of the element.",
        "examples": [True],
    },
    "index": {
        "type": ["integer", "string"],
        "pattern": "^(last|random|-?\\d+)$",
        "default": 0,
        "title": "Index",
        "description": "With `selector` or `xpath`, which of several elements: a number from 0, `last` or `random`.",
        "examples": [2, "last", "random"],
    },
    "transform": {
        "type": ["string", "array"],
        "items": {"type": "string"},
        "title": "Transform",
        "description": "What is done to the value: trim, lower, upper, int, float, length, or a function of the processor that "
        "takes a value and returns another. One or several, in order.",
        "examples": ["int", ["trim", "lower"]],
    },
    "header": {
        "type": "string",
        "minLength": 1,
        "title": "Header",
        "description": "Take the value of a response header; its case does not matter.",
        "examples": ["location"],
    },
    "flags": {
        "type": "string",
        "pattern": "^[dgimsuvy]*$",
        "default": "",
        "title": "Flags",
        "description": "Flags of the regular expression: i ignores case, m lets ^ and $ match at lines, s lets . match newlines.",
        "examples": ["i"],
    },
    "group": {
        "type": ["integer", "string"],
        "minimum": 0,
        "default": 0,
        "title": "Group",
        "description": "Number or name of the group of the regular expression to take; 0 is the whole match.",
        "examples": [1, "id"],
    },
    "all": {
        "type": "boolean",
        "default": False,
        "title": "All matches",
        "description": "With `json`: take the list of all matches instead of the first.",
        "examples": [True],
    },
    "multiple": {
        "type": "boolean",
        "default": True,
        "title": "Several matches",
        "description": "With `json`: false takes a single match as it is and several as a list, as in Artillery.",
        "examples": [False],
    },
}


def _schema(title: str, description: str, own: Mapping[str, Any], example: Any) -> dict[str, Any]:
    """Return the schema of one mapping or a list of them; as one level, since a choice makes for poor messages."""
    one = {
        "title": title,
        "description": description,
        "properties": {**_SOURCE_PROPERTIES, **own},
        "required": [name for name in ("as",) if name in own],
        "additionalProperties": False,
        "patternProperties": {"^x-": {}},
        "examples": [example],
    }
    return {**one, "type": ["object", "array"], "items": {**one, "type": "object"}, "examples": [example, [example]]}


_OF_RESPONSES = ("xpath", "selector", "attr", "text", "index", "header")

CAPTURE_SCHEMA = _schema(
    "Capture",
    "Store a value of the response in a variable. One capture or a list.",
    {
        "as": {
            "type": "string",
            "minLength": 1,
            "title": "Variable",
            "description": "The variable to set; a path such as `pet.id` or `pet[id]` sets a part of it.",
            "examples": ["token"],
        },
        "strict": {
            "type": "boolean",
            "default": True,
            "title": "Strict",
            "description": "Whether finding nothing ends the virtual user; if not, the variable becomes null. "
            "The default is `http.defaults.strictCapture`.",
            "examples": [False],
        },
    },
    {"json": "$.token", "as": "token"},
)


def capture_schema_of_values(description: str, examples: Sequence[Any]) -> dict[str, Any]:
    """Return the schema of captures of what is no response: a value, or what JSONPath and regular expressions find in it."""
    known = {name: schema for name, schema in CAPTURE_SCHEMA["properties"].items() if name not in _OF_RESPONSES}
    one = {**CAPTURE_SCHEMA["items"], "description": description, "properties": known, "examples": list(examples)}
    return {**CAPTURE_SCHEMA, **one, "type": ["object", "array"], "items": one}


MATCH_SCHEMA = _schema(
    "Match",
    "End the virtual user unless a value of the response is the expected one. One match or a list; see also `expect`.",
    {
        "value": {
            "title": "Expected value",
            "description": "The value that must be found; templates may use the virtual user's variables.",
            "examples": ["open", "{{ id }}"],
        },
        "strict": {
            "type": "boolean",
            "default": True,
            "title": "Strict",
            "description": "False makes a failed match harmless.",
            "examples": [False],
        },
    },
    {"json": "$.state", "value": "open"},
)
