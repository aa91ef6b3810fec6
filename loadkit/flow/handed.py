"""What hook functions are handed: the virtual user, the response, and the metrics they may record of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from random import Random
from typing import Any, NamedTuple

from loadkit.flow import response as plain
from loadkit.flow.user import VirtualUser as Visitor
from loadkit.metrics.book import Book
from loadkit.metrics.snapshot import RATES
from loadkit.units import NS_PER_MS

_LONGEST_NAME = 200


class VirtualUser:
    """One virtual user, as hooks see it. `vars` holds its variables, which templates read: write there what they are to find.

    `scenario` is the name of its scenario, `request` that of the request a hook belongs to ("" else), `number` the number of its
    visit in the run, `random` a generator of random values that the run's seed and that number decide.
    """

    __slots__ = ("_user", "request", "scenario")

    def __init__(self, user: Visitor, scenario: str, request: str = "") -> None:
        self._user = user
        self.scenario = scenario
        self.request = request

    @property
    def vars(self) -> dict[str, Any]:
        """The variables by name. A list or mapping from the scenario file is shared by all users: replace it, do not change it."""
        return self._user.variables

    @property
    def random(self) -> Random:
        """The user's own generator: with the same `--seed` it gives the same values again."""
        return self._user.random

    @property
    def number(self) -> int:
        """The number of the visit; no other one of the run has it."""
        return self._user.number

    def log(self, text: object) -> None:
        """Print a line on standard output, as a `log` step does; secrets are masked."""
        self._user.log(str(text))


class Metrics:
    """Metrics of your own: they are in the report, and thresholds may name them."""

    __slots__ = ("_book",)

    def __init__(self, book: Book) -> None:
        self._book = book

    def counter(self, name: str, by: int = 1) -> None:
        """Add to a counter. Raises ValueError for a number that is not whole."""
        number = int(by)
        if number != by:
            raise ValueError(f"counter {name!r}: {by!r} is not a whole number")
        self._book.count(_checked(name), by=number)

    def rate(self, name: str) -> None:
        """Count one event of a rate, which the report shows in events per second."""
        self._book.count(f"{RATES}{_checked(name)}")

    def histogram(self, name: str, value: float) -> None:
        """Record a value of 0 to 3,600,000: milliseconds, where it is a time. Raises ValueError for a negative one."""
        number = float(value)
        if not 0 <= number < _TOO_LARGE:
            raise ValueError(f"histogram {name!r}: {value!r} is not a number of zero or more")
        self._book.times(_checked(name)).append(round(number * NS_PER_MS))


_TOO_LARGE = 1e12


def _checked(name: object) -> str:
    """Return the name of a metric. Raises ValueError for what cannot be one."""
    if not isinstance(name, str) or not name.strip() or not name.isprintable() or len(name) > _LONGEST_NAME:
        raise ValueError(
            f"{str(name)[:60]!r} is not the name of a metric: a line of text, at most {_LONGEST_NAME} characters"
        )
    return name


class Timings(NamedTuple):
    """How long a response took, in milliseconds from the request sent: to its first byte, and to its last."""

    first_byte_ms: float
    total_ms: float


class Headers(Mapping[str, str]):
    """Header fields by name, whose case does not matter; of a repeated one the values, joined with ", "."""

    __slots__ = ("_fields",)

    def __init__(self, fields: list[tuple[bytes, bytes]]) -> None:
        self._fields: dict[str, str] = {}
        for name, value in fields:
            key, text = name.decode("latin-1").lower(), value.decode("latin-1").strip()
            self._fields[key] = f"{self._fields[key]}, {text}" if key in self._fields else text

    def __getitem__(self, name: str) -> str:
        return self._fields[name.lower()]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._fields

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __repr__(self) -> str:
        return f"Headers({self._fields!r})"


class Response(plain.Response):
    """A response: `status`, `headers`, `body` as bytes without content codings, `text`, `json()` and `timings`.

    After redirects it is the last one. `json()` raises ValueError where the body is none.
    """

    __slots__ = ("_headers", "timings")

    def __init__(self, status: int, fields: plain.Fields, body: bytes, timings: Timings) -> None:
        super().__init__(status, lambda: fields, body)
        self._headers: Headers | None = None
        self.timings = timings

    @property
    def headers(self) -> Headers:
        """The header fields by name, whose case does not matter."""
        if self._headers is None:
            self._headers = Headers(self._read_headers())
        return self._headers
