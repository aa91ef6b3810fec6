"""The run that an address of a page names, and its report. Only ids are looked up: an address never becomes a file's name."""

from __future__ import annotations

from loadkit.dashboard.kept import Seen, journalled
from loadkit.dashboard.problem import Problem
from loadkit.errors import JournalError, UsageError
from loadkit.outputs.paper import legible
from loadkit.report.facts import Run
from loadkit.report.history import Store
from loadkit.report.store import JOURNAL, LATEST, is_id
from loadkit.report.strays import strays

_REMEDY = "Look for it in the list of runs; the oldest may have been removed."


def run_of(store: Store, text: str) -> Run:
    """Return the run with an id, or the newest one of the history for `latest`. Raises Problem when there is none."""
    if text == LATEST:
        newest = store.runs(limit=1)
        if not newest:
            raise Problem(404, f"No run is kept in {store.name} yet.", "Make one: loadkit run scenario.yaml")
        return newest[0]
    found = store.runs(ids=[text]) if is_id(text) else []
    if not found and is_id(text) and (store.directories / text).is_dir():
        found = [run for run in strays(store) if run.id == text]
    if not found:
        raise Problem(404, f"There is no run {legible(text, 100)}.", _REMEDY)
    return found[0]


def seen(store: Store, text: str) -> Seen:
    """Return the run with an id and its report; of one that goes on, or was cut off, as far as its journal goes. Raises Problem."""
    run = run_of(store, text)
    try:
        if run.directory and run.exit_code < 0:
            return journalled((run.directory / JOURNAL).absolute()).see()
        return Seen(run, store.report(run))
    except (UsageError, JournalError) as error:
        raise Problem(404, f"The report of {run.id} cannot be read: {error}", _REMEDY) from error
