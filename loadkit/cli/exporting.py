"""`--out` and `config.outputs` of a run that is carried through: opened before load, told of in the end."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from loadkit import registry
from loadkit.cli.conclusion import Conclusion
from loadkit.cli.signals import taking_signals
from loadkit.errors import UsageError
from loadkit.outputs.base import FileOutput
from loadkit.outputs.exports import Exports, sent_data, sent_line
from loadkit.outputs.summary import Section
from loadkit.scenario.exports import Export, ExportFault, clash, named, read_export
from loadkit.scenario.plan import Plan

Say = Callable[[str], None]
_LOOK_S = 0.05  # between two looks whether somebody came


def read_outs(texts: Sequence[str]) -> tuple[Export, ...]:
    """Return the exporters that `--out` names. Raises UsageError, without the argument: a URL may hold a password."""
    made = []
    for text in texts:
        try:
            made.append(read_export(text))
        except ExportFault as fault:
            hint = f"; {fault.hint}" if fault.hint else ""
            raise UsageError(f"--out {text.partition(':')[0]}: {fault}{hint}") from fault
    return tuple(made)


@contextmanager
def exporting(
    plan: Plan,
    outs: Sequence[Export],
    *,
    say: Say,
    run_id: Callable[[], str],
    files: Sequence[FileOutput] = (),
) -> Iterator[Exports]:
    """Give the exporters of a run, ready for it; `files` are those that other options write in the end.

    Raises PreflightError, and UsageError for two that are in each other's way.
    """
    wanted = [*plan.exports, *outs]
    _check_apart(wanted, len(plan.exports), files)
    exports = Exports(wanted, say=say, run_id=run_id)
    try:
        exports.check()
        yield exports
    finally:
        exports.close()


def _check_apart(wanted: Sequence[Export], known: int, files: Sequence[FileOutput]) -> None:
    """Raise UsageError for two that want the same. Those of the file, the first so many, are known not to."""
    for number in range(known + 1, len(wanted) + 1):
        fault = clash(wanted[:number])
        if fault is not None:
            raise UsageError(f"{fault}; {fault.hint}")
    written = {os.path.realpath(file.path) for file in files}
    for export in wanted:
        held = registry.plugin("exporter", export.kind).holds(export.options)
        if held is not None and held.what in written:
            raise UsageError(f"{named(export)} and another option both {held.text}; {held.remedy}")


def add_exports(exports: Exports, found: Conclusion) -> None:
    """Send what waits, and add what came of each exporter to the report and the summary."""
    sent = exports.finish()
    found.report["loadkit"]["exports"] = [sent_data(one) for one in sent]
    if sent:
        found.sections.append(Section("Exports", list(map(sent_line, sent)), troubled=any(one.lost for one in sent)))


def linger(exports: Exports, say: Say) -> None:
    """Stay until those that come for the totals have been here; a signal ends that at once."""
    if not exports.waiting():
        return
    left = threading.Event()
    say("waiting for the last scrape; Ctrl-C goes on without it")
    with taking_signals(lambda name: left.set()):
        while exports.waiting() and not left.wait(_LOOK_S):
            pass
