from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadkit.template.path import (
    MISSING,
    PathFault,
    assign,
    compile_assignment,
    compile_getter,
    compile_path,
    parse_path,
)

ROOT = {"a": {"b": [{"c": 1}, None], "0": "text key"}, "list": [5, 6], "n": None}


@pytest.mark.parametrize(
    ("path", "segments"),
    [
        ("a", ("a",)),
        (" a ", ("a",)),
        ("a.b.c", ("a", "b", "c")),
        ("a[0][1].b", ("a", "0", "1", "b")),
        ("pet[id]", ("pet", "id")),
        ('a[\'x.y\']["it\\"s"]', ("a", "x.y", 'it"s')),
        ("['a b'].c", ("a b", "c")),
        ("first name", ("first name",)),
        ("$loopElement.@id", ("$loopElement", "@id")),
        ("a[ 0 ]", ("a", "0")),
    ],
)
def test_paths_are_read_as_lodash_reads_them(path: str, segments: tuple[str, ...]) -> None:
    assert parse_path(path) == segments


@pytest.mark.parametrize(
    "path", ["", " ", ".", "a.", ".a", "a..b", "a[", "a[]", "a]", "a[0", "a.[0]", "a b c+d", "a['x]"]
)
def test_what_is_no_path_is_a_fault(path: str) -> None:
    with pytest.raises(PathFault):
        parse_path(path)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("a.b[0].c", 1),
        ("a.b[1]", None),
        ("a[0]", "text key"),
        ("list[1]", 6),
        ("list.1", 6),
        ("list.length", 2),
        ("list[2]", None),
        ("list[-1]", None),
        ("list.append", None),
        ("a.items", None),
        ("n.x", None),
        ("zzz", None),
        ("zzz.y", None),
    ],
)
def test_only_keys_and_indexes_are_followed(path: str, value: Any) -> None:
    assert compile_path(path)(ROOT) == value


def test_a_getter_tells_what_is_missing_from_null() -> None:
    assert compile_getter(("n",), MISSING)(ROOT) is None
    assert compile_getter(("zzz",), MISSING)(ROOT) is MISSING
    assert compile_getter(("n", "x"), MISSING)(ROOT) is MISSING
    assert compile_getter((), MISSING)(ROOT) is ROOT
    assert repr(MISSING) == "MISSING"


@pytest.mark.parametrize(
    ("before", "path", "after"),
    [
        ({}, "a", {"a": 9}),
        ({}, "pet[id]", {"pet": {"id": 9}}),
        ({}, "a.b.c", {"a": {"b": {"c": 9}}}),
        ({}, "a[1]", {"a": [None, 9]}),
        ({"a": [1, 2]}, "a[0]", {"a": [9, 2]}),
        ({"a": {"x": 1}}, "a.y", {"a": {"x": 1, "y": 9}}),
        ({"a": {"x": 1}}, "a[0]", {"a": {"x": 1, "0": 9}}),
        ({"a": "text"}, "a.b", {"a": {"b": 9}}),
        ({"a": None}, "a.b[0]", {"a": {"b": [9]}}),
    ],
)
def test_assigning_makes_what_is_missing(before: dict[str, Any], path: str, after: dict[str, Any]) -> None:
    assign(before, path, 9)
    assert before == after


def test_assigning_copies_containers_that_others_may_share() -> None:
    shared = {"b": [1, 2], "other": []}
    variables: dict[str, Any] = {"a": shared}
    assign(variables, "a.b[0]", 9)
    assert shared == {"b": [1, 2], "other": []}
    assert variables["a"] == {"b": [9, 2], "other": []}
    assert variables["a"]["other"] is shared["other"]


def test_a_huge_index_is_refused_before_it_fills_the_memory() -> None:
    with pytest.raises(PathFault, match="too large"):
        compile_assignment("a[99999999]")


@given(st.text(alphabet="ab0 .[]'\"\\$", max_size=15))
def test_any_text_is_a_path_or_a_fault(text: str) -> None:
    segments, offset = None, 0
    try:
        segments = parse_path(text)
    except PathFault as fault:
        offset = fault.offset
    assert 0 <= offset <= len(text)
    if segments is not None:
        variables: dict[str, Any] = {}
        assign(variables, text, 1)
        assert compile_path(text)(variables) == 1
