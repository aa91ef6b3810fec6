from typing import Any

from loadkit.flow.step import Build
from loadkit.scenario.fakes import check_fakes, template_functions
from tests.support.users import build, faults, user


def test_functions_of_fake_data_come_with_the_plugin() -> None:
    assert "$internetEmail" not in template_functions({})
    assert "$uuid" in template_functions({"plugins": {"fake-data": {}}})


def test_options_stand_with_the_plugin_or_beside_it() -> None:
    one, two = {"numberInt": {"min": 1, "max": 1}}, {"numberInt": {"min": 2, "max": 2}}
    assert template_functions({"plugins": {"fake-data": one}})["$numberInt"].call(user()) == "1"
    assert template_functions({"plugins": {"fake-data": one}, "fake-data": two})["$numberInt"].call(user()) == "2"


def listed(options: Any) -> Build:
    made = build((), {"plugins": {"fake-data": options}})
    made.functions = template_functions(made.config)
    return made


def test_options_are_tried_before_load_begins() -> None:
    made = listed({"numberInt": {"min": "a"}})
    check_fakes({"config": {"variables": {"n": "{{ $numberInt() }}"}}}, made)
    assert faults(made) == [("LK104", "config.variables.n")]


def test_a_function_that_another_one_stands_in_for_is_told_once() -> None:
    flow = [{"get": {"url": "/{{ $animalLion() }}"}}, {"get": {"url": "/{{ $animalLion() }}/{{$internetEmail()}}"}}]
    made = listed({})
    check_fakes({"scenarios": [{"flow": flow}]}, made)
    assert faults(made) == [("LK506", "scenarios.0.flow.0.get.url")]
    made = build()
    check_fakes({"scenarios": [{"flow": flow}]}, made)
    assert faults(made) == []
