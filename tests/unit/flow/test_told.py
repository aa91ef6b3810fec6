import json
from typing import Any

import pytest

from loadkit.flow.expect import compile_expect
from loadkit.flow.told import PRINTS, Asked, results_of
from tests.support.users import build, response, user

ASKED = Asked(method="POST", url="http://shop.test/cart?x=1", path="/cart?x=1", name="add", json={"id": 5})
ANSWER = response('{"a": 1}', status=404, content_type="application/json", x_cache="miss")


def printed(format: str, value: Any, asked: Asked = ASKED) -> str:
    made = compile_expect({"expect": value}, (), build((), {"plugins": {"expect": {}}}))
    assert made is not None
    who = user(id=5, name="ann")
    texts = made.run(who, ANSWER)
    return PRINTS[format](who, asked, ANSWER, results_of(made.names, texts, made.tell(who, ANSWER, texts)))


def test_pretty_shows_each_check_and_the_exchange_where_one_fails() -> None:
    assert printed("pretty", {"notStatusCode": 500}) == "* POST /cart?x=1 - add\n\n  ok notStatusCode 404"
    lines = printed("pretty", {"statusCode": 200, "cdnHit": False}).splitlines()
    assert lines[2:6] == [
        "  not ok statusCode 404",
        "  expected: 200",
        "       got: 404",
        "  ok cdnHit x-cache is miss",
    ]
    assert lines[6:10] == ["  Request params:", "    http://shop.test/cart?x=1", '    {"id":5}', "  Headers:"]
    assert lines[-5:] == ["  Body:", '{"a": 1}', "  User variables:", "    id: 5", "    name: ann"]


def test_pretty_error_shows_only_requests_that_fail() -> None:
    assert printed("prettyError", {"notStatusCode": 500}) == ""
    assert "not ok statusCode" in printed("prettyError", {"statusCode": 200})


@pytest.mark.parametrize(
    ("value", "result"),
    [
        ({"statusCode": 200}, {"ok": False, "expected": 200, "type": "statusCode", "got": 404}),
        (
            {"notStatusCode": [404]},
            {"ok": False, "expected": "Status code different than 404", "type": "notStatusCode", "got": 404},
        ),
        ({"contentType": "json"}, {"ok": True, "expected": "json", "type": "contentType", "got": "json"}),
        (
            {"contentType": "text/html"},
            {"ok": False, "expected": "text/html", "type": "contentType", "got": "application/json"},
        ),
        (
            {"hasProperty": "b"},
            {"ok": False, "expected": "b", "type": "hasProperty", "got": "response body has no b property"},
        ),
        (
            {"notHasProperty": "a"},
            {"ok": False, "expected": "a", "type": "notHasProperty", "got": "response body has a property"},
        ),
        ({"equals": [1, 2]}, {"ok": False, "expected": "all values to be equal", "type": "equals", "got": "1, 2"}),
        (
            {"hasHeader": "etag"},
            {"ok": False, "expected": "etag", "type": "hasHeader", "got": "response has no etag header"},
        ),
        (
            {"headerEquals": ["x-cache", "hit"]},
            {"ok": False, "expected": "hit", "type": "header x-cache values equals", "got": "miss"},
        ),
        (
            {"headerEquals": ["etag", "1"]},
            {
                "ok": False,
                "expected": "response to have etag header",
                "type": "header etag values equals",
                "got": "response has no etag header",
            },
        ),
        ({"matchesRegexp": "a"}, {"ok": True, "expected": True, "type": "matchesRegexp", "got": True}),
        (
            {"cdnHit": True},
            {
                "ok": False,
                "expected": "a cache header indicating a cache hit",
                "type": "cdnHit",
                "got": "cache status header not found",
            },
        ),
        (
            {"jmespath": "b", "description": "there is b"},
            {"ok": False, "expected": "there is b", "type": "jmespath", "got": "b"},
        ),
    ],
)
def test_json_holds_what_was_expected_and_got(value: Any, result: Any) -> None:
    assert json.loads(printed("json", value)) == {"name": "add", "url": "/cart?x=1", "results": [result]}


def test_a_request_without_a_name_shows_none() -> None:
    asked = Asked(method="GET", url="http://shop.test/", path="/", name="")
    assert "name" not in json.loads(printed("json", {"statusCode": 404}, asked))
    assert printed("pretty", {"statusCode": 404}, asked).startswith("* GET /\n")
