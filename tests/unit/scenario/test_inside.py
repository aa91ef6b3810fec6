"""Where a character of a text stands in its file."""

import pytest
import yaml

from loadkit.scenario.inside import place_inside, token_width


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        pytest.param("a: to X", (0, 6), id="plain"),
        pytest.param('a: "to X"', (0, 7), id="double quotes"),
        pytest.param("a: 'it''s X'", (0, 10), id="a quote in single quotes"),
        pytest.param(r'a: "\"\t\x41\u00e9\U0001F600\/ X"', (0, 31), id="escapes"),
        pytest.param("a: |\n  one\n    two X\n", (2, 8), id="a block"),
        pytest.param("a: |2-  # indented by two\n    X\n", (1, 4), id="a block whose indentation is given"),
        pytest.param("a: |+\n  one\n\n  X\n\n", (3, 2), id="a block with an empty line"),
        pytest.param("a: >\n  one\n  X\n", None, id="a folded block"),
        pytest.param('a: "one\n  X"', None, id="a text on two lines"),
        pytest.param("a: one\n  X", None, id="a plain text on two lines"),
    ],
)
def test_a_character_is_found_in_the_file(written: str, expected: tuple[int, int] | None) -> None:
    text = yaml.safe_load(written)["a"]
    assert place_inside(written.splitlines(), (0, 3), text, text.index("X")) == expected


def test_a_text_that_is_not_the_one_in_the_file_has_no_places() -> None:
    assert place_inside(['a: "{{ b }} c"'], (0, 3), "rendered c", 9) is None
    assert place_inside(["a: |", "  b"], (0, 3), "c", 0) is None
    assert place_inside(["a: |"], (0, 3), "c", 0) is None
    assert place_inside([], (0, 0), "c", 0) is None
    assert place_inside([r'a: "\ud83d\ude00 X"'], (0, 3), "\U0001f600 X", 2) is None  # a pair of escapes, as in JSON
    assert place_inside([r'a: "\xzz"'], (0, 3), "zz", 1) is None


@pytest.mark.parametrize(
    ("text", "offset", "width"),
    [
        ("{{ a }}/b", 0, 7),
        ("{{ a", 0, 4),
        ("x < 5ms", 4, 3),
        ('of "a b"', 3, 5),
        ("a =< b", 2, 2),
        ("{{ }}", 3, 1),
        ("ab", 2, 1),
    ],
)
def test_what_is_underlined(text: str, offset: int, width: int) -> None:
    assert token_width(text, offset) == width
