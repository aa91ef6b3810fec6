r"""Read shell commands as far as pasted ones go: words in quotes, $'...', line continuations, comments, variables.

command    = word { word }                commands end with a newline, ; & | && ||
word       = { text | '...' | "..." | $'...' | \ char | $NAME | ${NAME} }

A variable becomes an environment variable of the scenario. Nothing is expanded or run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from loadkit.importers.draft import ImportFault, environment

_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|([A-Za-z_]\w*))")
_ANSI = re.compile(r"\\(x[0-9A-Fa-f]{1,2}|u[0-9A-Fa-f]{1,4}|U[0-9A-Fa-f]{1,8}|[0-7]{1,3}|.)", re.DOTALL)
_ANSI_CHARS = {"n": "\n", "r": "\r", "t": "\t", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "e": "\x1b", "0": "\0"}


def commands(text: str) -> Iterator[list[str]]:
    """Yield the words of each command. Raises ImportFault for a quote that is not closed."""
    words: list[str] = []
    reader = _Reader(text.replace("\r\n", "\n"))
    for word in reader.words():
        if word is None:
            if words:
                yield words
            words = []
        else:
            words.append(word)
    if words:
        yield words


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def words(self) -> Iterator[str | None]:
        """Yield words, and None where a command ends."""
        text = self._text
        while self._at < len(text):
            char = text[self._at]
            if char in " \t":
                self._at += 1
            elif text.startswith("\\\n", self._at):
                self._at += 2
            elif char in "\n;&|":
                self._at += 1
                yield None
            elif char == "#":
                end = text.find("\n", self._at)
                self._at = len(text) if end < 0 else end
            else:
                yield self._word()

    def _word(self) -> str:
        made, text = "", self._text
        while self._at < len(text) and text[self._at] not in " \t\n;&|":
            char = text[self._at]
            if text.startswith("$'", self._at):
                made += _ANSI.sub(_ansi, self._until("'", 2))
            elif char == "'":
                end = text.find("'", self._at + 1)
                made += self._cut(end, 1)
            elif char == '"':
                made += _double(self._until('"', 1))
            elif char == "\\":
                made += text[self._at + 1 : self._at + 2].replace("\n", "")
                self._at += 2
            elif found := _VARIABLE.match(text, self._at):
                made += environment(found[1] or found[2])
                self._at = found.end()
            else:
                made += char
                self._at += 1
        return made

    def _until(self, quote: str, skip: int) -> str:
        """Return what stands before the closing quote; one behind a backslash closes nothing."""
        at = self._at + skip
        while at < len(self._text) and self._text[at] != quote:
            at += 2 if self._text[at] == "\\" else 1
        return self._cut(at if at < len(self._text) else -1, skip)

    def _cut(self, end: int, skip: int) -> str:
        if end < 0:
            line = self._text.count("\n", 0, self._at) + 1
            raise ImportFault(f"line {line}: a quote is opened and never closed")
        inside, self._at = self._text[self._at + skip : end], end + 1
        return inside


def _double(text: str) -> str:
    """Return what double quotes mean: a backslash is one unless it stands before $ ` " or another, or ends a line."""
    made, at = "", 0
    while at < len(text):
        if text[at] == "\\" and at + 1 < len(text) and text[at + 1] in '$`"\\\n':
            made += text[at + 1].replace("\n", "")
            at += 2
        elif found := _VARIABLE.match(text, at):
            made += environment(found[1] or found[2])
            at = found.end()
        else:
            made += text[at]
            at += 1
    return made


def _ansi(found: re.Match[str]) -> str:
    code = found[1]
    if code[0] in "xuU" and len(code) > 1:
        return chr(min(int(code[1:], 16), 0x10FFFF))
    if code[0] in "01234567":
        return chr(int(code, 8))
    return _ANSI_CHARS.get(code, code)
