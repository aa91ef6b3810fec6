"""Strict YAML with positions: a scenario file becomes a Document that knows where each of its values stands."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from loadkit.errors import Diagnostic, Position, ScenarioError, Severity
from loadkit.scenario.inside import place_inside, token_width
from loadkit.scenario.syntax import read_tree
from loadkit.scenario.tree import Kind, Node

Where = tuple[str | int, ...]
MAX_BYTES = 1_000_000
MAX_DIAGNOSTICS = 200
_SEVERAL = {"LK201", "LK202", "LK203", "LK204", "LK502", "LK508"}  # one text may have several of these


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Where a value stands and, in a mapping, its key; the widths are for underlining."""

    key: Position | None
    value: Position
    key_width: int = 1
    value_width: int = 1


@dataclass(slots=True, kw_only=True)
class Document:
    """Data of one or several merged files. `files` are real files in the order of reading; `sources` has their texts, and those
    of command line values, by the names that positions use.
    """

    data: dict[str, Any]
    spans: dict[Where, Span] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    _lines: dict[str, list[str]] = field(default_factory=dict, repr=False, compare=False)

    def at(self, where: Where, *, key: bool = False) -> Position:
        """Return where the value (or the key) at a path stands; for an unknown path the nearest known ancestor's key."""
        span = self.spans.get(where)
        if span is not None:
            return span.key if key and span.key else span.value
        span = self._ancestor(where)
        return Position(self.files[0] if self.files else "", 1, 1) if span is None else span.key or span.value

    def width(self, where: Where, *, key: bool = False) -> int:
        """Return how many characters to underline at `at(where)`."""
        span = self.spans.get(where)
        if span is not None:
            return span.key_width if key and span.key else span.value_width
        span = self._ancestor(where)
        return 1 if span is None else span.key_width if span.key else span.value_width

    def inside(self, where: Where, text: str, offset: int) -> tuple[Position, int] | None:
        """Return where a character of the text at a path stands, and how much to underline; None where that cannot be said."""
        span = self.spans.get(where)
        if span is None:
            return None
        file, start = span.value.file, (span.value.line - 1, span.value.column - 1)
        lines = self._lines.get(file)
        if lines is None:
            lines = self._lines[file] = self.sources.get(file, "").splitlines()
        place = place_inside(lines, start, text, offset)
        if place is None:
            return None
        width = min(
            token_width(text, offset), len(lines[place[0]]) - place[1]
        )  # a template may have made the text longer
        return Position(file, place[0] + 1, place[1] + 1), max(1, width)

    def _ancestor(self, where: Where) -> Span | None:
        for length in range(len(where) - 1, -1, -1):
            if (span := self.spans.get(where[:length])) is not None:
                return span
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What reading a file gave: a document unless there is none to be had, and every fault and warning found."""

    document: Document | None
    diagnostics: tuple[Diagnostic, ...]
    sources: Mapping[str, str]


def read_document(path: Path | str, text: str | None = None) -> Document:
    """Read a YAML or JSON file (or a text in its name). Raises ScenarioError with every fault of the file."""
    reading = read_source(path, text)
    errors = [found for found in reading.diagnostics if found.severity is Severity.ERROR]
    if errors or reading.document is None:
        raise ScenarioError(reading.diagnostics, reading.sources)
    return reading.document


def read_source(path: Path | str, text: str | None = None) -> Reading:
    """Read a file as far as it can be read: a document may come with errors, so that later checks find the rest.

    With a text, the name may be that of a command line option; it starts with a dash and its text is JSON.
    """
    file = str(path)
    if text is None:
        text, problem = _read_text(Path(path), file)
        if problem is not None:
            return Reading(document=None, diagnostics=(problem,), sources={file: text})
    elif len(text) > MAX_BYTES:
        return Reading(document=None, diagnostics=(_too_large(file),), sources={file: ""})
    sources = {file: text}
    root, diagnostics = read_tree(_with_whole_surrogates(text) if _is_json(file) else text, file)
    document = None
    if not any(found.code == "LK010" for found in diagnostics) and (root is not None or not diagnostics):
        document = _document(root, file, sources, diagnostics)
    return Reading(document=document, diagnostics=in_order(diagnostics), sources=sources)


def in_order(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Return diagnostics without repetitions, file by file in the order in which the files appear, by line and column.

    A YAML 1.1 value that is an error here, too, is one mistake: the error takes the warning's hint. What comes after the first
    200 is cut off.
    """
    diagnostics = list(diagnostics)
    traps = {found.at: found for found in diagnostics if found.code == "LK009"}
    wrong = {found.at for found in diagnostics if found.severity is Severity.ERROR} & set(traps)
    if wrong:
        diagnostics = [
            replace(found, hint=traps[found.at].hint) if found.at in wrong else found
            for found in diagnostics
            if found.code != "LK009" or found.at not in wrong
        ]
    files: dict[str, int] = {}
    unique: dict[tuple[str, Position, str], Diagnostic] = {}
    for found in diagnostics:
        files.setdefault(found.at.file, len(files))
        unique.setdefault((found.code, found.at, found.message if found.code in _SEVERAL else ""), found)
    ordered = sorted(unique.values(), key=lambda found: (files[found.at.file], found.at, found.code))
    if len(ordered) > MAX_DIAGNOSTICS:
        rest = len(ordered) - MAX_DIAGNOSTICS
        ordered = ordered[:MAX_DIAGNOSTICS]
        ordered[-1] = replace(ordered[-1], hint=f"{ordered[-1].hint}; {rest} more are not shown".lstrip("; "))
    return tuple(ordered)


def document_to_wire(document: Document) -> dict[str, Any]:
    """Return a document as plain lists, mappings and texts, for msgpack. The data is a JSON text: it may hold any integer."""
    files = list(dict.fromkeys(at.file for span in document.spans.values() for at in (span.key, span.value) if at))
    index = {file: number for number, file in enumerate(files)}

    def place(at: Position | None) -> list[int] | None:
        return None if at is None else [index[at.file], at.line, at.column]

    spans = [
        [list(where), place(span.key), place(span.value), span.key_width, span.value_width]
        for where, span in document.spans.items()
    ]
    return {
        "data": json.dumps(document.data),
        "names": files,
        "spans": spans,
        "sources": dict(document.sources),
        "files": list(document.files),
    }


def document_from_wire(wire: Mapping[str, Any]) -> Document:
    """Return the document that `document_to_wire` was given."""
    files = wire["names"]

    def place(at: list[int] | None) -> Position | None:
        return None if at is None else Position(files[at[0]], at[1], at[2])

    spans = {}
    for where, key, value, key_width, value_width in wire["spans"]:
        at = place(value)
        assert at is not None
        spans[tuple(where)] = Span(key=place(key), value=at, key_width=key_width, value_width=value_width)
    return Document(
        data=json.loads(wire["data"]), spans=spans, sources=dict(wire["sources"]), files=tuple(wire["files"])
    )


# ------------------------------------------------------------------------------------------------------------- the file


def _read_text(path: Path, file: str) -> tuple[str, Diagnostic | None]:
    start = Position(file, 1, 1)
    try:
        with path.open("rb") as opened:
            data = opened.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        message = f"the file cannot be read: {reason}"
        return "", Diagnostic(code="LK001", message=message, at=start, hint=_closest_file(path))
    if len(data) > MAX_BYTES:
        return "", _too_large(file)
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding), None
    except UnicodeDecodeError as error:
        text = data.decode(encoding, errors="replace")
        before = (data[: error.start].decode(encoding, errors="replace") + ".").splitlines()
        at = Position(file, len(before), len(before[-1]))
        message = f"the byte 0x{data[error.start]:02X} is not {encoding.removesuffix('-sig').upper()}"
        return text, Diagnostic(code="LK001", message=message, at=at, hint="save the file as UTF-8")


def _too_large(file: str) -> Diagnostic:
    message = f"the file is larger than {MAX_BYTES // 1_000_000} MB"
    return Diagnostic(
        code="LK008", message=message, at=Position(file, 1, 1), hint="test data belongs into a payload file"
    )


def _closest_file(path: Path) -> str:
    try:
        names = [entry.name for entry, _ in zip(path.parent.iterdir(), range(10_000), strict=False) if entry.is_file()]
    except (OSError, ValueError):
        return ""
    close = difflib.get_close_matches(path.name, names, n=1, cutoff=0.6)
    return f'did you mean "{path.parent / close[0]}"?' if close and close[0] != path.name else ""


def _is_json(file: str) -> bool:
    return file.endswith(".json") or file.startswith("-")


_SURROGATES = re.compile(r"\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})", re.IGNORECASE)


def _with_whole_surrogates(text: str) -> str:
    r"""Return a JSON text whose escapes of characters beyond U+FFFF are one escape, as YAML wants it."""

    def joined(match: re.Match[str]) -> str:
        high, low = int(match[1], 16), int(match[2], 16)
        return f"\\U{0x10000 + ((high - 0xD800) << 10) + low - 0xDC00:08X}"

    return _SURROGATES.sub(joined, text)


# ------------------------------------------------------------------------------------------------------------- the data


def _document(root: Node | None, file: str, sources: dict[str, str], diagnostics: list[Diagnostic]) -> Document | None:
    if root is None or root.kind is not Kind.MAPPING:
        is_empty = root is None or (root.plain and root.value is None)
        at = Position(file, 1, 1) if root is None or is_empty else Position(file, root.line, root.column)
        noun = "the value" if file.startswith("-") else "the file"
        message = f"{noun} is empty" if is_empty else f"{noun} is {root.kind.value if root else ''}, not a mapping"
        hint = (
            'write JSON such as {"key": "value"}'
            if file.startswith("-")
            else "a scenario file has `config:` and `scenarios:`"
        )
        diagnostics.append(Diagnostic(code="LK010", message=message, at=at, hint=hint))
        return None
    walk = _Walk(file, diagnostics)
    data = walk.value(root, (), None)
    return Document(data=data, spans=walk.spans, sources=sources, files=(file,))


class _Walk:
    """One walk over the tree, aliases expanded and `<<` merged; bounded by the limits of the tree."""

    def __init__(self, file: str, diagnostics: list[Diagnostic]) -> None:
        self.file = file
        self.diagnostics = diagnostics
        self.spans: dict[Where, Span] = {}

    def value(self, node: Node, where: Where, key: Node | None) -> Any:
        self.spans[where] = self._span(node, key)
        if node.kind is Kind.SCALAR:
            return node.value
        if node.kind is Kind.LIST:
            return [self.value(item, (*where, index), None) for index, item in enumerate(node.items)]
        pairs = self._merged(node)
        return {name: self.value(value, (*where, name), key) for name, (key, value) in pairs.items()}

    def _merged(self, node: Node) -> dict[str, tuple[Node, Node]]:
        """Return a mapping's pairs: those it pulls in with `<<` first, the first mapping of a list wins; its own override."""
        own = {key.text: (key, value) for key, value in node.pairs if not _is_merge(key)}
        pulled: dict[str, tuple[Node, Node]] = {}
        for key, value in node.pairs:
            if _is_merge(key):
                for source in value.items if value.kind is Kind.LIST else [value]:
                    if source.kind is Kind.MAPPING:
                        pulled = self._merged(source) | pulled
                    else:
                        self._report(key)
        return pulled | own

    def _report(self, key: Node) -> None:
        message = "`<<` takes a mapping, or a list of mappings"
        hint = "write <<: *name, where &name stands before a mapping"
        at = Position(self.file, key.line, key.column)
        self.diagnostics.append(Diagnostic(code="LK102", message=message, at=at, hint=hint, length=key.width))

    def _span(self, node: Node, key: Node | None) -> Span:
        value = Position(self.file, node.line, node.column)
        if key is None:
            return Span(key=None, value=value, value_width=node.width)
        at = Position(self.file, key.line, key.column)
        if node.kind is Kind.SCALAR and node.plain and not node.text:  # nothing stands there; show the key
            return Span(key=at, value=at, key_width=key.width, value_width=key.width)
        return Span(key=at, value=value, key_width=key.width, value_width=node.width)


def _is_merge(key: Node) -> bool:
    return key.plain and key.text == "<<"
