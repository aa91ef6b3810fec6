"""Lines of a terminal, by the columns they take."""

import pytest

from loadkit.outputs.base import ansi, plain
from loadkit.outputs.live.line import Piece, cut, cut_text, line, line_width, padded, painted, safe, spread, table


@pytest.mark.parametrize(
    ("text", "width", "kept"),
    [
        ("short", 9, "short"),
        ("exactly", 7, "exactly"),
        ("too long", 5, "too ~"),
        ("日本語", 6, "日本語"),
        ("日本語", 5, "日本~"),
        ("日本語", 4, "日~"),
        ("x", 0, ""),
    ],
)
def test_a_text_is_cut_at_a_column(text: str, width: int, kept: str) -> None:
    assert cut_text(text, width) == kept


def test_a_line_is_cut_within_the_piece_that_does_not_fit() -> None:
    made = line("abc", Piece("def", "red"), "ghi")
    assert cut(made, 5) == line("abc", Piece("d~", "red"))
    assert cut(made, 9) == made
    assert line_width(cut(made, 0)) == 0


def test_what_is_at_the_right_stays() -> None:
    made = spread(line("a long name"), line("0:10"), 12)
    assert painted(made, plain) == "a lon~  0:10"
    assert painted(spread(line("日"), line("0:10"), 12), plain) == "日      0:10"


def test_cells_stand_below_each_other() -> None:
    rows = [[Piece("a"), Piece("1"), Piece("x")], [Piece("日本"), Piece("100"), Piece("y")]]
    assert [painted(one, plain) for one in table(rows, numbers={1})] == ["a       1  x", "日本  100  y"]
    assert table([]) == []


def test_colours_are_those_of_the_paint() -> None:
    made = line("a", Piece("b", "red"), Piece("", "red"))
    assert painted(made, ansi) == "a\x1b[31mb\x1b[0m"
    assert painted(made, plain) == "ab"


def test_nothing_in_a_text_is_obeyed() -> None:
    assert safe("a\x1b[2J\nb\tc\r") == "a\\x1b[2J\\nb c\\r"
    assert safe("\u202eabc\u2028") == "\\u202eabc\\u2028"
    assert padded("日", 4, right=True) == "  日"
