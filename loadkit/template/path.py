"""Paths into variables, as lodash writes them: `pet.tags[0]["a key"]`; read and set without ever touching an attribute.

path    = segment { "." name | "[" index "]" }
segment = name | "[" index "]"
name    = word { " " word }             word: letters, digits, _ $ @ -
index   = digits | "'" text "'" | '"' text '"' | any text without brackets
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Segments = tuple[str, ...]

MISSING: Any = type("Missing", (), {"__slots__": (), "__repr__": lambda self: "MISSING"})()
"""What a getter gives for what is not there, where None must stay distinct (null in a JSON body is a value)."""

_NAME = re.compile(r"[\w$@-]+(?: +\w[\w$@-]*)*")
_BRACKET = re.compile(r"""\[\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^\[\]"'{}]+?))\s*\]""")
_ESCAPE = re.compile(r"\\(.)")
_INDEX = re.compile(r"0|[1-9]\d{0,8}", re.ASCII)
_LARGEST_INDEX = 100_000


class PathFault(ValueError):
    """A path that cannot be read; `offset` counts characters from the path's start."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


def parse_path(text: str) -> Segments:
    """Return the segments of a path; a number in brackets stays text ("0"). Raises PathFault."""
    segments, end = scan_path(text, len(text) - len(text.lstrip()))
    if text[end:].strip():
        raise PathFault(f"unexpected {text[end:].strip()[0]!r} in the path {text!r}", end)
    return segments


def scan_path(text: str, start: int) -> tuple[Segments, int]:
    """Read the longest path at an offset of a text; return its segments and where it ends. Raises PathFault."""
    segments: list[str] = []
    at, expects_name = start, True
    while True:
        name = _NAME.match(text, at) if expects_name else None
        bracket = None if name else _BRACKET.match(text, at)
        if name:
            segments.append(name[0])
            at = name.end()
        elif bracket and (not expects_name or not segments):
            segments.append(_bracket_text(bracket))
            at = bracket.end()
        elif expects_name or text[at : at + 1] == "[":
            raise PathFault(f"a name is expected at {text[at : at + 10]!r}" if text[at:] else "a name is expected", at)
        else:
            return tuple(segments), at
        expects_name = text[at : at + 1] == "."
        at += expects_name


def _bracket_text(match: re.Match[str]) -> str:
    double, single, bare = match.groups()
    if bare is not None:
        return str(bare).strip()
    return _ESCAPE.sub(r"\1", single if double is None else double)


def compile_getter(segments: Segments, default: Any = None) -> Callable[[Any], Any]:
    """Return a function that follows segments into dictionaries and lists; `default` where there is nothing."""
    if not segments:
        return lambda value: value
    keys = tuple((text, int(text) if _INDEX.fullmatch(text) else -1) for text in segments)

    if len(keys) == 1:
        key, position = keys[0]

        def get_one(value: Any) -> Any:
            if value.__class__ is dict:
                return value.get(key, default)
            return _element(value, key, position, default)

        return get_one

    def get(value: Any) -> Any:
        for text, index in keys:
            kind = value.__class__
            if kind is dict:
                value = value.get(text, default)
            elif kind is list and 0 <= index < len(value):
                value = value[index]
            elif (value := _element(value, text, index, default)) is default:
                return default
        return value

    return get


def _element(value: Any, text: str, index: int, default: Any) -> Any:
    if value.__class__ is list or value.__class__ is tuple:
        if 0 <= index < len(value):
            return value[index]
        if text == "length":
            return len(value)
    return default


def compile_path(text: str) -> Callable[[Mapping[str, Any]], Any]:
    """Return a function that reads a path from variables; None for what is not there. Raises PathFault."""
    segments = parse_path(text)
    if len(segments) == 1:
        name = segments[0]
        return lambda variables: variables.get(name)
    return compile_getter(segments)


def compile_assignment(text: str) -> Callable[[dict[str, Any], Any], None]:
    """Return a function that sets a path in variables, making what is missing on the way. Raises PathFault.

    Containers on the way are copied, not changed: constants of the plan are shared by all virtual users.
    """
    root, *rest = parse_path(text)
    if not rest:

        def assign_root(variables: dict[str, Any], value: Any) -> None:
            variables[root] = value

        return assign_root
    inner = tuple(rest)
    for segment in inner:
        if _INDEX.fullmatch(segment) and int(segment) > _LARGEST_INDEX:
            raise PathFault(f"the index {segment} is too large", text.find(segment))

    def assign_inside(variables: dict[str, Any], value: Any) -> None:
        variables[root] = _with(variables.get(root), inner, value)

    return assign_inside


def assign(variables: dict[str, Any], path: str, value: Any) -> None:
    """Set a path in variables, such as "pet[id]" or "a.b". Raises PathFault."""
    compile_assignment(path)(variables, value)


def _with(container: Any, segments: Segments, value: Any) -> Any:
    """Return a copy of a container with the value at a path; what is neither mapping nor list is replaced, as in lodash."""
    head, rest = segments[0], segments[1:]
    is_index = _INDEX.fullmatch(head) is not None
    if is_index and not isinstance(container, dict):
        items = list(container) if isinstance(container, list | tuple) else []
        index = int(head)
        items.extend([None] * (index + 1 - len(items)))
        items[index] = _with(items[index], rest, value) if rest else value
        return items
    made = dict(container) if isinstance(container, dict) else {}
    made[head] = _with(made.get(head), rest, value) if rest else value
    return made
