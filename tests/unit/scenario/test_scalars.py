"""Unquoted values mean what YAML 1.2's core schema says."""

import math

import pytest

from loadkit.scenario.scalars import explain_trap, read_plain, read_tagged


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("true", True),
        ("False", False),
        ("0", 0),
        ("-17", -17),
        ("+3", 3),
        ("0x1F", 31),
        ("0o17", 15),
        ("1.5", 1.5),
        ("1e3", 1000),
        ("-2.5E-1", -0.25),
        (".5", 0.5),
        ("3.", 3),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("123456789012345678901234567890", 123456789012345678901234567890),
    ],
)
def test_core_values(text: str, value: object) -> None:
    found = read_plain(text)
    assert found == value
    assert type(found) is type(value)


def test_nan() -> None:
    found = read_plain(".nan")
    assert isinstance(found, float)
    assert math.isnan(found)


@pytest.mark.parametrize(
    "text",
    [
        "yes",
        "No",
        "on",
        "off",
        "y",
        "012",
        "-01",
        "00.5",
        "10:30",
        "2020-01-01",
        "=",
        "1_000",
        "0b11",
        "0x",
        "1e",
        ".",
        "-",
        "+",
        "e3",
        "nan",
        "inf",
        "tRue",
        "0X1F",
        "1.2.3",
        "5m",
        "٣",
        "9" * 5000,
    ],
)
def test_everything_else_is_text(text: str) -> None:
    assert read_plain(text) == text


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("yes", "true"),
        ("ON", "true"),
        ("no", "false"),
        ("Off", "false"),
        ("012", "0o12"),
        ("1_000", "1000"),
        ("0b11", "3"),
        ("10:30", "a number to the base 60"),
    ],
)
def test_a_yaml_1_1_value_is_explained(text: str, other: str) -> None:
    trap = explain_trap(text)
    assert trap is not None
    assert trap[0] == other
    assert f'"{text}"' in trap[1]


@pytest.mark.parametrize("text", ["true", "12", "0", "089", "2020-01-01", "nope", "one", "12:99", "a_b", "5m"])
def test_what_both_versions_read_alike_needs_no_explanation(text: str) -> None:
    assert explain_trap(text) is None


@pytest.mark.parametrize(
    ("tag", "text", "value"),
    [("str", "12", "12"), ("int", "12", 12), ("float", "12", 12.0), ("bool", "true", True), ("null", "~", None)],
)
def test_a_core_tag_gives_its_type(tag: str, text: str, value: object) -> None:
    found = read_tagged(tag, text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("tag", "text"), [("int", "x"), ("int", "1.5"), ("bool", "yes"), ("float", "a"), ("int", "true")]
)
def test_a_value_that_is_not_of_its_tag_is_refused(tag: str, text: str) -> None:
    with pytest.raises(ValueError, match=tag):
        read_tagged(tag, text)
