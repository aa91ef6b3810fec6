"""How wide a flow is, and what that comes to in descriptors and time."""

from typing import Any

import pytest

from loadkit.fleet.preflight import descriptors_needed
from loadkit.scenario.outlook import foresee
from loadkit.scenario.width import width_of
from tests.unit.scenario.test_compile import plan_of

GET = {"get": {"url": "/"}}


def par(*branches: Any, **keys: Any) -> dict[str, Any]:
    return {"parallel": list(branches), **keys}


@pytest.mark.parametrize(
    ("flow", "width"),
    [
        ([GET, GET], 1),
        ([par()], 1),
        ([par(GET, GET, GET)], 3),
        ([par(GET, GET), par(GET, GET, GET)], 3),
        ([[par(GET, GET)]], 2),
        ([{"loop": [par(GET, GET)], "count": 5}], 2),
        ([par(par(GET, GET), [GET, par(GET, GET, GET)])], 5),
        ([par(*[GET] * 8, limit=3)], 3),
        ([par(*[GET] * 8, limit="{{ n }}")], 8),
        ([par(*[GET] * 8, limit=0)], 8),
        ([par(*[GET] * 120)], 100),
        ([par(par(GET, GET), GET, GET, limit=2)], 4),
        ([par(par(GET, GET, GET), GET), par(GET, par(GET, GET, GET))], 6),
    ],
)
def test_the_width_of_a_flow(flow: list[Any], width: int) -> None:
    assert width_of([flow], {}) == width
    assert width_of([[GET], flow], {"http": {"pool": 2}, "compat": "artillery"}) == width
    assert width_of([flow], {"compat": "artillery"}) == 1


def test_each_branch_may_hold_a_connection_and_the_longest_decides_on_a_visit() -> None:
    flow = [
        par({"think": 2}, {"get": {"url": "/", "timeout": 3}}, [{"think": 1}, {"get": {"url": "/x", "timeout": 4}}])
    ]
    plan = plan_of({"phases": [{"duration": 1, "users": 10}]}, [{"flow": flow}])
    assert (plan.width, plan.connections, descriptors_needed(plan, 10)) == (3, 3, 130)
    (scenario,) = foresee(plan).scenarios
    assert (scenario.shortest_visit_s, scenario.longest_visit_s, scenario.requests_per_visit) == (2, 5, 2)
    pooled = plan_of({"phases": [{"duration": 1, "users": 10}], "http": {"pool": 25}}, [{"flow": flow}])
    assert (pooled.width, pooled.connections, descriptors_needed(pooled, 10)) == (3, 1, 125)
    assert foresee(pooled).scenarios[0].longest_visit_s == 10
