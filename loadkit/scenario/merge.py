"""Several files, an environment and the command line become one Document in which each value still knows where it was written.

order (later wins): bases of `extends`, FILE, FILE ..., --config, environment, --target --insecure --payload,
                    --overrides, --variables; then what is static in `config` is rendered (resolve.py)
mappings are merged key by key; lists replace each other, except that the `scenarios` of several files add up
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from loadkit.errors import Diagnostic, Position, ScenarioError, Severity
from loadkit.redact import Secrets
from loadkit.scenario.check import check_schema
from loadkit.scenario.hidden import find_secrets, without_secrets
from loadkit.scenario.resolve import builtin_variables, place_payloads, render_config
from loadkit.scenario.source import Document, Reading, Span, Where, in_order, read_source

_MOST_BASES = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """What the command line changes; `overrides` and `variables` are JSON texts, `seed` fixes random values at load."""

    config: Path | str | None = None
    environment: str | None = None
    target: str | None = None
    insecure: bool = False
    payload: Path | str | None = None
    overrides: str | None = None
    variables: str | None = None
    seed: int | None = None


def load_document(files: Sequence[Path | str], overrides: Overrides | None = None) -> tuple[Document, list[Diagnostic]]:
    """Read and merge files; return the document and the warnings.

    Raises ScenarioError with every fault found: those of reading and, as far as the files could be read, those of the schema.
    """
    gathered = gather_document(files, overrides)
    document = gathered.document
    errors = [found for found in gathered.diagnostics if found.severity is Severity.ERROR]
    if document is not None and not errors:
        return document, list(gathered.diagnostics)
    diagnostics = list(gathered.diagnostics)
    if document is not None:
        diagnostics += [
            found for found in check_schema(document) if not any(error.covers(found.at) for error in errors)
        ]
    secrets = find_secrets(document) if document is not None else Secrets()
    raise ScenarioError(*without_secrets(in_order(diagnostics), gathered.sources, secrets))


def gather_document(files: Sequence[Path | str], overrides: Overrides | None = None) -> Reading:
    """Read and merge files as far as possible: there may be a document beside errors, so that later checks find the rest."""
    given = overrides or Overrides()
    work = _Work()
    documents = [work.read(str(file)) for file in (*files, *([given.config] if given.config else ()))]
    merged: Document | None = None
    if all(documents):
        for document in documents:
            assert document is not None
            merged = document if merged is None else overlay(merged, document, add_up=("scenarios",))
    if merged is not None:
        first = tuple(dict.fromkeys(str(file) for file in (*files, *([given.config] if given.config else ()))))
        merged.files = (*first, *(file for file in merged.files if file not in first))
        merged = work.with_environment(merged, given.environment)
        for override in work.command_line(merged, given):
            merged = overlay(merged, override)
        builtins = builtin_variables(merged, given.environment)
        errors = [found for found in work.diagnostics if found.severity is Severity.ERROR]
        unresolved = render_config(merged, builtins, seed=given.seed)
        work.diagnostics += [found for found in unresolved if not any(error.covers(found.at) for error in errors)]
        place_payloads(merged)
    return Reading(document=merged, diagnostics=in_order(work.diagnostics), sources=work.sources)


def overlay(
    base: Document, over: Document, *, add_up: Where | None = None, under: Where = (), at: Where = ()
) -> Document:
    """Return `base` with `over` (or what stands in it under a path) merged in at a path; `add_up` names lists to be joined."""
    merge = _Merge(base.spans, over.spans, add_up)
    data: Any = merge.copy(base.data, (), (), base.spans)
    source: Any = over.data
    for part in under:
        source = source[part]
    if at:
        owner = data
        for part in at[:-1]:
            owner = owner[part]
        owner[at[-1]] = merge.both(owner[at[-1]], source, at, under)
    else:
        data = merge.both(data, source, (), under)
    files = tuple(dict.fromkeys((*base.files, *over.files)))
    return Document(data=data, spans=merge.spans, sources={**base.sources, **over.sources}, files=files)


class _Merge:
    def __init__(self, base: Mapping[Where, Span], over: Mapping[Where, Span], add_up: Where | None) -> None:
        self.base = base
        self.over = over
        self.add_up = add_up
        self.spans: dict[Where, Span] = {}

    def both(self, base: Any, over: Any, where: Where, under: Where) -> Any:
        """Return the merge of two values; `where` is the path of the result, `under` that of the second in its document."""
        if isinstance(base, dict) and isinstance(over, dict):
            made = dict(base)
            for key, value in over.items():
                if key in base:
                    made[key] = self.both(base[key], value, (*where, key), (*under, key))
                else:
                    made[key] = self.copy(value, (*under, key), (*where, key), self.over)
            return made
        if where == self.add_up and isinstance(base, list) and isinstance(over, list):
            first = len(base)
            added = [
                self.copy(value, (*under, index), (*where, first + index), self.over)
                for index, value in enumerate(over)
            ]
            return [*base, *added]
        self.forget(where, base)
        return self.copy(over, under, where, self.over)

    def copy(self, value: Any, start: Where, where: Where, spans: Mapping[Where, Span]) -> Any:
        """Return a copy of a value, with its places, which moves from the path `start` to `where`."""
        if start in spans:
            self.spans[where] = spans[start]
        if isinstance(value, dict):
            return {key: self.copy(item, (*start, key), (*where, key), spans) for key, item in value.items()}
        if isinstance(value, list):
            return [self.copy(item, (*start, index), (*where, index), spans) for index, item in enumerate(value)]
        return value

    def forget(self, where: Where, value: Any) -> None:
        """Remove the places of a value that is replaced."""
        self.spans.pop(where, None)
        for key, item in (
            value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        ):
            self.forget((*where, key), item)


@dataclass(slots=True)
class _Work:
    """What one gathering collects on its way."""

    diagnostics: list[Diagnostic] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)
    bases: int = 0

    def read(self, file: str, chain: tuple[str, ...] = ()) -> Document | None:
        """Read one file and what it extends."""
        document = self._take(read_source(file))
        return None if document is None else self._extended(document, file, (*chain, file))

    def _take(self, reading: Reading) -> Document | None:
        self.diagnostics += reading.diagnostics
        self.sources |= reading.sources
        return reading.document

    # ---------------------------------------------------------------------------------------------------------- extends

    def _extended(self, document: Document, file: str, chain: tuple[str, ...]) -> Document | None:
        written = document.data.get("extends")
        names = written if isinstance(written, list) else [written]
        if not names or not all(isinstance(name, str) and name for name in names):
            return document  # the schema tells
        where: Where = ("extends",)
        bases = [
            self._base(document, name, (*where, index) if isinstance(written, list) else where, chain)
            for index, name in enumerate(names)
        ]
        merged: Document | None = None
        for base in bases:
            if base is None:
                return None
            merged = base if merged is None else overlay(merged, base)
        assert merged is not None
        del document.data["extends"]
        result = overlay(merged, document)
        result.files = tuple(dict.fromkeys((file, *result.files)))
        return result

    def _base(self, document: Document, name: str, where: Where, chain: tuple[str, ...]) -> Document | None:
        base = str(Path(chain[-1]).parent / name)
        self.bases += 1
        message, hint = "", ""
        if "\0" not in base and os.path.realpath(base) in {os.path.realpath(file) for file in chain}:
            message = f"the file extends itself: {' -> '.join((*chain, base))}"
        elif self.bases > _MOST_BASES:
            message = f"more than {_MOST_BASES} files are extended"
        if not message:
            reading = read_source(base)
            unreadable = [found for found in reading.diagnostics if found.code == "LK001" and not reading.sources[base]]
            if not unreadable:
                found = self._take(reading)
                return None if found is None else self._extended(found, base, (*chain, base))
            message, hint = f"{base}: {unreadable[0].message}", unreadable[0].hint
        self._report("LK108", message, document, where, hint=hint)
        return None

    # ------------------------------------------------------------------------------------------- environment and options

    def with_environment(self, document: Document, name: str | None) -> Document:
        """Return the document with the settings of an environment; an unknown one is a warning, as in Artillery."""
        if name is None:
            return document
        config = document.data.get("config")
        known = config.get("environments") if isinstance(config, dict) else None
        if isinstance(known, dict) and isinstance(known.get(name), dict):
            return overlay(document, document, under=("config", "environments", name), at=("config",))
        names = list(known) if isinstance(known, dict) else []
        close = difflib.get_close_matches(name, names, n=1)
        hint = f'did you mean "{close[0]}"?' if close else f"there are: {', '.join(names)}" if names else ""
        message = f'there is no environment "{name}"' + ("" if names else "; config.environments is empty or missing")
        self._report("LK507", message, document, ("config", "environments"), hint=hint, severity=Severity.WARNING)
        return document

    def command_line(self, document: Document, given: Overrides) -> Iterator[Document]:
        """Yield what the options say, in the order in which they win."""
        if given.target is not None:
            yield _written("--target", given.target, given.target, ("config", "target"))
        if given.insecure:
            yield _written("--insecure", "--insecure", False, ("config", "tls", "rejectUnauthorized"))
        if given.payload is not None:
            yield from self._payload(document, str(given.payload))
        for option, text, where in (
            ("--overrides", given.overrides, ()),
            ("--variables", given.variables, ("config", "variables")),
        ):
            if text is not None and (found := self._take(read_source(option, text))) is not None:
                found.files = ()
                yield _moved(found, where)

    def _payload(self, document: Document, path: str) -> Iterator[Document]:
        config = document.data.get("config")
        payload = config.get("payload") if isinstance(config, dict) else None
        if isinstance(payload, dict):
            yield _written("--payload", path, path, ("config", "payload", "path"))
            return
        self.sources["--payload"] = path
        reason = "is a list" if isinstance(payload, list) else "does not exist"
        message = f"--payload has no effect: config.payload {reason}"
        hint = "it gives the path of a config.payload that is one mapping"
        at = Position("--payload", 1, 1)
        self.diagnostics.append(
            Diagnostic(code="LK505", message=message, at=at, severity=Severity.WARNING, hint=hint, length=len(path))
        )

    def _report(
        self,
        code: str,
        message: str,
        document: Document,
        where: Where,
        *,
        hint: str,
        severity: Severity = Severity.ERROR,
    ) -> None:
        self.diagnostics.append(
            Diagnostic(
                code=code,
                message=message,
                at=document.at(where, key=severity is Severity.WARNING),
                severity=severity,
                hint=hint,
                length=document.width(where, key=severity is Severity.WARNING),
            )
        )


def _written(option: str, text: str, value: Any, where: Where) -> Document:
    """Return a document with one value, which stands in the text of a command line option."""
    span = Span(key=None, value=Position(option, 1, 1), value_width=max(1, len(text)))
    return _moved(Document(data=value, spans={(): span}, sources={option: text}), where)


def _moved(document: Document, where: Where) -> Document:
    """Return a document whose data stand deeper, at a path."""
    data: Any = document.data
    for part in reversed(where):
        data = {part: data}
    root = document.spans[()]
    spans = {where[:length]: root for length in range(len(where))}
    spans |= {(*where, *rest): span for rest, span in document.spans.items()}
    return replace(document, data=data, spans=spans)
