"""`loadkit slo show|export|import`."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from loadkit.cli import options
from loadkit.errors import ExitCode, PreflightError, UsageError
from loadkit.outputs.base import paint_for, write_line

if TYPE_CHECKING:
    from loadkit.outputs.promql import Metrics
    from loadkit.report.ledger import Standing
    from loadkit.slo.objective import Slo


class SloFormat(StrEnum):
    """What objectives are written as."""

    OPENSLO = "openslo"
    PROMETHEUS_RULES = "prometheus-rules"
    SLOTH = "sloth"


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
        from loadkit.outputs.json import json_text

        write_line(sys.stdout, json_text(ledger_data(named)))
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
    from loadkit.cli.bundles import Input

    slos = Input(environment=environment).plan([Path(what)]).slos
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


def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A scenario file with `slos`.")],
    form: Annotated[SloFormat, typer.Option("--format", help="What to write.")],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Write to this file instead of standard output."),
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(
            "--metric",
            metavar="KEY=VALUE",
            help="Use another service's metrics: requests=NAME, duration=NAME, or [OBJECTIVE:]good=SELECTOR and total=SELECTOR.",
            show_default=False,
        ),
    ] = None,
    environment: options.Environment = None,
) -> int:
    """Write objectives for other tools: OpenSLO v1, Prometheus rules, or Sloth.

    Rules name the metrics of loadkit's own exporter, loadkit_requests_total and loadkit_request_duration_seconds, unless --metric
    puts those of a real service in their place. What a format cannot say is told on standard error.

    \b
    Examples:
      loadkit slo export shop.yaml --format openslo -o slos.yaml
      loadkit slo export shop.yaml --format prometheus-rules -o rules.yaml
      loadkit slo export shop.yaml --format sloth --metric requests=http_requests_total
      loadkit slo export shop.yaml --format sloth --metric 'good=hits{code!~"5.."}' --metric total=hits
    """
    from loadkit.outputs.promql import parse_metrics

    metrics = parse_metrics(metric or [])
    slos = _declared(str(file), environment)
    if slos is None:
        raise UsageError(f"{file} is no file")
    text, notes = _exported(form, slos, metrics, file.stem)
    for note in notes:
        write_line(sys.stderr, f"note: {note}")
    _write(text, output)
    return ExitCode.PASS


def _exported(form: SloFormat, slos: tuple[Slo, ...], metrics: Metrics, service: str) -> tuple[str, list[str]]:
    if form is SloFormat.PROMETHEUS_RULES:
        from loadkit.outputs.prometheus_rules import prometheus_rules

        return _yaml(prometheus_rules(slos, metrics)), []
    if form is SloFormat.SLOTH:
        from loadkit.outputs.sloth import sloth

        document, notes = sloth(slos, metrics, service)
        return _yaml(document), notes
    from loadkit.outputs.openslo import openslo

    documents, notes = openslo(slos, metrics, service)
    return "---\n".join(map(_yaml, documents)), notes


def import_slos(
    file: Annotated[str, typer.Argument(metavar="FILE", help="OpenSLO v1 documents, or - for standard input.")],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Write to this file instead of standard output."),
    ] = None,
) -> int:
    """Make a `slos:` block of OpenSLO v1 documents.

    The result goes below `config` of a scenario, or is a file of its own: `loadkit run shop.yaml slos.yaml`. What cannot be said
    there is told with its place on standard error.

    \b
    Examples:
      loadkit slo import openslo.yaml
      loadkit slo import openslo.yaml -o slos.yaml
    """
    from loadkit.importers.openslo import read_openslo

    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    found = read_openslo(text, "standard input" if file == "-" else file)
    for told in found.told:
        write_line(sys.stderr, f"{told.at}: note: {told.text}")
    if not found.slos:
        raise UsageError("nothing of this can be said as an objective")
    _write(_yaml({"config": {"slos": found.slos}}), output)
    return ExitCode.PASS


def _yaml(data: object) -> str:
    import yaml

    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=1000)


def _write(text: str, output: Path | None) -> None:
    if output is None:
        sys.stdout.write(text)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise PreflightError(f"{output} cannot be written: {error.strerror or error}") from error
