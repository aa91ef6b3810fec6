"""The schema is put together from fragments, strict, open to x- keys and to templates."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from loadkit.scenario.assemble import build_schema
from loadkit.scenario.keys import CONFIG as FRAME
from loadkit.scenario.keys import PHASE, SCENARIO, TOP
from loadkit.scenario.schema import scenario_schema
from tests.unit.scenario.fragments import CONFIG, PHASE_KEYS, STEPS, Step

SCHEMA = build_schema(STEPS, CONFIG, PHASE_KEYS)


def is_valid(part: str, value: Any) -> bool:
    schema = {"$ref": f"#/$defs/{part}", "$defs": SCHEMA["$defs"]}
    return bool(Draft202012Validator(schema).is_valid(value))


@pytest.mark.parametrize("schema", [SCHEMA, scenario_schema()], ids=["fragments", "plugins"])
def test_it_is_a_schema(schema: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert {"config", "phase", "scenario", "flow", "step"} <= set(schema["$defs"])


@pytest.mark.parametrize(
    "step",
    [
        {"get": {"url": "/"}},
        {"get": "/"},
        {"get": {"url": "/", "x-note": 1, "headers": {"any": "thing"}}, "x-note": 1},
        {"get": {"url": "/", "gzip": "{{ zip }}", "retries": "{{ n }}"}},
        {"think": 1, "jitter": "20%"},
        {"loop": [{"think": 1}, [{"think": 2}, []]], "count": 3},
        {"loop": [], "count": "{{ n }}"},
        {"parallel": [], "count": "many", "limit": 3},
    ],
)
def test_valid_steps(step: Any) -> None:
    assert is_valid("step", step)


@pytest.mark.parametrize(
    "step",
    [
        {},
        {"think": 1, "get": "/"},
        {"think": 1, "count": 3},
        {"gte": "/"},
        {"count": 3},
        {"get": {"ulr": "/"}},
        {"get": {"url": "/", "gzip": "yes"}},
        {"loop": [], "count": "many"},
        {"parallel": [], "count": 3},
        {"loop": [{"thnik": 1}]},
        {"loop": [[{"thnik": 1}]]},
        [],
        "think",
    ],
)
def test_invalid_steps(step: Any) -> None:
    assert not is_valid("step", step)


@pytest.mark.parametrize(
    ("part", "value", "expected"),
    [
        ("phase", {"duration": 1, "arrivalRate": 1, "x-a": 1}, True),
        ("phase", {"pause": 1}, True),
        ("phase", {"arrivalRate": 1}, False),
        ("phase", {"duration": 1, "rate": 1}, False),
        ("config", {"plugins": {"anything": 1}, "environments": {"a": {"target": "x"}}}, True),
        ("config", {"environments": {"a": {"targt": "x"}}}, False),
        ("config", {"http": {"pool": "{{ $env.POOL }}"}}, True),
        ("config", {"http": {"pol": 1}}, False),
        ("scenario", {"flow": []}, True),
        ("scenario", {"name": "a"}, False),
    ],
)
def test_other_parts(part: str, value: Any, expected: bool) -> None:
    assert is_valid(part, value) is expected


def test_the_whole_file() -> None:
    validator = Draft202012Validator(SCHEMA)
    assert validator.is_valid({"$schema": "x", "x-a": 1, "scenarios": [{"flow": []}]})
    assert not validator.is_valid({"scenarios": []})
    assert not validator.is_valid({"$schema": "x"})


@pytest.mark.parametrize("part", [{"config": {}}, {"extends": "base.yaml"}, {"extends": "base.yaml", "config": {}}])
def test_a_file_may_be_a_part_of_others(part: dict[str, Any]) -> None:
    assert Draft202012Validator(SCHEMA).is_valid(part)


def test_actions_that_differ_in_their_texts_only_are_written_once() -> None:
    get = STEPS["get"]
    steps = {**STEPS, "get": Step({**get.schema, "title": "GET"}), "put": Step({**get.schema, "title": "PUT"})}
    schema = build_schema(steps, CONFIG, PHASE_KEYS)
    assert schema["$defs"]["step"]["properties"]["put"] == {"title": "PUT", "$ref": "#/$defs/getStep"}
    validator = Draft202012Validator({"$ref": "#/$defs/step", "$defs": schema["$defs"]})
    assert validator.is_valid({"put": {"url": "/"}})
    assert not validator.is_valid({"put": {"ulr": "/"}})


def test_a_plugin_gives_a_meaning_to_a_key_without_effect() -> None:
    assert "x-noEffect" in FRAME["statsInterval"]
    assert "x-noEffect" not in SCHEMA["$defs"]["config"]["properties"]["statsInterval"]


@pytest.mark.parametrize("keys", [TOP, FRAME, PHASE, SCENARIO], ids=["top", "config", "phase", "scenario"])
def test_each_key_of_the_frame_is_explained_by_valid_examples(keys: dict[str, Any]) -> None:
    schema = scenario_schema()
    for key, fragment in keys.items():
        assert fragment["title"]
        assert fragment["description"].endswith(".")
        for example in [*fragment["examples"], *([fragment["default"]] if "default" in fragment else [])]:
            errors = list(Draft202012Validator({**fragment, "$defs": schema["$defs"]}).iter_errors(example))
            assert not errors, f"{key}: {errors}"
