"""Parts of a file have the names that its author knows them by."""

from typing import Any

import pytest

from loadkit.scenario.naming import Names, listed, shown, type_names

DATA = {
    "config": {
        "phases": [{"name": "warm up"}, {}, {"name": "x" * 60}],
        "environments": {"e": {"phases": [{}], "http": {}}},
    },
    "scenarios": [
        {"name": "buy", "flow": [{"get": {"capture": [{}]}}, {"loop": [{"think": 1}, [{"x": 1}]], "count": 1}, 5]},
        {"flow": [{}]},
    ],
}
NAMES = Names(DATA, frozenset({"get", "loop", "think"}), frozenset({"loop"}))


@pytest.mark.parametrize(
    ("where", "name"),
    [
        ((), "the file"),
        (("config",), "config"),
        (("config", "http", "defaults"), "config.http.defaults"),
        (("config", "payload", 1), "config.payload[1]"),
        (("config", "phases", 0), 'phase "warm up"'),
        (("config", "phases", 1), "phase 2"),
        (("config", "phases", 2), f'phase "{"x" * 37}..."'),
        (("config", "environments", "e"), 'environment "e"'),
        (("config", "environments", "e", "phases", 0), 'phase 1 of environment "e"'),
        (("config", "environments", "e", "http"), 'http of environment "e"'),
        (("scenarios", 0), 'scenario "buy"'),
        (("scenarios", 1), "scenario 2"),
        (("scenarios", 0, "flow", 0), 'step "get"'),
        (("scenarios", 0, "flow", 0, "get"), 'step "get"'),
        (("scenarios", 0, "flow", 0, "get", "capture", 0), '"capture" of step "get"'),
        (("scenarios", 0, "flow", 1, "count"), '"count" of step "loop"'),
        (("scenarios", 0, "flow", 1, "loop", 0), 'step "think"'),
        (("scenarios", 0, "flow", 1, "loop", 1, 0), 'step 2.2.1 of scenario "buy"'),
        (("scenarios", 0, "flow", 2), 'step 3 of scenario "buy"'),
        (("scenarios", 1, "flow", 0), "step 1 of scenario 2"),
    ],
)
def test_owner(where: tuple[str | int, ...], name: str) -> None:
    assert NAMES.owner(where) == name


@pytest.mark.parametrize(
    ("where", "name"),
    [
        (("scenarios",), '"scenarios" at the top of the file'),
        (("config", "mode"), '"mode" in config'),
        (("config", "phases", 0, "mode"), '"mode" in phase "warm up"'),
        (("config", "phases", 1), "phase 2"),
        (("config", "thresholds", 1), 'item 2 of "thresholds" in config'),
        (("scenarios", 0, "flow", 0, "get"), '"get"'),
        (("scenarios", 0, "flow", 0, "get", "url"), '"url" in step "get"'),
    ],
)
def test_subject(where: tuple[str | int, ...], name: str) -> None:
    assert NAMES.subject(where) == name


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (("scenarios", 0, "flow", 0), True),
        (("scenarios", 0, "flow", 1, "loop", 1, 0), True),
        (("scenarios", 0, "flow", 0, "get"), False),
        (("scenarios", 0, "flow", 0, "get", "capture", 0), False),
        (("scenarios", 0), False),
        ((), False),
    ],
)
def test_is_step(where: tuple[str | int, ...], expected: bool) -> None:
    assert NAMES.is_step(where) is expected


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "empty"),
        (True, "true"),
        (1.5, "1.5"),
        ({}, "a mapping"),
        ([], "a list"),
        ('say "é"', '"say \\"é\\""'),
        ("x" * 99, f'"{"x" * 37}..."'),
    ],
)
def test_values_are_shown_as_in_the_file(value: Any, text: str) -> None:
    assert shown(value) == text


def test_lists_of_words() -> None:
    assert [listed([]), listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])] == [
        "nothing",
        "a",
        "a or b",
        "a, b or c",
    ]
    assert type_names(["integer", "string"]) == "a whole number or text"
