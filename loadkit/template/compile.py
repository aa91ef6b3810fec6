"""Turn values with `{{ }}` in them into closures, once, at load; rendering is then a call without any parsing.

The syntax of a text stands in syntax.py. A text that is exactly one template keeps the value's type; in all others values
are put in as text (see text.py). What was put in is never looked at again.

Hot: a text with one variable renders in about 0.1 us, each further template adds about as much
(`python -m timeit -s "..." "render(user)"`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from loadkit.template.functions import TemplateContext, TemplateFunction
from loadkit.template.path import PathFault, assign, compile_path
from loadkit.template.syntax import ALWAYS_DEFINED, Piece, Places, Read, TemplateFault, Where, split_text
from loadkit.template.text import UNDEFINED, to_script_text, to_text

__all__ = [
    "ALWAYS_DEFINED",
    "PathFault",
    "Template",
    "TemplateContext",
    "TemplateFault",
    "Where",
    "assign",
    "compile_path",
    "compile_value",
    "to_text",
]

_TEXT_IN_SCRIPTS = re.compile(r"\{\{+\s*\$random(?:Number|String)\s*\(")  # what these give is text in Artillery

ReadText = Callable[[TemplateContext], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A compiled value. `render` gives the value, `text` always text; `source` is what was compiled, for a constant its value.

    `uses` says for each text inside the value (by its path) which variables it reads; `unset_env` which environment
    variables were read and are not set ("undefined" stands for them); `places` at which character of which text either is read
    first.
    """

    source: Any
    render: Read
    text: ReadText
    is_constant: bool
    uses: tuple[tuple[Where, tuple[str, ...]], ...] = ()
    unset_env: tuple[tuple[Where, str], ...] = ()
    places: Places = field(default_factory=dict)

    @classmethod
    def constant(cls, value: Any) -> Template:
        """Return a template that renders a value as it stands."""
        text = to_text(value)
        return cls(source=value, render=lambda user: value, text=lambda user: text, is_constant=True)


def compile_value(value: Any, functions: Mapping[str, TemplateFunction], *, script: bool = False) -> Template:
    """Compile a text, or lists and mappings with texts in them. Raises TemplateFault with all faults found.

    With `script` a variable without a value is UNDEFINED, which is the text "undefined" within another, as in JavaScript.
    Constant parts are shared by all renderings, containers with templates inside are made anew by each.
    """
    work = _Work(functions, script=script)
    node = _compile(value, (), work)
    if work.faults:
        first, *others = work.faults
        first.others = tuple(others)
        first.uses, first.unset_env, first.places = tuple(work.uses), tuple(work.unset_env), work.places
        raise first
    if node.is_constant:
        return replace(Template.constant(node.value), unset_env=tuple(work.unset_env), places=work.places)
    return Template(
        source=value,
        render=node.render,
        text=node.text or work.as_text(node.render),
        is_constant=False,
        uses=tuple(work.uses),
        unset_env=tuple(work.unset_env),
        places=work.places,
    )


@dataclass(slots=True)
class _Work:
    """What one compile_value gathers on its walk."""

    functions: Mapping[str, TemplateFunction]
    uses: list[tuple[Where, tuple[str, ...]]] = field(default_factory=list)
    unset_env: list[tuple[Where, str]] = field(default_factory=list)
    places: Places = field(default_factory=dict)
    faults: list[TemplateFault] = field(default_factory=list)
    script: bool = False

    @property
    def show(self) -> Callable[[Any], str]:
        """Return how values become text."""
        return to_script_text if self.script else to_text

    def as_text(self, read: Read) -> ReadText:
        """Return what reads a value as text."""
        return _as_text(read, self.show)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Node:
    """A compiled part of a value; a constant has its `value`."""

    render: Read
    is_constant: bool = False
    value: Any = None
    text: ReadText | None = None


def _constant(value: Any) -> _Node:
    return _Node(render=lambda user: value, is_constant=True, value=value)


def _as_text(read: Read, show: Callable[[Any], str]) -> ReadText:
    def text(user: TemplateContext) -> str:
        value = read(user)
        return value if value.__class__ is str else show(value)

    return text


# ---------------------------------------------------------------------------------------------------------- containers


def _compile(value: Any, where: Where, work: _Work) -> _Node:
    if isinstance(value, str):
        return _compile_text(value, where, work)
    if isinstance(value, dict):
        return _compile_dict(value, where, work)
    if isinstance(value, list):
        return _compile_list(value, where, work)
    return _constant(value)


def _compile_list(value: list[Any], where: Where, work: _Work) -> _Node:
    nodes = [_compile(item, (*where, index), work) for index, item in enumerate(value)]
    constants = [node.value for node in nodes]
    dynamic = tuple((index, node.render) for index, node in enumerate(nodes) if not node.is_constant)
    if not dynamic:
        return _constant(constants)

    def render(user: TemplateContext) -> list[Any]:
        made = constants.copy()
        for index, read in dynamic:
            made[index] = read(user)
        return made

    return _Node(render=render)


def _compile_dict(value: dict[Any, Any], where: Where, work: _Work) -> _Node:
    keys = [_compile(key, (*where, key), work) for key in value]
    nodes = [_compile(item, (*where, key), work) for key, item in value.items()]
    if not all(key.is_constant for key in keys):
        pairs = tuple(
            (key.text or work.as_text(key.render), node.render) for key, node in zip(keys, nodes, strict=True)
        )
        return _Node(render=lambda user: {key(user): read(user) for key, read in pairs})
    constants = {key.value: node.value for key, node in zip(keys, nodes, strict=True)}
    dynamic = tuple((key.value, node.render) for key, node in zip(keys, nodes, strict=True) if not node.is_constant)
    if not dynamic:
        return _constant(constants)

    def render(user: TemplateContext) -> dict[Any, Any]:
        made = constants.copy()
        for key, read in dynamic:
            made[key] = read(user)
        return made

    return _Node(render=render)


# ---------------------------------------------------------------------------------------------------------------- text


def _compile_text(text: str, where: Where, work: _Work) -> _Node:
    if "{{" not in text:
        return _constant(text)
    parts, faults = split_text(text, work.functions, UNDEFINED if work.script else None)
    for fault in faults:
        fault.where, fault.text = where, text
    work.faults += faults
    pieces = [part for part in parts if isinstance(part, Piece)]
    work.unset_env.extend((where, piece.unset) for piece in pieces if piece.unset is not None)
    roots = {root: at for piece in reversed(pieces) for root, at in piece.roots.items()}
    unset = {piece.unset: piece.unset_at for piece in reversed(pieces) if piece.unset is not None}
    work.places.update({(where, name): (text, at) for name, at in (roots | unset).items()})
    if roots:
        work.uses.append((where, tuple(sorted(roots, key=roots.__getitem__))))
    if len(parts) == 1 and pieces:
        only = pieces[0]
        if work.script and _TEXT_IN_SCRIPTS.match(text):
            return _Node(render=_as_text(only.read, to_text))
        return _Node(render=only.read, is_constant=only.is_constant, value=only.value)
    return _join(_merge(parts), work)


def _merge(parts: list[str | Piece]) -> list[str | Piece]:
    """Put constants into the literals beside them; the result alternates literal, piece, literal, ..., literal."""
    merged: list[str | Piece] = [""]
    for part in parts:
        if isinstance(part, Piece) and not part.is_constant:
            merged += [part, ""]
        else:
            literal = to_text(part.value) if isinstance(part, Piece) else part
            merged[-1] = f"{merged[-1]}{literal}"
    return merged


def _join(parts: list[str | Piece], work: _Work) -> _Node:
    literals = [part for part in parts if isinstance(part, str)]
    pieces = [part for part in parts if isinstance(part, Piece)]
    if not pieces:
        return _constant(literals[0])
    if len(pieces) == 1 and not work.script:
        render = _around(literals[0], pieces[0], literals[1])
    else:
        render = _alternate(
            tuple(zip(literals, (piece.read for piece in pieces), strict=False)), literals[-1], work.show
        )
    return _Node(render=render, text=render)


def _around(prefix: str, piece: Piece, suffix: str) -> ReadText:
    """Return the renderer of a text with one template; a plain variable gets its own, which saves a call (50 ns)."""
    name, read = piece.name, piece.read
    if name is None:
        return _alternate(((prefix, read),), suffix, to_text)

    def render(user: TemplateContext) -> str:
        value = user.variables.get(name)
        kind = value.__class__
        return f"{prefix}{value if kind is str or kind is int else to_text(value)}{suffix}"

    return render


def _alternate(pairs: tuple[tuple[str, Read], ...], tail: str, show: Callable[[Any], str]) -> ReadText:
    def render(user: TemplateContext) -> str:
        text = ""
        for literal, read in pairs:
            value = read(user)
            kind = value.__class__
            text += f"{literal}{value if kind is str or kind is int else show(value)}"
        return text + tail

    return render
