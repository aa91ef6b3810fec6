"""The functions that templates can call: `{{ $randomNumber(1, 6) }}`.

Random values come from the virtual user's own generator, so a seeded run repeats them.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol


class TemplateContext(Protocol):
    """What a template sees of a virtual user."""

    @property
    def variables(self) -> dict[str, Any]:
        """The user's variables by name."""

    @property
    def random(self) -> random.Random:
        """The user's own seeded generator."""

    @property
    def number(self) -> int:
        """The user's number in the run; it seeds `random`."""

    def next_number(self) -> int:
        """Return 0, 1, 2, ...: a number that nobody in the run has been given before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateFunction:
    """One function. `call` gets the user and the arguments; its ValueError for arguments it cannot use names the function.

    `max_args` None means any number. A call whose arguments are all constants is tried once at load, so `call` must not
    have effects outside of the user it is given, unless `tried` is false. `bare` is what the name without parentheses gives, if
    not `call`.
    """

    name: str
    call: Callable[..., Any]
    min_args: int = 0
    max_args: int | None = 0
    doc: str
    example: str
    bare: Callable[[TemplateContext], Any] | None = None
    tried: bool = True


_ALPHANUMERIC = string.ascii_letters + string.digits
_LONGEST = 1_000_000
_EXACT = 1 << 53


def _random_number(user: TemplateContext, low: Any, high: Any) -> int:
    if low.__class__ is not int or high.__class__ is not int:
        low, high = _whole("$randomNumber", low), _whole("$randomNumber", high)
    span = high - low + 1
    if span < 1:
        raise ValueError(f"$randomNumber({low}, {high}): the first number is above the second")
    if span > _EXACT:  # a float cannot tell so many numbers apart
        return int(low) + user.random.randrange(span)
    return int(low) + int(user.random.random() * span)


def _random_string(user: TemplateContext, length: Any = 10) -> str:
    size = _whole("$randomString", length)
    if not 0 <= size <= _LONGEST:
        raise ValueError(f"$randomString({size}): the length must lie between 0 and {_LONGEST}")
    return "".join(user.random.choices(_ALPHANUMERIC, k=size))


def _uuid(user: TemplateContext) -> str:
    text = f"{user.random.getrandbits(128):032x}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{'89ab'[int(text[16], 16) & 3]}{text[17:20]}-{text[20:]}"


def _uuid_of_user(user: TemplateContext) -> str:
    made = user.variables.get("$uuid")
    if made is None:
        made = user.variables["$uuid"] = _uuid(user)
    return str(made)


def _pick(user: TemplateContext, *choices: Any) -> Any:
    among = choices[0] if len(choices) == 1 and isinstance(choices[0], list) else choices
    if not among:
        raise ValueError("$pick: the list is empty")
    return user.random.choice(among)


def _sequence(user: TemplateContext, first: Any = 1) -> int:
    return _whole("$sequence", first) + user.next_number()


def _whole(function: str, value: Any) -> int:
    """Return a whole number for 3, 3.0 or "3" (a capture or a CSV field may be text)."""
    try:
        number = int(value)
    except (ValueError, TypeError, OverflowError):
        number = None
    if number is None or isinstance(value, bool) or (isinstance(value, float) and number != value):
        raise ValueError(f"{function}: {str(value)[:60]!r} is not a whole number")
    return number


FUNCTIONS = {
    function.name: function
    for function in (
        TemplateFunction(
            name="$randomNumber",
            call=_random_number,
            min_args=2,
            max_args=2,
            doc="A random whole number between two numbers, both included.",
            example="{{ $randomNumber(1, 100) }}",
        ),
        TemplateFunction(
            name="$randomString",
            call=_random_string,
            max_args=1,
            doc="A random text of letters and digits; 10 of them unless a length is given.",
            example="{{ $randomString(16) }}",
        ),
        TemplateFunction(
            name="$uuid",
            call=_uuid,
            bare=_uuid_of_user,
            doc="A version 4 UUID: `$uuid` is the same for the whole visit of a virtual user, `$uuid()` a new one at each use.",
            example="{{ $uuid }}",
        ),
        TemplateFunction(
            name="$pick",
            call=_pick,
            min_args=1,
            max_args=None,
            doc="One of its arguments at random, or an element of the list that is its only argument.",
            example="{{ $pick('red', 'green', 'blue') }}",
        ),
        TemplateFunction(
            name="$sequence",
            call=_sequence,
            max_args=1,
            doc="A whole number that no use of `$sequence` in this run has had before: 1, 2, 3, ..., or from the number given. "
            "Workers share them out: with two, one has the odd and one the even numbers, so some may be left out.",
            example="{{ $sequence(1000) }}",
        ),
    )
}
