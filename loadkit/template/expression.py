"""Conditions over named values, as in `ifTrue: 'status == "open" and total > 10'`: filtrex's language, in closures.

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

Names that nothing defines are None. None equals None and nothing else (`!=` is always the opposite of `==`, as in filtrex);
every other comparison with it is false, and arithmetic with it gives None. A number equals the text that spells it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from loadkit.template.operators import BINARY, EXACT_DIGITS, matches, negated
from loadkit.template.path import PathFault, compile_path
from loadkit.template.regexp import RegexpFault, compile_regexp
from loadkit.template.text import to_text

Lookup = Callable[[str], Any]
Evaluate = Callable[[Lookup], Any]


class ExpressionFault(ValueError):
    """An expression that cannot be parsed; `offset` counts characters from its start."""

    def __init__(self, message: str, *, offset: int, hint: str = "") -> None:
        super().__init__(message)
        self.offset = offset
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression. `evaluate` gets a function from a name to its value, None where nothing has that name."""

    source: str
    names: tuple[str, ...]
    evaluate: Evaluate


def compile_expression(text: str, *, names_with_dots: bool = True) -> Expression:
    """Compile an expression. With `names_with_dots`, `http.codes.200` is one name. Raises ExpressionFault."""
    parser = _Parser(text, names_with_dots)
    evaluate = parser.whole()
    return Expression(text, tuple(parser.names), evaluate)


_PATH_MARKS = re.compile(r"[.\[]")


def over_variables(expression: Expression) -> Callable[[Mapping[str, Any]], Any]:
    """Return the expression as a function of variables: a name with dots looks inside values, `pet.tags[0]`."""
    getters = {name: _variable(name) for name in expression.names}
    evaluate = expression.evaluate
    return lambda variables: evaluate(lambda name: getters[name](variables))


def _variable(name: str) -> Callable[[Mapping[str, Any]], Any]:
    if not _PATH_MARKS.search(name):
        return lambda variables: variables.get(name)
    try:
        inside = compile_path(name)
    except PathFault:
        return lambda variables: variables.get(name)
    return lambda variables: variables[name] if name in variables else inside(variables)


# -------------------------------------------------------------------------------------------------------------- parser

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<number>(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))
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
_COMPARISONS = (3, 4)
_DEEPEST = 25
_END = "the end"


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


class _Parser:
    """Recursive descent over _LEVELS; what it returns is a closure already."""

    def __init__(self, text: str, names_with_dots: bool) -> None:
        self._text = text
        self._names_with_dots = names_with_dots
        self._depth = 0
        self.names: dict[str, None] = {}
        self._end = 0
        self._token = self._scan(0)

    def whole(self) -> Evaluate:
        if self._token.kind == _END:
            raise ExpressionFault("the expression is empty", offset=0, hint="write a comparison: total > 10")
        evaluate = self._level(0)
        if self._token.kind != _END:
            self._unexpected()
        return evaluate

    def _level(self, level: int) -> Evaluate:
        if level == len(_LEVELS):
            return self._unary()
        first = self._level(level + 1)
        rest: list[tuple[str, Evaluate]] = []
        while (name := self._operator()) in _LEVELS[level]:
            if rest and level in _COMPARISONS:
                hint = "join two comparisons with `and`: 1 < x and x < 5"
                raise ExpressionFault("comparisons cannot be chained", offset=self._token.at, hint=hint)
            self._advance()
            if name == "not in":
                self._advance()
            rest.append((name, self._level(level + 1)))
        return self._joined(first, rest) if rest else first

    def _joined(self, first: Evaluate, rest: list[tuple[str, Evaluate]]) -> Evaluate:
        name = rest[0][0]
        if name in ("or", "||"):
            return _any((first, *(operand for _, operand in rest)))
        if name in ("and", "&&"):
            return _all((first, *(operand for _, operand in rest)))
        if name == "~=":
            return self._matches(first, rest[0][1])
        return _fold(first, tuple((BINARY[name], operand) for name, operand in rest))

    def _matches(self, left: Evaluate, right: Evaluate) -> Evaluate:
        try:
            pattern = right(_no_name)
        except LookupError:
            return _fold(left, ((matches, right),))
        try:
            compiled = compile_regexp(to_text(pattern))
        except RegexpFault as fault:
            message = f"{to_text(pattern)!r} is not a regular expression: {fault}"
            raise ExpressionFault(message, offset=self._token.at) from None
        search = compiled.search

        def found(lookup: Lookup) -> bool:
            value = left(lookup)
            return value is not None and search(to_text(value)) is not None

        return found

    def _unary(self) -> Evaluate:
        signs = []
        while self._token.text in ("not", "!", "-") and self._token.kind in ("name", "operator"):
            signs.append(self._token.text)
            self._advance()
        operand = self._primary()
        return _signed(tuple(reversed(signs)), operand) if signs else operand

    def _primary(self) -> Evaluate:
        token = self._token
        if token.kind == "operator" and token.text == "(":
            return self._parenthesis()
        if token.kind == "name":
            return self._name(token)
        if token.kind not in ("number", "string", "quoted"):
            self._unexpected()
        self._advance()
        if token.kind == "quoted":
            return self._named(_unescaped(token.text))
        if token.kind == "string":
            return _constant(_unescaped(token.text))
        return _constant(
            int(token.text) if token.text.isdecimal() and len(token.text) <= EXACT_DIGITS else float(token.text)
        )

    def _name(self, token: _Token) -> Evaluate:
        if token.text in ("and", "or", "in"):
            self._unexpected()
        self._advance()
        if self._token.text == "(" and self._token.kind == "operator":
            message = f'there are no functions in expressions, "{token.text}(" cannot be called'
            raise ExpressionFault(message, offset=token.at, hint="compare variables and values only")
        if token.text in _WORDS:
            return _constant(_WORDS[token.text])
        return self._named(token.text)

    def _named(self, name: str) -> Evaluate:
        self.names[name] = None
        return lambda lookup: lookup(name)

    def _parenthesis(self) -> Evaluate:
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
        return items[0] if len(items) == 1 else _list(tuple(items))

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


def _no_name(name: str) -> Any:
    raise LookupError(name)


# ------------------------------------------------------------------------------------------------------------ closures


def _constant(value: Any) -> Evaluate:
    return lambda lookup: value


def _list(items: tuple[Evaluate, ...]) -> Evaluate:
    return lambda lookup: [item(lookup) for item in items]


def _any(operands: tuple[Evaluate, ...]) -> Evaluate:
    def evaluate(lookup: Lookup) -> bool:
        for operand in operands:  # noqa: SIM110  # a generator in any() takes 0.2 us more
            if operand(lookup):
                return True
        return False

    return evaluate


def _all(operands: tuple[Evaluate, ...]) -> Evaluate:
    def evaluate(lookup: Lookup) -> bool:
        for operand in operands:  # noqa: SIM110
            if not operand(lookup):
                return False
        return True

    return evaluate


def _fold(first: Evaluate, rest: tuple[tuple[Callable[[Any, Any], Any], Evaluate], ...]) -> Evaluate:
    if len(rest) == 1:
        ((only, second),) = rest
        return lambda lookup: only(first(lookup), second(lookup))

    def evaluate(lookup: Lookup) -> Any:
        value = first(lookup)
        for apply, operand in rest:
            value = apply(value, operand(lookup))
        return value

    return evaluate


def _signed(signs: tuple[str, ...], operand: Evaluate) -> Evaluate:
    def evaluate(lookup: Lookup) -> Any:
        value = operand(lookup)
        for sign in signs:
            value = negated(value) if sign == "-" else not value
        return value

    return evaluate
