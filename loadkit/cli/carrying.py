"""`loadkit runs export` and `import`: a run as one file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from loadkit.cli import options
from loadkit.cli.runs import RunText
from loadkit.errors import ExitCode, LoadkitError, PreflightError
from loadkit.outputs.base import printable, write_line

if TYPE_CHECKING:
    from loadkit.report.facts import Run
    from loadkit.report.history import Store


def export_run(
    run: RunText,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="FILE", help="Where to; ID.zip by default. FILE.json takes the report alone."
        ),
    ] = None,
    store: options.StoreUrl = None,
) -> int:
    """Write a run to one file, to take it elsewhere.

    The file is a zip archive of report, tags, histograms, scenario, log and journal; of a run whose directory is gone, of the
    report and tags that the history still has. `loadkit runs import` reads it, here or elsewhere.

    \b
    Examples:
      loadkit runs export latest
      loadkit runs export 20261121-0902 -o /mnt/share/before.zip
      loadkit runs export latest -o report.json
    """
    from loadkit.report.history import open_store

    with open_store(store) as held:
        found = held.find(run)
        path = output or Path(f"{found.id}.zip")
        try:
            names = _write(path, found, held)
        except OSError as error:
            raise PreflightError(f"cannot write {path}: {error.strerror or error}") from error
    write_line(sys.stdout, f"{path}: {found.id}, {', '.join(names)}")
    return ExitCode.PASS


def import_runs(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH...", help="Archives, directories of runs, or reports that -o wrote.", show_default=False
        ),
    ],
    store: options.StoreUrl = None,
) -> int:
    """Bring runs from elsewhere into the history.

    They may be archives that `loadkit runs export` wrote, directories of runs, or reports that -o wrote. A run that was cut off is
    recovered from its journal. What the history has already stays as it is.

    \b
    Examples:
      loadkit runs import before.zip
      loadkit runs import .loadkit/runs/20261121-090255-k3f9
      loadkit runs import reports/*.json --store postgresql://ci@db/loadkit
    """
    from loadkit.cli.intake import take_in
    from loadkit.report.history import open_store

    troubles: list[LoadkitError] = []
    with open_store(store) as held:
        for path in paths:
            try:
                taken = take_in(path, held)
            except LoadkitError as error:
                troubles.append(error)
                write_line(sys.stderr, f"error: {error}")
                continue
            word = "imported" if taken.new else "had already"
            write_line(sys.stdout, printable(f"{word} {taken.run.id}: {taken.run.name}, {taken.run.status.value}"))
    return troubles[0].exit_code if troubles else ExitCode.PASS


def _write(path: Path, run: Run, store: Store) -> list[str]:
    """Write a run, whole or not at all, and return the names of what is in the file."""
    import msgspec

    from loadkit.outputs.json import json_file
    from loadkit.outputs.writing import replacing, write_whole
    from loadkit.report.archive import TAGS, pack
    from loadkit.report.store import FILES, PAGE, REPORT

    report = json_file(store.report(run))
    if path.suffix.lower() == ".json":
        write_whole(path, report)
        return [REPORT]
    wanted = [name for name in FILES if name not in (REPORT, PAGE)]  # the page can be made of the report again
    there = [name for name in wanted if run.directory and (run.directory / name).is_file()]
    files: dict[str, Path | bytes] = {REPORT: report, **{name: run.directory / name for name in there if run.directory}}
    files[TAGS] = msgspec.json.encode(run.tags, order="sorted") + b"\n"
    with replacing(path) as file:
        pack(file, run.id, files, run.started_at)
    return sorted(files)
