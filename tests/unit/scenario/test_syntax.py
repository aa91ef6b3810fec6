"""Syntax faults: where the mistake was made, in plain words, and reading goes on."""

import pytest

from loadkit.scenario.source import read_source

PLACES = [
    ("a tab", "a:\n\tb: 1\n", [("LK003", 2, 1)]),
    ("a tab after spaces", "a:\n  \tb: 1\n", [("LK003", 2, 3)]),
    ("tabs below a value", "a:\n  b: x\n\tc: d\n", [("LK003", 3, 1)]),
    ("a tab after a dash", "a:\n  -\tb: 1\n    c: 2\n", [("LK003", 2, 4)]),
    ("several tabs", "a:\n- get:\n\t\turl: x\n\t\tname: y\n", [("LK003", 3, 1), ("LK003", 4, 1)]),
    ("tabs in brackets and texts are no fault", "a: [1,\n\t2]\nb: |\n  x\n  \ty\nc:\td\n", []),
    ("a double quote", 'a: "x\nb: 1\n', [("LK004", 1, 4)]),
    ("a single quote", "a: 1\nb:\n  c: 'x\n", [("LK004", 3, 6)]),
    ("a quote that another text closes", 'a: "x\nb: "y"\nc: d\n', [("LK004", 1, 4)]),
    (
        "quotes on many lines",
        'a: "x\nb: "y\nc: "z\nd: "w\n',
        [("LK004", 1, 4), ("LK004", 2, 4), ("LK004", 3, 4), ("LK004", 4, 4)],
    ),
    ("a quote in brackets", 'a: {b: "x}\nc: 1\n', [("LK004", 1, 8)]),
    ("a text over several lines is no fault", "a: \"x\n  y\"\nb: 'x\n\n  y'\n", []),
    ("a template with more behind it", "a: {{ x }}/y\n", [("LK006", 1, 4)]),
    ("a template with brackets in it", 'a: {{ x["y"] }}\nb: [{{ x[0] }}, 1]\n', [("LK006", 1, 4), ("LK006", 2, 5)]),
    ("a template and a repeated key", "a: {{ x }}/y\nb: 1\nb: 2\n", [("LK006", 1, 4), ("LK005", 3, 1)]),
    (
        "a tab, a quote and a template",
        'a:\n\tb: 1\n\tc: "x\nd: {{ x }} y\n',
        [("LK003", 2, 1), ("LK003", 3, 1), ("LK004", 3, 5), ("LK006", 4, 4)],
    ),
    ("a colon in a text", "a: b: c\n", [("LK002", 1, 5)]),
    ("a missing colon", "a: 1\nb\nc: 2\n", [("LK002", 2, 1)]),
    ("an open bracket", "a: [1,\n  2\nb: 3\n", [("LK002", 1, 4)]),
    ("an open bracket at the end", "a:\n  b: [\n", [("LK002", 2, 6)]),
    ("an open bracket behind an anchor", "a: &b\n  [1\nc: 1\n", [("LK002", 2, 3)]),
    ("a missing comma", '{\n  "a": 1\n  "b": 2\n}\n', [("LK002", 2, 9)]),
    ("wrong indentation", "a:\n  b: 1\n c: 2\n", [("LK002", 3, 2)]),
    ("a reserved character", "a: @b\n", [("LK002", 1, 4)]),
    ("an escape", 'a: "\\d"\n', [("LK002", 1, 5)]),
    ("an apostrophe", "a: 'it's'\n", [("LK002", 1, 8)]),
    ("a control character", "a: b\x07\nc: \ufeff\n", [("LK002", 1, 5), ("LK002", 2, 4)]),
    ("the end of the file", "a: {b: 1", [("LK002", 1, 4)]),
]


@pytest.mark.parametrize(("text", "expected"), [case[1:] for case in PLACES], ids=[case[0] for case in PLACES])
def test_place(text: str, expected: list[tuple[str, int, int]]) -> None:
    found = read_source("a.yaml", text).diagnostics
    assert [(fault.code, fault.at.line, fault.at.column) for fault in found] == expected


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("a:\n\tb: 1\n\tc:\n\t\td: 2\n", {"a": {"b": 1, "c": {"d": 2}}}),
        ("a:\n- get:\n\t\turl: x\n", {"a": [{"get": {"url": "x"}}]}),
        ('a: "x\nb: "y"\n', {"a": "x", "b": "y"}),
        ('a: {b: "x}\nc: 1\n', {"a": {"b": "x"}, "c": 1}),
        ("a: {{ x }}/y # z\nb: {{ y }}\n", {"a": "{{ x }}/y", "b": "{{ y }}"}),
        ("a: [{{ x[0] }}, {{ y }}]\n", {"a": ["{{ x[0] }}", "{{ y }}"]}),
    ],
)
def test_reading_goes_on_with_what_was_meant(text: str, data: object) -> None:
    document = read_source("a.yaml", text).document
    assert document is not None
    assert document.data == data


def test_places_behind_a_tab_are_those_of_the_text() -> None:
    found = read_source("a.yaml", "a:\n\tb: 1\n\tb: 2\n").diagnostics
    assert [(fault.code, str(fault.at)) for fault in found] == [
        ("LK003", "a.yaml:2:1"),
        ("LK003", "a.yaml:3:1"),
        ("LK005", "a.yaml:3:2"),
    ]


def test_many_tabs_are_not_all_listed() -> None:
    found = read_source("a.yaml", "a:\n" + "".join(f"\tb{number}: 1\n" for number in range(50))).diagnostics
    assert len(found) == 10
    assert "40 more lines" in found[-1].hint


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: b: c\n", "quotes"),
        ("a: 1\n  b: 2\n", "line 1"),
        ("a: 'it's'\n", "''"),
        ('a: "b "c" d"\n', '\\"'),
        ('a: "\\d"\n', "single quotes"),
        ("a: {{ x }}/y\n", '"{{ x }}/y"'),
        ('a: {{ x["y"] }}\n', "'{{ x[\"y\"] }}'"),
        ("a:\n\tb: 1\n", "spaces"),
    ],
)
def test_the_hint_names_the_remedy(text: str, words: str) -> None:
    assert words in read_source("a.yaml", text).diagnostics[0].hint


@pytest.mark.parametrize("text", [case[1] for case in PLACES], ids=[case[0] for case in PLACES])
def test_messages_are_in_plain_words(text: str) -> None:
    for fault in read_source("a.yaml", text).diagnostics:
        assert "token" not in fault.message
        assert "scalar" not in fault.message
        assert "did not find expected" not in fault.message
