import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadkit.flow.jsonpath import JsonPathFault, compile_jsonpath
from loadkit.template.path import MISSING

DOCUMENT = {
    "token": "t",
    "null": None,
    "my-key": 1,
    "it's": 2,
    "items": [{"id": 1, "n": "a"}, {"id": 2, "n": "b"}],
    "0": "zero",
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$", DOCUMENT),
        ("$.token", "t"),
        ("token", "t"),
        ("$['token']", "t"),
        ('$["it\'s"]', 2),
        ("$.my-key", 1),
        ("$.null", None),
        ("$.items[1].id", 2),
        ("$.items.1.id", 2),
        ("$.items.length", 2),
        ("$.0", "zero"),
        ("$.missing", MISSING),
        ("$.items[5]", MISSING),
        ("$.token.length", MISSING),
        ("$.token[0]", MISSING),
    ],
)
def test_plain_paths_have_a_direct_getter(path: str, value: Any) -> None:
    compiled = compile_jsonpath(path)
    assert compiled.get is not None
    assert compiled.singular
    assert compiled.get(DOCUMENT) == compiled.first(DOCUMENT) == value
    assert compiled.values(DOCUMENT) == ([] if value is MISSING else [value])


@pytest.mark.parametrize(
    ("path", "values", "singular"),
    [
        ("$.items[-1].id", [2], True),
        ("$.items[*].id", [1, 2], False),
        ("$..id", [1, 2], False),
        ("$.items[?(@.n == 'b')].id", [2], False),
        ("$.items[?@.id > 5]", [], False),
        ("[?@.id]", [], False),
        (" $.items[0, 1].n ", ["a", "b"], False),
    ],
)
def test_other_paths_are_those_of_rfc_9535(path: str, values: list[Any], singular: bool) -> None:
    compiled = compile_jsonpath(path)
    assert compiled.get is None
    assert compiled.values(DOCUMENT) == values
    assert compiled.first(DOCUMENT) == (values[0] if values else MISSING)
    assert compiled.singular is singular


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("", "whole document"),
        ("$.", ""),
        ("$.items[", ""),
        ("$.a b", ""),
        ("$.items[?(@property == 'x')]", "RFC 9535"),
    ],
)
def test_what_is_no_jsonpath_is_a_fault(path: str, hint: str) -> None:
    with pytest.raises(JsonPathFault) as caught:
        compile_jsonpath(path)
    assert "\n" not in str(caught.value)
    assert hint in caught.value.hint


def test_a_document_too_deep_for_a_path_is_a_fault() -> None:
    document: Any = 1
    for _ in range(3000):
        document = [document]
    with pytest.raises(JsonPathFault):
        compile_jsonpath("$..x").first(document)
    with pytest.raises(JsonPathFault):
        compile_jsonpath("$..x").values(document)


@pytest.mark.parametrize(
    "path",
    ["$..a..a..a..b..q", "$..[?@..[?@..[?@.q]]]..x", "$.items[?search(@.n, '(x+x+)+y')]", "$.items[?@.n == 'y'].n"],
)
@pytest.mark.parametrize("apply", ["first", "values"])
def test_a_path_that_looks_too_long_is_given_up(path: str, apply: str) -> None:
    deep: Any = {}
    for _ in range(80):
        deep = {"a": deep, "b": {"a": {}}}
    document = {"items": [{"id": i, "n": "x" * 30} for i in range(60_000)], **deep}
    began = time.process_time()
    with pytest.raises(JsonPathFault, match="longer than 50 ms"):
        getattr(compile_jsonpath(path), apply)(document)
    assert time.process_time() - began < 0.2


@given(st.text(alphabet="$.@[]()?*'\"ab01-:,<>=!&| ", max_size=20) | st.text(max_size=10))
def test_any_text_compiles_and_applies_or_is_a_fault(path: str) -> None:
    found = None
    try:
        found = compile_jsonpath(path).values(DOCUMENT)
    except JsonPathFault as fault:
        assert str(fault)  # noqa: PT017  # the text is what is tested
    assert found is None or isinstance(found, list)
