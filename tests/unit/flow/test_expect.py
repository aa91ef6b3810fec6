from typing import Any

import pytest
from jsonschema import Draft202012Validator

from loadkit.flow.expect import EXPECT_SCHEMA, Expect, compile_expect
from loadkit.flow.response import Response
from loadkit.flow.sources import MAX_BODY_BYTES
from tests.support.users import build, faults, response, user

OK = response(
    '{"data":{"items":[{"id":1}]},"null":null}',
    content_type="application/json; charset=utf-8",
    x_cache="HIT from edge",
    etag="1",
)


def expect(value: Any) -> Expect:
    made = build(("code", "path", "name"))
    compiled = compile_expect({"expect": value}, ("flow", 0, "get"), made)
    assert faults(made) == []
    assert compiled is not None
    return compiled


def run(value: Any, answer: Response = OK, **variables: Any) -> tuple[tuple[str, str], ...]:
    return expect(value).run(user(**variables), answer)


@pytest.mark.parametrize(
    "value",
    [
        {"statusCode": 200},
        {"statusCode": "200"},
        {"statusCode": [200, 201]},
        {"statusCode": "{{ code }}"},
        {"statusCode": ["{{ code }}", 404]},
        {"notStatusCode": 500},
        {"notStatusCode": [500, 503]},
        {"contentType": "json"},
        {"contentType": "JSON"},
        {"contentType": "application/json"},
        {"contentType": "Application/JSON; charset=UTF-8"},
        {"hasProperty": "data.items[0].id"},
        {"hasProperty": "data.items.length"},
        {"hasProperty": "null"},
        {"hasProperty": "data.{{ path }}"},
        {"notHasProperty": "error"},
        {"notHasProperty": "data.items[1]"},
        {"equals": ["{{ code }}", 200, "200"]},
        {"equals": "one"},
        {"hasHeader": "ETag"},
        {"headerEquals": ["etag", 1]},
        {"headerEquals": ["{{ name }}", "{{ name }}"]},
        {"matchesRegexp": r'"id":\d'},
        {"matchesRegexp": "{{ path }}"},
        {"cdnHit": True},
        [{"statusCode": 200}, {"hasHeader": "etag"}],
    ],
)
def test_checks_that_hold(value: Any) -> None:
    answer = OK
    if value == {"headerEquals": ["{{ name }}", "{{ name }}"]}:
        answer = response(x="x")
    assert run(value, answer, code=200, path="items", name="x") == ()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"statusCode": 201}, "status is 200, expected 201"),
        ({"statusCode": [201, 204]}, "status is 200, expected 201 or 204"),
        ({"statusCode": "{{ code }}"}, "status is 200, expected 404"),
        ({"notStatusCode": [200, 500]}, "status is 200"),
        ({"contentType": "text/html"}, 'content-type is "application/json; charset=utf-8", expected text/html'),
        ({"contentType": "application/json; charset=latin1"}, "expected application/json; charset=latin1"),
        ({"hasProperty": "data.none"}, "the body has no property data.none"),
        ({"hasProperty": "{{ path }}"}, "a name is expected"),
        ({"notHasProperty": "null"}, "the body has a property null"),
        ({"equals": [1, "2"]}, 'not equal: "1", "2"'),
        ({"hasHeader": "x-none"}, "there is no header x-none"),
        ({"headerEquals": ["etag", "2"]}, 'header etag is "1", expected "2"'),
        ({"headerEquals": ["none", "2"]}, 'header none is nothing, expected "2"'),
        ({"headerEquals": "{{ path }}"}, "takes [name, value]"),
        ({"matchesRegexp": "nowhere"}, 'the body has no match of "nowhere"'),
        ({"matchesRegexp": "{{ path }}("}, "not a regular expression"),
        ({"cdnHit": False}, 'the cache says "HIT from edge"'),
    ],
)
def test_checks_that_fail_say_what_was_found(value: Any, text: str) -> None:
    ((name, said),) = run(value, code=404, path="[")
    assert name == next(iter(value))
    assert text in said


@pytest.mark.parametrize(
    ("content_type", "holds"),
    [
        ("application/json", True),
        ("application/problem+json", True),
        ("application/ld+json; profile=x", True),
        ("application/vnd.api+json", True),
        ("text/json", True),
        ("application/jsonx", False),
        ("text/plain", False),
    ],
)
def test_json_stands_for_all_media_types_of_json(content_type: str, holds: bool) -> None:
    assert (run({"contentType": "json"}, response(content_type=content_type)) == ()) is holds


@pytest.mark.parametrize(
    ("value", "answer", "text"),
    [
        ({"contentType": "json"}, response("{}"), "there is no content-type"),
        ({"hasProperty": "a"}, response("<html>"), "the body is not JSON"),
        ({"notHasProperty": "a"}, response("<html>"), "the body is not JSON"),
        ({"notHasProperty": "a"}, response('"text"'), "neither object nor list"),
        ({"hasProperty": "a"}, response(b" " * (MAX_BODY_BYTES + 1)), "at most"),
        ({"matchesRegexp": "a"}, response(b"a" * (MAX_BODY_BYTES + 1)), "at most"),
        ({"cdnHit": True}, response(), "none of the headers"),
    ],
)
def test_responses_that_cannot_be_checked_fail(value: Any, answer: Response, text: str) -> None:
    ((_, said),) = run(value, answer)
    assert text in said


def test_every_failure_is_listed_in_order() -> None:
    checks = [{"statusCode": 500, "hasHeader": "etag"}, {"hasProperty": "x"}, {"statusCode": 501}]
    assert expect(checks).names == ("statusCode", "hasHeader", "hasProperty", "statusCode")
    assert [name for name, _ in run(checks)] == ["statusCode", "hasProperty", "statusCode"]


@pytest.mark.parametrize(
    ("value", "statuses"),
    [
        ({"statusCode": 200}, {200}),
        ({"statusCode": ["200", 201]}, {200, 201}),
        ({"statusCode": "{{ code }}"}, None),
        ({"statusCode": 200, "hasHeader": "a"}, None),
        ([{"statusCode": 200}, {"statusCode": 201}], None),
        ({"notStatusCode": 200}, None),
    ],
)
def test_a_lone_constant_status_needs_no_run(value: Any, statuses: set[int] | None) -> None:
    assert expect(value).statuses == statuses


@pytest.mark.parametrize(
    ("value", "needed"),
    [
        ({"statusCode": 200, "contentType": "json", "hasHeader": "a", "equals": [1, 1]}, False),
        ({"hasProperty": "a"}, True),
        ({"notHasProperty": "a"}, True),
        ({"matchesRegexp": "a"}, True),
    ],
)
def test_only_checks_of_the_body_need_it(value: Any, needed: bool) -> None:
    assert expect(value).needs_body is needed


@pytest.mark.parametrize(
    "step", [{}, {"expect": {}}, {"expect": []}, {"expect": 5}, {"expect": [5]}, {"expect": {"no": 1}}]
)
def test_a_step_without_checks_has_none(step: Any) -> None:
    made = build()
    assert compile_expect(step, (), made) is None
    assert faults(made) == []


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"statusCode": "ok"}, [("LK104", "expect.statusCode")]),
        ({"statusCode": [200, 999]}, [("LK104", "expect.statusCode")]),
        ({"notStatusCode": []}, [("LK104", "expect.notStatusCode")]),
        ([{"matchesRegexp": "("}], [("LK206", "expect.0.matchesRegexp")]),
        ({"hasProperty": "a["}, [("LK104", "expect.hasProperty")]),
        ({"headerEquals": ["a"]}, [("LK104", "expect.headerEquals")]),
        ({"equals": ["{{ nobody }}", 1]}, [("LK201", "expect.equals.0")]),
        ({"statusCode": "{{ a }"}, [("LK204", "expect.statusCode")]),
    ],
)
def test_faults_are_reported_where_they_stand(value: Any, found: list[tuple[str, str]]) -> None:
    made = build()
    compile_expect({"expect": value}, (), made)
    assert faults(made) == found


def test_the_schema_takes_one_or_a_list_and_explains_every_key() -> None:
    Draft202012Validator.check_schema(EXPECT_SCHEMA)
    valid = Draft202012Validator(EXPECT_SCHEMA).is_valid
    assert valid({"statusCode": 200, "contentType": "json", "x-why": "note"})
    assert valid([{"statusCode": [200, "{{ code }}"]}, {"headerEquals": ["a", 1]}])
    assert not valid({"statusCde": 200})
    assert not valid({"statusCode": 20})
    assert not valid({"headerEquals": ["a"]})
    assert not valid(200)
    for name, key in EXPECT_SCHEMA["properties"].items():
        assert {"title", "description", "examples"} <= set(key), name
