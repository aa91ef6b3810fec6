"""`loadkit slo show`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from loadkit.cli import options
from loadkit.errors import ExitCode, UsageError
from loadkit.outputs.base import paint_for, write_line

if TYPE_CHECKING:
    from loadkit.report.ledger import Standing
    from loadkit.slo.objective import Slo

Named = list[tuple[str, "Standing | None", "Slo | None"]]


def show(
    what: Annotated[
        str | None,
        typer.Argument(metavar="[FILE|NAME]", help="A scenario file, or the name of an objective.", show_default=False),
    ] = None,
    environment: options.Environment = None,
    store: options.StoreUrl = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> int:
    """Show objectives and what is left of their error budgets.

    Of a file, its objectives; without one, every ledger in the history. A ledger is what stored runs with `consume_budget: true`
    took from a budget: what is left of it, how fast the last run burned it, which alerts fire, and a health score.

    \b
    Examples:
      loadkit slo show shop.yaml
      loadkit slo show checkout-availability
      loadkit slo show --json
    """
    from loadkit.outputs.ledger import ledger_data, overall_lines, standing_lines
    from loadkit.report.history import open_store
    from loadkit.report.ledger import Ledger

    declared = _declared(what, environment)
    with open_store(store) as kept:
        standings = {one.slo: one for one in Ledger(kept).standings()}
    named = _named(what, declared, standings)
    if as_json:
        import msgspec

        write_line(sys.stdout, msgspec.json.format(msgspec.json.encode(ledger_data(named)), indent=2).decode())
        return ExitCode.PASS
    if not named:
        write_line(sys.stdout, "no objective has a ledger; runs with `consume_budget: true` begin one")
        return ExitCode.PASS
    paint = paint_for(sys.stdout, os.environ)
    for name, standing, slo in named:
        for line in standing_lines(name, standing, slo, paint):
            write_line(sys.stdout, line)
        write_line(sys.stdout, "")
    for line in overall_lines([standing for _, standing, _ in named]):
        write_line(sys.stdout, line)
    return ExitCode.PASS


def _declared(what: str | None, environment: str | None) -> tuple[Slo, ...] | None:
    """Return the objectives of a file, None where `what` names no file."""
    if what is None or not Path(what).is_file():
        if environment is not None:
            raise UsageError("-e chooses an environment of a file; name the file")
        return None
    from loadkit.cli.inputs import Input

    slos = Input(environment=environment).read([Path(what)]).slos
    if not slos:
        raise UsageError(f"{what} has no objectives; write them under config.slos")
    return slos


def _named(what: str | None, declared: tuple[Slo, ...] | None, standings: dict[str, Standing]) -> Named:
    if declared is not None:
        return [(slo.name, standings.get(slo.name), slo) for slo in declared]
    if what is None:
        return [(name, standing, None) for name, standing in standings.items()]
    if what not in standings:
        listed = f"there are: {', '.join(standings)}" if standings else "no objective has one yet"
        raise UsageError(f"{what} is no file, and no objective of that name has a ledger; {listed}")
    return [(what, standings[what], None)]
