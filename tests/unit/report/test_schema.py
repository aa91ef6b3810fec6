import json
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator

from loadkit.engine.result import RunResult
from loadkit.metrics.snapshot import Snapshot
from loadkit.report.schema import report_schema
from loadkit.slo.evaluate import Status
from tests.support.results import failing_second, invalid, phase, plan, report_of, result, second, verdict
from tests.unit.report.test_health import generated

RUNS = {
    "plain": result(),
    "nothing": result(Snapshot(), elapsed_s=0.0),
    "health": result(generated()),
    "failures": result(second(0), failing_second(1), verdicts=(verdict(Status.FAIL),)),
    "interrupted": result(signal="SIGTERM", tags={"team": "checkout"}),
    "invalid": result(measurement=invalid(), verdicts=(verdict(Status.INVALID, observed=None, at=None),)),
    "phases": result(plan=plan(phase(0), phase(1, kind="closed"), phase(2, kind="pause"))),
}


def strict(schema: Any) -> Any:
    """The schema with every object closed, so that a key it does not describe is a fault."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: strict(value) for key, value in schema.items()}
    if "properties" in schema and schema.get("type") == "object":
        made["additionalProperties"] = False
    return made


def described(schema: Any, path: str = "") -> list[str]:
    """The paths of properties without a description."""
    if not isinstance(schema, dict):
        return []
    missing = [
        f"{path}/{name}"
        for name, value in schema.get("properties", {}).items()
        if not value.get("description") and "$ref" not in value
    ]
    for key, value in schema.items():
        missing += described(value, f"{path}/{key}")
    return missing


def test_the_schema_is_a_schema():
    Draft202012Validator.check_schema(report_schema())


def test_every_key_is_described():
    assert described(report_schema()) == []


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
def test_reports_are_valid_and_hold_no_key_that_is_not_described(run: RunResult):
    report = json.loads(msgspec.json.encode(report_of(run)))
    assert [error.message for error in Draft202012Validator(strict(report_schema())).iter_errors(report)] == []


def test_later_keys_do_not_make_a_report_invalid():
    report = report_of(result())
    report["loadkit"]["later"] = 1
    assert Draft202012Validator(report_schema()).is_valid(report)
