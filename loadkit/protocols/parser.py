"""The parser of responses (httptools, over llhttp), and what it tells to whom."""

from __future__ import annotations

from typing import Any

import httptools

BROKEN = (httptools.HttpParserError, httptools.HttpParserUpgrade)
"""What feeding a parser raises for what is not HTTP, or no longer."""


class Notes:
    """The parser's callbacks as C methods wherever that is possible. No `on_body` where nobody reads the body."""

    __slots__ = ("__dict__",)
    on_message_begin: Any
    on_header: Any
    on_headers_complete: Any
    on_message_complete: Any
    on_body: Any


def new_parser(notes: Notes) -> tuple[Any, Any]:
    """Return a parser that tells these callbacks, and its `feed_data`. It finds them now, so they must be set."""
    parser = httptools.HttpResponseParser(notes)
    return parser, parser.feed_data
