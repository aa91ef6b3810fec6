"""How lines are laid out on a screen: cells in columns, and parts with a title."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from loadkit.outputs.base import Paint


def columns(rows: Sequence[Sequence[str]], *, left: Collection[int]) -> Iterator[str]:
    """Yield a line for each row, in columns as wide as their widest cell. Cells of `left` begin at the left, others end at
    the right.
    """
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    for row in rows:
        cells = (
            cell.ljust(width) if column in left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join(cells).rstrip()


def titled_parts(parts: Iterable[tuple[str, Iterable[str]]], paint: Paint) -> Iterator[str]:
    """Yield each part, (title, lines), behind an empty line; those without lines are left out."""
    for title, lines in parts:
        held = list(lines)
        if held:
            yield ""
            yield paint(title, "bold")
            yield from (f"  {line}" for line in held)
