"""`config.observe` as a list and as a mapping, long and short; and what of it is kept with a run."""

from pathlib import Path
from typing import Any

import pytest

from loadkit.errors import ScenarioError
from loadkit.scenario.compile import compile_plan
from loadkit.scenario.outline import outline, recall
from loadkit.scenario.plan import Plan
from loadkit.scenario.settings import Settings
from loadkit.scenario.source import read_document

URL = "postgresql://shop:hunter2222@db/shop"


def compiled(observe: str, more: str = "") -> Plan:
    text = f"""
config:
  target: "http://127.0.0.1:8080"
  phases: [{{duration: 5, arrivalRate: 1}}]
  observe: {observe}
  {more}
scenarios:
  - flow: [{{get: {{url: /}}}}]
"""
    return compile_plan(read_document(Path("shop.yaml"), text), Settings())


def told(plan: Plan) -> list[tuple[str, str, dict[str, Any], bool]]:
    sources = plan.observed.sources
    return [(source.name, source.plugin, dict(source.options), source.required) for source in sources]


@pytest.mark.parametrize(
    ("observe", "sources"),
    [
        ("[]", []),
        ("[host, target]", [("host", "host", {"host": True}, True), ("target", "process", {"target": True}, True)]),
        ("{host: true}", [("host", "host", {"host": True}, True)]),
        ("[{pid: 12}]", [("pid", "process", {"pid": 12}, True)]),
        ("{api: {pid: 12}}", [("api", "process", {"pid": 12}, True)]),
        ("{api: {name: shop, pid: 12}}", [("shop", "process", {"name": "shop", "pid": 12}, True)]),
        ("{api: {pid: 12, required: false}}", [("api", "process", {"pid": 12, "required": False}, False)]),
        ("{api: {run: ./x, x-note: mine}}", [("api", "command", {"run": "./x", "x-note": "mine"}, True)]),
    ],
)
def test_a_source_may_be_written_in_several_ways(observe: str, sources: list[object]) -> None:
    assert told(compiled(observe)) == sources


def test_the_warm_up_is_no_source() -> None:
    plan = compiled("{warmup: 1m30s, host: true}")
    assert (plan.observed.warmup_s, [source.name for source in plan.observed.sources]) == (90.0, ["host"])
    assert compiled("[host]").observed.warmup_s is None


def test_a_series_that_the_scenario_names_can_be_judged() -> None:
    series = "[{metric: jobs_total, rate: true, as: jobs}]"
    plan = compiled(f"{{q: {{run: ./x, series: {series}}}}}", "thresholds: [observe.q.jobs.max < 5/s]")
    (objective,) = plan.objectives
    assert (objective.selector.name, objective.limit) == ("observe.q.jobs.max", 5.0)
    with pytest.raises(ScenarioError, match='"q" has no series "value"'):
        compiled(f"{{q: {{run: ./x, series: {series}}}}}", "thresholds: [observe.q.value.max < 5]")


def test_what_is_kept_of_a_run_judges_the_same_and_holds_no_password() -> None:
    plan = compiled(
        f'{{warmup: 3s, db: {{sql: "SELECT 1", url: "{URL}"}}, host: true}}',
        "thresholds: [observe.db.value.max < 5, observe.host.memory_used.growth < 1MB per 500 requests]",
    )
    kept = outline(plan)
    assert "hunter2222" not in str(kept)
    again = recall(kept)
    assert again.objectives == plan.objectives
    assert again.observed.warmup_s == 3.0
    assert [(one.name, one.plugin, one.series) for one in again.observed.sources] == [
        (one.name, one.plugin, one.series) for one in plan.observed.sources
    ]
    assert all(not one.options for one in again.observed.sources)
