"""What an importer makes of traffic or of a description: the draft of a scenario, before secrets are taken out and it is written.

Texts of a draft are literal: braces in them are no templates. What is to become a template is marked by `environment` and
`variable`, in characters that Unicode keeps for private use, with a word drawn anew for each process.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any

from loadkit.errors import ExitCode, LoadkitError

_START, _END = f"\ue000{token_hex(8)}.", "\ue001"  # no input can know it
_MARKED = re.compile(rf"{_START}(\$env\.\w+|\w+|\$urlEncode\(\w+\)){_END}")


class ImportFault(LoadkitError):
    """An input that is not what its importer reads; the message says what was expected."""

    exit_code = ExitCode.INVALID_INPUT


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back for a request: the text of the body, its media type, and header fields by lower-case name."""

    text: str = ""
    media_type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Request:
    """A request. `url` is a whole URL, or a path; `body` is JSON, a mapping of form fields, or a text, as `body_key` says.

    `think_s` is how long the user waits before it; `answer` is what came back, where that is known.
    """

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    auth: tuple[str, str] | None = None
    body: Any = None
    body_key: str = ""
    name: str = ""
    think_s: float = 0.0
    more: dict[str, Any] = field(default_factory=dict)
    answer: Answer | None = None


@dataclass(slots=True, kw_only=True)
class Journey:
    """A scenario: how often it was seen, and its requests in order."""

    name: str
    requests: list[Request]
    weight: int = 1


@dataclass(slots=True, kw_only=True)
class Draft:
    """A scenario file in the making. `rate_per_s` is how many visits begin each second; `notes` tell what was left out."""

    journeys: list[Journey]
    target: str = ""
    rate_per_s: float = 1.0
    variables: dict[str, list[Any]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    thresholds: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Importer:
    """A plugin of kind "importer": `read` makes a draft of a text, or raises ImportFault."""

    description: str
    read: Callable[[str], Draft]


def environment(name: str) -> str:
    """Return the mark of an environment variable, for a text."""
    return f"{_START}$env.{name}{_END}"


def variable(name: str) -> str:
    """Return the mark of a variable, for a text."""
    return f"{_START}{name}{_END}"


def encoded(mark: str) -> str:
    """Return the mark of a variable whose value is encoded for a URL."""
    return variable(f"$urlEncode({mark.removeprefix(_START).removesuffix(_END)})")


def is_marked(text: str) -> bool:
    """Say whether a text holds a mark."""
    return _START in text


def templated(value: Any) -> Any:
    """Return a value as a scenario file writes it: marks as templates, and braces so that they stay braces."""
    if isinstance(value, str):
        return _MARKED.sub(r"{{ \1 }}", value.replace("{{", '{{ "{{" }}'))
    if isinstance(value, dict):
        return {templated(key): templated(item) for key, item in value.items()}
    return [templated(item) for item in value] if isinstance(value, list) else value
