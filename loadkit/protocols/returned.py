"""What a Python function returned, as captures and checks read it; and the checks there are of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from loadkit.flow.checks import BODY_KINDS, Check, Kind
from loadkit.flow.expect import BODY_PROPERTIES
from loadkit.flow.response import Response
from loadkit.flow.sources import Sources, is_same, shown
from loadkit.flow.step import Build, Where
from loadkit.template.compile import Template, TemplateContext
from loadkit.template.text import to_text

_PLAIN = (dict, list, str, int, float, bool, type(None))


class Returned(Response):
    """A returned value in the place of a response: `json` is the value as plain data, `text` the value as text."""

    __slots__ = ("value",)

    noun = "the value"

    def __init__(self, value: Any) -> None:
        super().__init__(0, list, b"")
        self.value = value

    @property
    def where(self) -> str:
        """Return nothing: a returned value has no status."""
        return ""

    @property
    def says_json(self) -> bool:
        """Return true: a returned value is data."""
        return True

    @property
    def text(self) -> str:
        """Return text as it is, bytes as UTF-8, and anything else as JSON."""
        if isinstance(self.value, bytes | bytearray):
            return bytes(self.value).decode("utf-8", "replace")
        return to_text(self.value)

    def json(self) -> Any:
        """Return lists, mappings and plain values as they are; dataclasses and the like as mappings. Raises ValueError."""
        if isinstance(self.value, _PLAIN):
            return self.value
        try:
            return msgspec.to_builtins(self.value)
        except (TypeError, ValueError, RecursionError) as error:
            raise ValueError(f"the value is a {type(self.value).__name__}, which is no data: {error}") from None


def _equals(template: Template, at: Where, build: Build) -> Check:
    def check(user: TemplateContext, response: Response) -> str | None:
        assert isinstance(response, Returned)
        expected = template.render(user)
        try:
            found = response.json()
        except ValueError as fault:
            return str(fault)
        return None if is_same(found, expected) else f"the value is {shown(found)}, expected {shown(expected)}"

    return check


def _type(template: Template, at: Where, build: Build) -> Check:
    def check(user: TemplateContext, response: Response) -> str | None:
        assert isinstance(response, Returned)
        wanted, kind = template.text(user), type(response.value)
        if wanted == "None" and response.value is None:
            return None
        names = [one.__name__ for one in kind.__mro__]
        return None if wanted in names else f"the value is a {kind.__name__}, expected {wanted}"

    return check


RETURN_CHECKS = {"equals": Kind(compile=_equals), "type": Kind(compile=_type), **BODY_KINDS}

_PROPERTIES: Mapping[str, Any] = {
    "equals": {
        "title": "Equal to",
        "description": "The function returned this value; a number and its text are the same.",
        "examples": [42, {"total": 12.5}],
    },
    "type": {
        "type": "string",
        "minLength": 1,
        "title": "Type",
        "description": "The name of the returned value's class, or of one it is derived from: int, str, list, dict, None.",
        "examples": ["list"],
    },
    **{
        name: {
            **schema,
            "description": schema["description"]
            .replace("The body, which is JSON by its Content-Type,", "What was returned")
            .replace("The body's text", "The returned value as text"),
        }
        for name, schema in BODY_PROPERTIES.items()
    },
}

RETURN_SOURCES = Sources(names=("json", "regexp"), otherwise=lambda user, response: _whole(response))


def _whole(response: Response) -> Any:
    assert isinstance(response, Returned)
    return response.value


_ONE = {
    "title": "Checks",
    "description": "Checks of what was returned, each counted as passed or failed. One mapping or a list of them.",
    "properties": _PROPERTIES,
    "additionalProperties": False,
    "patternProperties": {"^x-": {}},
    "examples": [{"equals": 42}],
}

RETURN_SCHEMA: dict[str, Any] = {**_ONE, "type": ["object", "array"], "items": {**_ONE, "type": "object"}}
