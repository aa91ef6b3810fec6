"""`loadkit runs`: the history of runs, and what can be done with it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from loadkit.cli import options
from loadkit.errors import ExitCode, PreflightError, UsageError
from loadkit.outputs.base import counted, paint_for, printable, write_line

if TYPE_CHECKING:
    from loadkit.report.facts import Run
    from loadkit.report.history import Store

RunText = Annotated[
    str,
    typer.Argument(
        metavar="RUN", help="`latest`, `latest~1`, an id or its beginning, a directory, or a report's file."
    ),
]
RunTexts = Annotated[
    list[str],
    typer.Argument(metavar="RUN...", help="Ids or their beginnings, `latest`, directories.", show_default=False),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead.")]
Force = Annotated[
    bool, typer.Option("-f", "--force", help="Also those that a baseline holds, or that are tagged keep.")
]


def list_runs(
    name: Annotated[str | None, typer.Option("--name", metavar="TEXT", help="Only runs of this name.")] = None,
    tag: Annotated[
        list[str] | None,
        typer.Option(
            "--tag", metavar="KEY[:VALUE]", help="Only runs with this tag; may be repeated.", show_default=False
        ),
    ] = None,
    fingerprint: Annotated[
        str | None,
        typer.Option(
            "--fingerprint", metavar="ID", help="Only comparable runs: of this fingerprint, or its beginning."
        ),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="The newest N.")] = 20,
    as_json: AsJson = False,
    store: options.StoreUrl = None,
) -> int:
    """List the runs of the history, the newest first.

    Runs whose directory is in .loadkit/runs and that the history does not have are listed too: they go on, or were cut off.

    \b
    Examples:
      loadkit runs list
      loadkit runs list --tag branch:main --limit 5
      loadkit runs list --name checkout --json
    """
    from loadkit.outputs.json import json_text
    from loadkit.outputs.runs import run_data, run_lines
    from loadkit.report.history import open_store
    from loadkit.report.strays import strays

    with open_store(store) as held:
        found = held.runs(name=name, tags=_asked_tags(tag), fingerprint=fingerprint, limit=limit)
        others = [] if name or tag or fingerprint else strays(held)
        place = held.name
    shown = sorted([*found, *others], key=lambda run: (run.started_at, run.id), reverse=True)[:limit]
    if as_json:
        data = {"store": place, "runs": [run_data(run) for run in shown]}
        write_line(sys.stdout, json_text(data))
        return ExitCode.PASS
    if not shown:
        write_line(sys.stdout, f"no run in {place}" + (" is like that" if name or tag or fingerprint else " yet"))
    for line in run_lines(shown, paint=paint_for(sys.stdout, os.environ)) if shown else ():
        write_line(sys.stdout, line)
    for run in (run for run in shown if run in others and run.status.value != "running"):
        write_line(sys.stderr, f"note: {run.id} is not in the history: loadkit runs import {run.directory}")
    return ExitCode.PASS


def show_run(run: RunText, as_json: AsJson = False, store: options.StoreUrl = None) -> int:
    """Show what a run came to; --json prints its whole report.

    \b
    Examples:
      loadkit runs show latest
      loadkit runs show 20261121-0902 --json > report.json
    """
    from loadkit.cli.history import held_runs
    from loadkit.outputs.json import json_text
    from loadkit.outputs.runs import show_lines
    from loadkit.report.history import open_store

    with open_store(store) as held:
        found = held.find(run)
        report = held.report(found)
        why = held_runs(held).get(found.id, "")
    if as_json:
        write_line(sys.stdout, json_text(report))
        return ExitCode.PASS
    for line in show_lines(found, report, why, paint=paint_for(sys.stdout, os.environ)):
        write_line(sys.stdout, line)
    return ExitCode.PASS


def remove_runs(runs: RunTexts, force: Force = False, store: options.StoreUrl = None) -> int:
    """Remove runs, from the history and with their directories. Nothing is asked; what was removed is said.

    \b
    Examples:
      loadkit runs rm 20261121-0902
      loadkit runs rm latest --force
    """
    from loadkit.cli.history import held_runs
    from loadkit.report.history import open_store
    from loadkit.report.store import JOURNAL, goes_on

    with open_store(store) as held:
        found = {run.id: run for run in (_located(text, held) for text in runs)}
        why = held_runs(held)
        for run in found.values():
            if run.directory and goes_on(run.directory / JOURNAL):
                raise UsageError(f"{run.id} still goes on; nothing was removed")
            if run.id in why and not force:
                raise UsageError(f"{run.id}: {why[run.id]}; nothing was removed, --force removes it all the same")
        for run in found.values():
            _remove(run, held)
    return ExitCode.PASS


def tag_run(
    run: RunText,
    tags: Annotated[
        list[str] | None,
        typer.Argument(metavar="KEY[:VALUE]...", help="Tags to set; none shows them.", show_default=False),
    ] = None,
    remove: Annotated[
        list[str] | None,
        typer.Option("--remove", metavar="KEY", help="Take a tag away; may be repeated.", show_default=False),
    ] = None,
    store: options.StoreUrl = None,
) -> int:
    """Set and show tags of a run. The directory of a run that is tagged `keep` is never removed by itself.

    \b
    Examples:
      loadkit runs tag latest keep
      loadkit runs tag 20261121-0902 release:2.4 --remove keep
    """
    from loadkit.outputs.runs import tag_text
    from loadkit.report.history import open_store

    changes: dict[str, str | None] = dict.fromkeys(remove or [])
    changes |= {key: value or "" for key, value in _asked_tags(tags).items()}
    with open_store(store) as held:
        found = held.find(run)
        if found.file and not held.runs(ids=[found.id]):
            raise UsageError(f"{run} is not in the history: loadkit runs import {run}")
        if changes:
            held.tag(found.id, changes)
        (now,) = held.runs(ids=[found.id])
    write_line(sys.stdout, printable(f"{now.id}: {tag_text(now.tags) or 'no tags'}"))
    return ExitCode.PASS


def _asked_tags(tags: Sequence[str] | None) -> dict[str, str | None]:
    """Return tags by key; one without a colon has no value. Raises UsageError for one without a key."""
    found: dict[str, str | None] = {}
    for tag in tags or []:
        key, colon, value = tag.partition(":")
        if not key.strip():
            raise UsageError(f"{tag!r} is not KEY or KEY:VALUE, such as keep or release:2.4")
        found[key.strip()] = value.strip() if colon else None
    return found


def _located(text: str, store: Store) -> Run:
    """Return the run that a text means, also one that only has a directory."""
    from loadkit.report.store import is_run
    from loadkit.report.strays import strays

    found_apart = [run for run in strays(store) if text and run.id.startswith(text)]
    if len(found_apart) == 1 and not store.runs(ids=[text]):
        return found_apart[0]
    found = store.find(text)
    if found.file and not (found.directory and is_run(found.directory)):
        raise UsageError(f"{text} is a file of yours; name a run of the history")
    return found


def _remove(run: Run, store: Store) -> None:
    from loadkit.report.store import remove
    from loadkit.units import format_bytes

    stored = store.remove(run.id)  # first: a directory without a row is listed, and can be removed again
    freed = ""
    if run.directory:
        try:
            freed = f" and {run.directory}, {format_bytes(remove(run.directory))}"
        except OSError as error:
            raise PreflightError(f"{run.directory} cannot be removed: {error.strerror or error}") from error
    write_line(sys.stdout, f"removed {run.id}{' from the history' if stored else ''}{freed}")


def collect_runs(
    keep: Annotated[int, typer.Option("--keep", metavar="N", min=1, help="Keep the directories of the newest N.")] = 50,
    max_size: Annotated[
        str, typer.Option("--max-size", metavar="SIZE", help="As far as they take up no more than this together.")
    ] = "1GiB",
    older_than: Annotated[
        str | None, typer.Option("--older-than", metavar="TIME", help="None that is older than this, such as 30d.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be removed, and remove nothing.")] = False,
    store: options.StoreUrl = None,
) -> int:
    """Make room: remove the directories of old runs.

    The history keeps their reports. This happens by itself at the end of each run, with the limits that are given here in
    brackets. The newest run stays, and so do runs that go on, that a baseline holds, that are tagged `keep`, or that the history
    does not have.

    \b
    Examples:
      loadkit runs gc --dry-run
      loadkit runs gc --keep 10
      loadkit runs gc --older-than 30d
    """
    from loadkit.cli.history import held_runs
    from loadkit.report.collecting import Policy, choose, collect
    from loadkit.report.history import open_store
    from loadkit.report.store import runs
    from loadkit.units import NS_PER_S, format_bytes, parse_bytes, parse_duration_ns

    try:
        age_s = parse_duration_ns(older_than) / NS_PER_S if older_than else None
        policy = Policy(runs=keep, bytes=parse_bytes(max_size), age_s=age_s)
    except ValueError as error:
        raise UsageError(f"--max-size or --older-than: {error}") from error
    with open_store(store) as held:
        root = held.directories
        stored = {run.id for run in held.runs(ids=[directory.name for directory in runs(root)])}
        try:
            choices = choose(root, policy, held=held_runs(held), stored=stored)
            gone = [choice for choice in choices if not choice.held] if dry_run else collect(choices)
        except OSError as error:
            raise PreflightError(f"runs cannot be removed from {root}: {error.strerror or error}") from error
    for choice in choices:
        word = "kept" if choice.held else "would remove" if dry_run else "removed"
        why = f": {choice.held}" if choice.held else f", {format_bytes(choice.size)}"
        write_line(sys.stdout, f"{word} {choice.directory}{why}")
    freed = format_bytes(sum(choice.size for choice in gone))
    write_line(sys.stdout, f"{counted(len(gone), 'directory').replace('directorys', 'directories')}, {freed}")
    return ExitCode.PASS
