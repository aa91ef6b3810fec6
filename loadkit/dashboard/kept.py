"""A run that is looked at: the report it was stored with or, while it goes on, what its journal comes to so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Any

from loadkit.report.facts import Run, RunStatus, facts
from loadkit.report.history import Store, read_report
from loadkit.report.journal import MAGIC
from loadkit.report.rebuild import rebuild
from loadkit.report.store import JOURNAL, LATEST, REPORT, goes_on
from loadkit.report.strays import strays

_REST = 4  # how much longer than reading it took a journal is left alone


@dataclass(frozen=True, slots=True)
class Seen:
    """A run as it is now. `runs` says that it goes on, so there will be more of it, and its report is judged by what there is."""

    run: Run
    report: Mapping[str, Any]
    runs: bool = False


class Stored:
    """A run that is over."""

    def __init__(self, run: Run, report: Mapping[str, Any]) -> None:
        self._seen = Seen(run, report)

    def see(self) -> Seen:
        """Return the run."""
        return self._seen


class Journalled:
    """A run of which there is a journal and no report: it goes on, or was cut off. A report that comes later is taken instead.

    Reading a journal takes time that the load generator beside it may need: at most a fifth of all time goes into it.
    """

    def __init__(self, journal: Path) -> None:
        self._journal = journal
        self._lock = Lock()
        self._size = -1
        self._again_at = 0.0
        self._seen: Seen | None = None

    def see(self) -> Seen:
        """Return the run as far as its journal goes. Raises UsageError, JournalError."""
        report = self._journal.parent / REPORT
        with self._lock:
            if report.is_file() and self._journal.name == JOURNAL:
                read = read_report(report)
                return Seen(facts(read, directory=report.parent, file=report), read)
            runs = goes_on(self._journal)
            seen, size = self._seen, self._journal.stat().st_size
            grown = size != self._size and monotonic() >= self._again_at
            if seen is None or grown or runs != seen.runs:
                began = monotonic()
                read = rebuild(self._journal, going_on=runs).report()
                run = facts(read, directory=self._journal.parent)
                seen = self._seen = Seen(replace(run, status=RunStatus.RUNNING) if runs else run, read, runs)
                self._size = size
                self._again_at = monotonic() + _REST * (monotonic() - began)
            return seen


@lru_cache(maxsize=8)
def journalled(path: Path) -> Journalled:
    """Return the run of a journal: the same each time, so that it is not read anew for each who asks."""
    return Journalled(path)


def find_kept(store: Store, text: str) -> Stored | Journalled:
    """Return what a text means: a journal, a run that only has one, or whatever it means to the history.

    A run that goes on is the latest. Raises UsageError when there is no such run, or more than one.
    """
    if journal := _journal_of(Path(text)):
        return Journalled(journal)
    apart = [run for run in strays(store) if run.directory and run.exit_code < 0]
    if text == LATEST:
        apart = [run for run in apart if run.status is RunStatus.RUNNING][-1:]
    else:
        apart = [run for run in apart if text and run.id.startswith(text)]
    if len(apart) == 1 and apart[0].directory and not store.runs(ids=[text]):
        return Journalled(apart[0].directory / JOURNAL)
    found = store.find(text)
    return Stored(found, store.report(found))


def _journal_of(path: Path) -> Path | None:
    """Return the journal that a path is, or that lies in it without a report."""
    if path.is_dir():
        return path / JOURNAL if (path / JOURNAL).is_file() and not (path / REPORT).is_file() else None
    try:
        with path.open("rb") as file:
            return path if file.read(len(MAGIC)) == MAGIC else None
    except OSError:
        return None  # an id, or a file that the history will say more of
