"""Hooks around requests: what they see, what they change, and what is sent."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.engine import Ran
from tests.support.hooks import ran_with_hooks
from tests.support.raw_server import always, response

ANSWER = response(b'{"id": 7}', "200 OK", "Content-Type: application/json", "X-Two: a", "X-Two: b")


def sent(
    directory: Path, hook: str, flow: list[Any], *, answer: bytes = ANSWER, **options: Any
) -> tuple[Ran, list[bytes]]:
    log: list[bytes] = []
    source = f"import json\ndef change(request, user, metrics):\n    {hook}\n{options.pop('source', '')}"
    result, _ = ran_with_hooks(directory, always(log, answer), source, flow, **options)
    return result, log


def fields(request: bytes) -> dict[str, str]:
    lines = request.split(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    return {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}


def post(**keys: Any) -> list[Any]:
    return [{"post": {"url": "/things?x={{ n }}", "beforeRequest": "change", **keys}}]


VARIABLES = {"variables": {"n": 5, "word": "tea"}}


@pytest.mark.parametrize(
    ("hook", "keys", "line", "body"),
    [
        ("pass", {"json": {"a": "{{ n }}"}}, "POST /things?x=5", b'{"a":5}'),
        ("user.vars['n'] = 6", {"json": {"a": "{{ n }}"}}, "POST /things?x=6", b'{"a":6}'),
        ("request.json['b'] = [1, '{{ word }}']", {"json": {"a": 1}}, "POST /things?x=5", b'{"a":1,"b":[1,"tea"]}'),
        ("request.json = {'n': '{{ n }}', 'm': None}", {}, "POST /things?x=5", b'{"n":5,"m":null}'),
        ("request.body = '<{{ word }}/>'", {}, "POST /things?x=5", b"<tea/>"),
        ("request.json = None; request.body = 'x'", {"json": 1}, "POST /things?x=5", b"x"),
        ("request.body = b'bytes'", {"body": "text"}, "POST /things?x=5", b"bytes"),
        ("request.form['b'] = 'c d'", {"form": {"a": 1}}, "POST /things?x=5", b"a=1&b=c+d"),
        ("request.url = '/other/{{ word }}'", {}, "POST /other/tea", b""),
        ("request.url = request.url.replace('things', 'them')", {}, "POST /them?x=5", b""),
        ("request.method = 'put'", {"json": 1}, "PUT /things?x=5", b"1"),
        ("request.url = '/y'; request.qs = {'q': '{{ word }}', 'r': 1}", {}, "POST /y?q=tea&r=1", b""),
    ],
)
def test_what_hooks_leave_is_rendered_and_sent(
    tmp_path: Path, hook: str, keys: dict[str, Any], line: str, body: bytes
) -> None:
    result, (request,) = sent(tmp_path, hook, post(**keys), config=VARIABLES)
    assert request.startswith(f"{line} HTTP/1.1\r\n".encode())
    assert request.partition(b"\r\n\r\n")[2] == body
    assert (result.errors, result.count("vusers.completed")) == ({}, 1)


@pytest.mark.parametrize(
    ("hook", "name", "value"),
    [
        ("request.headers['X-Signature'] = 'of {{ word }}'", "x-signature", "of tea"),
        ("request.headers['x-own'] = 3", "x-own", "3"),
        ("request.headers.pop('X-Own')", "x-own", None),
        ("request.headers['X-Own'] = None", "x-own", None),
        ("request.auth = {'user': 'ann', 'pass': '{{ word }}'}", "authorization", "Basic YW5uOnRlYQ=="),
        ("request.cookie['c'] = '{{ word }}'", "cookie", "c=tea"),
        ("request.json = {}", "content-type", "application/json"),
    ],
)
def test_header_fields_are_those_that_hooks_leave(tmp_path: Path, hook: str, name: str, value: str | None) -> None:
    _, (request,) = sent(tmp_path, hook, post(headers={"X-Own": "1"}), config=VARIABLES)
    assert fields(request).get(name) == value


def test_changes_hold_for_one_request_only(tmp_path: Path) -> None:
    hook = "request.json['list'].append(len(request.json['list'])); request.headers['x-n'] = str(user.number)"
    flow = [{"loop": post(json={"list": [0]}), "count": 3}]
    _, requests = sent(tmp_path, hook, flow, config=VARIABLES)
    assert [json.loads(request.partition(b"\r\n\r\n")[2]) for request in requests] == [{"list": [0, 1]}] * 3


@pytest.mark.parametrize(
    ("hook", "text"),
    [
        ("request.headers['x y'] = '1'", "is not a header name"),
        ("request.headers['x'] = 'a\\r\\nb: c'", "line break"),
        ("request.url = '/{{ oops'", "never closed"),
        ("request.method = 'a b'", "is not a method"),
    ],
)
def test_what_cannot_be_sent_is_an_invalid_request(tmp_path: Path, hook: str, text: str) -> None:
    result, requests = sent(tmp_path, hook, post(), config=VARIABLES)
    assert (requests, result.errors) == ([], {"ERR_INVALID_REQUEST": 1})
    ((_, example),) = result.summary.examples["ERR_INVALID_REQUEST"]
    assert text in example


ORDER = """
def of_config(user): user.vars.setdefault("order", []).append("config")
def of_scenario(user): user.vars.setdefault("order", []).append("scenario")
def of_request(user): user.vars.setdefault("order", []).append("request")
async def response_of(response, user):
    user.vars.setdefault("order", []).append(f"{response.status} {user.request}")
def tell(user): user.log(user.vars["order"])
"""


def test_hooks_run_from_the_widest_to_the_narrowest(tmp_path: Path) -> None:
    flow = [{"get": {"url": "/", "beforeRequest": ["of_request"], "afterResponse": "tell"}}]
    config = {"beforeRequest": "of_config", "afterResponse": ["response_of"]}
    result, _ = sent(tmp_path, "pass", flow, source=ORDER, config=config, beforeRequest="of_scenario")
    assert [text for _, text in result.lines] == ["['config', 'scenario', 'request', '200 /']"]


def test_a_hook_s_name_may_be_a_template(tmp_path: Path) -> None:
    source = "def a(request): request.headers['x-by'] = 'a'\ndef b(request): request.headers['x-by'] = 'b'\n"
    flow = [
        {"set": {"which": "{{ $loopElement }}"}},
        {"get": {"url": "/", "beforeRequest": "{{ which }}", "afterResponse": ["{{ none }}"]}},
    ]
    config = {"variables": {"none": "nobody"}}
    log: list[bytes] = []
    loop = {"loop": flow, "over": ["a", "b", "c"]}
    result, _ = ran_with_hooks(tmp_path, always(log, ANSWER), source, [loop], config=config)
    assert [fields(request).get("x-by") for request in log] == ["a", "b", None]
    assert result.errors == {}


def test_branches_have_hooks_of_their_own_at_the_same_time(tmp_path: Path) -> None:
    source = """
    import asyncio
    async def wait(request, user):
        await asyncio.sleep(0.02)
        request.headers['x-of'] = user.request
    def seen(request, user):
        user.vars.setdefault("seen", []).append(request.headers["x-of"])
    def tell(user):
        user.log(sorted(user.vars["seen"]))
    """
    flow = [{"parallel": [{"get": {"url": f"/{name}"}} for name in "abc"]}, {"function": "tell"}]
    result, _ = ran_with_hooks(tmp_path, always([], ANSWER), source, flow, beforeRequest="wait", afterResponse="seen")
    assert [text for _, text in result.lines] == ["['/a', '/b', '/c']"]
    assert result.errors == {}


SEEN = """
def seen(request, response, user):
    t = response.timings
    assert 0 < t.first_byte_ms <= t.total_ms
    user.log(json.dumps([request.method, request.url.partition("/th")[2], request.headers["X-A"], request.json]))
    user.log(json.dumps([response.status, response.headers["x-two"], response.json(), response.text, user.vars["id"]]))
"""


def test_after_a_response_hooks_see_what_was_sent_what_came_and_what_was_captured(tmp_path: Path) -> None:
    keys = {"json": {"n": "{{ n }}"}, "headers": {"X-A": "{{ word }}"}, "capture": {"json": "$.id", "as": "id"}}
    result, _ = sent(tmp_path, "pass", post(**keys, afterResponse="seen"), source=SEEN, config=VARIABLES)
    assert [json.loads(text) for _, text in result.lines] == [
        ["POST", "ings?x=5", "tea", {"n": 5}],
        [200, "a, b", {"id": 7}, '{"id": 7}', 7],
    ]


def test_after_a_failed_capture_hooks_run_and_the_visit_ends(tmp_path: Path) -> None:
    source = "def tell(response, user): user.log(response.status)\n"
    flow = [{"get": {"url": "/", "capture": {"json": "$.no", "as": "no"}, "afterResponse": "tell"}}, {"log": "never"}]
    result, _ = sent(tmp_path, "pass", flow, source=source)
    assert [text for _, text in result.lines] == ["200"]
    assert result.errors == {"Failed capture or match": 1}


def test_after_a_request_without_a_response_there_is_nothing_to_see(tmp_path: Path) -> None:
    source = "def tell(response, user): user.log(response.status)\n"
    flow = [{"get": {"url": "http://127.0.0.1:9/", "afterResponse": "tell"}}]
    result, _ = sent(tmp_path, "pass", flow, source=source)
    assert (result.lines, result.errors) == ([], {"ECONNREFUSED": 1})


def test_a_request_that_is_left_out_calls_no_hooks(tmp_path: Path) -> None:
    flow = [{"get": {"url": "/", "ifTrue": "1 > 2", "beforeRequest": "change", "afterResponse": "change"}}]
    result, requests = sent(tmp_path, "user.log('called')", flow)
    assert (result.lines, requests) == ([], [])


def test_redirects_carry_what_hooks_changed(tmp_path: Path) -> None:
    moved = response(b"", "307 Temporary Redirect", "Location: /there")
    log: list[bytes] = []
    source = "def change(request): request.headers['x-a'] = '1'; request.json = {'b': 2}\n"
    flow = [{"put": {"url": "/here", "beforeRequest": "change"}}]
    ran_with_hooks(tmp_path, always(log, moved, ANSWER), source, flow)
    assert [request.split(b" HTTP")[0] for request in log] == [b"PUT /here", b"PUT /there"]
    assert all(request.endswith(b'{"b":2}') and fields(request)["x-a"] == "1" for request in log)
