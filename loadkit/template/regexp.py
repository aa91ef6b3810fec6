"""Regular expressions as scenario files hold them (JavaScript's), compiled to those of `regex`, and never searched for long.

An expression such as `(a+)+$` may take years; the event loop waits for the search and every virtual user with it. `regex` can
give up after a time, `re` cannot (docs/adr/0004-regular-expressions.md).
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from functools import partial
from typing import Any

import regex

BUDGET_S = 0.05
"""How long one search may take: what the other virtual users can bear to wait."""

_FLAGS = {"i": regex.IGNORECASE, "m": regex.MULTILINE, "s": regex.DOTALL, "g": 0, "u": 0, "v": 0, "y": 0, "d": 0}
_LONGEST = 10_000  # characters; a scenario file may get its expressions from responses
_DIALECT = re.compile(r"\\u\{([0-9a-fA-F]{1,6})\}|\\k<(\w+)>|\\.|\(\?<(?![=!])|\[\^\]", re.DOTALL)


class RegexpFault(ValueError):
    """A regular expression that cannot be compiled; the message says why."""


class RegexpTimeout(RegexpFault):
    """A search that was given up after BUDGET_S."""


class Regexp:
    """A compiled regular expression: `groups` and `groupindex` as in Python's `re`."""

    __slots__ = ("_search", "groupindex", "groups")

    def __init__(self, pattern: Any) -> None:
        self._search = partial(pattern.search, timeout=BUDGET_S)
        self.groups: int = pattern.groups
        self.groupindex: Mapping[str, int] = pattern.groupindex

    def search(self, text: str) -> Any:
        """Return the first match, None when there is none. Raises RegexpTimeout."""
        try:
            return self._search(text)
        except TimeoutError:
            what = f"the search took longer than {BUDGET_S * 1000:g} ms and was given up"
            raise RegexpTimeout(f"{what}; write an expression with fewer nested or neighbouring repeats") from None


def compile_regexp(source: str, flags: str = "") -> Regexp:
    """Compile a regular expression; `(?<name>...)`, `\\k<name>` and `\\u{...}` are understood. Raises RegexpFault."""
    if len(source) > _LONGEST:
        raise RegexpFault(f"it has {len(source)} characters, {_LONGEST} are the most")
    bits = regex.VERSION0
    for flag in flags:
        if flag not in _FLAGS:
            raise RegexpFault(f"unknown flag {flag!r}; the flags are {', '.join(_FLAGS)}")
        bits |= _FLAGS[flag]
    try:
        with warnings.catch_warnings():  # `[[` and `[a--b]` are plain characters here, as in JavaScript
            warnings.simplefilter("ignore", FutureWarning)
            return Regexp(regex.compile(_DIALECT.sub(_translated, source), bits))
    except regex.error as error:
        raise RegexpFault(error.msg) from None
    except (OverflowError, RecursionError, MemoryError, ValueError) as error:
        raise RegexpFault(f"too large: {error}") from None


def _translated(match: re.Match[str]) -> str:
    if match[1] is not None:
        return f"\\U{int(match[1], 16):08x}"
    if match[2] is not None:
        return f"(?P={match[2]})"
    return {"(?<": "(?P<", "[^]": r"[\s\S]"}.get(match[0], match[0])
