"""What all sources of captures and matches share: how a value is read, why there is none, and how large a body may be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from loadkit.flow.response import Response
from loadkit.template.compile import TemplateContext

MAX_BODY_BYTES = 1 << 20
"""Captures and checks read no body beyond this size: parsing one would hold up every other virtual user."""


class Failure:
    """Why there is no value, where "nothing was found" does not say it."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


Read = Callable[[TemplateContext, Response], Any]
"""Gives the value, MISSING, or a Failure."""


def body_fault(response: Response) -> str | None:
    """Return why a body is not looked at: it is too large. None when it is not."""
    size = len(response.body)
    if size <= MAX_BODY_BYTES:
        return None
    return f"the body has {size} bytes, captures and checks read {MAX_BODY_BYTES} at most"
