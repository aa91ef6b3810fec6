"""`loadkit diff`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

from loadkit.cli.bundles import Input
from loadkit.cli.unfolding import unfolded
from loadkit.errors import ExitCode, Position, ScenarioError, Severity
from loadkit.outputs.base import write_line

if TYPE_CHECKING:
    from loadkit.cli.revision import Checkout
    from loadkit.scenario.changes import Change
    from loadkit.scenario.difference import Version


class Format(StrEnum):
    """How differences are written."""

    TEXT = "text"
    JSON = "json"


@unfolded
def diff(
    old: Annotated[str, typer.Argument(metavar="OLD", help="A scenario file, or REV:PATH for a file of git.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The version to compare with it, written in the same way.")],
    given: Input,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit code 4 when what is judged became looser: a threshold, `ensure`.")
    ] = False,
    format: Annotated[
        Format, typer.Option("--format", metavar="text|json", help="Lines for people, or one JSON object.")
    ] = Format.TEXT,
) -> int:
    """Show what a change of a scenario file means.

    Thresholds that became looser or tighter, load, scenarios, requests and settings. Where only comments, formatting or the
    order of keys differ, nothing is printed. The options are put on both versions.

    \b
    Examples:
      loadkit diff main:scenarios/shop.yaml scenarios/shop.yaml
      loadkit diff old.yaml new.yaml --exit-code --format json
    """
    from loadkit.scenario.difference import differences

    changes = differences(read_version(old, given), read_version(new, given))
    looser = any(change.looser for change in changes)
    if format is Format.JSON:
        _write_json(old, new, changes, looser)
    else:
        for change in changes:
            write_line(sys.stdout, change.text)
    return ExitCode.REGRESSION if exit_code and looser else ExitCode.PASS


def _write_json(old: str, new: str, changes: Sequence[Change], looser: bool) -> None:
    from loadkit.outputs.json import json_text

    found: dict[str, Any] = {"format": 1, "old": old, "new": new, "looser": looser, "changes": []}
    for change in changes:
        record = {name: getattr(change, name) for name in ("what", "subject", "old", "new", "looser", "text")}
        found["changes"].append({"kind": change.kind.value, **record})
    write_line(sys.stdout, json_text(found))


def read_version(name: str, given: Input) -> Version:
    """Return what a file, or REV:PATH, means. Raises ScenarioError with its faults, and UsageError where it is not to be had."""
    from loadkit.cli.dotenv import set_environment
    from loadkit.cli.revision import open_revision, split_revision

    set_environment(given.dotenv)
    found = split_revision(name)
    if found is None:
        return _read(Path(name), given)
    revision, path = found
    with TemporaryDirectory(prefix="loadkit-") as directory:
        into = Path(directory).resolve()
        checkout = open_revision(revision, path, into)
        file = checkout.file(path)
        config = _beside(given.config, checkout) if given.config is not None else None
        given = replace(given, config=config, inputs=[_beside(more, checkout) for more in given.inputs or ()])
        for missing in checkout.missing:
            write_line(sys.stderr, f"note: {revision} has no {missing}; that of the working tree stands for it")
        try:
            return _read(file, given, (str(into), str(checkout.top)))
        except ScenarioError as error:
            raise _renamed(error, f"{into}/", f"{revision}:") from None


def _beside(path: Path, checkout: Checkout) -> Path:
    """Return a file of the same revision; that of the working tree where the revision has none, which is noted."""
    found = checkout.find(path)
    if found is None:
        checkout.missing.append(str(path))
    return found or path


def _read(file: Path, given: Input, moved: tuple[str, str] = ("", "")) -> Version:
    from loadkit.scenario.difference import version_of
    from loadkit.scenario.hidden import find_secrets, without_secrets
    from loadkit.scenario.merge import gather_document

    reading = gather_document(given.files(file), given.changes(seed=0))
    errors = [found for found in reading.diagnostics if found.severity is Severity.ERROR]
    if reading.document is None or errors:
        from loadkit.redact import Secrets

        secrets = find_secrets(reading.document) if reading.document else Secrets()
        raise ScenarioError(*without_secrets(reading.diagnostics, reading.sources, secrets))
    if all(moved):
        reading.document.data = _replaced(reading.document.data, *moved)
    return version_of(reading.document)


def _replaced(data: Any, old: str, new: str) -> Any:
    """Return data in which `$dirname` has the directory that the file would have, and not where it was written out."""
    if isinstance(data, dict):
        return {key: _replaced(value, old, new) for key, value in data.items()}
    if isinstance(data, list):
        return [_replaced(value, old, new) for value in data]
    return data.replace(old, new) if isinstance(data, str) else data


def _renamed(error: ScenarioError, old: str, new: str) -> ScenarioError:
    def name(file: str) -> str:
        return f"{new}{file.removeprefix(old)}" if file.startswith(old) else file

    found = [
        replace(one, at=Position(name(one.at.file), one.at.line, one.at.column), message=one.message.replace(old, new))
        for one in error.diagnostics
    ]
    return ScenarioError(found, {name(file): text for file, text in error.sources.items()})
