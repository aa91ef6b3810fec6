"""Columns and parts of what is printed."""

from loadkit.outputs.base import plain
from loadkit.outputs.layout import columns, titled_parts


def test_columns_are_as_wide_as_their_widest_cell_and_numbers_end_at_the_right() -> None:
    rows = [("name", "count", "note"), ("a", "1", ""), ("longer", "1,000", "x")]
    assert list(columns(rows, left={0, 2})) == [
        "name    count  note",
        "a           1",
        "longer  1,000  x",
    ]
    assert list(columns([], left=())) == []


def test_a_part_without_lines_has_no_title() -> None:
    parts = [("Errors", ()), ("Times", ["p95 3ms", "p99 4ms"])]
    assert list(titled_parts(parts, plain)) == ["", "Times", "  p95 3ms", "  p99 4ms"]
