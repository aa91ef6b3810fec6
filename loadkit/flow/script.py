"""A processor in JavaScript, which loadkit does not run: what it exports, and the Python that would do the same.

Read by patterns, not parsed: enough to name functions. The skeleton is valid Python with the right parameters for each place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from loadkit.flow.hook import KINDS

ENDINGS = frozenset({".js", ".ts", ".mjs", ".cjs", ".mts", ".cts"})
_MOST_BYTES = 4 * 1024 * 1024
_COMMENTS = re.compile(r"/\*.*?\*/|(?<![:'\"`])//[^\n]*", re.DOTALL)
_NAME = r"[A-Za-z_$][\w$]*"
_DECLARED = re.compile(rf"\bexport\s+(?:default\s+)?(?:async\s+)?(?:function\s*\*?|const|let|var)\s+({_NAME})")
_ASSIGNED = re.compile(rf"\b(?:module\.)?exports\.({_NAME})\s*=(?!=)")
_LISTED = re.compile(r"\b(?:module\.exports\s*=|export\s+default|export)\s*\{(?P<inside>[^}]*)", re.DOTALL)
_ENTRY = re.compile(rf"^\s*(?:async\s+)?(?:(?P<name>{_NAME})\s+as\s+)?(?P<called>{_NAME})\s*(?:$|[:(])")


@dataclass(frozen=True, slots=True)
class Script:
    """A JavaScript processor: where it is, and the names that it exports."""

    path: Path
    exports: frozenset[str]


def read_script(path: Path) -> Script:
    """Return what a script exports, as far as it can be seen; nothing for one that cannot be read."""
    try:
        text = path.read_bytes()[:_MOST_BYTES].decode(errors="replace")
    except OSError:
        return Script(path, frozenset())
    text = _COMMENTS.sub("", text)
    names = {*_DECLARED.findall(text), *_ASSIGNED.findall(text)}
    for listed in _LISTED.finditer(text):
        found = (_ENTRY.match(entry) for entry in listed["inside"].split(","))
        names |= {entry["called"] for entry in found if entry}
    return Script(path, frozenset(names))


def skeleton(named: Mapping[str, str]) -> str:
    """Return Python for functions by name, each for the kind of place in which a scenario names it."""
    return "\n\n".join(_function(name, kind) for name, kind in named.items())


def _function(name: str, kind: str) -> str:
    gives = ", ".join(KINDS[kind].gives)
    answer = "return True" if kind in ("ifTrue", "whileTrue") else "pass"
    return f"def {name}({gives}):\n    {answer}"
