"""What a plan comes to at its peak, and what is refused before load."""

import json
from pathlib import Path
from typing import Any

import pytest

from loadkit.errors import ScenarioError
from loadkit.scenario.compile import compile_plan
from loadkit.scenario.plan import Plan
from loadkit.scenario.rates import UNKNOWN, peak_per_s
from loadkit.scenario.settings import Settings
from loadkit.scenario.source import read_document

GET = {"get": {"url": "/"}}
OPEN = {"duration": 10, "arrivalRate": 50, "name": "open"}


def planned(phases: list[Any], *flows: list[Any], target: str = "http://127.0.0.1", **settings: Any) -> Plan:
    scenarios = [{"flow": flow, "weight": number} for number, flow in enumerate(flows or ([GET],), 1)]
    text = json.dumps({"config": {"target": target, "phases": phases}, "scenarios": scenarios}, indent=1)
    return compile_plan(read_document(Path("t.json"), text), Settings(seed=1, **settings))


@pytest.mark.parametrize(
    ("phases", "flows", "peak"),
    [
        ([OPEN], [[GET]], 50),
        ([{**OPEN, "rampTo": 80}, OPEN], [[GET]], 80),
        ([{"duration": 10, "arrivalCount": 200}], [[GET, GET]], 40),
        ([OPEN], [[GET, {"loop": [GET, {"think": 1}, GET], "count": 3}]], 350),
        ([OPEN], [[{"loop": [GET], "count": "1-5"}, {"loop": [GET], "over": [1, 2]}]], 300),
        ([OPEN], [[{"loop": [{"loop": [GET], "count": 2}], "count": 5}]], 500),
        ([OPEN], [[{"loop": [GET], "count": "{{ $randomNumber(1, 9) }}"}]], 50),
        ([OPEN], [[{"log": "x"}], [GET, GET, GET]], 100),  # weights 1 and 2
        ([{"duration": 10, "users": 9, "throughput": "30/s"}], [[GET, GET]], 30),
        ([{"duration": 10, "users": 1}], [[GET]], UNKNOWN),
        ([{"pause": 5}, OPEN], [[GET]], 50),
    ],
)
def test_the_peak_of_a_plan(phases: list[Any], flows: list[Any], peak: float) -> None:
    plan = planned(phases, *flows)
    assert peak_per_s(plan.phases, plan.scenarios) == pytest.approx(peak)


def faults(*arguments: Any, **settings: Any) -> list[tuple[str, int, str]]:
    with pytest.raises(ScenarioError) as caught:
        planned(*arguments, **settings)
    return [(found.code, found.at.line, found.message) for found in caught.value.diagnostics]


def test_a_plan_above_the_limit_is_refused_with_its_phase() -> None:
    phases = [{"duration": 1, "arrivalRate": 1}, OPEN, {"duration": 1, "users": 2}]
    (first, second) = faults(phases, [GET, GET], max_rate=(99, "--max-rate"))
    assert first[0] == second[0] == "LK402"
    assert first[1] < second[1]
    assert (
        first[2]
        == 'phase "open" plans up to 100 requests/s (50 visits/s with 2 requests each), and only 99/s are allowed (--max-rate)'
    )
    assert second[2] == 'phase "phase 3" sends as fast as the target answers, and only 99/s are allowed (--max-rate)'


def test_a_plan_at_the_limit_runs_and_so_does_one_user() -> None:
    planned([OPEN], [GET, GET], max_rate=(100, "x"))
    planned([OPEN], [GET, GET], max_rate=(1, "x"), solo=True)


def test_hosts_that_are_not_allowed_are_refused_where_they_stand() -> None:
    flow = [{"get": {"url": "http://other.example/x"}}, {"get": "http://shop.example/y"}, {"get": {"url": "/z"}}]
    found = faults([OPEN], flow, target="http://evil.example", allow_hosts=(("shop.example",),))
    assert [(code, text.split()[0]) for code, _, text in found] == [
        ("LK401", "evil.example"),
        ("LK401", "other.example"),
    ]
    assert planned([OPEN], flow, allow_hosts=()).hosts == ("127.0.0.1", "other.example", "shop.example")


@pytest.mark.parametrize("target", ["file:///etc/passwd", "unix:/run/x.sock", "http+unix://x", "ftp://h/x", "ws://h/"])
def test_other_schemes_are_refused(target: str) -> None:
    ((code, _, text),) = faults([OPEN], target=target)
    assert code == "LK212"
    assert "starts with http:// or https://" in text
