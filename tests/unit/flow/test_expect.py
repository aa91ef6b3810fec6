import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from loadkit.flow.expect import EXPECT_SCHEMA, Expect, compile_expect
from loadkit.flow.reading import MAX_BODY_BYTES
from loadkit.flow.response import Response
from tests.support.users import build, faults, response, user

LISTED = {"plugins": {"expect": {}}}
AS_THERE = {**LISTED, "compat": "artillery"}
OK = response(
    '{"data":{"items":[{"id":1}]},"null":null}',
    content_type="application/json; charset=utf-8",
    x_cache="HIT from edge",
    etag="1",
)


def expect(value: Any, config: Any = LISTED) -> Expect:
    made = build(("code", "path", "name", "one"), config)
    compiled = compile_expect({"expect": value}, ("flow", 0, "get"), made)
    assert {code for code, _ in faults(made)} <= {"LK506"}
    assert compiled is not None
    return compiled


def run(value: Any, answer: Response = OK, config: Any = LISTED, **variables: Any) -> tuple[tuple[str, str], ...]:
    checks = expect(value, config)
    texts = checks.run(user(**variables), answer)
    return tuple((name, text) for name, text in zip(checks.names, texts, strict=True) if text is not None)


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
        {"contentType": "Application/JSON; charset=UTF-8"},
        {"hasProperty": "data.items[0].id"},
        {"hasProperty": "data.items.length"},
        {"hasProperty": "null"},
        {"hasProperty": "data.{{ path }}"},
        {"notHasProperty": "error"},
        {"notHasProperty": "data.items[1]"},
        {"equals": ["{{ code }}", 200, "200"]},
        {"equals": "one"},
        {"equals": [None, "null"]},
        {"hasHeader": "ETag"},
        {"headerEquals": ["etag", 1]},
        {"headerEquals": ["{{ name }}", "{{ name }}"]},
        {"matchesRegexp": r'"id":\d'},
        {"matchesRegexp": "{{ path }}"},
        {"cdnHit": True},
        {"jmespath": "data.items[0].id"},
        {"jpath": "length(data.items) == `{{ one }}`"},
        {"jmespath": "data.items[?id == `7`]", "description": "an empty list is something"},
        [{"statusCode": 200}, {"hasHeader": "etag"}],
    ],
)
def test_checks_that_hold(value: Any) -> None:
    answer = OK
    if value == {"headerEquals": ["{{ name }}", "{{ name }}"]}:
        answer = response(x="x")
    assert run(value, answer, code=200, path="items", name="x", one=1) == ()


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
        ({"jmespath": "data.none"}, "data.none is nothing"),
        ({"jpath": "length(null)"}, "length"),
        ({"jmespath": "{{ path }}"}, "unexpected"),
    ],
)
def test_checks_that_fail_say_what_was_found(value: Any, text: str) -> None:
    ((name, said),) = run(value, code=404, path="[")
    assert name == (next(iter(value)) if "headerEquals" not in value else name)
    assert text in said


@pytest.mark.parametrize(
    ("content_type", "body", "holds"),
    [
        ("application/json", "{}", True),
        ("application/problem+json", "[]", True),
        ("application/ld+json; profile=x", "{}", True),
        ("application/json", "5", False),
        ("application/json", '{"cut', False),
        ("application/json", " " * (MAX_BODY_BYTES + 1), True),
        ("application/vnd.api+json", "{}", False),
        ("text/plain", "{}", False),
    ],
)
def test_json_is_an_object_or_a_list_that_says_so(content_type: str, body: str, holds: bool) -> None:
    assert (run({"contentType": "json"}, response(body, content_type=content_type)) == ()) is holds


@pytest.mark.parametrize(
    ("expected", "holds"),
    [("text/html; charset=utf-8", True), ("Text/HTML; charset=UTF-8", True), ("text/html", False)],
)
def test_another_content_type_is_compared_as_a_whole(expected: str, holds: bool) -> None:
    answer = response("<p>", content_type="text/html; charset=utf-8")
    assert (run({"contentType": expected}, answer) == ()) is holds


@pytest.mark.parametrize(
    ("value", "said", "holds"),
    [
        (True, "Hit from cloudfront", True),
        (True, "STALE", True),
        (True, "TCP_HIT", False),
        (False, "MISS", True),
        (False, "TCP_MISS", False),
    ],
)
def test_a_cache_says_what_it_did_first(value: bool, said: str, holds: bool) -> None:
    assert (run({"cdnHit": value}, response(x_cache=said)) == ()) is holds


def test_the_check_of_a_header_is_counted_by_its_name() -> None:
    assert expect({"headerEquals": ["x-foo", "1"]}).names == ("header x-foo values equals",)
    assert expect({"headerEquals": ["{{ name }}", "1"]}).names == ("header {{ name }} values equals",)


def test_a_name_with_a_dot_in_it_is_a_property() -> None:
    answer = response('{"a.b": 1}', content_type="application/json")
    assert run({"hasProperty": "a.b"}, answer) == ()
    assert run({"hasProperty": "a.c"}, answer) != ()


@pytest.mark.parametrize(
    ("value", "here", "there"),
    [
        ({"hasHeader": "ETag"}, True, False),
        ({"headerEquals": ["ETag", "1"]}, True, False),
        ({"matchesRegexp": '"id":1'}, True, False),
        ({"matchesRegexp": "object Object"}, False, True),
        ([{"statusCode": 200, "hasProperty": "none"}], False, True),
        ([{"description": "x", "jmespath": "none"}, {"statusCode": 200}], False, True),
    ],
)
def test_what_artillery_does_otherwise_is_told_and_can_be_had(value: Any, here: bool, there: bool) -> None:
    made = build((), LISTED)
    compile_expect({"expect": value}, (), made)
    assert [code for code, _ in faults(made)] == ["LK506"]
    assert (run(value) == ()) is here
    made = build((), AS_THERE)
    compile_expect({"expect": value}, (), made)
    assert faults(made) == []
    assert (run(value, config=AS_THERE) == ()) is there


def test_without_the_plugin_checks_count_and_the_first_one_says_so() -> None:
    made = build()
    assert compile_expect({"expect": {"statusCode": 200}}, (), made)
    assert faults(made) == [("LK506", "expect key")]
    made = build((), {"thresholds": []})
    assert compile_expect({"expect": {"statusCode": 200}}, (), made)
    assert faults(made) == []
    made = build((), {"compat": "artillery"})
    assert compile_expect({"expect": {"statusCode": 200}}, (), made) is None
    assert faults(made) == []


@pytest.mark.parametrize(
    ("body", "text"),
    [('{"a": 1}', "[object Object]"), ('[1, [2, null], {"a": 1}]', "1,2,,[object Object]"), ("{", "null"), ("5", "5")],
)
def test_artillery_matches_what_javascript_makes_of_json(body: str, text: str) -> None:
    answer = response(body, content_type="application/json")
    assert run({"matchesRegexp": f"^{re.escape(text)}$"}, answer, AS_THERE) == ()


@pytest.mark.parametrize(
    ("value", "answer", "text"),
    [
        ({"contentType": "json"}, response("{}"), "there is no content-type"),
        ({"hasProperty": "a"}, response("<html>", content_type="application/json"), "the body is not JSON"),
        ({"notHasProperty": "a"}, response("{}", content_type="text/plain"), "which is not JSON"),
        ({"jmespath": "a"}, response("{}"), "which is not JSON"),
        ({"notHasProperty": "a"}, response('"text"', content_type="application/json"), "neither object nor list"),
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
        ({"statusCode": 200, "hasHeader": "a", "equals": [1, 1]}, False),
        ({"contentType": "json"}, True),
        ({"jmespath": "a"}, True),
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
        ({"jmespath": "a["}, [("LK104", "expect.jmespath")]),
        ({"hasProperty": "a["}, [("LK104", "expect.hasProperty")]),
        ({"headerEquals": ["a"]}, [("LK104", "expect.headerEquals")]),
        ({"equals": ["{{ nobody }}", 1]}, [("LK201", "expect.equals.0")]),
        ({"statusCode": "{{ a }"}, [("LK204", "expect.statusCode")]),
    ],
)
def test_faults_are_reported_where_they_stand(value: Any, found: list[tuple[str, str]]) -> None:
    made = build((), LISTED)
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
