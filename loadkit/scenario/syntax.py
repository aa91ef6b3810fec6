"""YAML syntax faults in people's words; reading goes on behind each that can be repaired, so that one does not hide the others.

What the parser complains about is often not where the mistake is: a quote that is never closed ends at the next quote, lines
below. After the first fault only those that have a repair (see repair.py) are believed: anything else may be a consequence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from loadkit.errors import Diagnostic, Position
from loadkit.scenario.nodes import compose
from loadkit.scenario.repair import Text, quoted, repair, tab_indents, unquoted_template, without_tabs
from loadkit.scenario.tree import Node, SyntaxFault

_MOST_REPAIRS = 20
_LONGEST_REPAIRED = 200_000  # characters; each repair reads the text again
_MOST_TABS = 10
_BELIEVED = {"LK003", "LK004", "LK006"}

_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")

# What the parser says (both the C and the Python one), in people's words, with a remedy. The texts select a wording only.
_WORDING = (
    ("mapping values are not allowed", 'a ":" cannot stand here', 'check the indentation; put a text that contains ": " in quotes'),
    ("unknown escape character", "an unknown escape in double quotes", "use single quotes, or write \\\\ for a backslash"),
    ("Unicode character escape", "an invalid \\u escape in double quotes", "write the character itself"),
    ("did not find expected hexdecimal", "an invalid \\x or \\u escape in double quotes", "write the character itself"),
    ("expected escape sequence of", "an invalid \\x or \\u escape in double quotes", "write the character itself"),
    ("block sequence entries are not allowed", 'a list item ("- ") cannot start here', "put it on a line of its own"),
    ("sequence entries are not allowed", 'a list item ("- ") cannot start here', "put it on a line of its own"),
    ("mapping keys are not allowed", "a key cannot start here", "check the indentation"),
    ("undefined tag handle", "a YAML tag that is not allowed", 'a value that starts with "!" stands in quotes'),
    ("document start", "this does not belong to what stands above it", "check the indentation"),
    ("node content", "a value is missing before this", "check for a comma too many"),
    ("block end", "this line does not fit into the block above it", "items of one mapping or list start in the same column"),
    ("expected key", "this line does not fit into the block above it", "items of one mapping or list start in the same column"),
    ("'-' indicator", "this line does not fit into the list above it", "items of one mapping or list start in the same column"),
    ("',' or", "a comma or a closing bracket is missing before this", "separate the elements with commas"),
    ("whitespace or line break", "a space is missing here", ""),
    ("comment or line break", "this cannot stand after | or >", "start the text on the next line"),
    ("indentation indicator", "this cannot stand after | or >", "start the text on the next line"),
    ("alphabetic or numeric", "a name is missing after & or *", 'a value that starts with "&" or "*" stands in quotes'),
)  # fmt: skip


def read_tree(text: str, file: str) -> tuple[Node | None, list[Diagnostic]]:
    """Return the tree of a text (None when there is none to be had) and every fault found, in order."""
    if found := list(_unprintable(text, file)):
        return None, found
    work = Text(text=text, file=file)
    made = compose(text, file)
    faults: list[Diagnostic] = []
    for _ in range(_MOST_REPAIRS):
        if made.fault is None:
            break
        fault = _explain(made.fault, work)
        if not faults or fault.code in _BELIEVED:
            faults += _all_tabs(fault, made.fault, work) if fault.code == "LK003" else [fault]
        next_try = repair(fault, work) if len(text) <= _LONGEST_REPAIRED else None
        if next_try is None:
            break
        work, made = next_try
    root = made.root if made.fault is None else None
    return root, faults + made.diagnostics


def _unprintable(text: str, file: str) -> Iterator[Diagnostic]:
    for match, _ in zip(_UNPRINTABLE.finditer(text), range(_MOST_REPAIRS), strict=False):
        before = (text[: match.start()] + ".").splitlines()
        at = Position(file, len(before), len(before[-1]))
        message = f"the character U+{ord(match[0]):04X} cannot stand in YAML"
        yield Diagnostic(
            code="LK002", message=message, at=at, hint="remove it, or write it as an escape in double quotes"
        )


# ---------------------------------------------------------------------------------------------------------- explaining


def _explain(fault: SyntaxFault, work: Text) -> Diagnostic:
    """Return the diagnostic of a fault: the mistake that most likely caused it, where it was made."""
    for explanation in (
        _explain_template,
        _explain_quote,
        _explain_character,
        _explain_key,
        _explain_bracket,
        _explain_comma,
        _explain_inner_quote,
    ):
        if found := explanation(fault, work):
            return found
    return _explain_in_words(fault, work)


def _explain_template(fault: SyntaxFault, work: Text) -> Diagnostic | None:
    for line in dict.fromkeys((fault.line, fault.context_line)):
        found = unquoted_template(work.lines[line]) if line < len(work.lines) else None
        if found:
            start, value = found
            hint, at = f"write {quoted(value)}", work.at(line, start)
            return Diagnostic(code="LK006", message="a template must be quoted", at=at, hint=hint, length=len(value))
    return None


def _explain_quote(fault: SyntaxFault, work: Text) -> Diagnostic | None:
    last = fault.last
    line, column = -1, 0
    if "quoted scalar" in fault.context and ("stream" in fault.problem or "document" in fault.problem):
        line, column = fault.context_line, fault.context_column
    elif last is not None and last.quote in ("'", '"') and last.line < last.end_line == fault.line:
        line, column = last.line, last.column  # it was closed by the opening quote of another text
    if line < 0:
        return None
    quote = work.lines[line][column : column + 1]
    message = f"a text starts with {quote} here and never ends"
    width = len(work.lines[line]) - column
    hint = f"add {quote} at its end"
    return Diagnostic(code="LK004", message=message, at=work.at(line, column), hint=hint, length=width)


def _explain_character(fault: SyntaxFault, work: Text) -> Diagnostic | None:
    here = work.character(fault.line, fault.column)
    at = work.at(fault.line, fault.column)
    if here == "\t":
        return Diagnostic(code="LK003", message="a tab cannot stand here", at=at, hint="indent with spaces")
    if "start any token" in fault.problem:
        return Diagnostic(code="LK002", message=f"a value cannot start with {here}", at=at, hint="put it in quotes")
    return None


def _explain_key(fault: SyntaxFault, work: Text) -> Diagnostic | None:
    if "simple key" not in fault.context:
        return None
    at, hint = work.at(fault.context_line, fault.context_column), 'write "key: value", with a space after the colon'
    return Diagnostic(code="LK002", message='a ":" is missing after this key', at=at, hint=hint)


def _explain_bracket(fault: SyntaxFault, work: Text) -> Diagnostic | None:
    """Explain a bracket that is open where its block ends: at a line that is not indented deeper, or at the end of the text."""
    lines = work.lines
    if fault.opened is None:
        return None
    line, column = fault.opened
    if fault.line < len(lines) and (fault.line <= line or _indent(lines[fault.line]) > _indent(lines[line])):
        return None
    message = f"{work.character(line, column)} is opened and never closed"
    return Diagnostic(code="LK002", message=message, at=work.at(line, column))


def _explain_comma(fault: SyntaxFault, work: Text) -> Diagnostic | None:
    """Explain a text without quotes that goes on over the end of its line inside of brackets."""
    last = fault.last
    if fault.opened is None or last is None or last.quote or not last.line < last.end_line == fault.line:
        return None
    at = work.at(last.line, len(work.lines[last.line].rstrip()))
    return Diagnostic(code="LK002", message="a comma is missing here", at=at, hint="separate the elements with commas")


def _explain_inner_quote(fault: SyntaxFault, work: Text) -> Diagnostic | None:
    last, at = fault.last, work.at(fault.line, fault.column)
    if last is None or not last.quote or (last.end_line, last.end_column) != (fault.line, fault.column):
        return None
    message = f"the text in quotes ends before this {work.character(fault.line, fault.column)}"
    hint = 'write \\" for a quote inside of the text'
    if last.quote == "'":
        hint = "write '' for a quote inside of single quotes"
    return Diagnostic(code="LK002", message=message, at=at, hint=hint)


def _explain_in_words(fault: SyntaxFault, work: Text) -> Diagnostic:
    wordings = ((text, remedy) for said, text, remedy in _WORDING if said in fault.problem)
    message, hint = next(wordings, (f"not valid YAML: {fault.problem}", ""))
    last = fault.last
    if last is not None and last.line < last.end_line == fault.line and "mapping values" in fault.problem:
        hint = f"the text that starts on line {last.line + 1} goes on to here: check the indentation and the colons"
    return Diagnostic(code="LK002", message=message, at=work.at(fault.line, fault.column), hint=hint)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))


def _all_tabs(first: Diagnostic, fault: SyntaxFault, work: Text) -> list[Diagnostic]:
    """Return one diagnostic for each line that a tab indents, once it is known which of them are more than decoration."""
    spaced = without_tabs(work, fault.line)
    if spaced is None:
        return [first]
    inner = spaced[1].inner_lines
    tabs = [(line, match[0].index("\t")) for line, match in tab_indents(work.lines) if line not in inner]
    made = [replace(first, at=work.at(line, column)) for line, column in tabs[:_MOST_TABS]]
    if fault.line not in (line for line, _ in tabs):
        made.insert(0, first)
    if len(tabs) > _MOST_TABS:
        made[-1] = replace(made[-1], hint=f"{made[-1].hint}; tabs indent {len(tabs) - _MOST_TABS} more lines below")
    return made
