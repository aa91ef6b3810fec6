"""Repairs of YAML texts with syntax faults, so that reading can go on behind them; line numbers never change.

fault                repair
LK003 tab            all indentation of the file with tabs replaced by as many spaces as make it readable
LK004 open quote     the quote closed at the end of its line
LK006 template       the value quoted up to the end of its line, or of its element
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from loadkit.errors import Diagnostic, Position
from loadkit.scenario.nodes import compose
from loadkit.scenario.tree import Composition

_TAB_WIDTHS = (2, 4, 8, 1, 3, 6)
_INDENT = re.compile(r"[ \t]*(?:-[ \t]+)*")
_KEY = r"""(?:"[^"]*"|'[^']*'|[^\s#'"{\[][^#'"{\[]*?)[ ]*:[ ]+"""
_TEMPLATE_VALUE = re.compile(rf"[ ]*(?:-[ ]+)*(?:{_KEY})?(?P<value>\{{\{{.*)")
_TEMPLATE_ELEMENT = re.compile(
    r"""(?:[\[{,]|:\s)\s*(?P<value>(?:[^\s'"\[\]{},:#&*!|>%@`-][^\s'"\[\]{},]*)?\{\{[^{}]*\}\}[^\s,\]}]*)"""
)
_LONGEST_LINE = 4000  # characters; the expressions above take time by its square


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text with its repairs so far. `shifts` gives by line how many columns they have added."""

    text: str
    file: str
    shifts: dict[int, int] = field(default_factory=dict)

    @property
    def lines(self) -> list[str]:
        """Return the lines as positions count them."""
        return self.text.splitlines()

    def with_line(self, line: int, new: str) -> Text:
        """Return the text with another line in place of one; what ends the line stays."""
        lines = self.text.splitlines(keepends=True)
        old = lines[line]
        lines[line] = new + old[len(old.rstrip("\r\n\x85\u2028\u2029")) :]
        return replace(self, text="".join(lines))

    def compose(self) -> Composition:
        """Compose the text, with positions as they were before the repairs."""
        return compose(self.text, self.file, shifts=self.shifts)

    def character(self, line: int, column: int) -> str:
        """Return the character at a place counted from 0; "" beyond the text."""
        return self.lines[line][column : column + 1] if line < len(self.lines) else ""

    def at(self, line: int, column: int) -> Position:
        """Return a position for a place counted from 0, moved back to the end of the text if it is past it."""
        lines = self.lines
        if line >= len(lines) and lines:
            line = max(index for index, content in enumerate(lines) if content.strip() or index == 0)
            column = len(lines[line])
        return Position(self.file, line + 1, max(1, column + 1 - self.shifts.get(line, 0)))


def repair(fault: Diagnostic, work: Text) -> tuple[Text, Composition] | None:
    """Return the repaired text and what it composes to; None when there is no repair, or it does not lead further."""
    if fault.code == "LK003":
        return without_tabs(work, fault.at.line - 1)
    line = fault.at.line - 1
    best: tuple[Text, Composition] | None = None
    start = fault.at.column - 1 + work.shifts.get(line, 0)
    for new in _repaired_lines(fault.code, work.lines[line], start):
        tried = work.with_line(line, new)
        made = tried.compose()
        if made.fault is None:
            return tried, made
        opened_here = "flow" in made.fault.context and made.fault.context_line == line
        if best is None and made.fault.line > line and not opened_here:
            best = tried, made
    return best


def _repaired_lines(code: str, line: str, start: int) -> Iterable[str]:
    if code == "LK004":
        quote, ended = line[start : start + 1], line.rstrip()
        inside = re.sub(r"[\]},\s]+$", "", ended)
        return [f"{ended}{quote}", f"{inside}{quote}{ended[len(inside) :]}"]
    if code == "LK006" and (found := unquoted_template(line)):
        value = found[1]
        return [f"{line[:start]}{quoted(value)}{line[start + len(value) :]}"]
    return []


def without_tabs(work: Text, after: int) -> tuple[Text, Composition] | None:
    """Return the text with each tab in indentation as so many spaces that it can be read, or read furthest beyond a line."""
    best: tuple[Text, Composition] | None = None
    best_rank = (-1, after, 0)
    for width in _TAB_WIDTHS:
        lines = work.text.splitlines(keepends=True)
        shifts = dict(work.shifts)
        for number, match in tab_indents(lines):
            indent = match[0].replace("-\t", "- ").replace("\t", " " * width)
            shifts[number] = shifts.get(number, 0) + len(indent) - len(match[0])
            lines[number] = indent + lines[number][match.end() :]
        tried = replace(work, text="".join(lines), shifts=shifts)
        made = tried.compose()
        # a wrong width makes a block that should stand below a key stand beside it: keys are left without values
        rank = (0, made.fault.line, 0) if made.fault else (1, 0, -made.empty)
        if rank > max(best_rank, (0, after, 0)):
            best, best_rank = (tried, made), rank
    return best


def tab_indents(lines: Iterable[str]) -> Iterator[tuple[int, re.Match[str]]]:
    """Yield the indentation of each line that has tabs in it, dashes of list items included."""
    for number, line in enumerate(lines):
        match = _INDENT.match(line)
        if match and "\t" in match[0] and line.strip():
            yield number, match


def quoted(value: str) -> str:
    """Return a text in the quotes that suit it."""
    if '"' not in value and "\\" not in value:
        return f'"{value}"'
    doubled = value.replace("'", "''")
    return f"'{doubled}'"


def uncommented(value: str) -> str:
    """Return the rest of a line without its comment."""
    return re.split(r"\s+#", value, maxsplit=1)[0].rstrip()


def unquoted_template(line: str) -> tuple[int, str] | None:
    """Return the first unquoted value of a line that needs quotes for its template, and where: in brackets it ends at a comma."""
    if len(line) > _LONGEST_LINE:
        return None
    if match := _TEMPLATE_VALUE.fullmatch(line):
        return match.start("value"), uncommented(match["value"])
    for match in _TEMPLATE_ELEMENT.finditer(line):
        before = line[: match.start("value")]
        in_brackets = sum(map(before.count, "[{")) > sum(
            map(before.count, "]}")
        )  # elsewhere `/{{ x }}` needs no quotes
        if (
            (in_brackets or match["value"].startswith("{{"))
            and before.count('"') % 2 == 0
            and before.count("'") % 2 == 0
        ):
            return match.start("value"), match["value"]
    return None
