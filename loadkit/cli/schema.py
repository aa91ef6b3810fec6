"""`loadkit schema`."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from loadkit.errors import PreflightError
from loadkit.outputs.base import write_line


class SchemaName(StrEnum):
    """The schemas that loadkit publishes."""

    SCENARIO = "scenario"
    REPORT = "report"
    PLAN = "plan"
    GATE = "gate"
    RECOMMENDATION = "recommendation"
    AB = "ab"
    SCALABILITY = "scalability"
    CAPACITY = "capacity"


def schema(
    which: Annotated[
        SchemaName,
        typer.Argument(
            metavar="scenario|report|plan|gate|recommendation|ab|capacity|scalability", help="Which schema to print."
        ),
    ] = SchemaName.SCENARIO,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="DIR", help="Write all schemas into this directory instead."),
    ] = None,
) -> int:
    """Print the JSON Schema of what loadkit reads and writes.

    Editors complete and explain scenarios and gates with it; other tools can rely on a report, on what `loadkit plan --json`
    prints, and on what `loadkit gate --json`, `loadkit ab --json` and
    `loadkit capacity --json` write.

    \b
    Examples:
      loadkit schema > scenario.schema.json
      loadkit schema report
      loadkit schema -o schemas
    """
    if output is None:
        write_line(sys.stdout, schema_text(which).rstrip())
        return 0
    for name in SchemaName:
        path = output / f"{name.value}.schema.json"
        try:
            output.mkdir(parents=True, exist_ok=True)
            path.write_text(schema_text(name), encoding="utf-8")
        except OSError as error:
            raise PreflightError(f"cannot write {path}: {error.strerror}; choose another directory with -o") from error
        write_line(sys.stdout, f"wrote {path}")
    return 0


def schema_text(name: SchemaName) -> str:
    """Return a schema as the text of its file."""
    return json.dumps(_schema(name), indent=2, ensure_ascii=False) + "\n"


def _schema(name: SchemaName) -> dict[str, Any]:
    if name is SchemaName.SCENARIO:
        from loadkit.scenario.schema import published_schema

        return published_schema()
    if name is SchemaName.PLAN:
        from loadkit.fleet.demand import forecast_schema

        return forecast_schema()
    if name is SchemaName.GATE:
        from loadkit.scenario.gate_keys import gate_schema

        return gate_schema()
    if name is SchemaName.RECOMMENDATION:
        from loadkit.analysis.recommendation_schema import recommendation_schema

        return recommendation_schema()
    if name is SchemaName.SCALABILITY:
        from loadkit.outputs.scalability_report import scalability_schema

        return scalability_schema()
    if name is SchemaName.AB:
        from loadkit.outputs.ab_report import ab_schema

        return ab_schema()
    if name is SchemaName.CAPACITY:
        from loadkit.outputs.capacity_report import capacity_schema

        return capacity_schema()
    from loadkit.report.schema import report_schema

    return report_schema()
