"""Read `--dotenv` files.

    file    = { line NEWLINE }
    line    = [ "export" ] NAME "=" value [ comment ] | [ comment ]
    value   = "'" text "'"                    taken as it is
            | '"' text '"'                    with \\n, \\t, \\" and \\\\
            | text up to " #" or the line's end, trimmed
    comment = "#" text
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from loadkit.errors import UsageError

_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_.]*)\s*=\s*(.*)")
_QUOTED = re.compile(r"""(?:'([^']*)'|"((?:[^"\\]|\\.)*)")\s*(?:#.*)?""")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


def set_environment(dotenv: Path | None) -> None:
    """Set the variables of a `--dotenv` file; those already set stay as they are."""
    if dotenv:
        for name, value in read_dotenv(dotenv).items():
            os.environ.setdefault(name, value)


def read_dotenv(path: Path) -> dict[str, str]:
    """Return the variables of a file. Raises UsageError naming the line that cannot be read."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--dotenv {path} cannot be read: {error}") from error
    return parse_dotenv(text, str(path))


def parse_dotenv(text: str, file: str) -> dict[str, str]:
    """Return the variables of a text; `file` is its name in messages. Raises UsageError."""
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        match = _LINE.fullmatch(stripped)
        if not match:
            raise UsageError(f"{file}:{number}: not a variable; write NAME=value")
        found[match[1]] = _value(match[2], f"{file}:{number}")
    return found


def _value(text: str, where: str) -> str:
    if text[:1] not in ("'", '"'):
        return re.split(r"(?:^|\s)#", text, maxsplit=1)[0].strip()
    match = _QUOTED.fullmatch(text)
    if not match:
        raise UsageError(f"{where}: the quote is not closed, or something follows it")
    if match[1] is not None:
        return match[1]
    return re.sub(r"\\(.)", lambda escape: _ESCAPES.get(escape[1], escape[1]), match[2])
