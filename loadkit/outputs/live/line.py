"""Lines of a terminal as pieces of text with a colour each, measured in the columns they take: wide characters take two."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from loadkit.outputs.base import Paint, printable


class Piece(NamedTuple):
    """A text in one colour of `outputs.base`; "" for the terminal's own."""

    text: str
    colour: str = ""


Line = tuple[Piece, ...]


def safe(text: str) -> str:
    """Return a text of anybody's as it may stand in a line: in one row, with nothing that a terminal obeys."""
    return printable(text.replace("\t", " "))


def line(*parts: str | Piece) -> Line:
    """Return a line of texts and pieces."""
    return tuple(part if isinstance(part, Piece) else Piece(part) for part in parts)


def width_of(text: str) -> int:
    """Return how many columns a text takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def line_width(made: Line) -> int:
    """Return how many columns a line takes."""
    return sum(width_of(piece.text) for piece in made)


def cut_text(text: str, width: int, more: str = "~") -> str:
    """Return as much of a text as fits; where something is left out, `more` says so in the last column."""
    if width_of(text) <= width:
        return text
    kept, room = [], width - 1
    for char in text:
        room -= width_of(char)
        if room < 0:
            break
        kept.append(char)
    return f"{''.join(kept)}{more}" if width > 0 else ""


def cut(made: Line, width: int, more: str = "~") -> Line:
    """Return as much of a line as fits."""
    kept, room = [], width
    for piece in made:
        took = width_of(piece.text)
        if took > room:
            kept.append(Piece(cut_text(piece.text, room, more), piece.colour))
            break
        kept.append(piece)
        room -= took
    return tuple(kept)


def padded(text: str, width: int, *, right: bool = False) -> str:
    """Return a text that takes at least so many columns, at the right where numbers are."""
    spaces = " " * max(0, width - width_of(text))
    return spaces + text if right else text + spaces


def spread(left: Line, right: Line, width: int, more: str = "~") -> Line:
    """Return a line with something at each of its ends; what is at the right stays whole as long as it fits."""
    room = width - line_width(right) - 2
    if room < 1:
        return cut(left, width, more)
    kept = cut(left, room, more)
    return (*kept, Piece(" " * (width - line_width(kept) - line_width(right))), *right)


def table(rows: Sequence[Sequence[Piece]], *, numbers: Collection[int] = (), gap: int = 2) -> list[Line]:
    """Return rows with their cells below each other; in the columns of `numbers` they end at the right."""
    columns = max(map(len, rows), default=0)
    widths = [max(width_of(row[column].text) for row in rows if column < len(row)) for column in range(columns)]
    made = []
    for row in rows:
        cells = [
            Piece(padded(cell.text, widths[column], right=column in numbers) + " " * gap, cell.colour)
            for column, cell in enumerate(row)
        ]
        made.append((*cells[:-1], *(Piece(cell.text.rstrip(), cell.colour) for cell in cells[-1:])))
    return made


def painted(made: Line, paint: Paint) -> str:
    """Return what is written for a line."""
    return "".join(paint(piece.text, piece.colour) if piece.colour and piece.text else piece.text for piece in made)
