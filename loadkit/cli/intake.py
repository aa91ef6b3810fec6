"""Runs from elsewhere: an archive, a run's directory, also one that was cut off, or the report that -o wrote.

A run that is brought in twice is there once. Its directory appears whole or not at all.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from loadkit.errors import PreflightError, UsageError
from loadkit.outputs.json import write_report
from loadkit.report.archive import TAGS, is_archive, unpack
from loadkit.report.facts import Run, facts
from loadkit.report.history import Store, read_report
from loadkit.report.rebuild import rebuild
from loadkit.report.store import FILES, JOURNAL, REPORT, goes_on, is_id, prepare


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A run that was brought in; `new` unless the history had it."""

    run: Run
    new: bool


def take_in(path: Path, store: Store) -> Taken:
    """Bring a run into a history, its files into the directory of runs. Raises UsageError for what is no run."""
    try:
        if path.is_dir():
            return _take_directory(path, store)
        if not path.is_file():
            raise UsageError(f"there is no file or directory {path} to import a run from")
        if is_archive(path):
            with _beside(store.directories) as directory:
                run_id = unpack(path, directory)
                return _take_files(directory, run_id, store, tags=_tags_of(directory, path))
        return _add(store, read_report(path), None, file=path)
    except OSError as error:
        raise PreflightError(f"{path} cannot be imported: {error.strerror or error}") from error


def _take_directory(path: Path, store: Store) -> Taken:
    if not any((path / name).is_file() for name in (REPORT, JOURNAL)):
        raise UsageError(f"{path} is not the directory of a run: it holds neither {REPORT} nor {JOURNAL}")
    if goes_on(path / JOURNAL):
        raise UsageError(f"{path} still goes on; import it when it has ended")
    if path.resolve().parent == store.directories.resolve() and is_id(path.resolve().name):
        return _add(store, _report_of(path, path.resolve().name), path)
    with _beside(store.directories) as directory:
        for name in FILES:
            if (path / name).is_file():
                shutil.copyfile(path / name, directory / name)
        name = path.resolve().name
        return _take_files(directory, name if is_id(name) else "", store)


def _tags_of(directory: Path, path: Path) -> dict[str, str] | None:
    """Take the tags out of what was unpacked from an archive: they belong into the history, not into the run's directory."""
    file = directory / TAGS
    if not file.is_file():
        return None
    try:
        tags = msgspec.json.decode(file.read_bytes(), type=dict[str, str])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not an archive of a run: {TAGS} holds no tags: {error}") from error
    file.unlink()
    return tags


def _take_files(directory: Path, run_id: str, store: Store, *, tags: Mapping[str, str] | None = None) -> Taken:
    """Give files their place among the runs, unless the run has one already, and add the run."""
    report = _report_of(directory, run_id)
    run_id = facts(report).id  # what the report says, or what can be made of it
    target = store.directories / run_id
    if not target.exists():
        os.replace(directory, target)
    return _add(store, report, target, tags=tags)


def _report_of(directory: Path, run_id: str) -> dict[str, Any]:
    """Return the report in a directory; one that is made of the journal, and written there, of a run that was cut off."""
    if (directory / REPORT).is_file():
        return read_report(directory / REPORT)
    report = rebuild(directory / JOURNAL).report()
    if is_id(run_id):
        report["loadkit"]["run"] = run_id
    write_report(directory / REPORT, report)
    return report


def _add(
    store: Store,
    report: dict[str, Any],
    directory: Path | None,
    *,
    file: Path | None = None,
    tags: Mapping[str, str] | None = None,
) -> Taken:
    run = facts(report, directory=directory, file=file)
    known = {found.id for found in store.runs(ids=[run.id])}
    return Taken(run=store.add(report, directory, tags=tags), new=run.id not in known)


@contextmanager
def _beside(root: Path) -> Iterator[Path]:
    """Yield an empty directory on the same disk; it is gone in the end unless it was given a name."""
    prepare(root)
    made = Path(tempfile.mkdtemp(prefix=".import-", dir=root))
    made.chmod(0o755)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)
