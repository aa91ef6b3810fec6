"""How a CSV file is written: the keys of a payload, and the options of Node's csv-parse below `options` that mean something here.

`options` wins over the keys beside it, as in Artillery. Options that only a program could use have no effect (IGNORED_OPTIONS).
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from loadkit.template.lines import PayloadFault

OPTIONS: dict[str, Any] = {
    "delimiter": ("string", "The character between values; wins over `delimiter` beside `options`.", ";"),
    "quote": (["string", "boolean", "null"], "The character around values; false: none, quotes are text.", "'"),
    "escape": ("string", "The character before a quote inside quotes. Default: the quote itself.", "\\"),
    "comment": ("string", "What begins a comment, outside quotes, that goes on to the line's end.", "#"),
    "trim": ("boolean", "Take spaces off both ends of values.", True),
    "ltrim": ("boolean", "Take spaces off the beginning of values.", True),
    "rtrim": ("boolean", "Take spaces off the end of values.", True),
    "from_line": (["integer", "string"], "The first line that is read, from 1.", 2),
    "to_line": (["integer", "string"], "The last line that is read.", 1000),
    "from": (["integer", "string"], "The first row that is taken, from 1.", 1),
    "to": (["integer", "string"], "The last row that is taken.", 100),
    "cast": ("boolean", "Wins over `cast` beside `options`.", False),
    "skip_empty_lines": ("boolean", "Wins over `skipEmptyLines` beside `options`.", False),
    "skip_lines_with_empty_values": ("boolean", "Leave out rows in which every value is blank.", True),
    "relax": ("boolean", "Take quotes inside values that are not quoted as text.", True),
    "relax_column_count": ("boolean", "Take rows with more or fewer values than the first.", True),
    "relax_column_count_less": ("boolean", "Take rows with fewer values than the first.", True),
    "relax_column_count_more": ("boolean", "Take rows with more values than the first.", True),
}
"""The options that are honoured: type, meaning, example."""

_NEEDLESS = {"bom", "info"}  # what they ask for is done anyhow, or changes no row


def ignored_options(spec: Mapping[str, Any]) -> list[str]:
    """Return the options of a payload that have no effect."""
    options = spec.get("options")
    return [name for name in options if name not in OPTIONS and name not in _NEEDLESS] if options else []


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What is decided about a CSV file. Lines and rows count from 1; None is no limit."""

    delimiter: str
    quote: str | None
    escape: str | None
    comment: str
    ltrim: bool
    rtrim: bool
    first_line: int
    last_line: int | None
    first_row: int
    last_row: int | None
    skip_empty: bool
    skip_blank: bool
    relax_quotes: bool
    fewer: bool
    more: bool

    @property
    def is_plain(self) -> bool:
        """Say whether Python's csv module reads such a file."""
        return (
            self.escape is None
            and len(self.delimiter) == 1
            and not (self.comment or self.ltrim or self.rtrim or self.relax_quotes)
        )

    def reader_options(self) -> dict[str, Any]:
        """Return the arguments of csv.reader for a plain file."""
        quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE
        return {"delimiter": self.delimiter, "quotechar": self.quote or '"', "quoting": quoting, "strict": True}

    def wants(self, values: list[str]) -> bool:
        """Say whether a record of the file is a row."""
        if not values:
            return not self.skip_empty
        return not self.skip_blank or any(value.strip() for value in values)


def dialect_of(spec: Mapping[str, Any]) -> Dialect:
    """Return how the file of a payload is written. Raises PayloadFault."""
    options: Mapping[str, Any] = spec.get("options") or {}
    relaxed, trim = options.get("relax_column_count") is True, options.get("trim") is True
    quote = options.get("quote", '"')
    quote = '"' if quote is True else quote or None
    escape = options.get("escape")
    made = Dialect(
        delimiter=_delimiter(options.get("delimiter") or spec.get("delimiter") or ","),
        quote=quote,
        escape=None if escape in (None, False, "", quote) else escape,
        comment=options.get("comment") or "",
        ltrim=options.get("ltrim", trim) is True,
        rtrim=options.get("rtrim", trim) is True,
        first_line=_number(options, "from_line") or 1,
        last_line=_number(options, "to_line"),
        first_row=_number(options, "from") or 1,
        last_row=_number(options, "to"),
        skip_empty=options.get("skip_empty_lines", spec.get("skipEmptyLines", True)) is not False,
        skip_blank=options.get("skip_lines_with_empty_values") is True,
        relax_quotes=options.get("relax") is True,
        fewer=relaxed or options.get("relax_column_count_less") is True,
        more=relaxed or options.get("relax_column_count_more") is True,
    )
    _check(made)
    return made


def casts(spec: Mapping[str, Any]) -> bool:
    """Say whether values are typed."""
    return (spec.get("options") or {}).get("cast", spec.get("cast", True)) is not False


def _check(dialect: Dialect) -> None:
    for name, value in (("quote", dialect.quote), ("escape", dialect.escape)):
        if value is not None and len(str(value)) != 1:
            raise PayloadFault(f"the {name} {value!r} is not one character")
    if not dialect.is_plain:
        return
    try:
        csv.reader((), **dialect.reader_options())
    except (TypeError, ValueError) as error:
        raise PayloadFault(f"the file cannot be read as its options say: {error}") from None


def _delimiter(written: Any) -> str:
    return "\t" if written == "\\t" else str(written)


def _number(options: Mapping[str, Any], name: str) -> int | None:
    written = options.get(name)
    if written is None:
        return None
    try:
        number = int(written)
    except (TypeError, ValueError, OverflowError):
        number = -1
    if number < 0 or isinstance(written, bool):
        raise PayloadFault(f"options.{name} must be a whole number, not {written!r}")
    return number
