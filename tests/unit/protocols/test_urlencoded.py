"""Forms and queries, byte for byte."""

from typing import Any

import pytest

from loadkit.protocols.urlencoded import form_text, query_text

HARD = "~!*'()-_. +@/é"
ENCODED = "%7E%21*%27%28%29-_.+%2B%40%2F%C3%A9"


@pytest.mark.parametrize(
    ("values", "form", "query"),
    [
        ({"a b": HARD}, f"a+b={ENCODED}", f"a+b={ENCODED}"),
        ({"l": ["x", "y"]}, "l=x%2Cy", "l=x&l=y"),
        ({"l": ["x", None, [1, 2]]}, "l=x%2C%2C1%2C2", "l=x&l=&l=%5B1%2C2%5D"),
        ({"l": []}, "l=", ""),
        ({"n": None, "t": True, "f": False}, "n=null&t=true&f=false", "n=&t=true&f=false"),
        ({"i": 1, "x": 1.0, "y": 1.5}, "i=1&x=1&y=1.5", "i=1&x=1&y=1.5"),
        ({"m": {"a": 1}}, "m=%7B%22a%22%3A1%7D", "m=%7B%22a%22%3A1%7D"),
        ({}, "", ""),
    ],
)
def test_values_are_encoded(values: dict[str, Any], form: str, query: str) -> None:
    assert (form_text(values), query_text(values)) == (form, query)
