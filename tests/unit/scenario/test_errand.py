"""`before` and `after` of a file: what they define, what is said of them, and that they are no part of the load."""

from typing import Any

import pytest

from loadkit.errors import ScenarioError
from loadkit.scenario.outlook import foresee
from loadkit.scenario.plan import Plan
from loadkit.scenario.settings import Settings
from loadkit.units import NS_PER_S
from tests.unit.scenario.test_compile import plan_of

CAPTURE = {"get": {"url": "/login", "capture": {"json": "$.token", "as": "token"}}}
USE = {"get": {"url": "/{{ token }}"}}


def compiled(flow: list[Any], config: dict[str, Any] | None = None, **top: Any) -> Plan:
    return plan_of(config, [{"flow": flow}], **top)


def codes(plan: Plan) -> list[str]:
    return [found.code for found in plan.warnings]


def test_what_before_captures_and_sets_every_scenario_and_after_know() -> None:
    before = {"flow": [CAPTURE, {"set": {"n.m": 1}}]}
    plan = compiled([USE, {"log": "{{ n.m }}"}], before=before, after={"flow": [USE]})
    assert codes(plan) == []
    assert [step.title for step in plan.before.steps] == ["GET /login", "set"]  # type: ignore[union-attr]


def test_variables_of_config_may_be_made_of_what_before_captures() -> None:
    config = {"variables": {"auth": "Bearer {{ token }}"}}
    assert codes(compiled([{"log": "{{ auth }}"}], config, before={"flow": [CAPTURE]})) == []
    with pytest.raises(ScenarioError, match="LK201"):
        compiled([{"log": "{{ auth }}"}], config)


def test_before_itself_knows_no_variable_that_comes_later() -> None:
    with pytest.raises(ScenarioError) as caught:
        compiled([USE], before={"flow": [USE, CAPTURE, {"log": "{{ nobody }}"}]})
    assert [found.code for found in caught.value.diagnostics] == ["LK202", "LK201"]


def test_in_after_a_variable_of_nobody_is_a_warning() -> None:
    plan = compiled([CAPTURE, USE], after={"flow": [USE]})
    assert codes(plan) == ["LK201"]
    assert "nothing of what virtual users did" in plan.warnings[0].hint


@pytest.mark.parametrize(("compat", "warned"), [({}, ["LK506"]), ({"compat": "artillery"}, [])])
def test_a_variable_of_config_that_before_sets_is_told(compat: dict[str, Any], warned: list[str]) -> None:
    assert codes(compiled([USE], {"variables": {"token": ""}, **compat}, before={"flow": [CAPTURE]})) == warned


def test_their_requests_are_no_part_of_the_load() -> None:
    errand = {"flow": [{"get": {"url": "http://127.0.0.2:1/elsewhere", "expect": {"statusCode": 200}}}]}
    plan = compiled([{"get": "/"}], before=errand, after=errand)
    assert (plan.request_names, plan.connections, plan.expect_at) == (("/",), 1, None)
    assert plan.hosts == ("127.0.0.1", "127.0.0.2")
    outlook = foresee(plan)
    assert [(one.name, one.number) for one in outlook.before] == [("/elsewhere", 1)]
    assert [(one.name, one.number) for one in outlook.requests_by_name] == [("/", 1)]


def test_a_host_that_is_not_allowed_is_none_for_them_either() -> None:
    with pytest.raises(ScenarioError, match="LK401"):
        plan_of(
            {"target": "http://shop.example"},
            [{"flow": [{"get": "/"}]}],
            before={"flow": [{"get": "http://example.com/"}]},
            settings=Settings(seed=1, allow_hosts=(("shop.example",),)),
        )


@pytest.mark.parametrize(("timeout", "seconds"), [(None, 300), (2, 2), ("1m", 60)])
def test_they_have_a_limit_of_time(timeout: Any, seconds: int) -> None:
    item = {"flow": [{"think": 1}], **({} if timeout is None else {"timeout": timeout})}
    assert compiled([{"get": "/"}], before=item).before.timeout_ns == seconds * NS_PER_S  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("item", "code", "words"),
    [
        ({}, "LK103", '"flow" is missing'),
        ({"flow": [{"gte": "/"}]}, "LK107", "unknown step action"),
        ({"flow": [{}]}, "LK105", "step 1 of `before` has no action"),
        ({"flow": [{"get": {"url": "/", "heders": {}}}]}, "LK101", 'unknown key "heders"'),
        ({"flow": [{"think": 1}], "timeout": "soon"}, "LK211", "soon"),
        ({"flow": [{"think": 1}], "weight": 2}, "LK101", 'unknown key "weight"'),
    ],
)
def test_their_faults_are_told_like_those_of_scenarios(item: dict[str, Any], code: str, words: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        compiled([{"get": "/"}], before=item)
    found = caught.value.diagnostics
    assert [one.code for one in found] == [code]
    assert words in found[0].message


def test_secrets_that_before_sets_are_known_from_then_on() -> None:
    plan = compiled([USE], before={"flow": [CAPTURE]}).with_given({"token": "abcdef123", "name": "lamp"})
    assert plan.secrets.mask_values("abcdef123 of lamp") == "*** of lamp"
