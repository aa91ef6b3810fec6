"""The grammar of conditions over named values, `status == "open" and total > 10`: filtrex's language, read into a tree.

    expression = lists of operands joined by operators, those of one row from left to right; the first row binds least:
                   or ||
                   and &&
                   in  not in
                   == != ~=              at most one of a row in a list; `~=` is "matches the regular expression"
                   < <= > >=             likewise
                   + -
                   * / %
                   ^
    operand    = { "not" | "!" | "-" } primary              binds more than any operator: `not a == b` is `(not a) == b`
    primary    = number | string | name | "true" | "false" | "null" | "undefined" | "(" expression { "," expression } ")"
    string     = '"' chars '"'          with \\" \\\\ \\n \\t \\r; any other backslash stays, for regular expressions
    name       = letter { letter | digit } { "." word | "[" digits "]" } | "'" chars "'"     single quotes quote a name

Where durations are allowed a number may have a unit, `response_time < 300ms`. What a tree means is for others to say:
template/expression.py makes closures of it, slo/condition.py tells good requests from bad ones by it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, NoReturn

from loadkit.template.operators import EXACT_DIGITS


class ExpressionFault(ValueError):
    """An expression that cannot be parsed; `offset` counts characters from its start."""

    def __init__(self, message: str, *, offset: int, hint: str = "") -> None:
        super().__init__(message)
        self.offset = offset
        self.hint = hint


# Each node knows the offset of the character it begins with.


@dataclass(frozen=True, slots=True)
class Constant:
    """A number, a text, true, false or null."""

    value: Any
    at: int


@dataclass(frozen=True, slots=True)
class Duration:
    """A number with a unit, as it was written."""

    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Name:
    """A name, without its quotes."""

    name: str
    at: int


@dataclass(frozen=True, slots=True)
class Items:
    """Several expressions in parentheses."""

    items: tuple[Node, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Either:
    """Operands joined by `or`."""

    operands: tuple[Node, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Both:
    """Operands joined by `and`."""

    operands: tuple[Node, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Chain:
    """Operators of one row, from left to right; comparisons and `~=` have one."""

    first: Node
    rest: tuple[tuple[str, Node], ...]
    at: int
    end: int
    """Where the last operand ends."""


@dataclass(frozen=True, slots=True)
class Signed:
    """`not`, `!` and `-` before an operand, the innermost first."""

    signs: tuple[str, ...]
    operand: Node
    at: int


Node = Constant | Duration | Name | Items | Either | Both | Chain | Signed


def parse_expression(text: str, *, names_with_dots: bool = True, durations: bool = False) -> Node:
    """Return the tree of an expression. With `names_with_dots`, `http.codes.200` is one name. Raises ExpressionFault."""
    return _Parser(text, names_with_dots, durations).whole()


_TOKEN = re.compile(
    r"""\s*(?:
        (?P<duration>(?:\d+(?:\.\d+)?|\.\d+)(?:ns|us|µs|ms|s|m|h)(?![\w.]))
      | (?P<number>(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))
      | (?P<string>"(?:[^"\\]|\\.)*")
      | (?P<quoted>'(?:[^'\\]|\\.)*')
      | (?P<name>(?!\d)[\w$]+)
      | (?P<operator>===|!==|==|!=|~=|<=|>=|&&|\|\||[-+*/%^<>()!,])
    )""",
    re.VERBOSE | re.DOTALL,
)
_DOTTED = re.compile(r"(?:\.[\w$]+|\[\d+\])+")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"', "'": "'"}
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None, "undefined": None}
_LEVELS = (
    {"or", "||"},
    {"and", "&&"},
    {"in", "not in"},
    {"==", "!=", "~="},
    {"<", "<=", ">", ">="},
    {"+", "-"},
    {"*", "/", "%"},
    {"^"},
)
_OR, _AND = 0, 1
_COMPARISONS = (3, 4)
_DEEPEST = 25
_END = "the end"


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


class _Parser:
    """Recursive descent over _LEVELS; what it returns is a tree."""

    def __init__(self, text: str, names_with_dots: bool, durations: bool) -> None:
        self._text = text
        self._names_with_dots = names_with_dots
        self._durations = durations
        self._depth = 0
        self._end = 0
        self._token = self._scan(0)

    def whole(self) -> Node:
        if self._token.kind == _END:
            raise ExpressionFault("the expression is empty", offset=0, hint="write a comparison: total > 10")
        found = self._level(0)
        if self._token.kind != _END:
            self._unexpected()
        return found

    def _level(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self._unary()
        at = self._token.at
        first = self._level(level + 1)
        rest: list[tuple[str, Node]] = []
        while (name := self._operator()) in _LEVELS[level]:
            if rest and level in _COMPARISONS:
                hint = "join two comparisons with `and`: 1 < x and x < 5"
                raise ExpressionFault("comparisons cannot be chained", offset=self._token.at, hint=hint)
            self._advance()
            if name == "not in":
                self._advance()
            rest.append((name, self._level(level + 1)))
        if not rest:
            return first
        if level == _OR:
            return Either((first, *(operand for _, operand in rest)), at)
        if level == _AND:
            return Both((first, *(operand for _, operand in rest)), at)
        return Chain(first, tuple(rest), at, self._token.at)

    def _unary(self) -> Node:
        signs, at = [], self._token.at
        while self._token.text in ("not", "!", "-") and self._token.kind in ("name", "operator"):
            signs.append(self._token.text)
            self._advance()
        operand = self._primary()
        return Signed(tuple(reversed(signs)), operand, at) if signs else operand

    def _primary(self) -> Node:
        token = self._token
        if token.kind == "operator" and token.text == "(":
            return self._parenthesis()
        if token.kind == "name":
            return self._name(token)
        if token.kind == "duration" and self._durations:
            self._advance()
            return Duration(token.text, token.at)
        if token.kind not in ("number", "string", "quoted"):
            self._unexpected()
        self._advance()
        if token.kind == "quoted":
            return Name(_unescaped(token.text), token.at)
        if token.kind == "string":
            return Constant(_unescaped(token.text), token.at)
        exact = token.text.isdecimal() and len(token.text) <= EXACT_DIGITS
        return Constant(int(token.text) if exact else float(token.text), token.at)

    def _name(self, token: _Token) -> Node:
        if token.text in ("and", "or", "in"):
            self._unexpected()
        self._advance()
        if self._token.text == "(" and self._token.kind == "operator":
            message = f'there are no functions in expressions, "{token.text}(" cannot be called'
            raise ExpressionFault(message, offset=token.at, hint="compare variables and values only")
        return Constant(_WORDS[token.text], token.at) if token.text in _WORDS else Name(token.text, token.at)

    def _parenthesis(self) -> Node:
        if self._depth == _DEEPEST:
            raise ExpressionFault(f"more than {_DEEPEST} nested parentheses", offset=self._token.at)
        opened = self._token
        self._depth += 1
        self._advance()
        items = [self._level(0)]
        while self._operator() == ",":
            self._advance()
            items.append(self._level(0))
        if self._operator() != ")":
            if self._token.kind == _END:
                raise ExpressionFault('"(" is never closed', offset=opened.at)
            self._unexpected()
        self._depth -= 1
        self._advance()
        return items[0] if len(items) == 1 else Items(tuple(items), opened.at)

    def _operator(self) -> str:
        """Return the operator that comes next, "" for anything else."""
        token = self._token
        if token.kind == "name" and token.text == "not" and self._follows_in():
            return "not in"
        return token.text if token.kind == "operator" or token.text in ("and", "or", "in") else ""

    def _follows_in(self) -> bool:
        following = _TOKEN.match(self._text, self._end)
        return following is not None and following["name"] == "in"

    def _advance(self) -> None:
        self._token = self._scan(self._end)

    def _scan(self, at: int) -> _Token:
        match = _TOKEN.match(self._text, at)
        if match is None:
            at = len(self._text) - len(self._text[at:].lstrip())
            if at < len(self._text):
                self._illegal(at)
            self._end = at
            return _Token(_END, "", at)
        kind = match.lastgroup or ""
        start, self._end = match.span(kind)
        if kind == "operator" and match[kind] in ("===", "!=="):
            hint = f"write {match[kind][:-1]}"
            raise ExpressionFault(f'"{match[kind]}" is JavaScript', offset=start, hint=hint)
        if kind == "name" and self._names_with_dots and (dotted := _DOTTED.match(self._text, self._end)):
            self._end = dotted.end()
        return _Token(kind, self._text[start : self._end], start)

    def _illegal(self, at: int) -> NoReturn:
        char = self._text[at]
        if char in "\"'":
            raise ExpressionFault(f"the quote {char} is never closed", offset=at)
        hint = {"=": "write ==", "&": "write and", "|": "write or", "?": "there is no a ? b : c"}.get(char, "")
        raise ExpressionFault(f"unexpected {self._text[at : at + 10]!r}", offset=at, hint=hint)

    def _unexpected(self) -> NoReturn:
        token = self._token
        what = "the expression ends too early" if token.kind == _END else f"unexpected {token.text!r}"
        raise ExpressionFault(what, offset=token.at)


def _unescaped(quoted: str) -> str:
    return _ESCAPE.sub(lambda match: _ESCAPED.get(match[1], match[0]), quoted[1:-1])
