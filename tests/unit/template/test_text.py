from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadkit.template.text import to_text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        (5, "5"),
        (-5, "-5"),
        (10**30, "1" + "0" * 30),
        (True, "true"),
        (False, "false"),
        (None, ""),
        (1.0, "1"),
        (-0.0, "0"),
        (0.1, "0.1"),
        (1e16, "10000000000000000"),
        (1e21, "1e+21"),
        (0.00001, "0.00001"),
        (1.5e-7, "1.5e-7"),
        (float("nan"), "NaN"),
        (float("inf"), "Infinity"),
        (float("-inf"), "-Infinity"),
        ([1, None, "é"], '[1,null,"é"]'),
        ({"a": {"b": []}}, '{"a":{"b":[]}}'),
        ({None: 1}, '{"null":1}'),
        (["\ud800"], '["\\ud800"]'),
    ],
)
def test_values_read_as_javascript_prints_them(value: Any, text: str) -> None:
    assert to_text(value) == text


def test_a_list_inside_itself_is_no_error() -> None:
    endless: list[Any] = []
    endless.append(endless)
    assert to_text(endless) == "[[...]]"


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_keep_their_value(value: float) -> None:
    assert float(to_text(value)) == value
