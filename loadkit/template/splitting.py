"""Split lines into the values of records as csv-parse does with options that Python's csv module does not know.

value     = spaces quote { char | escape quote | escape escape | line end } quote spaces | { char }
record    = value { delimiter value } [ comment ] line end
Where escape is the quote itself, two quotes are one. A quote within a value that does not begin with one is text.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator

from loadkit.template.dialect import Dialect

_LONGEST = 131_072  # as in the csv module
_SPACES = " \t\f"


def split_records(lines: Iterable[str], dialect: Dialect) -> Iterator[list[str]]:
    """Yield the values of each record; a line of nothing but a comment is none. Raises csv.Error."""
    work = _Work(dialect)
    for line in lines:
        ended = work.take(line)
        if ended is not None:
            yield ended
    if work.quoted:
        raise csv.Error("unexpected end of data")


class _Work:
    """One record, as far as it has been read."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._values: list[str] = []
        self._value = ""
        self._closed = False  # the value was in quotes, which have ended
        self.quoted = False

    def take(self, line: str) -> list[str] | None:
        """Read a line; return the record that ends with it, None where it goes on or the line is none."""
        body = line.rstrip("\r\n")
        at, comment = 0, False
        while at < len(body) and not comment:
            if self.quoted:
                at += self._inside(body, at)
            elif self._dialect.comment and body.startswith(self._dialect.comment, at):
                comment = True
            elif body.startswith(self._dialect.delimiter, at):
                self._end()
                at += len(self._dialect.delimiter)
            else:
                self._outside(body[at])
                at += 1
        if self.quoted:
            self._add(line[len(body) :])
            return None
        if not self._values and not self._closed and not self._value.strip():
            blank, self._value = self._value, ""
            if comment:
                return None
            return [self._trimmed(blank)] if blank else []
        self._end()
        ended, self._values = self._values, []
        return ended

    def _inside(self, body: str, at: int) -> int:
        """Take what stands at a place within quotes; return how many characters it was."""
        quote, escape = self._dialect.quote, self._dialect.escape or self._dialect.quote
        following = body[at + 1 : at + 2]
        if body[at] == escape and following and following in (quote, escape):
            self._add(following)
            return 2
        if body[at] == quote:
            self.quoted, self._closed = False, True
        else:
            self._add(body[at])
        return 1

    def _outside(self, char: str) -> None:
        dialect = self._dialect
        if self._closed:
            if char not in _SPACES or not dialect.rtrim:
                raise csv.Error(f"{dialect.delimiter!r} expected after {dialect.quote!r}")
        elif char == dialect.quote and not (self._value.strip(_SPACES) if dialect.ltrim else self._value):
            self.quoted, self._value = True, ""
        else:
            self._add(char)

    def _add(self, text: str) -> None:
        self._value += text
        if len(self._value) > _LONGEST:
            raise csv.Error(f"field larger than field limit ({_LONGEST})")

    def _end(self) -> None:
        self._values.append(self._value if self._closed else self._trimmed(self._value))
        self._value, self._closed = "", False

    def _trimmed(self, text: str) -> str:
        text = text.lstrip(_SPACES) if self._dialect.ltrim else text
        return text.rstrip(_SPACES) if self._dialect.rtrim else text
