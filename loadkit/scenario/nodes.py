"""YAML text to a tree of nodes with positions: bounded, and every fault that is not a syntax fault collected on the way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from loadkit.errors import Diagnostic, Position, Severity
from loadkit.scenario.scalars import Scalar, explain_trap, read_plain, read_tagged
from loadkit.scenario.tree import Composition, Kind, LastScalar, Node, SyntaxFault

MAX_DEPTH = 64
MAX_NODES = 10_000

_CORE = "tag:yaml.org,2002:"
_SCALAR_TAGS = ("str", "int", "float", "bool", "null")
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def compose(text: str, file: str, *, shifts: Mapping[int, int] | None = None, loader: Any = _LOADER) -> Composition:
    """Compose the only document of a text. `shifts` gives, by line from 0, how many columns a repair has added."""
    return _Composer(text, file, shifts or {}, loader).run()


class _Stop(Exception):
    """A limit is passed; reading on would only cost time."""


class _Composer:
    def __init__(self, text: str, file: str, shifts: Mapping[int, int], loader: Any) -> None:
        self.text = text
        self.lines = text.splitlines()
        self.file = file
        self.shifts = shifts
        self.loader = loader
        self.made = Composition()
        self.anchors: dict[str, Node] = {}
        self.open_anchors: set[str] = set()
        self.total = 0
        self.last: LastScalar | None = None
        self.brackets: list[tuple[int, int]] = []

    def run(self) -> Composition:
        try:
            self._documents(self.loader(self.text))
        except _Stop:
            self.made.root = None
        except yaml.MarkedYAMLError as error:
            self.made.fault = self._fault(error)
        except (yaml.YAMLError, ValueError, OverflowError) as error:  # e.g. "\UFFFFFFFF" in the pure Python parser
            self.made.fault = self._fault(yaml.MarkedYAMLError(problem=str(error).splitlines()[0]))
        return self.made

    def _documents(self, parser: Any) -> None:
        events = iter(parser.get_event, None)
        root, documents = None, 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents == 2:
                    message = "a scenario file is one document; a second one starts here"
                    self._report(
                        "LK010", message, event, hint="remove the `---`, or move the rest into a file of its own"
                    )
                    break
                self.anchors.clear()
            elif isinstance(event, yaml.NodeEvent):
                root = self._node(event, events, 1)
            elif isinstance(event, yaml.StreamEndEvent):
                break
        self.made.root = root

    def _node(self, event: Any, events: Iterator[Any], depth: int, *, is_key: bool = False) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, depth)
        if depth > MAX_DEPTH:
            self._report("LK008", f"values are nested more than {MAX_DEPTH} deep", event)
            raise _Stop
        anchor = event.anchor
        if anchor:
            self.open_anchors.add(anchor)
        if isinstance(event, yaml.ScalarEvent):
            node = self._scalar(event, is_key=is_key)
        elif isinstance(event, yaml.SequenceStartEvent):
            node = self._list(event, events, depth)
        else:
            node = self._mapping(event, events, depth)
        if anchor:
            self.open_anchors.discard(anchor)
            self.anchors[anchor] = node
        if not is_key:
            self._count(1, event)
        return node

    def _count(self, nodes: int, event: Any) -> None:
        self.total += nodes
        if self.total > MAX_NODES:
            message = f"the file holds more than {MAX_NODES} values once its aliases are expanded"
            self._report("LK008", message, event, hint="split the file, or use fewer aliases")
            raise _Stop

    def _alias(self, event: Any, depth: int) -> Node:
        name = event.anchor
        node = self.anchors.get(name)
        if name in self.open_anchors or node is None:
            inside = name in self.open_anchors
            message = (
                f'the alias "*{name}" stands inside of its own anchor'
                if inside
                else f'no anchor "&{name}" stands above'
            )
            self._report("LK002", message, event, width=len(name) + 1)
            return self._made(Kind.SCALAR, event)
        if depth + node.depth - 1 > MAX_DEPTH:
            self._report("LK008", f"values are nested more than {MAX_DEPTH} deep once aliases are expanded", event)
            raise _Stop
        self._count(node.size, event)
        return node

    def _scalar(self, event: Any, *, is_key: bool) -> Node:
        start, end, plain = event.start_mark, event.end_mark, not event.style
        self.last = LastScalar(
            quote=event.style or "", line=start.line, column=start.column, end_line=end.line, end_column=end.column
        )
        self.made.inner_lines.update(range(start.line + 1, end.line + (end.column > 0)))
        node = self._made(Kind.SCALAR, event)
        node.text, node.plain = event.value, plain and event.tag is None
        self.made.empty += not node.text
        node.value = read_plain(node.text) if node.plain else node.text
        if event.tag is not None and event.tag != "!":
            node.value = self._tagged(event)
        elif node.plain and not is_key and (trap := explain_trap(node.text)):
            message = f"{node.text} is read as text, not as {trap[0]}"
            self._report("LK009", message, event, hint=trap[1], severity=Severity.WARNING, width=node.width)
        return node

    def _tagged(self, event: Any) -> Scalar:
        name = event.tag.removeprefix(_CORE)
        width = self._width(event)
        if name == event.tag or name not in _SCALAR_TAGS:
            self._foreign(event, width)
        else:
            try:
                return read_tagged(name, event.value)
            except ValueError as error:
                self._report("LK007", str(error), event, hint="leave the tag out", width=width)
        return str(event.value)

    def _foreign(self, event: Any, width: int) -> None:
        name = event.tag.replace(_CORE, "!!")
        self._report(
            "LK007", f"the tag {name} is not allowed", event, hint="leave it out and write a plain value", width=width
        )

    def _list(self, event: Any, events: Iterator[Any], depth: int) -> Node:
        node = self._collection(Kind.LIST, event)
        for child in events:
            if isinstance(child, yaml.SequenceEndEvent):
                self._close(node, event, child)
                break
            item = self._node(child, events, depth + 1)
            node.items.append(item)
            node.size += item.size
            node.depth = max(node.depth, item.depth + 1)
        return node

    def _mapping(self, event: Any, events: Iterator[Any], depth: int) -> Node:
        node = self._collection(Kind.MAPPING, event)
        lines: dict[str, int] = {}
        odd: list[tuple[Any, Node]] = []  # keys that are not text
        for child in events:
            if isinstance(child, yaml.MappingEndEvent):
                self._close(node, event, child)
                if len(node.pairs) + len(odd) == 1 and self._slice(event, child).startswith("{{"):
                    return self._unquoted(event, child)
                break
            key = self._node(child, events, depth + 1, is_key=True)
            value = self._node(next(events), events, depth + 1)
            if key.kind is not Kind.SCALAR:
                odd.append((child, key))
            elif key.text in lines:
                hint = f"the first stands on line {lines[key.text]}; keep one of them"
                self._report(
                    "LK005", f'the key "{key.text}" stands twice in one mapping', child, hint=hint, width=key.width
                )
            else:
                lines[key.text] = child.start_mark.line + 1
                node.pairs.append((key, value))
            node.size += value.size
            node.depth = max(node.depth, value.depth + 1)
        for child, key in odd:
            self._report("LK002", f"a key is text, not {key.kind.value}", child)
        return node

    def _slice(self, start: Any, end: Any) -> str:
        return self.text[start.start_mark.index : end.end_mark.index] if start.flow_style else ""

    def _unquoted(self, event: Any, end: Any) -> Node:
        """Read `{{ x }}` without quotes, which YAML takes for a mapping in a mapping, as the text that was meant."""
        text = " ".join(self._slice(event, end).split())
        node = self._made(Kind.SCALAR, event)
        if end.end_mark.line == event.start_mark.line:
            node.width = end.end_mark.column - event.start_mark.column
        node.text = node.value = text
        inner = Position(self.file, node.line, node.column + 1)  # {{{ x }}}: the inner pair has been reported
        self.made.diagnostics = [made for made in self.made.diagnostics if made.at != inner or made.code != "LK006"]
        quote = "'" if '"' in text else '"'
        self._report("LK006", "a template must be quoted", event, hint=f"write {quote}{text}{quote}", width=node.width)
        return node

    def _collection(self, kind: Kind, event: Any) -> Node:
        if event.tag not in (None, "!", f"{_CORE}map" if kind is Kind.MAPPING else f"{_CORE}seq"):
            self._foreign(event, 1)
        if event.flow_style:
            self.brackets.append((event.end_mark.line, event.end_mark.column - 1))  # behind a tag or an anchor
        return self._made(kind, event)

    def _close(self, node: Node, start: Any, end: Any) -> None:
        first, last = start.start_mark, end.end_mark
        if start.flow_style:
            self.brackets.pop()
            self.made.inner_lines.update(range(first.line + 1, last.line + 1))
            if first.line == last.line:
                node.width = last.column - first.column
        elif node.pairs and node.pairs[0][0].line == node.line:
            node.width = node.pairs[0][0].width

    def _made(self, kind: Kind, event: Any) -> Node:
        at = self._position(event)
        return Node(kind=kind, line=at.line, column=at.column, width=self._width(event))

    def _width(self, event: Any) -> int:
        start, end = event.start_mark, event.end_mark
        return max(1, end.column - start.column) if start.line == end.line else 1

    def _position(self, event: Any) -> Position:
        mark = event.start_mark
        if mark.line >= len(self.lines):  # the parser ends the last line if the file does not
            return Position(self.file, max(1, len(self.lines)), len(self.lines[-1]) + 1 if self.lines else 1)
        return Position(self.file, mark.line + 1, max(1, mark.column + 1 - self.shifts.get(mark.line, 0)))

    def _report(
        self,
        code: str,
        message: str,
        event: Any,
        *,
        hint: str = "",
        severity: Severity = Severity.ERROR,
        width: int = 1,
    ) -> None:
        self.made.diagnostics.append(
            Diagnostic(
                code=code, message=message, at=self._position(event), severity=severity, hint=hint, length=max(1, width)
            )
        )

    def _fault(self, error: yaml.MarkedYAMLError) -> SyntaxFault:
        problem = error.problem_mark
        context = error.context_mark or problem
        return SyntaxFault(
            problem=error.problem or "",
            context=error.context or "",
            line=problem.line if problem else 0,
            column=problem.column if problem else 0,
            context_line=context.line if context else 0,
            context_column=context.column if context else 0,
            last=self.last,
            opened=self.brackets[-1] if self.brackets else None,
        )
