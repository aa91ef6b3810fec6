"""Several files, an environment and the command line become one Document in which each value still knows where it was written.

order (later wins): bases of `extends`, FILE, FILE ..., --config, environment, --target --insecure --payload,
                    --overrides, --variables, $ARTILLERY_PLUGINS; then what is static in `config` is rendered (resolve.py)
mappings are merged key by key; lists replace each other, except that the `scenarios` of several files add up
with `config.compat: artillery` the lists of files and of the environment are merged element by element
each of --variables replaces the variable
"""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from loadkit.errors import Diagnostic, Position, ScenarioError, Severity
from loadkit.redact import Secrets
from loadkit.scenario.check import check_schema
from loadkit.scenario.gate_keys import is_gate
from loadkit.scenario.hidden import find_secrets, without_secrets
from loadkit.scenario.overlay import overlay
from loadkit.scenario.resolve import builtin_variables, place_payloads, render_config
from loadkit.scenario.source import Document, Reading, Span, Where, in_order, read_source

_MOST_BASES = 50
_PROGRAMS = (".js", ".cjs", ".mjs", ".ts", ".cts", ".mts")
_COMPAT = "write `compat: artillery` into config to have it as there"
_PLUGINS = "ARTILLERY_PLUGINS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """What the command line changes; `overrides` and `variables` are JSON texts, `seed` fixes random values at load.

    `objectives` are thresholds in place of those of the files.
    """

    config: Path | str | None = None
    environment: str | None = None
    target: str | None = None
    insecure: bool = False
    payload: Path | str | None = None
    overrides: str | None = None
    variables: str | None = None
    seed: int | None = None
    objectives: tuple[str, ...] = ()


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
    work.compat = any(_says_compat(document, given.environment) for document in documents if document is not None)
    merged: Document | None = None
    if all(documents):
        for document in documents:
            assert document is not None
            merged = document if merged is None else work.joined(merged, document)
    if merged is not None:
        first = tuple(dict.fromkeys(str(file) for file in (*files, *([given.config] if given.config else ()))))
        merged.files = (*first, *(file for file in merged.files if file not in first))
        merged = work.with_environment(merged, given.environment)
        for override in work.command_line(merged, given):
            merged = overlay(
                merged, override, whole=("config", "variables") if "--variables" in override.sources else None
            )
        builtins = builtin_variables(merged, given.environment)
        errors = [found for found in work.diagnostics if found.severity is Severity.ERROR]
        unresolved = render_config(merged, builtins, seed=given.seed)
        work.diagnostics += [found for found in unresolved if not any(error.covers(found.at) for error in errors)]
        place_payloads(merged, first)
    return Reading(document=merged, diagnostics=in_order(work.diagnostics), sources=work.sources)


def _says_compat(document: Document, environment: str | None) -> bool:
    """Say whether a file, or the environment in it that is chosen, asks for what Artillery does."""
    config = document.data.get("config")
    config = config if isinstance(config, dict) else {}
    environments = config.get("environments")
    chosen = environments.get(environment) if isinstance(environments, dict) else None
    return any(isinstance(one, dict) and one.get("compat") == "artillery" for one in (config, chosen))


@dataclass(slots=True)
class _Work:
    """What one gathering collects on its way."""

    diagnostics: list[Diagnostic] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)
    bases: int = 0
    compat: bool = False

    def joined(self, base: Document, over: Document) -> Document:
        """Return two files as one; warn where Artillery, which merges lists element by element, makes something else of them."""
        made = overlay(base, over, add_up=None if self.compat else ("scenarios",), by_index=self.compat)
        if not self.compat and all(isinstance(one.data.get("scenarios"), list) for one in (base, over)):
            text = "the scenarios of all files add up; Artillery merges the first with the first, the second with the second"
            self._report("LK506", text, over, ("scenarios",), hint=_COMPAT, severity=Severity.WARNING)
        return made

    def read(self, file: str, chain: tuple[str, ...] = ()) -> Document | None:
        """Read one file and what it extends."""
        if Path(file).suffix.lower() in _PROGRAMS:
            self.sources[file] = ""
            message = "the file is a program, and loadkit reads YAML and JSON only"
            hint = "write what it exports as YAML; functions of a `processor` are written in Python"
            self.diagnostics.append(Diagnostic(code="LK001", message=message, at=Position(file, 1, 1), hint=hint))
            return None
        document = self._take(read_source(file))
        if document is not None and is_gate(document):
            hint = f"`loadkit gate {file}` runs it, and `loadkit validate {file}` checks it"
            where: Where = ("runs",) if "runs" in document.data else ("environments",)
            self._report(
                "LK605", "the file is a gate, which lists scenarios and is none", document, where, hint=hint, key=True
            )
            return None
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
            where: Where = ("config", "environments", name)
            made = overlay(document, document, under=where, at=("config",), by_index=self.compat)
            if not self.compat:
                there = overlay(document, document, under=where, at=("config",), by_index=True)
                if there.data["config"] != made.data["config"]:
                    text = f'a list of the environment "{name}" replaces that of config; Artillery merges them element by element'
                    self._report("LK506", text, document, where, hint=_COMPAT, severity=Severity.WARNING)
            return made
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
        if given.objectives:
            yield _objectives(given.objectives)
        yield from self._plugins(os.environ.get(_PLUGINS, ""))

    def _plugins(self, text: str) -> Iterator[Document]:
        """Yield the plugins of an environment variable that Artillery reads, too; what is not JSON has no effect, as there."""
        try:
            is_mapping = isinstance(json.loads(text), dict) if text else False
        except (ValueError, RecursionError):
            is_mapping = False
        if is_mapping and (found := self._take(read_source(_PLUGINS, text))) is not None:
            found.files = ()
            yield _moved(found, ("config", "plugins"))
        elif text:
            self.sources[_PLUGINS] = text
            at = Position(_PLUGINS, 1, 1)
            message = f"the environment variable {_PLUGINS} has no effect: it is not a JSON object"
            self.diagnostics.append(Diagnostic(code="LK505", message=message, at=at, severity=Severity.WARNING))

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
        key: bool = False,
    ) -> None:
        key = key or severity is Severity.WARNING
        at, length = document.at(where, key=key), document.width(where, key=key)
        self.diagnostics.append(
            Diagnostic(code=code, message=message, at=at, severity=severity, hint=hint, length=length)
        )


def _objectives(texts: Sequence[str]) -> Document:
    """Return a document with thresholds that the command line gives, each a line of what it says."""
    option = "--slo"
    spans: dict[Where, Span] = {
        (index,): Span(key=None, value=Position(option, index + 1, 1), value_width=max(1, len(text)))
        for index, text in enumerate(texts)
    }
    spans[()] = spans[(0,)]
    data: Any = list(texts)
    return _moved(Document(data=data, spans=spans, sources={option: "\n".join(texts)}), ("config", "thresholds"))


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
