"""Variables without a value, in our way (nothing) and in JavaScript's (`undefined`)."""

from typing import Any

import pytest

from loadkit.template.compile import compile_value
from loadkit.template.functions import FUNCTIONS
from loadkit.template.text import UNDEFINED, to_script_text, without_undefined
from tests.support.engine import build_for, on_loop, run_flow
from tests.support.raw_server import always, raw_server, response
from tests.support.users import user


@pytest.mark.parametrize(
    ("value", "ours", "script"),
    [
        ("/{{ nope }}", "/", "/undefined"),
        ("{{ a }}/{{ nope.b[0] }}/{{ a.b }}", "1//", "1/undefined/undefined"),
        ("{{ nul }}-{{ zero }}-{{ no }}", "-0-false", "null-0-false"),
        ({"{{ nope }}": "x{{ nope }}"}, {"": "x"}, {"undefined": "xundefined"}),
    ],
)
def test_what_stands_in_a_text(value: Any, ours: Any, script: Any) -> None:
    somebody = user(a=1, nul=None, zero=0, no=False)
    assert compile_value(value, FUNCTIONS).render(somebody) == ours
    assert compile_value(value, FUNCTIONS, script=True).render(somebody) == script


def test_a_text_that_is_one_variable_is_undefined_itself() -> None:
    template = compile_value("{{ nope }}", FUNCTIONS, script=True)
    assert template.render(user()) is UNDEFINED
    assert (template.text(user()), bool(UNDEFINED)) == ("undefined", False)
    assert template.render(user(nope=None)) is None


def test_json_has_no_undefined() -> None:
    value = {"a": UNDEFINED, "b": [UNDEFINED, 1, {"c": UNDEFINED}], "d": None}
    assert without_undefined(value) == {"b": [None, 1, {}], "d": None}
    assert [to_script_text(one) for one in (None, UNDEFINED, True, "x")] == ["null", "undefined", "true", "x"]


FLOW: list[Any] = [
    {
        "get": {
            "url": "/{{ nope }}",
            "qs": {"a": "{{ nope }}", "b": "x{{ nope }}"},
            "capture": {"json": "$.no", "as": "no"},
        }
    },
    {"post": {"url": "/{{ no }}", "json": {"a": "{{ nope }}", "b": ["{{ nope }}"], "n": "{{ nul }}"}}},
    {"post": {"url": "/form", "form": {"a": "{{ nope }}", "n": "{{ nul }}"}}},
    {"post": {"url": "/body", "body": "{{ nope }}"}},
    {"loop": [{"get": "/never"}], "count": "{{ nope }}"},
]


def test_requests_are_those_of_artillery_where_that_is_asked_for() -> None:
    seen: list[bytes] = []

    async def main() -> Any:
        async with raw_server(always(seen, response(b"{}", "200 OK", "Content-Type: application/json"))) as server:
            config = {"compat": "artillery", "http": {"defaults": {"strictCapture": False}}}
            return await run_flow(FLOW, server.url, config=config, variables={"nul": None})

    ran = on_loop(main())
    assert ran.errors == {}
    told = [(one.split(b" ", 2)[1].decode(), one.partition(b"\r\n\r\n")[2].decode()) for one in seen]
    assert told == [
        ("/undefined?a=&b=xundefined", ""),
        ("/undefined", '{"b":[null],"n":null}'),
        ("/form", "a=undefined&n=null"),
        ("/body", ""),
    ]


@pytest.mark.parametrize(("config", "severity"), [({}, "error"), ({"compat": "artillery"}, "warning")])
def test_what_nothing_defines_is_a_fault_or_told(config: dict[str, Any], severity: str) -> None:
    build = build_for({"target": "http://127.0.0.1:9", **config})
    build.later = {"soon": ("flow",)}
    build.steps([{"log": "{{ nope }}"}, {"log": "{{ soon }}"}], ("flow",))
    assert [(one.code, one.severity.value) for one in build.diagnostics] == [("LK201", severity), ("LK202", severity)]


@pytest.mark.parametrize(("script", "given"), [(False, 7), (True, "7")])
def test_what_random_functions_give_is_text_in_artillery(script: bool, given: object) -> None:
    template = compile_value({"n": "{{ $randomNumber(7, 7) }}"}, FUNCTIONS, script=script)
    assert template.render(user()) == {"n": given}
