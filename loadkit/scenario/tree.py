"""What composing a YAML text gives: nodes with positions, or the fault that ended it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from loadkit.errors import Diagnostic
from loadkit.scenario.scalars import Scalar


class Kind(Enum):
    """What a node is."""

    SCALAR = "text"
    LIST = "a list"
    MAPPING = "a mapping"


@dataclass(slots=True, eq=False, kw_only=True)
class Node:
    """One value of the text. `size` and `depth` count with aliases expanded; an alias is the node of its anchor."""

    kind: Kind
    line: int
    column: int
    width: int = 1
    text: str = ""
    value: Scalar = None
    plain: bool = False
    items: list[Node] = field(default_factory=list)
    pairs: list[tuple[Node, Node]] = field(default_factory=list)
    size: int = 1
    depth: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntaxFault:
    """Where and why the YAML parser gave up, in its words; lines and columns count from 0.

    `last` is the last scalar before that, `opened` where the innermost bracket stands that is open there.
    """

    problem: str
    context: str
    line: int
    column: int
    context_line: int
    context_column: int
    last: LastScalar | None
    opened: tuple[int, int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LastScalar:
    """A scalar's quote ("" for none) and where it starts and ends, from 0."""

    quote: str
    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(slots=True, kw_only=True)
class Composition:
    """The result of composing: the tree unless a fault ended it, what was found, which lines are inside of brackets or of a
    scalar (from 0), where indentation means nothing, and how many values are empty.
    """

    root: Node | None = None
    diagnostics: list[Diagnostic] = field(default_factory=list)
    fault: SyntaxFault | None = None
    inner_lines: set[int] = field(default_factory=set)
    empty: int = 0
