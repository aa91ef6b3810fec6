"""Read a JSON or JSON Lines file of data: each object is a row, its members are the columns; a list is a row as well.

JSON Lines (.jsonl, .ndjson) is read line by line and may be of any size; a JSON file is one list, and is read whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from loadkit.template.lines import Lines, PayloadFault, Row

_MOST_FIELDS = 1000


class JsonRecords:
    """The rows of a JSON Lines file. `fields` are those of the author, else all members in the order in which they are met."""

    def __init__(self, spec: Mapping[str, Any], *, whole: bool) -> None:
        self._named: tuple[str, ...] = tuple(spec.get("fields") or ())
        self._met: dict[str, None] = dict.fromkeys(self._named)
        self._whole = whole
        self.notes: list[tuple[str, str]] = []

    @property
    def fields(self) -> tuple[str, ...]:
        """Return the names of the columns; complete when all rows have been read."""
        return tuple(self._met)

    @fields.setter
    def fields(self, names: tuple[str, ...]) -> None:
        self._met = dict.fromkeys(names)

    def records(self, lines: Lines) -> Iterator[tuple[int, Any]]:
        """Yield (byte where it begins, object or list) of each row. Raises PayloadFault."""
        return self._of_list("".join(lines)) if self._whole else self._of_lines(lines)

    def rows(self, text: str) -> list[Row]:
        """Return the rows of a part of the file that begins where a row does. Raises PayloadFault."""
        return [self.row(_decoded(line, None)) for line in text.split("\n") if line.strip()]

    def row(self, record: Any) -> Row:
        """Return the values of an object by the names of the columns; null stands for what it lacks."""
        if isinstance(record, list):
            return tuple(record[: len(self._met)])
        return tuple(map(record.get, self._met))

    def finish(self) -> None:
        """Have nothing more to note."""

    def _of_lines(self, lines: Lines) -> Iterator[tuple[int, Any]]:
        start = 0
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield start, self._checked(_decoded(line, number), f"line {number}", number)
            start = lines.position

    def _of_list(self, text: str) -> Iterator[tuple[int, Any]]:
        found = _decoded(text, None) if text.strip() else []
        if not isinstance(found, list):
            raise PayloadFault(
                "the file must hold one list of objects; with one object a line its name ends with .jsonl"
            )
        for index, record in enumerate(found):
            yield 0, self._checked(record, f"element {index}", None)

    def _checked(self, record: Any, what: str, row: int | None) -> Any:
        if isinstance(record, dict):
            if not self._named:
                self._met.update(dict.fromkeys(record))
                if len(self._met) > _MOST_FIELDS:
                    raise PayloadFault(
                        f"the objects have more than {_MOST_FIELDS} different members; name some with `fields`"
                    )
            return record
        if isinstance(record, list):
            if not self._named:
                raise PayloadFault(f"{what} is a list; name its values with `fields`", row=row)
            return record
        raise PayloadFault(f"{what} is neither an object nor a list", row=row)


def _decoded(text: str, number: int | None) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        where = "the file" if number is None else f"line {number}"
        raise PayloadFault(f"{where} is not JSON: {error}", row=number) from None
