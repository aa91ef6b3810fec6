"""What is kept of a plan to judge and report by, and what is not."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from loadkit.scenario.compile import compile_plan
from loadkit.scenario.outline import outline, recall
from loadkit.scenario.plan import Plan
from loadkit.scenario.settings import Settings
from loadkit.scenario.source import read_document

DATA: dict[str, Any] = {
    "config": {
        "target": "http://127.0.0.1:9",
        "mode": "poisson",
        "variables": {"token": "canary"},
        "http": {"defaults": {"headers": {"X-Key": "canary"}}},
        "phases": [
            {"name": "ramp", "duration": "10s", "arrivalRate": 1, "rampTo": 20, "maxVusers": 50},
            {"pause": 3},
            {"name": "users", "duration": "5s", "users": 4, "throughput": "50/s"},
        ],
        "thresholds": ["http.response_time.p95 < 250ms", 'http.codes.500 == 0 of "detail"'],
        "plugins": {"ensure": {"maxErrorRate": 1}, "expect": {}, "nonsense": {"key": "canary"}},
        "ensure": {
            "thresholds": [{"http.response_time.p99": 500}],
            "conditions": [{"expression": "http.requests > 1"}],
        },
    },
    "scenarios": [
        {
            "name": "look",
            "weight": 2.5,
            "flow": [
                {"get": {"url": "/?token=canary", "name": "detail", "expect": {"statusCode": 200}}},
                {"log": "canary"},
            ],
        },
        {"flow": [{"get": {"url": "/"}}]},
    ],
}


def plan_of(data: dict[str, Any], **settings: Any) -> Plan:
    return compile_plan(read_document(Path("shop.yaml"), yaml.safe_dump(data, sort_keys=False)), Settings(**settings))


def again(plan: Plan) -> Plan:
    """The plan, after a journey through bytes."""
    return recall(msgspec.msgpack.decode(msgspec.msgpack.encode(outline(plan))))


@pytest.mark.parametrize("solo", [False, True])
def test_a_plan_comes_back_as_far_as_it_is_judged_and_reported(solo: bool) -> None:
    plan = plan_of(DATA, seed=3, name="nightly", tags={"team": "a"}, solo=solo)
    made = again(plan)
    for name in ("name", "target", "seed", "digest", "solo", "tags", "request_names", "warnings", "expect_at"):
        assert getattr(made, name) == getattr(plan, name), name
    assert [(phase.name, phase.start_ns, phase.max_vusers, phase.at) for phase in made.phases] == [
        (phase.name, phase.start_ns, phase.max_vusers, phase.at) for phase in plan.phases
    ]
    assert [getattr(phase.workload, "planned", None) for phase in made.phases] == [
        getattr(phase.workload, "planned", None) for phase in plan.phases
    ]
    assert made.objectives == plan.objectives
    assert made.ensure is not None
    assert plan.ensure is not None
    assert [(check.where, check.rule.at, check.strict) for check in made.ensure.checks] == [
        (check.where, check.rule.at, check.strict) for check in plan.ensure.checks
    ]
    assert [(scenario.index, scenario.name, scenario.weight) for scenario in made.scenarios] == [
        (0, "look", 2.5),
        (1, "scenario 1", 1.0),
    ]
    assert made.document.files == plan.document.files


def test_a_plan_of_little_comes_back() -> None:
    plan = plan_of({"config": {"target": "http://127.0.0.1:9"}, "scenarios": [{"flow": [{"think": 1}]}]}, seed=1)
    assert again(plan).phases[0].at == plan.phases[0].at


def test_no_secret_is_in_an_outline() -> None:
    plan = plan_of(DATA, seed=1)
    assert "canary" in plan.document.sources["shop.yaml"]
    assert b"canary" not in msgspec.msgpack.encode(outline(plan))


def spoiled() -> list[Any]:
    good = outline(plan_of(DATA, seed=1))

    def with_data(data: Any) -> Any:
        return {**good, "document": {**good["document"], "data": data if isinstance(data, str) else json.dumps(data)}}

    return [
        None,
        [],
        {},
        {**good, "seed": "1"},
        {**good, "document": {}},
        {**good, "document": {**good["document"], "spans": [[["config"], None, [99, 1, 1], 1, 1]]}},
        with_data("not JSON"),
        with_data("[" * 100_000),
        with_data([]),
        with_data({"config": []}),
        with_data({"config": {"phases": 7}}),
        with_data({"config": {"phases": [{"duration": "soon", "arrivalRate": 1}]}}),
        with_data({"config": {"phases": [{"duration": 1, "arrivalRate": {}}]}}),
        with_data({"config": {"thresholds": ["nothing.known < 1"]}}),
        with_data({"config": {"thresholds": ['http.codes.500 == 0 of "nobody"']}}),
    ]


@pytest.mark.parametrize("wire", spoiled())
def test_what_is_no_outline_is_refused(wire: Any) -> None:
    with pytest.raises(ValueError, match="not the outline of a plan"):
        recall(wire)


def test_metrics_of_a_processor_that_is_gone_are_still_judged(tmp_path: Path) -> None:
    hooks = tmp_path / "hooks.py"
    hooks.write_text(
        "def f(metrics):\n    metrics.counter('placed')\n    metrics.rate('seen')\n    metrics.histogram('size', 1)\n"
    )
    thresholds = ["placed > 0", "seen > 1/s", "size.p95 < 9"]
    config = {"target": "http://127.0.0.1:9", "processor": "./hooks.py", "thresholds": thresholds}
    path = tmp_path / "shop.yaml"
    path.write_text(yaml.safe_dump({"config": config, "scenarios": [{"flow": []}]}))
    made = compile_plan(read_document(path), Settings(seed=1))
    hooks.unlink()
    read = recall(msgspec.msgpack.decode(msgspec.msgpack.encode(outline(made))))
    assert [one.text for one in read.objectives] == thresholds
    assert [one.selector for one in read.objectives] == [one.selector for one in made.objectives]


def test_a_replay_comes_back_without_its_file(tmp_path: Path) -> None:
    (tmp_path / "once.csv").write_text("0.5\n1.25\n7\n")
    phases = [
        {"duration": 2, "arrivalRate": 1},
        {"name": "once", "replay": {"path": "once.csv", "speed": 3}, "maxVusers": 2},
    ]
    data = {"config": {"target": "http://127.0.0.1:9", "phases": phases}, "scenarios": DATA["scenarios"]}
    plan, solo = (
        compile_plan(read_document(tmp_path / "shop.yaml", yaml.safe_dump(data)), Settings(seed=1, solo=solo))
        for solo in (False, True)
    )
    (tmp_path / "once.csv").unlink()
    made = again(plan).phases[1]
    assert (made.name, made.start_ns, made.duration_ns) == ("once", 2 * 10**9, plan.phases[1].duration_ns)
    assert made.max_vusers == 2
    assert [phase.name for phase in again(solo).phases] == ["solo"]
    assert made.workload.planned == 3  # type: ignore[union-attr]
