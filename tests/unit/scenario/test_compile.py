"""From a document to a plan: defaults, choices of the command line, and what only the meaning shows."""

import math
from pathlib import Path
from typing import Any

import pytest
import yaml

from loadkit.errors import ScenarioError
from loadkit.scenario.compile import compile_plan
from loadkit.scenario.judging import BusyStreak
from loadkit.scenario.merge import Overrides, gather_document
from loadkit.scenario.plan import Plan
from loadkit.scenario.resolve import render_config
from loadkit.scenario.settings import Settings
from loadkit.scenario.source import document_from_wire, document_to_wire, read_document

FLOW = [{"get": {"url": "/"}}]


def text_of(config: dict[str, Any] | None = None, scenarios: list[Any] | None = None, **top: Any) -> str:
    data = {
        "config": {"target": "http://127.0.0.1:9", **(config or {})},
        "scenarios": scenarios or [{"flow": FLOW}],
        **top,
    }
    return yaml.safe_dump(data, sort_keys=False)


def plan_of(*arguments: Any, settings: Settings | None = None, **options: Any) -> Plan:
    return compile_plan(read_document(Path("it.yaml"), text_of(*arguments, **options)), settings or Settings(seed=1))


def faults(*arguments: Any, settings: Settings | None = None, **options: Any) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        plan_of(*arguments, settings=settings, **options)
    return [diagnostic.code for diagnostic in caught.value.diagnostics]


def test_no_phases_is_one_virtual_user() -> None:
    (phase,) = plan_of().phases
    assert phase.workload.planned == 1  # type: ignore[union-attr]


def test_solo_replaces_the_phases_and_still_checks_them() -> None:
    phases = {"phases": [{"duration": 600, "users": 50}]}
    plan = plan_of(phases, settings=Settings(seed=1, solo=True))
    assert (plan.solo, [phase.name for phase in plan.phases]) == (True, ["solo"])
    assert faults({"phases": [{"duration": 600}]}, settings=Settings(seed=1, solo=True)) == ["LK208"]


def test_phases_follow_each_other_and_number_their_arrivals_on() -> None:
    phases = [
        {"duration": 10, "arrivalRate": 2},
        {"pause": "5s"},
        {"duration": "1m30s", "arrivalCount": 7, "name": "x"},
    ]
    plan = plan_of({"phases": phases})
    assert [phase.start_ns / 1e9 for phase in plan.phases] == [0, 10, 15]
    assert [phase.first_number for phase in plan.phases] == [0, 20, 20]
    assert [phase.name for phase in plan.phases] == ["phase 1", "phase 2", "x"]
    assert plan.duration_ns == 105 * 10**9


@pytest.mark.parametrize(
    ("urls", "connections"),
    [
        (["/", "/a", "http://127.0.0.1:9/b"], 1),
        (["/", "http://127.0.0.1:10/", "https://127.0.0.1:9/"], 3),
        (["/", "{{ target }}/", "{{ target }}/b"], 2),
    ],
)
def test_a_virtual_user_has_a_connection_to_each_origin(urls: list[str], connections: int) -> None:
    flow = [{"get": {"url": url}} for url in urls]
    assert plan_of({"variables": {"target": "x"}}, [{"flow": flow}]).connections == connections


def test_the_mode_of_the_configuration_is_that_of_its_phases_unless_they_say_otherwise() -> None:
    phases = [{"duration": 10, "arrivalRate": 2}, {"duration": 10, "arrivalRate": 2, "mode": "uniform"}]
    kinds = [type(phase.workload).__name__ for phase in plan_of({"phases": phases, "mode": "poisson"}).phases]
    assert kinds == ["Poisson", "Constant"]


def test_a_seed_comes_from_the_command_line_else_the_file_else_chance() -> None:
    assert plan_of({"seed": 5}, settings=Settings(seed=7)).seed == 7
    assert plan_of({"seed": 5}, settings=Settings()).seed == 5
    drawn = {plan_of(settings=Settings()).seed for _ in range(5)}
    assert len(drawn) == 5


def test_the_digest_is_that_of_the_content() -> None:
    one, same, other = plan_of(), plan_of(), plan_of({"variables": {"a": 1}})
    assert one.digest == same.digest != other.digest


SHOP = [{"name": name, "weight": weight, "flow": FLOW} for name, weight in (("browse", 7), ("buy", 3), ("idle", 0))]


def test_a_scenario_is_chosen_by_name_or_by_expression() -> None:
    for wanted, names in (("buy", ["buy"]), ("^b", ["browse", "buy"]), ("idle", ["idle"])):
        chosen = plan_of(None, SHOP, settings=Settings(seed=1, scenario_name=wanted)).scenarios
        assert [scenario.name for scenario in chosen] == names
        assert all(scenario.weight > 0 for scenario in chosen)


@pytest.mark.parametrize("wanted", ["brwose", "(", "nothing like it"])
def test_an_unknown_scenario_name_is_a_fault(wanted: str) -> None:
    assert faults(None, SHOP, settings=Settings(seed=1, scenario_name=wanted)) == ["LK215"]


def test_weights_may_be_templates_over_the_configuration() -> None:
    scenarios = [{"weight": "{{ share }}", "flow": FLOW}, {"flow": FLOW}]
    plan = plan_of({"variables": {"share": 4}}, scenarios)
    assert [scenario.weight for scenario in plan.scenarios] == [4, 1]


def test_the_demo_and_any_target_of_the_command_line_are_targets() -> None:
    assert plan_of({"target": "demo://"}).target == "demo://"
    assert plan_of(settings=Settings(seed=1, target="https://other")).target == "https://other"
    assert faults(settings=Settings(seed=1, target="other:80")) == ["LK212"]


@pytest.mark.parametrize("target", ["http://h/a?b=c", "http://h/#top", "demo://shop", "ftp://h"])
def test_a_target_that_paths_cannot_follow_is_a_fault(target: str) -> None:
    assert faults({"target": target}) == ["LK212"]


def test_thresholds_know_their_lines() -> None:
    plan = plan_of({"thresholds": ["http.error_rate < 1%", "vusers.failed == 0"]})
    assert [objective.at.line for objective in plan.objectives if objective.at] == [4, 5]


def test_keys_that_begin_with_x_and_schema_are_ignored() -> None:
    top = {"x-team": {"any": ["thing"]}, "$schema": "schemas/scenario.schema.json"}
    config = {"x-note": 1, "phases": [{"duration": 1, "arrivalRate": 1, "x-why": "because"}], "http": {"x-a": 1}}
    flow = [{"get": {"url": "/", "x-ticket": "A-1"}, "x-step": True}]
    plan = plan_of(config, [{"flow": flow, "x-owner": "ann"}], **top)
    assert plan.warnings == ()


def test_captures_of_one_scenario_are_unknown_to_another() -> None:
    capture = {"get": {"url": "/", "capture": {"json": "$.id", "as": "id"}}}
    use = {"get": {"url": "/{{ id }}"}}
    assert plan_of(None, [{"flow": [capture, use]}]).warnings == ()
    assert faults(None, [{"flow": [capture]}, {"flow": [use]}]) == ["LK201"]


def test_variables_payload_fields_and_names_of_the_context_are_defined(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text("user,mail\nann,a@x\n")
    path = tmp_path / "it.yaml"
    use = "{{ color }} {{ user }} {{ mail }} {{ $environment }} {{ $testId }} {{ $scenarioFile }} {{ $dirname }} {{ target }}"
    config = {"variables": {"color": ["red"]}, "payload": {"path": "users.csv"}}
    path.write_text(text_of(config, [{"flow": [{"log": use}]}]))
    reading = gather_document([path], Overrides())
    assert reading.document is not None
    assert compile_plan(reading.document, Settings(seed=1)).warnings == ()


def test_a_plan_compiled_from_the_wire_is_the_same() -> None:
    document = read_document(Path("it.yaml"), text_of({"phases": [{"duration": 5, "arrivalRate": 3}]}, SHOP))
    twin = document_from_wire(document_to_wire(document))
    one, other = (compile_plan(made, Settings(seed=1)) for made in (document, twin))
    assert one.digest == other.digest
    assert [phase.at for phase in one.phases] == [phase.at for phase in other.phases]


def test_a_busy_core_is_noticed_where_the_rate_was_asked_for() -> None:
    from loadkit.metrics.gauge import Gauge
    from loadkit.metrics.snapshot import Snapshot

    def longest(phase: dict[str, Any], shares: list[float]) -> tuple[float, float]:
        streak = BusyStreak(plan_of({"phases": [phase]}))
        for second, share in enumerate(shares):
            gauges = {("worker.cpu", 0): Gauge.seen(second, share), ("phase.index", 0): Gauge.seen(second, 0.0)}
            streak.add(Snapshot(start_ns=second * 10**9, end_ns=(second + 1) * 10**9, gauges=gauges))
        return streak.busy_s[0], streak.bound_s[0]

    shares = [0.9, 0.9, 0.5, 0.9, 0.9, 0.9, 0.2]
    assert longest({"duration": 9, "arrivalRate": 5}, shares) == (3, 0)
    assert longest({"duration": 9, "users": 5, "throughput": 5}, shares) == (3, 0)
    assert longest({"duration": 9, "users": 5}, shares) == (0, 3)


def test_a_request_named_by_a_template_has_thresholds() -> None:
    name = "/p/{{ product }}"
    config = {
        "variables": {"product": [1, 2], "most": 300},
        "thresholds": [f'http.response_time.p95 < {{{{ most }}}} of "{name}"', f"http.error_rate < 1% of {name!r}"],
    }
    document = read_document(Path("it.yaml"), text_of(config, [{"flow": [{"get": {"url": name}}]}]))
    assert render_config(document, {}) == []
    plan = compile_plan(document, Settings(seed=1))
    assert [objective.selector.label for objective in plan.objectives] == [name, name]


def test_a_default_header_may_wait_for_the_capture_of_a_login() -> None:
    config = {"http": {"defaults": {"headers": {"Authorization": "Bearer {{ token }}"}}}}
    login = {"post": {"url": "/login", "capture": {"json": "$.token", "as": "token"}}}
    assert [one.code for one in plan_of(config, [{"flow": [login, *FLOW]}]).warnings] == ["LK506"]
    compat = {**config, "compat": "artillery"}
    assert [one.code for one in plan_of(compat, [{"flow": FLOW}]).warnings] == ["LK201"]
    assert faults(config, [{"flow": FLOW}]) == ["LK506", "LK201"]


def diagnosed(*arguments: Any, **options: Any) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        plan_of(*arguments, **options)
    return [f"{found.code} {found.message}" for found in caught.value.diagnostics]


def test_all_mistakes_of_a_text_are_told_in_its_order() -> None:
    expected = [f'LK201 nothing defines the variable "{name}"' for name in ("bb", "aa", "cc")]
    assert diagnosed(None, [{"flow": [{"log": "{{ bb }} {{ aa }} {{ cc }} {{ aa }}"}]}]) == expected
    broken = diagnosed(None, [{"flow": [{"log": "{{ $one() }} {{ dd }} {{ $two() }}"}]}])
    assert [text.partition(" ")[0] for text in broken] == ["LK203", "LK201", "LK203"]


@pytest.mark.parametrize(
    ("phase", "expected"),
    [
        ({"duration": "1x", "arrivalRate": 5, "nam": "foo"}, ["LK211", "LK101"]),
        ({"duration": 10, "arrivalRate": 5, "users": 5, "nam": "foo"}, ["LK209", "LK101"]),
        ({"duration": "1x", "arrivalRate": "five"}, ["LK211", "LK211"]),
        ({"duration": 0, "arrivalRate": 0, "maxVusers": 0}, ["LK208", "LK208", "LK104"]),
        ({"duration": 10, "arivalRate": 5}, ["LK101"]),
        ({"duratoin": 10, "arrivalRate": 5}, ["LK101"]),
        ({"duration": [10], "arrivalRate": [5]}, ["LK102", "LK102"]),
    ],
)
def test_each_mistake_of_a_phase_is_told_once(phase: dict[str, Any], expected: list[str]) -> None:
    assert faults({"phases": [phase]}) == expected


@pytest.mark.parametrize(
    ("config", "step", "code"),
    [
        ({"phases": [{"duration": 1, "arrivalRate": 1, "maxVusers": math.inf}]}, FLOW[0], "LK102"),
        ({"http": {"maxRedirects": math.inf}}, FLOW[0], "LK102"),
        ({}, {"get": {"url": "/", "maxRedirects": math.inf}}, "LK102"),
        ({}, {"call": {"function": "a:b", "calls": math.inf}}, "LK102"),
        ({}, {"get": {"url": "/", "capture": {"selector": "a", "index": math.inf, "as": "a"}}}, "LK102"),
        ({}, {"parallel": FLOW, "limit": math.inf}, "LK102"),
        ({"python": {"threads": math.inf}}, {"call": "os:getcwd"}, "LK102"),
        ({"payload": {"path": __file__, "options": {"from": math.inf}}}, FLOW[0], "LK102"),
    ],
)
def test_a_number_without_end_is_a_fault_where_a_whole_one_is_needed(config: Any, step: Any, code: str) -> None:
    assert code in faults(config, [{"flow": [step]}])


def test_a_loop_whose_count_has_no_end_is_a_fault() -> None:
    assert faults(None, [{"flow": [{"loop": FLOW, "count": math.inf}]}])


@pytest.mark.parametrize("weight", [math.inf, math.nan, "nan"])
def test_a_weight_that_is_no_number_is_a_fault(weight: Any) -> None:
    assert faults(None, [{"weight": weight, "flow": FLOW}, {"flow": FLOW}]) == ["LK207"]


@pytest.mark.parametrize(
    ("phase", "key"),
    [
        ({"duration": 10, "users": 5, "throughput": "100/x"}, "throughput"),
        ({"duration": 10, "users": 5, "rampTo": "x"}, "rampTo"),
        ({"duration": 10, "rampTo": 0}, "rampTo"),
        ({"duration": 10, "arrivalCount": "7.5"}, "arrivalCount"),
    ],
)
def test_a_bad_phase_is_reported_at_the_key_to_blame(phase: dict[str, Any], key: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        plan_of({"phases": [phase]})
    (found,) = caught.value.diagnostics
    assert found.at.line == 4 + list(phase).index(key)


@pytest.mark.parametrize(
    ("phase", "unread"),
    [
        ({"duration": 1, "arrivalCount": 5, "arrivalRate": 5, "rampTo": 3}, ["arrivalRate", "rampTo"]),
        ({"duration": 1, "arrivalCount": 5, "mode": "poisson", "maxVusers": 2}, ["mode"]),
        ({"duration": 1, "arrivalCount": 5, "mode": "uniform"}, []),
        ({"pause": 1, "duration": 2, "users": 5, "mode": "uniform", "name": "x"}, ["duration", "users", "mode"]),
        ({"duration": 1, "users": 5, "rampTo": 6, "maxVusers": 2, "mode": "poisson"}, ["maxVusers", "mode"]),
        ({"duration": 1, "arrivalRate": 5, "rampTo": 6, "maxVusers": 2, "mode": "poisson"}, []),
    ],
)
def test_keys_that_a_phase_does_not_read_are_warned_of(phase: dict[str, Any], unread: list[str]) -> None:
    found = plan_of({"phases": [phase]}).warnings
    assert [(warning.code, warning.message.split("`")[1]) for warning in found] == [("LK505", key) for key in unread]


def test_a_misplaced_or_misspelt_target_is_one_mistake() -> None:
    for text in (
        "target: 'http://a'\nscenarios: [{flow: []}]\n",
        "config: {targt: 'http://a'}\nscenarios: [{flow: []}]\n",
    ):
        with pytest.raises(ScenarioError) as caught:
            compile_plan(read_document(Path("it.yaml"), text), Settings(seed=1))
        assert [found.code for found in caught.value.diagnostics] == ["LK101"]


def test_fields_of_a_payload_that_cannot_be_read_are_no_further_mistakes() -> None:
    flow = [{"log": "{{ user }} {{ mail }}"}]
    assert faults({"payload": {"path": "nowhere.csv"}}, [{"flow": flow}]) == ["LK210"]
    assert faults({"payload": {"path": "nowhere.csv", "fields": ["user"]}}, [{"flow": flow}]) == ["LK210", "LK201"]


def test_a_misspelt_source_of_a_capture_is_one_mistake() -> None:
    get = {"url": "/", "capture": {"jsom": "$.id", "as": "id"}}
    assert faults(None, [{"flow": [{"get": get}, {"log": "{{ id }}"}]}]) == ["LK101"]


def test_a_variable_that_uses_a_later_one_is_told_the_order() -> None:
    with pytest.raises(ScenarioError) as caught:
        plan_of({"variables": {"first": "{{ other }}", "other": 1}})
    (found,) = caught.value.diagnostics
    assert (found.code, "the order in which they are written" in found.hint) == ("LK201", True)


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ('colour == "red"', 'nothing defines the variable "colour"; the condition is never true'),
        ("not skipped", 'nothing defines the variable "skipped"; the condition is always true'),
        ("color and size.x > 1", 'nothing defines the variable "size"; it is null here'),
        ("color and $env.CI and $environment and $loopCount and id.a", None),
    ],
)
def test_a_condition_on_a_variable_that_nothing_defines_is_warned_of(condition: str, said: str | None) -> None:
    capture = {"json": "$.id", "as": "id"}
    flow = [{"get": {"url": "/", "ifTrue": condition, "capture": capture}}]
    found = plan_of({"variables": {"color": "red"}}, [{"flow": flow}]).warnings
    assert [(warning.code, warning.message) for warning in found] == ([("LK508", said)] if said else [])


def test_a_check_may_use_what_its_own_request_captures() -> None:
    step = {"url": "/", "capture": {"json": "$.id", "as": "id"}, "expect": {"equals": ["{{ id }}", "7"]}}
    assert "LK202" not in {found.code for found in plan_of(scenarios=[{"flow": [{"get": step}]}]).warnings}


@pytest.mark.parametrize(
    ("flow", "expected"),
    [
        ([{"call": "json:dumps"}], ["LK220"]),  # it needs an argument, and no target
        ([{"call": {"function": "gc:collect", "calls": 2}}], []),
        ([{"loop": [{"call": "gc:collect"}], "count": 2}, {"think": 1}], []),
        ([{"call": "gc:collect"}, {"get": "/"}], ["LK213"]),
        ([{"call": "gc:collect"}, {"loop": [{"get": "/"}], "count": 2}], ["LK213"]),
        ([{"think": 1}], ["LK213"]),
    ],
)
def test_a_target_is_needed_unless_only_functions_are_called(flow: list[Any], expected: list[str]) -> None:
    text = yaml.safe_dump({"config": {"seed": 1}, "scenarios": [{"flow": flow}]})
    document = read_document(Path("it.yaml"), text)
    if not expected:
        plan = compile_plan(document, Settings(seed=1))
        assert (plan.target, plan.connections) == ("", 0)
        return
    with pytest.raises(ScenarioError) as caught:
        compile_plan(document, Settings(seed=1))
    assert [found.code for found in caught.value.diagnostics] == expected
