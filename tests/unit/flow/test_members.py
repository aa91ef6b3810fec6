"""The short way of captures stores what the general way stores, or leaves it to that."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadkit.flow.extract import compile_captures
from loadkit.flow.members import compile_members
from loadkit.flow.reading import MAX_BODY_BYTES
from loadkit.flow.response import Response
from tests.support.engine import build_for
from tests.support.users import user

TWO = [{"json": "$.id", "as": "a"}, {"json": "$['to-ken']", "as": "b"}]
values = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(max_size=3)
documents = st.recursive(
    values, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "to-ken", "x"]), inner)
)


def captures(items: Any) -> Any:
    made = compile_captures({"capture": items}, (), build_for({}))
    assert made is not None
    return made


@given(documents)
def test_both_ways_store_the_same(document: Any) -> None:
    body, made, general = msgspec.json.encode(document), captures(TWO), user()
    taken: dict[str, Any] = {}
    assert made.take is not None
    if made.take(body, taken):
        assert made.apply(general, Response(200, list, body)) is None
        assert taken == {name: general.variables[name] for name in ("a", "b")}
    else:
        assert taken == {}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"id": 1}',
        b'{"id": 1, "to-ken": null}',
        b'{"id": "", "to-ken": 2}',
        b'{"id": 1, "to-ken": 2} x',
        b'\xef\xbb\xbf{"id": 1, "to-ken": 2}',
        b'{"id": 1, "to-ken": "\xff"}',
        b'{"id": 1, "to-ken": 2, "x": "' + b"x" * MAX_BODY_BYTES + b'"}',
        b'{"id": 1, "to-ken": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
def test_what_is_unusual_is_left_to_the_general_way(body: bytes) -> None:
    taken: dict[str, Any] = {}
    assert not captures(TWO).take(body, taken)
    assert taken == {}


def test_of_a_member_given_twice_the_last_one_counts_as_in_the_general_way() -> None:
    body, made, general = b'{"id": 1, "id": 2, "to-ken": 3}', captures(TWO), user()
    taken: dict[str, Any] = {}
    assert made.take(body, taken)
    made.apply(general, Response(200, list, body))
    assert taken == {"a": 2, "b": 3} == {name: general.variables[name] for name in ("a", "b")}


@pytest.mark.parametrize(
    "item",
    [
        {"json": "$.a.b", "as": "a"},
        {"json": "$", "as": "a"},
        {"json": "$..a", "as": "a", "all": False},
        {"json": "$.a", "as": "a", "strict": False},
        {"json": "$.a", "as": "a", "multiple": False},
        {"json": "$.{{ x }}", "as": "a"},
        {"json": "$.a", "as": "a.b"},
        {"json": "$.a", "as": "a[0]"},
        {"header": "a", "as": "a"},
        {"regexp": "a", "as": "a"},
    ],
)
def test_other_captures_have_no_short_way(item: dict[str, Any]) -> None:
    assert captures([TWO[0], item]).take is None


def test_a_match_is_for_the_general_way() -> None:
    made = compile_captures({"capture": TWO, "match": {"json": "$.id", "value": 1}}, (), build_for({}))
    assert made is not None
    assert made.take is None


def test_members_with_names_that_cannot_be_fields_and_doubles_have_no_short_way() -> None:
    assert compile_members([('a"b', "x")]) is None
    assert compile_members([("a", "x"), ("a", "y")]) is None
    assert compile_members([]) is None
