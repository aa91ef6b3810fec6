"""Keeping a run: its directory while it goes on, its row in the history in the end, and room made by removing the oldest."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Thread, get_native_id
from typing import TYPE_CHECKING, Any

from loadkit.engine.events import Interval, LogLine, Started
from loadkit.engine.result import RunResult
from loadkit.errors import LoadkitError, PreflightError
from loadkit.outputs.kept import KeptRun

if TYPE_CHECKING:
    from loadkit.report.facts import Run
    from loadkit.report.history import Store

AfterAdding = Callable[["Store", "Run"], None]
"""Something that is done when a run has been added to the history."""

_LAST = 19  # of the nice values


class HistoryWriter:
    """Adds a run to the history when it is over. What goes wrong is said through `say`, and changes nothing else.

    SQLAlchemy takes a third of a second to import, and a new history half a second to make: both happen while load is made,
    in a thread that gives way to all else.
    """

    def __init__(self, url: str | None, say: Callable[[str], None], then: Sequence[AfterAdding] = ()) -> None:
        self._url = url
        self._say = say
        self._then = then
        self._store: Store | None = None
        self._opening: Thread | None = None

    def check(self) -> None:
        """Open the history before load begins, so that trouble is known early: it is a warning, for a run goes without.

        Raises UsageError for a URL that can be none of a history.
        """
        try:
            self._open()
        except PreflightError as error:
            self._say(f"warning: {error}; the run will be kept in its directory, and {_LATER.format('RUN')}")

    def begin(self) -> None:
        """Begin to open the history, in a thread."""
        if self._store is None:
            self._opening = Thread(target=self._open_aside, name="history", daemon=True)
            self._opening.start()

    def add(self, report: Mapping[str, Any], directory: Path | None) -> None:
        """Add the run to the history, do what is to follow, and remove the directories of the oldest runs."""
        if self._opening:
            self._opening.join()
        try:
            store = self._store or self._open()
            run = store.add(report, directory)
        except LoadkitError as error:
            kept = (
                f"it is kept in {directory}; {_LATER.format(directory)}" if directory else "write it to a file with -o"
            )
            self._say(f"warning: the run is not in the history: {error}; {kept}")
            return
        self._debit(store, report)
        for step in self._then:
            try:
                step(store, run)
            except LoadkitError as error:
                self._say(f"warning: {error}")
        if directory:
            self._make_room(store, directory.parent)

    def _debit(self, store: Store, report: Mapping[str, Any]) -> None:
        """Take from the ledgers of objectives what the run spoiled, where it is to consume their budgets."""
        found = report["loadkit"]
        if not any(slo["consume_budget"] for slo in found["slos"]):
            return
        if found["measurement"]["status"] == "invalid":
            self._say("note: nothing is taken from a ledger: the measurement is invalid")
            return
        from loadkit.outputs.ledger import debit_line
        from loadkit.report.ledger import Ledger

        try:
            ledger = Ledger(store)
            for taken in ledger.debit(report):
                self._say(debit_line(taken, ledger.standing(taken.slo)))
        except LoadkitError as error:
            self._say(f"warning: nothing was taken from the ledger: {error}")

    def close(self) -> None:
        """Let go of the history."""
        if self._store:
            self._store.close()

    def _open(self) -> Store:
        from loadkit.report.history import open_store

        store = open_store(self._url)
        store.database.make()
        self._store = store
        return store

    def _open_aside(self) -> None:
        if sys.platform == "linux":  # elsewhere it would be the whole process that gives way
            with suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, get_native_id(), _LAST)
        with suppress(LoadkitError):  # tried again in the end, and said then
            self._open()

    def _make_room(self, store: Store, root: Path) -> None:
        from loadkit.report.collecting import Policy, choose, collect
        from loadkit.report.store import runs

        try:
            stored = {run.id for run in store.runs(ids=[directory.name for directory in runs(root)])}
            collect(choose(root, Policy(), held=held_runs(store), stored=stored))
        except (LoadkitError, OSError) as error:
            self._say(f"warning: the oldest runs cannot be removed from {root}: {error}")


class Keeper:
    """An output that keeps the run, in a directory under `root` and in the history of a URL."""

    def __init__(
        self, root: Path, history: HistoryWriter, say: Callable[[str], None], *, json_log: bool = False
    ) -> None:
        self._kept = KeptRun(root, say, json_log=json_log)
        self._history = history

    @property
    def run(self) -> str | None:
        """Return the run's id; None where it is not kept."""
        return self._kept.run

    @property
    def directory(self) -> Path | None:
        """Return where the run is kept."""
        return self._kept.directory

    def start(self, event: Started) -> None:
        """Begin the directory, and to open the history."""
        self._kept.start(event)
        self._history.begin()

    def interval(self, event: Interval) -> None:
        """Write the second."""
        self._kept.interval(event)

    def log(self, event: LogLine) -> None:
        """Write the line."""
        self._kept.log(event)

    def finish(self, result: RunResult, report: Mapping[str, Any]) -> None:
        """Write how the run ended, and its report: the directory is whole now."""
        self._kept.finish(result, report)

    def add(self, report: Mapping[str, Any]) -> None:
        """Add the whole run to the history."""
        self._history.add(report, self._kept.directory)

    def close(self) -> None:
        """Let go of the files and the history, also when the run broke off. May be called twice."""
        self._kept.close()
        self._history.close()


_LATER = "`loadkit runs import {}` brings it into the history later"


def held_runs(store: Store) -> dict[str, str]:
    """Return why runs are not to be removed, by their ids: a baseline holds them, or they are tagged `keep`."""
    from loadkit.report.baselines import Baselines

    held = {run.id: "it is tagged keep" for run in store.runs(tags={"keep": None})}
    named = Baselines(store).holders()
    return {**held, **{run_id: f"baseline {', '.join(names)} holds it" for run_id, names in named.items()}}
