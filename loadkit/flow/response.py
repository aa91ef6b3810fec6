"""A response as captures and checks read it: nothing is parsed until asked for, and nothing twice."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

Fields = list[tuple[bytes, bytes]]
ReadHeaders = Callable[[], Fields]

_UNREAD: Any = object()
_CHARSET = re.compile(r"""charset\s*=\s*["']?([\w.:+-]+)""", re.IGNORECASE | re.ASCII)
_JSON = ("application/json", "application/problem+json", "application/ld+json")
_BOM = b"\xef\xbb\xbf"
_decode_json = msgspec.json.Decoder().decode


class Response:
    """One response. `body` is whole and without content codings; header values are text as they came (ISO 8859-1).

    `read_headers` gives all fields in order; it is called at most once, and only when a header is asked for.
    """

    __slots__ = ("_fault", "_fields", "_json", "_read_headers", "_text", "body", "markup", "status")

    noun = "the body"
    """What messages call that which captures and checks look at."""

    def __init__(self, status: int, read_headers: ReadHeaders, body: bytes) -> None:
        self.status = status
        self._read_headers = read_headers
        self._fields: Fields | None = None
        self.body = body
        self._text: str | None = None
        self._json = _UNREAD
        self._fault = ""
        self.markup: Any = None  # what the body is as a parsed document (markup.py)

    @property
    def where(self) -> str:
        """Return what messages add to a fault of it."""
        return f" (status {self.status})"

    @property
    def says_json(self) -> bool:
        """Say whether the content type is one of those that Artillery takes for JSON."""
        found = self.header("content-type") or ""
        return any(kind in found for kind in _JSON)

    def fields(self) -> list[tuple[str, str]]:
        """Return every header field in order, as text."""
        if self._fields is None:
            self._fields = self._read_headers()
        return [(name.decode("latin-1"), value.decode("latin-1").strip()) for name, value in self._fields]

    def header_values(self, name: str) -> list[str]:
        """Return the values of every header field with a name, in order; its case does not matter."""
        if self._fields is None:
            self._fields = self._read_headers()
        wanted = name.lower().encode("latin-1", "replace")
        return [value.decode("latin-1").strip() for key, value in self._fields if key.lower() == wanted]

    def header(self, name: str) -> str | None:
        """Return a header's value, several joined with ", "; None when there is none."""
        values = self.header_values(name)
        return ", ".join(values) if values else None

    @property
    def media_type(self) -> str:
        """Return the media type in lower case without parameters, "" when the response has none."""
        return media_type_of(self.header("content-type") or "")

    @property
    def charset(self) -> str:
        """Return the charset of the content type in lower case, "" when it names none."""
        return charset_of(self.header("content-type") or "")

    @property
    def text(self) -> str:
        """Return the body in its charset (UTF-8 unless it names one we know); what is not valid becomes U+FFFD."""
        if self._text is None:
            self._text = _decode_text(self.body, self.charset)
        return self._text

    def json(self) -> Any:
        """Return the parsed body, always the same object: do not change it. Raises ValueError."""
        if self._json is _UNREAD:
            self._json = self._parse()
        if self._fault:
            raise ValueError(self._fault)
        return self._json

    def _parse(self) -> Any:
        body = self.body[3:] if self.body.startswith(_BOM) else self.body
        if not body:
            self._fault = "the body is empty"
            return None
        try:
            return _decode_json(body)
        except (ValueError, RecursionError) as error:
            fault = str(error)
        if self.charset not in ("", "utf-8", "utf8", "us-ascii"):
            try:
                return _decode_json(self.text)
            except (ValueError, RecursionError) as error:
                fault = str(error)
        self._fault = f"the body is not JSON: {fault}"
        return None


def media_type_of(content_type: str) -> str:
    """Return the media type of a Content-Type in lower case, without parameters."""
    return content_type.split(";", 1)[0].strip().lower()


def charset_of(content_type: str) -> str:
    """Return the charset parameter of a Content-Type in lower case, "" when there is none."""
    found = _CHARSET.search(content_type)
    return found[1].lower() if found else ""


def _decode_text(body: bytes, charset: str) -> str:
    if charset:
        try:
            return body.decode(charset, "replace").removeprefix("\ufeff")
        except (LookupError, ValueError):  # not a charset, or not one for text
            pass
    return body.removeprefix(_BOM).decode("utf-8", "replace")
