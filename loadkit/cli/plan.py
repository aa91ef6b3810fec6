"""`loadkit plan`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from loadkit.cli import options
from loadkit.cli.bundles import Input
from loadkit.cli.unfolding import unfolded
from loadkit.errors import ExitCode
from loadkit.outputs.base import counted, paint_for, write_line
from loadkit.units import three_digits

if TYPE_CHECKING:
    from loadkit.fleet.demand import Demand


@unfolded
def plan(
    files: options.Files,
    given: Input,
    scenario_name: options.ScenarioName = None,
    workers: options.Workers = "auto",
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object; `loadkit schema plan` describes it.")
    ] = False,
) -> int:
    """Show what scenario files will do, without sending a byte.

    Phases and virtual users over time, visits and requests that are to be expected, each scenario's share, the data and the
    environment variables it needs, whether it is large enough to prove its objectives, and what it demands of this machine.
    Nothing is looked up and nothing is connected to.

    \b
    Examples:
      loadkit plan shop.yaml
      loadkit plan shop.yaml -e staging --json
    """  # fmt: skip
    from loadkit.fleet.demand import forecast
    from loadkit.fleet.sizing import asked_workers
    from loadkit.outputs.outlook import objective_lines, outlook_lines
    from loadkit.scenario.hidden import rendered_warnings
    from loadkit.scenario.settings import Settings

    read = given.plan(given.files(*files), Settings(scenario_name=scenario_name))
    found = forecast(read, asked_workers(workers))
    if json:
        import msgspec

        from loadkit.outputs.json import json_text

        data = read.secrets.hide(msgspec.to_builtins(found))
        write_line(sys.stdout, json_text(data))
        return ExitCode.PASS
    for warning in rendered_warnings(read):
        write_line(sys.stderr, warning)
    paint = paint_for(sys.stdout, os.environ)
    for line in outlook_lines(found.plan, paint=paint, blocks=_draws_blocks()):
        write_line(sys.stdout, read.secrets.mask_values(line))
    for line in objective_lines(found.objectives, paint=paint):
        write_line(sys.stdout, read.secrets.mask_values(line))
    write_line(sys.stdout, "")
    write_line(sys.stdout, paint("This machine", "bold"))
    for line in _machine(found.machine):
        write_line(sys.stdout, read.secrets.mask_values(line))
    return ExitCode.PASS


def _draws_blocks() -> bool:
    try:
        "█".encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _machine(demand: Demand) -> Iterator[str]:
    yield f"  {counted(demand.workers, 'worker')} on {counted(demand.cores, 'core')}"
    of_all = "" if demand.descriptors_limit is None else f" of {demand.descriptors_limit:,}"
    each = " in each worker" if demand.workers > 1 else ""
    files = f"up to {demand.descriptors_most:,}{of_all} open files{each}"
    if demand.connections_per_user:
        connections = counted(demand.connections_per_user, "connection")
        ports = "" if demand.ports_limit is None else f" of {demand.ports_limit:,}"
        rate = f"up to {three_digits(demand.connections_per_s)} new connections/s"
        yield f"  {files}, {connections} for each user"
        yield f"  {rate}, which keep {demand.ports_most:,}{ports} ports"
    else:
        yield f"  {files}, beside those that the functions open"
    for way in demand.ways:
        yield f"  {way}"
    for warning in demand.warnings:
        yield f"  warning: {warning}"
