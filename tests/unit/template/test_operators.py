from typing import Any

import pytest

from loadkit.template.operators import BINARY, matches, negated, number_of


@pytest.mark.parametrize(
    ("value", "number"),
    [(5, 5), ("5", 5), (" -1.5e1 ", -15.0), ("", None), ("5a", None), ("nan", None), (None, None), ([5], None)],
)
def test_numbers_are_what_is_or_spells_one(value: Any, number: Any) -> None:
    assert number_of(value) == number


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        (None, None, True),
        (None, 0, False),
        (1, "1", True),
        (1, "1.0", True),
        (10**18 - 1, str(10**18 - 1), True),
        (10**17 + 1, str(10**17), False),
        (True, "true", True),
        (True, "1", False),
        ("a", "a", True),
        ([1], [1], True),
        ([1], "[1]", False),
    ],
)
def test_equality(left: Any, right: Any, equal: bool) -> None:
    assert BINARY["=="](left, right) is equal
    assert BINARY["=="](right, left) is equal
    assert BINARY["!="](left, right) is not equal


def test_minus_and_matching_never_raise() -> None:
    assert (negated("2"), negated("x"), negated(None)) == (-2, None, None)
    assert matches("abc", "b") is True
    assert matches("abc", "(") is False
    assert matches(None, "b") is False
