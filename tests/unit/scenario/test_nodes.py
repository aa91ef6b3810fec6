"""Composing is bounded, and works alike with the C and the pure Python parser."""

import time
import tracemalloc

import pytest
import yaml

from loadkit.errors import Diagnostic
from loadkit.scenario.nodes import MAX_DEPTH, MAX_NODES, compose

LAUGHS = "a0: &a0 [x, x, x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 40))
MERGES = "a0: &a0 {x: 1}\n" + "".join(f"a{i}: &a{i} {{<<: [*a{i - 1}, *a{i - 1}]}}\n" for i in range(1, 60))


def codes(diagnostics: list[Diagnostic]) -> list[str]:
    return [found.code for found in diagnostics]


@pytest.mark.parametrize("text", [LAUGHS, MERGES], ids=["lists", "merge keys"])
def test_billion_laughs_end_at_once_and_in_little_memory(text: str) -> None:
    tracemalloc.start()
    started = time.perf_counter()
    made = compose(text, "a.yaml")
    elapsed, peak = time.perf_counter() - started, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert codes(made.diagnostics) == ["LK008"]
    assert made.root is None
    assert elapsed < 1
    assert peak < 2_000_000


def test_as_many_nodes_as_allowed() -> None:
    items = MAX_NODES - 2  # the mapping and the list are nodes, too
    assert compose("a:\n" + "- x\n" * items, "a.yaml").diagnostics == []
    assert codes(compose("a:\n" + "- x\n" * (items + 1), "a.yaml").diagnostics) == ["LK008"]


@pytest.mark.parametrize("loader", [yaml.CSafeLoader, yaml.SafeLoader])
def test_depth_is_limited(loader: type) -> None:
    assert compose("[" * MAX_DEPTH + "]" * MAX_DEPTH, "a.yaml", loader=loader).diagnostics == []
    found = compose("[" * 100_000, "a.yaml", loader=loader).diagnostics
    assert codes(found) == ["LK008"]
    assert found[0].at.column == MAX_DEPTH + 1


def test_aliases_cannot_get_around_the_depth() -> None:
    text = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 100))
    assert codes(compose(text, "a.yaml").diagnostics) == ["LK008"]


def test_an_alias_inside_its_own_anchor_is_a_fault() -> None:
    made = compose("a: &a [1, *a]\n", "a.yaml")
    assert [(found.code, found.at.column) for found in made.diagnostics] == [("LK002", 11)]


@pytest.mark.parametrize("loader", [yaml.CSafeLoader, yaml.SafeLoader])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\na: 2\nb: {c: 1, c: 2}\n", [("LK005", 2, 1), ("LK005", 3, 11)]),
        ("a: 1\n'a': 2\n", [("LK005", 2, 1)]),
        ("😀: {{ x }}\n", [("LK006", 1, 4)]),
        ("a: [{{ x }}, {{ f(1, 2) }}]\n", [("LK006", 1, 5), ("LK006", 1, 14)]),
        ("a: {{{ x }}}\n", [("LK006", 1, 4)]),
        ("{{ x }}: 1\n", [("LK006", 1, 1)]),
        ("? {a: 1}\n: 2\n", [("LK002", 1, 3)]),
        ("? [a]\n: 2\n", [("LK002", 1, 3)]),
        (
            "a: !x 1\nb: !x {}\nc: !!set {}\nd: !!int x\n",
            [("LK007", 1, 4), ("LK007", 2, 4), ("LK007", 3, 4), ("LK007", 4, 4)],
        ),
        ("a: !!str 1\nb: !!int 2\nc: ! 3\nd: !!map {}\ne: !!seq []\n", []),
        ("a: yes\nyes: b\nc: 'yes'\n", [("LK009", 1, 4)]),
        ("a: 1\n---\nb: 1\n", [("LK010", 2, 1)]),
        ("a: *b\n", [("LK002", 1, 4)]),
    ],
)
def test_faults_and_their_places(text: str, expected: list[tuple[str, int, int]], loader: type) -> None:
    made = compose(text, "a.yaml", loader=loader)
    assert [(found.code, found.at.line, found.at.column) for found in made.diagnostics] == expected
    assert made.fault is None


def test_faults_before_a_syntax_fault_are_kept() -> None:
    made = compose("a: 1\na: 2\nb: [\n", "a.yaml")
    assert codes(made.diagnostics) == ["LK005"]
    assert made.fault is not None
    assert made.root is None


def test_the_hint_of_a_repeated_key_names_the_first() -> None:
    made = compose("a: 1\nb: 2\na: 3\na: 4\n", "a.yaml")
    assert [found.hint for found in made.diagnostics] == ["the first stands on line 1; keep one of them"] * 2
