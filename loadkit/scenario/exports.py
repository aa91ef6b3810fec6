"""`config.outputs` and `--out`: which exporters tell other systems of a run, each with its options.

    outputs:
      - prometheus:127.0.0.1:9464          KIND:ARGUMENT, as behind --out
      - type: prometheus                   the same at length, with all options
        listen: 127.0.0.1:9464

An exporter is a plugin of a higher row, so it is known here by its kind alone, and its module is imported when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from loadkit import registry
from loadkit.errors import PluginError, Position
from loadkit.flow.step import Build, Where, closest_hint
from loadkit.scenario.keys import Schema

PLACE: Where = ("config", "outputs")
TEST_ID = "{{ $testId }}"
"""Stands in the options of outputs until the run's seed is known, of which it is made."""


class ExporterPlugin(Protocol):
    """What is asked of an exporter here: see outputs/exporter.py."""

    @property
    def argument(self) -> str:
        """Return the option that the ARGUMENT of KIND:ARGUMENT is."""

    @property
    def metavar(self) -> str:
        """Return how an ARGUMENT looks."""

    @property
    def make(self) -> Callable[[Mapping[str, Any]], object]:
        """Return what makes a receiver of options; it raises ValueError with `key` and `hint` for one that means nothing."""

    @property
    def holds(self) -> Callable[[Mapping[str, Any]], tuple[str, str, str, bool] | None]:
        """Return what tells of options what only one output can have, what two that want it both do, a remedy, and if it stays."""

    @property
    def options(self) -> Mapping[str, Any]:
        """Return the schema of an item of `config.outputs` written at length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """An exporter that is asked for, by its kind, with options that are known to mean something."""

    kind: str
    options: Mapping[str, Any]
    at: Position | None = None


class ExportFault(ValueError):
    """What is wrong with KIND:ARGUMENT, or with an option, whose name is `key`."""

    def __init__(self, code: str, message: str, *, key: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.key = key
        self.hint = hint


def read_export(text: str) -> Export:
    """Read KIND:ARGUMENT. Raises ExportFault."""
    kind, _, argument = text.partition(":")
    exporter = _exporter(kind)
    if not argument:
        raise ExportFault("LK241", f"{kind} does not say where to", hint=f"write {kind}:{exporter.metavar}")
    return _made(exporter, kind, {exporter.argument: argument})


def compile_exports(outputs: Any, build: Build, elsewhere: Sequence[Where] = ()) -> tuple[Export, ...]:
    """Return the exporters of `config.outputs`; what is wrong with one is reported at its place.

    The last ones stand `elsewhere` in the file.
    """
    made = []
    items = outputs if isinstance(outputs, list) else []
    places = [*((*PLACE, index) for index in range(len(items) - len(elsewhere))), *elsewhere]
    for where, item in zip(places, items, strict=False):
        try:
            if isinstance(item, str) and item:
                found = read_export(item)
            elif isinstance(item, Mapping) and isinstance(item.get("type"), str):
                exporter = _exporter(item["type"])
                if build.malformed:
                    continue
                options = {key: value for key, value in item.items() if key != "type" and not key.startswith("x-")}
                found = _made(exporter, item["type"], options)
            else:
                continue  # the schema has spoken
        except ExportFault as fault:
            key = "type" if fault.code == "LK240" else fault.key
            at = (*where, key) if isinstance(item, Mapping) and key in item else where
            build.error(fault.code, at, str(fault), hint=fault.hint)
        else:
            made.append(Export(kind=found.kind, options=found.options, at=build.positions.at(where)))
            twice = clash(made)
            if twice is not None:
                build.error(twice.code, where, str(twice), hint=twice.hint)
    return tuple(made)


def clash(exports: Sequence[Export]) -> ExportFault | None:
    """Return what is wrong with the last of some outputs beside the others: one file or port for two, or the very same again."""
    *others, last = exports
    held = _exporter(last.kind).holds(last.options)
    for other in others:
        theirs = _exporter(other.kind).holds(other.options)
        if held is not None and theirs is not None and held[0] == theirs[0]:
            _, text, remedy, _ = held
            return ExportFault("LK242", f"{named(other)} and {named(last)} both {text}", hint=remedy)
        if (other.kind, other.options) == (last.kind, last.options):
            text = f"{named(other)} and {named(last)} are the same, so everything would be told twice"
            return ExportFault("LK242", text, hint="leave one of them out")
    return None


def taken_over(earlier: Sequence[Export], later: Sequence[Export]) -> Iterator[tuple[Export, ExportFault]]:
    """Yield the outputs of a later run that write what an earlier one has written, and what is wrong with each."""
    held = [_exporter(one.kind).holds(one.options) for one in earlier]
    written = {what for what, _, _, stays in filter(None, held) if stays}
    for export in later:
        own = _exporter(export.kind).holds(export.options)
        if own is not None and own[0] in written:
            text = f"two runs both {own[1]}, so the later one would leave nothing of the other"
            hint = f"put {TEST_ID} into its name, or change `config.outputs` in the `overrides` of one of the runs"
            yield export, ExportFault("LK242", text, hint=hint)


def named(export: Export) -> str:
    """Return an output as people know it, without its options: a URL may hold a password."""
    return f"--out {export.kind}" if export.at is None else f"{export.kind} at {export.at}"


def with_test_id(given: Any, test_id: str) -> Any:
    """Return options with `{{ $testId }}` put in: other templates have been rendered with the configuration."""
    if isinstance(given, str):
        return given.replace(TEST_ID, test_id)
    if isinstance(given, Mapping):
        return {name: with_test_id(item, test_id) for name, item in given.items()}
    return [with_test_id(item, test_id) for item in given] if isinstance(given, list) else given


def schema_of_exports(data: Any) -> Schema | None:
    """Return what a scenario's outputs must look like, each as its kind wants it; None where none is written at length."""
    config = data.get("config") if isinstance(data, Mapping) else None
    outputs = config.get("outputs") if isinstance(config, Mapping) else None
    items = list(map(_options_of, outputs)) if isinstance(outputs, list) else []
    if all(item is True for item in items):
        return None
    return {"properties": {"config": {"properties": {"outputs": {"prefixItems": items}}}}}


def published_items() -> Schema:
    """Return the schema of an item as editors read it, with all exporters that there are."""
    known = registry.plugins("exporter")
    kinds = "|".join(sorted(known))
    short = {
        "type": "string",
        "pattern": f"^({kinds}):",
        "title": "Output",
        "description": "KIND:ARGUMENT, as behind `--out`.",
        "examples": ["prometheus:127.0.0.1:9464"],
    }
    return {"anyOf": [short, *(dict(known[kind].options) for kind in sorted(known))]}


def _options_of(item: Any) -> Schema | bool:
    kind = item.get("type") if isinstance(item, Mapping) else None
    try:
        return dict(_exporter(kind).options) if isinstance(kind, str) else True
    except ExportFault:
        return True


def _exporter(kind: str) -> ExporterPlugin:
    """Return an exporter. Raises ExportFault with those that there are."""
    try:
        found: ExporterPlugin = registry.plugin("exporter", kind)
    except PluginError as error:
        known = registry.plugins("exporter")
        if kind in known:
            raise
        hint = closest_hint(kind, known) or f"there are {', '.join(sorted(known))}"
        raise ExportFault("LK240", f'there is no kind of output "{kind}"', hint=hint) from error
    return found


def _made(exporter: ExporterPlugin, kind: str, options: Mapping[str, Any]) -> Export:
    try:
        exporter.make(options)
    except ValueError as fault:
        raise ExportFault(
            "LK241", str(fault), key=getattr(fault, "key", ""), hint=getattr(fault, "hint", "")
        ) from fault
    return Export(kind=kind, options=options)
