"""All exporters of a run as one output: they are opened together, and none of them waits for another."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from loadkit import registry
from loadkit.engine.events import Interval, LogLine, Started
from loadkit.metrics.family import FAMILIES
from loadkit.outputs.base import counted
from loadkit.outputs.exported import MOST_NAMES, OTHER
from loadkit.outputs.exporter import Chosen, Exporter
from loadkit.outputs.isolated import CLOSE_S, Isolated, Sent
from loadkit.scenario.exports import Export

_MADE = tuple(family.made for family in FAMILIES)


class Exports:
    """Passes a run on to its exporters. `say` prints a line; `run_id` is asked when load begins."""

    def __init__(self, wanted: Sequence[Export], *, say: Callable[[str], None], run_id: Callable[[], str]) -> None:
        self._say = say
        self._names: set[str] = set()
        self._receivers = []
        self._isolated = []
        for export in wanted:
            exporter: Exporter = registry.plugin("exporter", export.kind)
            receiver = exporter.make(export.options)
            tags = {str(key): str(value) for key, value in export.options.get("tags", {}).items()}
            chosen = Chosen(only=_names_of(export, "includeOnly"), excluded=_names_of(export, "excluded"))
            self._receivers.append(receiver)
            self._isolated.append(Isolated(export.kind, receiver, say=say, run_id=run_id, tags=tags, chosen=chosen))

    def check(self) -> None:
        """Make all ready. Raises PreflightError for what is surely wrong; `close` is to be called all the same."""
        for receiver in self._receivers:
            receiver.check()

    def start(self, event: Started) -> None:
        """Tell all that load begins."""
        for one in self._isolated:
            one.start(event)

    def interval(self, event: Interval) -> None:
        """Give all the second."""
        for one in self._isolated:
            one.interval(event)
        if self._isolated and len(self._names) <= MOST_NAMES:
            self._names |= {label for metric, label in event.snapshot.counters if metric in _MADE}
            if len(self._names) > MOST_NAMES:
                self._say(
                    f'warning: there are more than {MOST_NAMES} names of requests; exporters call all others "{OTHER}"'
                )

    def log(self, event: LogLine) -> None:
        """Do nothing: exporters tell of figures."""

    def finish(self) -> list[Sent]:
        """Send what waits, for FLUSH_S at most, and return what came of each. A loop that goes on calls it in a thread."""
        for one in self._isolated:
            one.end()
        return [one.finish() for one in self._isolated]

    def waiting(self) -> bool:
        """Say whether somebody is expected to come for the totals."""
        return any(one.waiting() for one in self._isolated)

    def close(self) -> None:
        """Let go of everything, within CLOSE_S. May be called twice; only the first call waits."""
        for one in self._isolated:
            one.give_up()
        until = time.monotonic() + CLOSE_S
        for one in self._isolated:
            one.close(within_s=max(0.0, until - time.monotonic()))


def _names_of(export: Export, option: str) -> tuple[str, ...]:
    return tuple(map(str, export.options.get(option) or ()))


def sent_data(sent: Sent) -> dict[str, Any]:
    """Return what came of an exporter, as the report says it."""
    return {"kind": sent.kind, "to": sent.to, "sent": sent.sent, "lost": sent.lost, "error": sent.error}


def sent_line(sent: Sent) -> str:
    """Return what came of an exporter, as the summary says it."""
    told = f"{sent.kind} to {sent.to}: {counted(sent.sent, 'second')} sent"
    if not sent.lost:
        return told
    return f"{told}, {sent.lost:,} lost{f' ({sent.error})' if sent.error else ''}"
