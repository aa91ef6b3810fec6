"""`loadkit baseline`: the runs that others are compared with."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from loadkit.cli import options
from loadkit.errors import ExitCode, UsageError
from loadkit.outputs.base import counted, write_line

if TYPE_CHECKING:
    from loadkit.report.facts import Run
    from loadkit.report.history import Store

Name = Annotated[str, typer.Argument(metavar="NAME", help="The baseline's name, such as main or release/2.4.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


def set_baseline(
    name: Name,
    runs: Annotated[
        list[str] | None, typer.Argument(metavar="[RUN...]", help="Runs to pin: ids, `latest`, report files.")
    ] = None,
    last: Annotated[
        int | None,
        typer.Option(
            "--last", metavar="N", min=1, help="The newest N comparable runs that passed; rolling from then on."
        ),
    ] = None,
    like: Annotated[
        str | None, typer.Option("--like", metavar="RUN", help="With --last: comparable with this run. [the newest]")
    ] = None,
    pinned: Annotated[bool, typer.Option("--pinned", help="With --last: keep these runs and no later ones.")] = False,
    store: options.StoreUrl = None,
) -> int:
    """Make a baseline of runs, or make it anew.

    Runs that are named are pinned. With --last the baseline rolls: each run that is accepted later drops the oldest one. Only
    runs that passed become part of it, and only those of one fingerprint: the same scenario, phases, target and host.

    \b
    Examples:
      loadkit baseline set main --last 5
      loadkit baseline set release/2.4 20261121-090255-k3f9 20261121-091502-m2wd
    """
    from loadkit.report.baselines import ROLLING, Baselines
    from loadkit.report.history import open_store

    if runs and (last is not None or like or pinned):
        raise UsageError("name runs, or ask for --last N; not both")
    with open_store(store) as kept:
        chosen = [kept.find(run) for run in runs] if runs else _accepted(kept, like, last or ROLLING)
        size = None if runs or pinned else last or ROLLING
        made = Baselines(kept).set(name, chosen, size=size)
    held = ", ".join(run.id for run in made.runs)
    write_line(sys.stdout, f"baseline {name} ({made.kind}): {counted(len(made.runs), 'run')}: {held}")
    if size is not None and len(made.runs) < size:
        write_line(
            sys.stderr, f"note: there are no more comparable runs that passed; it grows to {size} as runs are added"
        )
    if len(made.runs) < 3:
        write_line(
            sys.stderr, "note: a comparison needs 3 baseline runs to block anything but what is certainly critical"
        )
    return ExitCode.PASS


def list_baselines(as_json: Json = False, store: options.StoreUrl = None) -> int:
    """Show all baselines.

    \b
    Examples:
      loadkit baseline list
      loadkit baseline list --json
    """
    from loadkit.outputs.baselines import baseline_data, list_lines
    from loadkit.report.baselines import Baselines
    from loadkit.report.history import open_store
    from loadkit.report.noise import calibration_of

    with open_store(store) as kept:
        found = Baselines(kept).all()
        data = [baseline_data(one, calibration_of(kept, one.fingerprint)) for one in found] if as_json else []
    if as_json:
        _write_json(data)
    else:
        for line in list_lines(found):
            write_line(sys.stdout, line)
    return ExitCode.PASS


def show_baseline(name: Name, as_json: Json = False, store: options.StoreUrl = None) -> int:
    """Show a baseline and its runs.

    \b
    Examples:
      loadkit baseline show main
    """
    from loadkit.outputs.baselines import baseline_data, baseline_lines
    from loadkit.report.baselines import Baselines
    from loadkit.report.history import open_store
    from loadkit.report.noise import calibration_of

    with open_store(store) as kept:
        found = Baselines(kept).find(name)
        noise = calibration_of(kept, found.fingerprint)
    if as_json:
        _write_json(baseline_data(found, noise))
    else:
        for line in baseline_lines(found, noise):
            write_line(sys.stdout, line)
    return ExitCode.PASS


def remove_baseline(name: Name, store: options.StoreUrl = None) -> int:
    """Forget a baseline. Its runs stay in the history.

    \b
    Examples:
      loadkit baseline rm release/2.3
    """
    from loadkit.report.baselines import Baselines
    from loadkit.report.history import open_store

    with open_store(store) as kept:
        gone = Baselines(kept).remove(name)
    runs = counted(len(gone.runs), "run")
    write_line(sys.stdout, f"removed the baseline {name}; the history keeps its {runs}")
    return ExitCode.PASS


def update_baseline(
    name: Name,
    run: Annotated[str, typer.Argument(metavar="RUN", help="The run to add: an id, `latest`, a report.")] = "latest",
    store: options.StoreUrl = None,
) -> int:
    """Add a run to a baseline; a rolling one that is full drops its oldest.

    \b
    Examples:
      loadkit baseline update main
      loadkit baseline update main 20261121-090255-k3f9
    """
    from loadkit.report.baselines import Baselines
    from loadkit.report.history import open_store

    with open_store(store) as kept:
        added = kept.find(run)
        made, dropped = Baselines(kept).add(name, added)
    without = f", dropped {', '.join(dropped)}" if dropped else ""
    write_line(sys.stdout, f"baseline {name}: added {added.id}{without}; {counted(len(made.runs), 'run')} now")
    return ExitCode.PASS


def _accepted(store: Store, like: str | None, last: int) -> list[Run]:
    """Return the newest runs that passed and are comparable with one, by default with the newest of all."""
    from loadkit.report.baselines import refused
    from loadkit.report.facts import RunStatus

    passed = store.runs(statuses=[RunStatus.PASSED])
    if like is None and not passed:
        newest = store.runs(limit=1)
        why = f"; of the newest: {refused(newest[0])}" if newest else ""
        raise UsageError(f"there is no run that passed in {store.name}{why}")
    model = store.find(like) if like is not None else passed[0]
    found = [run for run in passed if run.fingerprint == model.fingerprint][:last]
    if not found:
        raise UsageError(f"no run that passed is comparable with {model.id}")
    return found


def _write_json(data: Any) -> None:
    from loadkit.outputs.json import json_text

    write_line(sys.stdout, json_text(data))
