"""Repairs let reading go on, and keep the places of the text as it was written."""

import pytest

from loadkit.errors import Diagnostic, Position
from loadkit.scenario.repair import Text, quoted, repair, tab_indents, uncommented, unquoted_template, without_tabs


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a:\n\tb: 1\n", "a:\n  b: 1\n"),
        ("a:\n  - b:\n\t\tc: 1\n", "a:\n  - b:\n        c: 1\n"),
        ("a:\n-\tb: 1\n", "a:\n- b: 1\n"),
        ("a:\n\t- b: 1\n\t  c:\td\n", "a:\n  - b: 1\n    c:\td\n"),
    ],
)
def test_tabs_become_the_indentation_that_was_meant(text: str, expected: str) -> None:
    found = without_tabs(Text(text=text, file="a.yaml"), 0)
    assert found is not None
    assert found[0].text == expected
    assert found[1].fault is None


def test_tabs_that_are_not_the_only_fault_are_replaced_as_far_as_that_helps() -> None:
    found = without_tabs(Text(text="a:\n\tb: 1\nc: [\n", file="a.yaml"), 1)
    assert found is not None
    assert found[1].fault is not None
    assert without_tabs(Text(text="a: [\n", file="a.yaml"), 1) is None


@pytest.mark.parametrize(
    ("code", "text", "column", "expected"),
    [
        ("LK004", 'a: "b\n', 4, 'a: "b"\n'),
        ("LK004", 'a: {b: "c}\r\n', 8, 'a: {b: "c"}\r\n'),
        ("LK004", "- 'it\n", 3, "- 'it'\n"),
        ("LK006", "a: {{ b }}/c # d\n", 4, 'a: "{{ b }}/c" # d\n'),
        ("LK006", "a: [1, {{ b[0] }}]\n", 8, 'a: [1, "{{ b[0] }}"]\n'),
        ("LK002", "a: b: c\n", 5, None),
    ],
)
def test_a_line_is_repaired(code: str, text: str, column: int, expected: str | None) -> None:
    fault = Diagnostic(code=code, message="", at=Position("a.yaml", 1, column))
    found = repair(fault, Text(text=text, file="a.yaml"))
    assert (found and found[0].text) == expected


def test_places_count_without_the_repairs() -> None:
    text = Text(text="a: 1\n    b: 2\n", file="a.yaml", shifts={1: 3})
    assert text.at(1, 4) == Position("a.yaml", 2, 2)
    assert text.at(9, 0) == Position("a.yaml", 2, 6)
    assert text.character(1, 4) == "b"
    assert text.character(9, 0) == ""
    assert text.with_line(0, "c: 3").lines == ["c: 3", "    b: 2"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("url: {{ a }}/b  # c", (5, "{{ a }}/b")),
        ("  - {{ a }} {{ b }}", (4, "{{ a }} {{ b }}")),
        ('  - "a b": {{ c["d"] }}', (11, '{{ c["d"] }}')),
        ("a: {b: {{ c }}, d: 1}", (7, "{{ c }}")),
        ("a: [x, {{ c[0] }}/d]", (7, "{{ c[0] }}/d")),
        ("- get: {url: /{{ y }}/a, b: 1}", (13, "/{{ y }}/a")),
        ("a: [x, b/{{ c }}]", (7, "b/{{ c }}")),
        ("a: b: /{{ c }}", None),
        pytest.param(f"a: {{{{ b }}}}{' ' * 5000}", None, id="a long line"),
        ('a: "{{ b }}"', None),
        ('a: {b: "x {{ c }}"}', None),
        ("a: text with {{ b }", None),
        ("# {{ b", None),
        ("a: text: with {{ b }} in it", None),
        ("a: [text {{ b }}]", None),
    ],
)
def test_unquoted_templates(line: str, expected: tuple[int, str] | None) -> None:
    assert unquoted_template(line) == expected


def test_quotes_suit_the_text() -> None:
    assert [quoted("a"), quoted('a"b'), quoted("a\\'b")] == ['"a"', "'a\"b'", "'a\\''b'"]
    assert [uncommented("a # b"), uncommented("a#b "), uncommented("a")] == ["a", "a#b", "a"]


def test_indentation_with_tabs() -> None:
    lines = ["a:\tb", "\tc", "  -\td", "\t", "  e"]
    assert [number for number, _ in tab_indents(lines)] == [1, 2]
