"""JSONPath (RFC 9535), compiled once; plain paths such as `$.a.b[0]['c d']` get a direct getter.

    plain = "$" { "." word | "[" digits "]" | "['" chars "']" | '["' chars '"]' }

As in Artillery the leading `$` may be left out and `$.items.length` is the length of a list.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from loadkit.flow.budget import BudgetSpent, within_budget
from loadkit.template.path import MISSING, compile_getter

_PLAIN = re.compile(r"""\$(?:\.[\w-]+|\[\d+\]|\['[^'\\]*'\]|\["[^"\\]*"\])*""")
_SEGMENT = re.compile(r"""\.([\w-]+)|\[(\d+)\]|\['([^']*)'\]|\["([^"]*)"\]""")
_ELSEWHERE = (  # what Artillery's library writes otherwise
    (re.compile(r"\[\s*\(\s*@\.length\s*-\s*(\d+)\s*\)\s*\]"), r"[-\1]"),
    (re.compile(r"(?<=[^=!<>])(=|!)=="), r"\1="),
)
_HINTS = (("@property", "only the selectors of RFC 9535 are understood"),)


class JsonPathFault(ValueError):
    """A JSONPath that cannot be parsed, or that cannot be applied to a document."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonPath:
    """A compiled JSONPath. `singular` says that it finds one value at most; `get` is set for plain paths.

    `member` is the name of the top-level member that it stands for, if it is no more than that.
    """

    singular: bool
    first: Callable[[Any], Any]
    """Gives the first value, MISSING when there is none. May raise JsonPathFault."""
    values: Callable[[Any], list[Any]]
    get: Callable[[Any], Any] | None = None
    member: str | None = None


def compile_jsonpath(text: str) -> JsonPath:
    """Compile a JSONPath. Raises JsonPathFault."""
    written = text.strip()
    if not written:
        raise JsonPathFault("the JSONPath is empty", "write $.name, or $ for the whole document")
    if not written.startswith("$"):
        written = f"${written}" if written.startswith(("[", ".")) else f"$.{written}"
    for theirs, ours in _ELSEWHERE:
        written = theirs.sub(ours, written)
    if _PLAIN.fullmatch(written):
        return _plain(written)
    return _general(text, written)


def _plain(written: str) -> JsonPath:
    segments = tuple(next(part for part in match.groups() if part is not None) for match in _SEGMENT.finditer(written))
    get = compile_getter(segments, MISSING)

    def values(document: Any) -> list[Any]:
        value = get(document)
        return [] if value is MISSING else [value]

    member = segments[0] if len(segments) == 1 else None
    return JsonPath(singular=True, first=get, values=values, get=get, member=member)


@cache
def _environment() -> Any:
    import jsonpath

    return jsonpath.JSONPathEnvironment(strict=True)


def _general(text: str, written: str) -> JsonPath:
    import jsonpath

    try:
        path = _environment().compile(written)
    except jsonpath.JSONPathError as error:
        reason = str(error.args[0]) if error.args else type(error).__name__
        hint = next((hint for part, hint in _HINTS if part in text), "")
        raise JsonPathFault(f"{text!r} is not a JSONPath: {reason}", hint) from None
    except (ValueError, RecursionError) as error:
        raise JsonPathFault(f"{text!r} is not a JSONPath: {error}") from None

    def values(document: Any) -> list[Any]:
        found: list[Any] = _applied(lambda: [match.obj for match in path.finditer(document)])
        return found

    def first(document: Any) -> Any:
        return _applied(lambda: next((match.obj for match in path.finditer(document)), MISSING))

    return JsonPath(singular=bool(path.singular_query()), first=first, values=values)


def _applied(apply: Callable[[], Any]) -> Any:
    """Apply a path that may look at everything: filters and `..` take 50 ms at most. Raises JsonPathFault."""
    import jsonpath

    try:
        return within_budget(apply)
    except BudgetSpent as error:
        raise JsonPathFault(f"{error}; write a path with fewer `..` and filters") from None
    except RecursionError:
        raise JsonPathFault("the document is too deep") from None
    except jsonpath.JSONPathError as error:
        raise JsonPathFault(str(error.args[0]) if error.args else type(error).__name__) from None
