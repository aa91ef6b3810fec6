"""Where a character of a text stands in the file: behind quotes and escapes, or on its line of a `|` block.

What stands in the file is compared with the text up to that character. So the answer is exact, or there is none: for folded
blocks (`>`), for texts that go on over the end of a line, for escapes other than these, and for texts that a template has made.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_ESCAPES = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r", "e": "\x1b", " ": " ", '"': '"',
    "/": "/", "\\": "\\", "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029",
}  # fmt: skip
_CODED = {"x": 2, "u": 4, "U": 8}  # hexadecimal digits
_FURTHEST, _LONGEST_WALK = (
    100_000,
    2000,
)  # characters; a text of many faults is compared, or walked through, for each of them
_BLOCK = re.compile(r"\|[-+0-9]*\s*(?:#.*)?")
_TOKEN = re.compile(r"""\{\{(?:.*?\}\}+|.*)|"[^"]*"|'[^']*'|[\w$.@%/\-]+|[<>=!]+|\S""")

Place = tuple[int, int]
"""A line and a column, from 0."""


def place_inside(lines: Sequence[str], start: Place, text: str, offset: int) -> Place | None:
    """Return where `text[offset]` stands, given where its value starts in the lines of a file; None if that cannot be said."""
    number, column = start
    if number >= len(lines) or offset > _FURTHEST:
        return None
    line = lines[number]
    first = line[column : column + 1]
    if _BLOCK.fullmatch(line, column):
        return _in_block(lines, number + 1, text, offset)
    if first in ("'", '"') and first:
        found = _in_quotes(line, column + 1, text[:offset], first)
    else:
        found = column + offset if line.startswith(text[:offset], column) else None
    return None if found is None else (number, found)


def token_width(text: str, offset: int) -> int:
    """Return how many characters to underline: the template, the quoted name or the word that starts at an offset."""
    token = _TOKEN.match(text, offset)
    return len(token[0]) if token else 1


def _in_block(lines: Sequence[str], first: int, text: str, offset: int) -> Place | None:
    above = text.count("\n", 0, offset)
    column = offset - text.rfind("\n", 0, offset) - 1
    number = first + above
    wanted = text[offset - column :].split("\n", 1)[0]
    if number >= len(lines) or not lines[number].endswith(wanted):
        return None
    indent = len(lines[number]) - len(wanted)
    return None if lines[number][:indent].strip(" ") else (number, indent + column)


def _in_quotes(line: str, column: int, before: str, quote: str) -> int | None:
    """Return the column behind `before` in a quoted text that starts at a column of its line."""
    escape = "\\" if quote == '"' else "'"
    if escape not in before and line.startswith(before, column) and escape not in line[column : column + len(before)]:
        return column + len(before)
    if len(before) > _LONGEST_WALK:
        return None
    for wanted in before:
        if line[column : column + 1] != escape:
            width, meant = 1, line[column : column + 1]
        elif quote == "'":
            width, meant = 2, "'"
        else:
            width, meant = _escaped(line, column + 1)
        if meant != wanted:
            return None
        column += width
    return column


def _escaped(line: str, column: int) -> tuple[int, str]:
    """Return the width of an escape, its backslash included, and the character that it stands for; "" for what is none."""
    letter = line[column : column + 1]
    if digits := _CODED.get(letter):
        try:
            return digits + 2, chr(int(line[column + 1 : column + 1 + digits], 16))
        except (ValueError, OverflowError):
            return 2, ""
    return 2, _ESCAPES.get(letter, "")
