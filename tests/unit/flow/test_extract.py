from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from loadkit.flow.extract import CAPTURE_SCHEMA, MATCH_SCHEMA, Captures, captured_names, compile_captures
from loadkit.flow.processor import read_processor
from loadkit.flow.reading import MAX_BODY_BYTES
from tests.support.users import build, faults, response, user

BODY = '{"token":"t","id":7,"null":null,"no":false,"zero":0,"empty":"","items":[{"id":1},{"id":2}],"none":[]}'
RESPONSE = response(BODY, status=201, location="/orders/12", x_empty="", set_cookie="a=1; Path=/", Set_Cookie="b=2")


def captures(step: Any, **options: Any) -> Captures:
    made = build(("given", "pattern", "path", "name"))
    compiled = compile_captures(step, ("flow", 0, "get"), made, **options)
    assert [code for code, _ in faults(made) if code not in ("LK506", "LK512")] == []
    assert compiled is not None
    return compiled


def captured(item: Any, **variables: Any) -> Any:
    somebody = user(**variables)
    assert captures({"capture": {**item, "as": "x"}}).apply(somebody, RESPONSE) is None
    return somebody.variables["x"]


@pytest.mark.parametrize(
    ("item", "value"),
    [
        ({"json": "$.token"}, "t"),
        ({"json": "$.null"}, None),
        ({"json": "$.no"}, False),
        ({"json": "$.zero"}, 0),
        ({"json": "$.items[1].id"}, 2),
        ({"json": "$.items[*].id"}, 1),
        ({"json": "$.items[*].id", "all": True}, [1, 2]),
        ({"json": "$.token", "all": True}, ["t"]),
        ({"json": "$.items[*].id", "multiple": False}, [1, 2]),
        ({"json": "$.items[0:1].id", "multiple": False}, 1),
        ({"json": "$.{{ path }}"}, 7),
        ({"json": "$.items[{{ given }}]['{{ path }}']"}, 2),
        ({"regexp": r'"token":"(\w+)"'}, '"token":"t"'),
        ({"regexp": r'"token":"(\w+)"', "group": 1}, "t"),
        ({"regexp": r'"TOKEN":"(?<value>\w+)"', "group": "value", "flags": "i"}, "t"),
        ({"regexp": r'"token":"(\w+)"', "group": "1"}, "t"),
        ({"regexp": '"{{ path }}":(.)', "group": 1}, "7"),
        ({"header": "Location"}, "/orders/12"),
        ({"header": "{{ name }}"}, "/orders/12"),
        ({"header": "set-cookie"}, "a=1; Path=/"),
    ],
)
def test_values_are_captured(item: Any, value: Any) -> None:
    assert captured(item, given=1, path="id", name="location") == value


@pytest.mark.parametrize(
    ("item", "says"),
    [
        ({"json": "$.missing"}, 'capture "x" ($.missing): nothing was found (status 201)'),
        ({"json": "$.empty"}, 'capture "x" ($.empty): the value is empty (status 201)'),
        ({"json": "$.missing[*]"}, "nothing was found"),
        ({"json": "$.none[*]", "all": True}, "nothing was found"),
        ({"json": "$.none[*]", "multiple": False}, "nothing was found"),
        ({"json": "$.{{ pattern }}"}, "is not a JSONPath"),
        ({"regexp": "nowhere"}, 'capture "x" (regexp nowhere): nothing was found (status 201)'),
        ({"regexp": "(a)?token", "group": 1}, "nothing was found"),
        ({"regexp": "{{ pattern }}"}, "not a regular expression"),
        ({"regexp": "{{ path }}", "group": 3}, "no group 3"),
        ({"header": "x-missing"}, 'capture "x" (header x-missing): nothing was found (status 201)'),
        ({"header": "x-empty"}, "the value is empty"),
    ],
)
def test_a_capture_without_a_value_names_itself_and_the_reason(item: Any, says: str) -> None:
    somebody = user(pattern="(", path="id")
    text = captures({"capture": {**item, "as": "x"}}).apply(somebody, RESPONSE)
    assert text is not None
    assert says in text
    assert "x" not in somebody.variables


@pytest.mark.parametrize("json", ["$.a", "$..a", "$.{{ path }}"])
@pytest.mark.parametrize(("body", "says"), [("<html>", "the body is not JSON"), ("", "the body is empty")])
def test_a_body_that_is_not_json_says_so(json: str, body: str, says: str) -> None:
    text = captures({"capture": {"json": json, "as": "x"}}).apply(user(path="a"), response(body))
    assert text is not None
    assert says in text


@pytest.mark.parametrize("item", [{"json": "$.a"}, {"json": "$..a"}, {"regexp": "a"}])
def test_bodies_beyond_the_limit_are_not_read(item: Any) -> None:
    big = response(b'{"a":"' + b"a" * MAX_BODY_BYTES + b'"}')
    text = captures({"capture": {**item, "as": "x"}}).apply(user(), big)
    assert text is not None
    assert f"read {MAX_BODY_BYTES} at most" in text


def test_nothing_is_stored_unless_all_strict_captures_succeed() -> None:
    step = {"capture": [{"json": "$.token", "as": "a"}, {"json": "$.missing", "as": "b"}]}
    somebody = user(a="old")
    assert 'capture "b"' in str(captures(step).apply(somebody, RESPONSE))
    assert somebody.variables == {"a": "old"}


def test_a_capture_that_is_not_strict_becomes_null() -> None:
    step = {"capture": [{"json": "$.token", "as": "a"}, {"json": "$.missing", "as": "b", "strict": False}]}
    somebody = user(b="old")
    assert captures(step).apply(somebody, RESPONSE) is None
    assert somebody.variables == {"a": "t", "b": None}


def test_the_default_of_strict_can_be_turned_round() -> None:
    missing = {"json": "$.missing", "as": "a"}
    assert captures({"capture": missing}, strict_default=False).apply(user(), RESPONSE) is None
    assert captures({"capture": {**missing, "strict": True}}, strict_default=False).apply(user(), RESPONSE)


def test_captures_can_set_parts_of_variables() -> None:
    somebody = user(pet={"name": "Rex"})
    step = {"capture": [{"json": "$.id", "as": "pet[id]"}, {"json": "$.token", "as": "list[0]"}]}
    assert captures(step).apply(somebody, RESPONSE) is None
    assert somebody.variables == {"pet": {"name": "Rex", "id": 7}, "list": ["t"]}


@pytest.mark.parametrize(
    "item",
    [
        {"json": "$.token", "value": "t"},
        {"json": "$.id", "value": 7},
        {"json": "$.id", "value": 7.0},
        {"json": "$.id", "value": "{{ given }}"},
        {"json": "$.no", "value": False},
        {"json": "$.null", "value": None},
        {"json": "$.items", "value": [{"id": 1}, {"id": 2}]},
        {"header": "location", "value": "/orders/{{ pattern }}"},
        {"json": "$.missing", "value": "x", "strict": False},
        {"json": "$.token", "value": "x", "strict": False},
    ],
)
def test_matches_that_hold(item: Any) -> None:
    assert captures({"match": item}).apply(user(given=7, pattern="12"), RESPONSE) is None


@pytest.mark.parametrize(
    ("item", "says"),
    [
        ({"json": "$.items[0]", "value": "u"}, "match ($.items[0]): found"),
        ({"json": "$.token", "value": "u"}, "match ($.token): found ***, expected *** (status 201)"),
        ({"json": "$.null", "value": ""}, 'found nothing, expected ""'),
        ({"json": "$.zero", "value": False}, "found 0, expected false"),
        ({"json": "$.id", "value": "7"}, 'found 7, expected "7"'),
        ({"header": "location", "value": "{{ given }}"}, "expected nothing"),
        ({"json": "$.missing", "value": "x"}, "nothing was found"),
        ({"json": "$.id", "value": "{{ given }}"}, "expected nothing"),
        ({"json": "$.items", "value": "y" * 500}, "yyy..."),
    ],
)
def test_matches_that_fail_say_what_was_found(item: Any, says: str) -> None:
    text = captures({"match": [item]}).apply(user(), RESPONSE)
    assert text is not None
    assert says in text


def test_a_failed_match_stores_no_capture() -> None:
    somebody = user()
    step = {"capture": {"json": "$.token", "as": "a"}, "match": {"json": "$.id", "value": 8}}
    assert captures(step).apply(somebody, RESPONSE) is not None
    assert somebody.variables == {}


@pytest.mark.parametrize(
    ("step", "needed"),
    [
        ({"capture": {"header": "a", "as": "x"}}, False),
        ({"match": {"header": "a", "value": "1"}}, False),
        ({"capture": {"selector": "a", "attr": "b", "as": "x"}}, True),
        ({"capture": {"xpath": "//a", "as": "x"}}, True),
        ({"capture": [{"header": "a", "as": "x"}, {"json": "$", "as": "y"}]}, True),
        ({"match": {"regexp": "a", "value": "1"}}, True),
    ],
)
def test_all_but_headers_need_the_body(step: Any, needed: bool) -> None:
    assert captures(step).needs_body is needed


def test_a_step_without_captures_has_none() -> None:
    assert compile_captures({"url": "/"}, (), build()) is None
    assert compile_captures({"capture": [], "match": []}, (), build()) is None


def test_captures_define_their_variables() -> None:
    made = build()
    step = {"capture": [{"json": "$.a", "as": "pet[id]"}, {"json": "$.b", "as": "b"}]}
    compile_captures(step, (), made)
    assert made.defined == {"pet", "b"}
    assert captured_names(step) == [("pet", ("capture", 0, "as")), ("b", ("capture", 1, "as"))]
    assert captured_names({"capture": {"json": "$.a", "as": "c.d"}}) == [("c", ("capture", "as"))]
    assert captured_names({"capture": "nonsense"}) == captured_names({"capture": [{"as": 5}]}) == []


@pytest.mark.parametrize(
    ("step", "found"),
    [
        ({"capture": {"json": "$.a[", "as": "x"}}, [("LK205", "capture.json")]),
        ({"capture": [{"regexp": "(", "as": "x"}]}, [("LK206", "capture.0.regexp")]),
        ({"capture": {"regexp": "a", "group": 2, "as": "x"}}, [("LK512", "capture.group")]),
        ({"capture": {"regexp": "(a)", "group": "b", "as": "x"}}, [("LK512", "capture.group")]),
        ({"capture": {"regexp": "(?<n>a)", "group": 1, "as": "x"}}, [("LK506", "capture.group")]),
        ({"capture": {"regexp": "(?<n>a)", "group": "m", "as": "x"}}, [("LK512", "capture.group")]),
        ({"capture": {"header": "X-Id", "as": "x"}}, [("LK506", "capture.header")]),
        ({"capture": {"selector": "a[", "as": "x", "attr": "b"}}, [("LK216", "capture.selector")]),
        ({"capture": {"selector": "a", "as": "x"}}, [("LK512", "capture.selector")]),
        ({"capture": {"selector": "a", "as": "x", "text": True}}, []),
        ({"capture": {"xpath": "//[", "as": "x"}}, [("LK512", "capture.xpath")]),
        ({"capture": {"json": "$.a", "as": "x", "transform": "trum"}}, [("LK216", "capture.transform")]),
        ({"capture": {"as": "x"}}, [("LK512", "capture")]),
        ({"capture": {"json": "$.a", "as": "x["}}, [("LK216", "capture.as")]),
        ({"capture": {"json": "{{ nobody }}", "as": "x"}}, [("LK201", "capture.json")]),
        ({"capture": {"json": "{{ a }", "as": "x"}}, [("LK204", "capture.json")]),
        ({"capture": {"json": "$.a", "header": "b", "as": "x"}}, [("LK505", "capture.header key")]),
        ({"capture": {"json": "$..a", "as": "x"}}, [("LK506", "capture.json")]),
        ({"capture": {"json": "$..a", "as": "x", "all": False}}, []),
        ({"match": {"json": "$.a[", "value": 1}}, [("LK205", "match.json")]),
        ({"match": {"value": 1}}, [("LK512", "match")]),
        ({"match": {"json": "$.a"}}, [("LK505", "match")]),
        ({"match": {"header": "a", "value": 3}}, [("LK512", "match.value")]),
        ({"match": {"json": "$.a", "value": {"b": 1}}}, [("LK506", "match.value")]),
        ({"match": {"json": "$.a", "value": "{{ nobody }}"}}, [("LK201", "match.value")]),
        (
            {"capture": [{"json": "$[", "as": "x"}, {"regexp": "(", "as": "y["}]},
            [("LK205", "capture.0.json"), ("LK206", "capture.1.regexp"), ("LK216", "capture.1.as")],
        ),
    ],
)
def test_faults_are_reported_where_they_stand(step: Any, found: list[tuple[str, str]]) -> None:
    made = build()
    compile_captures(step, (), made)
    assert faults(made) == found


@pytest.mark.parametrize(
    "step", [{"capture": 5}, {"capture": [5]}, {"capture": {"json": 5, "as": 5}}, {"match": {"json": 5}}]
)
def test_what_the_schema_reports_is_not_reported_again(step: Any) -> None:
    made = build()
    assert compile_captures(step, (), made) is None
    assert faults(made) == []


@pytest.mark.parametrize(("schema", "own"), [(CAPTURE_SCHEMA, {"as": "x"}), (MATCH_SCHEMA, {"value": None})])
def test_the_schemas_take_one_or_a_list_and_explain_every_key(schema: Any, own: Any) -> None:
    Draft202012Validator.check_schema(schema)
    valid = Draft202012Validator(schema).is_valid
    assert valid({"json": "$.a", **own, "strict": False, "x-note": 1})
    assert valid([{"regexp": "a", "flags": "gi", "group": 1, **own}])
    assert valid({"json": "$.a"}) is ("value" in own)
    assert not valid([{"jsn": "$.a", **own}])
    assert not valid("$.a")
    for name, key in schema["properties"].items():
        assert {"title", "description", "examples"} <= set(key), name


ARTILLERY = {"compat": "artillery"}


def compat(step: Any, *, seed: int = 1, body: str = BODY) -> tuple[str | None, dict[str, Any]]:
    made, somebody = build(config=ARTILLERY), user(seed=seed)
    compiled = compile_captures(step, ("flow", 0, "get"), made)
    assert faults(made) == []
    assert compiled is not None
    return compiled.apply(somebody, response(body, x_id="3")), somebody.variables


def test_with_compat_one_of_several_values_is_taken_at_random_by_the_seed() -> None:
    step = {"capture": {"json": "$.items[*].id", "as": "x"}}
    values = [compat(step, seed=seed)[1]["x"] for seed in range(20)]
    assert set(values) == {1, 2}
    assert values == [compat(step, seed=seed)[1]["x"] for seed in range(20)]


@pytest.mark.parametrize(
    ("step", "body"),
    [
        ({"capture": {"json": "$", "as": "x"}}, "42"),
        ({"capture": {"header": "X-Id", "as": "x"}}, BODY),
        ({"capture": {"regexp": '"id":(?<n>\\d)', "group": 1, "as": "x"}}, BODY),
        ({"match": {"json": "$.items[0]", "value": {"id": 1}}}, BODY),
    ],
)
def test_with_compat_fails_what_artillery_does_not_find(step: Any, body: str) -> None:
    assert compat(step, body=body)[0] is not None
    made, somebody = build(), user()
    compiled = compile_captures(step, ("flow", 0, "get"), made)
    assert compiled is not None
    assert compiled.apply(somebody, response(body, x_id="3")) is None  # without it, it is found


@pytest.mark.parametrize(
    ("item", "says"),
    [
        ({}, "it has no source"),
        ({"regexp": "(?<n>a)", "group": "m"}, "no group -1"),
        ({"xpath": "//["}, "is not an XPath"),
    ],
)
def test_what_cannot_be_found_fails_at_each_response(item: Any, says: str) -> None:
    text = captures({"capture": {**item, "as": "x"}}).apply(user(), response("aaa"))
    assert says in str(text)


def test_a_group_that_is_not_there_is_the_whole_match() -> None:
    assert captured({"regexp": r'"token":"(\w+)"', "group": 9}) == '"token":"t"'


@pytest.mark.parametrize(
    ("transform", "value"),
    [
        ("trim", "7 Up"),
        ("upper", " 7 UP "),
        (["trim", "lower"], "7 up"),
        ("length", 6),
        (["trim", "length"], 4),
    ],
)
def test_a_value_is_transformed_before_it_is_stored(transform: Any, value: Any) -> None:
    step = {"capture": {"json": "$.drink", "as": "x", "transform": transform}}
    somebody = user()
    assert captures(step).apply(somebody, response('{"drink": " 7 Up "}')) is None
    assert somebody.variables == {"x": value}


@pytest.mark.parametrize(
    ("transform", "written", "value"), [("int", "12", 12), ("int", " 1e3 ", 1000), ("float", "2.5", 2.5)]
)
def test_texts_become_numbers(transform: str, written: str, value: float) -> None:
    somebody = user()
    step = {"capture": {"regexp": ".*", "as": "x", "transform": transform}}
    assert captures(step).apply(somebody, response(written)) is None
    assert somebody.variables == {"x": value}


@pytest.mark.parametrize(
    ("transform", "says"),
    [("int", "int: ValueError: could not convert"), ("int", "'7 Up'"), ("float", "float: ValueError")],
)
def test_a_transform_that_fails_is_a_failed_capture(transform: str, says: str) -> None:
    text = captures({"capture": {"regexp": ".*", "as": "x", "transform": transform}}).apply(user(), response("7 Up"))
    assert says in str(text)


def test_a_function_of_the_processor_transforms(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(
        "def cents(value): return round(float(value) * 100)\nasync def later(value): pass\n"
    )
    made, somebody = build(), user()
    made.processor = read_processor(tmp_path / "own.py")
    compiled = compile_captures({"capture": {"regexp": ".*", "as": "x", "transform": "cents"}}, (), made)
    made.processor.load()
    assert compiled is not None
    assert compiled.apply(somebody, response("2.5")) is None
    assert somebody.variables == {"x": 250}
    compile_captures({"capture": {"regexp": ".*", "as": "x", "transform": "later"}}, (), made)
    assert faults(made) == [("LK216", "capture.transform")]
