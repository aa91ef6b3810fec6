"""Read one text with `{{ }}` in it into literals and pieces; each piece is already a closure.

text     = { literal | template }
template = "{{" expr "}}" | "{{{" expr "}}}"
expr     = call | path | string
call     = "$" word [ "(" [ arg { "," arg } ] ")" ]      without parentheses: a function's name, else a path
arg      = number | string | "true" | "false" | "null" | path
path     = see path.py; `$env.NAME` and `$processEnvironment.NAME` are read while compiling
string   = "'" chars "'" | '"' chars '"'                 {{ "{{" }} puts braces into a text
"""

from __future__ import annotations

import difflib
import os
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from loadkit.template.fake import fake_hint
from loadkit.template.functions import TemplateContext, TemplateFunction
from loadkit.template.path import PathFault, Segments, compile_getter, scan_path

Where = tuple[str | int, ...]
"""A path inside the compiled value: ("json", "items", 0)."""

Places = dict[tuple[Where, str], tuple[str, int]]
"""Where a variable is read first: its text's path and its name, to the text and the character in it."""

Read = Callable[[TemplateContext], Any]

ALWAYS_DEFINED = frozenset({"$environment", "$testId", "$dirname", "$scenarioFile", "target", "$uuid"})
"""Variables that every virtual user has; they are never reported in `Template.uses`."""

UNSET = "undefined"
"""What stands for an environment variable that is not set; a run that would send it is refused, unless it is to do as Artillery."""

_ENVIRONMENT = ("$env", "$processEnvironment")
_OPEN = re.compile(r"\{\{+")
_SPACE = re.compile(r"\s*")
_CLOSE = re.compile(r"\}*")
_CALL = re.compile(r"(\$?\w+)\s*\(")
_BARE = re.compile(r"(\$\w+)\s*(?=\})")
_STRING = re.compile(r""""((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)\'""", re.DOTALL)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])")
_WORD = re.compile(r"(true|false|null)(?![\w.\[-])")
_LONGEST_WHOLE = 300  # digits; Python refuses more than 4300
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None}
_SYNTAX_HINT = (
    'write {{ name }}, {{ name.path[0] }} or {{ $function(1, "text") }}; {{ "{{" }} gives the braces themselves'
)


class TemplateFault(ValueError):
    """A template that cannot be compiled. `others` are further faults of the same value, `uses` and `unset_env` what the rest of
    the value reads, `places` where (see Template).

    `code` is LK203 (unknown function) or LK204 (syntax); `where` is the path of the `text` inside the value, `offset` the character
    in it.
    """

    def __init__(
        self, message: str, *, code: str = "LK204", hint: str = "", offset: int = 0, where: Where = ()
    ) -> None:
        super().__init__(message)
        self.code = code
        self.hint = hint
        self.offset = offset
        self.where = where
        self.text = ""
        self.others: tuple[TemplateFault, ...] = ()
        self.uses: tuple[tuple[Where, tuple[str, ...]], ...] = ()
        self.unset_env: tuple[tuple[Where, str], ...] = ()
        self.places: Places = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One template of a text. `name` is set when it is nothing but a variable, `value` when it is a constant."""

    read: Read
    name: str | None = None
    roots: Mapping[str, int] = field(default_factory=dict)  # the variables it reads, and at which character of the text
    is_constant: bool = False
    value: Any = None
    unset: str | None = None
    unset_at: int = 0


def split_text(
    text: str, functions: Mapping[str, TemplateFunction], missing: Any = None
) -> tuple[list[str | Piece], list[TemplateFault]]:
    """Return the literals and pieces of a text in order, and every fault; a template with a fault is left out.

    A path that leads nowhere reads as `missing`.
    """
    parts: list[str | Piece] = []
    faults: list[TemplateFault] = []
    at = 0
    while opened := _OPEN.search(text, at):
        try:
            piece, end, braces = _template(text, opened, functions, missing)
        except TemplateFault as fault:
            faults.append(fault)
            closed = text.find("}}", opened.end())
            at = closed + 2 if closed >= 0 else len(text)
            continue
        literal = text[at : opened.end() - braces]
        parts += [literal, piece] if literal else [piece]
        at = end + braces
    if text[at:]:
        parts.append(text[at:])
    return parts, faults


def _template(
    text: str, opened: re.Match[str], functions: Mapping[str, TemplateFunction], missing: Any
) -> tuple[Piece, int, int]:
    """Return the piece of an opened template, where its closing braces stand, and how many belong to it."""
    piece, end = _expression(text, _skip(text, opened.end()), functions, missing)
    end = _skip(text, end)
    closing = len(_CLOSE.match(text, end)[0])  # type: ignore[index]  # `}*` always matches
    if closing < 2:
        _unclosed(text, opened, end)
    return piece, end, 3 if closing >= 3 and len(opened[0]) >= 3 else 2


def _unclosed(text: str, opened: re.Match[str], end: int) -> NoReturn:
    inside = text[opened.end() : end].strip()
    rest = text[end : end + 20]
    if "}}" in text[end:] and not rest.startswith("}"):
        raise TemplateFault(f"unexpected {rest[0]!r} in {_shown(text, opened)}", offset=end, hint=_SYNTAX_HINT)
    message = f"the template {_shown(text, opened)} is never closed"
    raise TemplateFault(message, offset=opened.start(), hint=f"write {{{{ {inside} }}}}")


def _shown(text: str, opened: re.Match[str]) -> str:
    closed = text.find("}}", opened.end())
    end = min(closed + 2 if closed >= 0 else len(text), opened.start() + 60)
    return repr(text[opened.start() : end])


def _skip(text: str, at: int) -> int:
    return _SPACE.match(text, at).end()  # type: ignore[union-attr]  # `\s*` always matches


def _expression(text: str, at: int, functions: Mapping[str, TemplateFunction], missing: Any) -> tuple[Piece, int]:
    if string := _STRING.match(text, at):
        return _constant_piece(_unquoted(string)), string.end()
    if call := _CALL.match(text, at):
        return _call(text, call, functions)
    bare = _BARE.match(text, at)
    if bare and bare[1] in functions:
        function = functions[bare[1]]
        if function.bare is None:
            return _invoke(function, [], at), bare.end()
        return Piece(read=function.bare), bare.end()
    segments, end = _scan(text, at)
    return _path_piece(segments, at, missing), end


def _scan(text: str, at: int) -> tuple[Segments, int]:
    try:
        return scan_path(text, at)
    except PathFault as fault:
        rest = text[fault.offset : fault.offset + 20]
        what = f"a variable or a $function is expected before {rest!r}" if rest else "the text ends inside a template"
        raise TemplateFault(what, offset=fault.offset, hint=_SYNTAX_HINT) from None


def _path_piece(segments: Segments, at: int, missing: Any = None) -> Piece:
    root, *rest = segments
    if root in _ENVIRONMENT:
        return _environment_piece(root, rest, at)
    roots = {} if root in ALWAYS_DEFINED else {root: at}
    if not rest:
        if missing is not None:
            return Piece(read=lambda user: user.variables.get(root, missing), name=root, roots=roots)
        return Piece(read=lambda user: user.variables.get(root), name=root, roots=roots)
    get = compile_getter(tuple(rest), missing)
    return Piece(read=lambda user: get(user.variables.get(root)), roots=roots)


def _environment_piece(root: str, rest: list[str], at: int) -> Piece:
    if len(rest) != 1:
        raise TemplateFault(f"{root} is followed by one name", offset=at, hint=f"write {{{{ {root}.HOME }}}}")
    found = os.environ.get(rest[0])
    return _constant_piece(UNSET if found is None else found, unset=rest[0] if found is None else None, at=at)


def _constant_piece(value: Any, *, unset: str | None = None, at: int = 0) -> Piece:
    return Piece(read=lambda user: value, is_constant=True, value=value, unset=unset, unset_at=at)


def _unquoted(string: re.Match[str]) -> str:
    return _ESCAPE.sub(r"\1", string[1] if string[1] is not None else string[2])


def _call(text: str, opened: re.Match[str], functions: Mapping[str, TemplateFunction]) -> tuple[Piece, int]:
    name = opened[1]
    if name not in functions:
        close = difflib.get_close_matches(name, functions, n=1, cutoff=0.5)
        known = f'did you mean "{close[0]}"?' if close else f"known functions: {', '.join(sorted(functions))}"
        hint = fake_hint(name) or known
        raise TemplateFault(f'unknown function "{name}"', code="LK203", offset=opened.start(), hint=hint)
    arguments: list[Piece] = []
    at = _skip(text, opened.end())
    while text[at : at + 1] != ")":
        if arguments:
            if text[at : at + 1] != ",":
                shown = f"before {text[at : at + 20]!r}" if text[at:] else "at the end"
                raise TemplateFault(f'"," or ")" is expected {shown}', offset=at, hint=_SYNTAX_HINT)
            at = _skip(text, at + 1)
        argument, at = _argument(text, at)
        arguments.append(argument)
        at = _skip(text, at)
    return _invoke(functions[name], arguments, opened.start()), at + 1


def _argument(text: str, at: int) -> tuple[Piece, int]:
    if string := _STRING.match(text, at):
        return _constant_piece(_unquoted(string)), string.end()
    if word := _WORD.match(text, at):
        return _constant_piece(_WORDS[word[1]]), word.end()
    if number := _NUMBER.match(text, at):
        is_whole = number[0].lstrip("-").isdecimal() and len(number[0]) <= _LONGEST_WHOLE
        return _constant_piece(int(number[0]) if is_whole else float(number[0])), number.end()
    segments, end = _scan(text, at)
    if segments[0][:1].isdigit():
        raise TemplateFault(f'"," or ")" is expected in {text[at:end]!r}', offset=at, hint=_SYNTAX_HINT)
    return _path_piece(segments, at), end


def _invoke(function: TemplateFunction, arguments: list[Piece], offset: int) -> Piece:
    call, most = function.call, function.max_args
    if len(arguments) < function.min_args or (most is not None and len(arguments) > most):
        message = f"{function.name} does not take {len(arguments)} argument{'s' * (len(arguments) != 1)}"
        raise TemplateFault(message, offset=offset, hint=f"write {function.example}")
    roots = {root: at for argument in reversed(arguments) for root, at in argument.roots.items()}
    unset, unset_at = next(((given.unset, given.unset_at) for given in arguments if given.unset is not None), (None, 0))
    if not all(argument.is_constant for argument in arguments):
        reads = tuple(argument.read for argument in arguments)
        return Piece(
            read=lambda user: call(user, *[read(user) for read in reads]), roots=roots, unset=unset, unset_at=unset_at
        )
    values = tuple(argument.value for argument in arguments)
    if not values:
        return Piece(read=call)
    try:
        if function.tried:
            call(_Trial(), *values)
    except (ValueError, TypeError) as error:
        raise TemplateFault(str(error), offset=offset, hint=f"write {function.example}") from None
    return Piece(read=lambda user: call(user, *values), unset=unset, unset_at=unset_at)


class _Trial:
    """The user of a call that is tried at load."""

    def __init__(self) -> None:
        self.variables: dict[str, Any] = {}
        self.random = random.Random(0)
        self.number = 0

    def next_number(self) -> int:
        return 0
