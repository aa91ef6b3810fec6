"""Regular expressions as scenario files hold them (JavaScript's), compiled to Python's."""

from __future__ import annotations

import re
import warnings

_FLAGS = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL, "g": 0, "u": 0, "v": 0, "y": 0, "d": 0}
_DIALECT = re.compile(r"\\u\{([0-9a-fA-F]{1,6})\}|\\k<(\w+)>|\\.|\(\?<(?![=!])|\[\^\]", re.DOTALL)


class RegexpFault(ValueError):
    """A regular expression that cannot be compiled; the message says why."""


def compile_regexp(source: str, flags: str = "") -> re.Pattern[str]:
    """Compile a regular expression; `(?<name>...)`, `\\k<name>` and `\\u{...}` are understood. Raises RegexpFault."""
    bits = 0
    for flag in flags:
        if flag not in _FLAGS:
            raise RegexpFault(f"unknown flag {flag!r}; the flags are {', '.join(_FLAGS)}")
        bits |= _FLAGS[flag]
    try:
        with warnings.catch_warnings():  # `[[` and `[a--b]` are plain characters here, as in JavaScript
            warnings.simplefilter("ignore", FutureWarning)
            return re.compile(_DIALECT.sub(_translated, source), bits)
    except re.error as error:
        raise RegexpFault(error.msg) from None
    except (OverflowError, RecursionError) as error:
        raise RegexpFault(f"too large: {error}") from None


def _translated(match: re.Match[str]) -> str:
    if match[1] is not None:
        return f"\\U{int(match[1], 16):08x}"
    if match[2] is not None:
        return f"(?P={match[2]})"
    return {"(?<": "(?P<", "[^]": r"[\s\S]"}.get(match[0], match[0])
