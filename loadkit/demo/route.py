"""What the demo's services are made of: routes whose actions turn a Call into a Reply, without any HTTP or clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

JSON = "application/json"
HTML = "text/html"

encode = msgspec.json.Encoder().encode


class Call(NamedTuple):
    """One request: the parts of its path, its query, its bearer token ("" without one) and its decoded body."""

    path: Mapping[str, str]
    query: Mapping[str, str]
    token: str
    body: Any = None


class Reply(NamedTuple):
    """One response, and how long the service pretends to work on it."""

    status: int
    body: bytes
    delay_s: float = 0.0
    media_type: str = JSON
    headers: Mapping[str, str] | None = None


class Route(NamedTuple):
    """What answers a method and a path. The body must be JSON in the shape of `body`, where that is given."""

    method: str
    path: str
    act: Callable[[Call], Reply]
    body: type[msgspec.Struct] | None = None


class Refused(Exception):
    """Raised by an action that cannot do what was asked; becomes a JSON reply with that status."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.reply = fault(status, text)


def reply(status: int, value: Any, delay_s: float = 0.0) -> Reply:
    """Return a JSON reply."""
    return Reply(status, encode(value), delay_s)


def fault(status: int, text: str) -> Reply:
    """Return the reply that says what is wrong."""
    return Reply(status, encode({"error": text}))
