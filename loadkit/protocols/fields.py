"""Header fields in full: every one of them, repeated ones too, and the limits that hold for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import httptools

MAX_HEAD_BYTES = 256 * 1024
MAX_FIELD_BYTES = 64 * 1024
MAX_HEADERS = 256
_MOST_CONTENT = 1 << 40

Fields = list[tuple[bytes, bytes]]


def parse_fields(head: Iterable[bytes]) -> Fields:
    """Return every field of the final response whose first chunks these are, in order, without its trailers."""
    sink = _Sink()
    parser = httptools.HttpResponseParser(sink)
    try:
        for chunk in head:
            parser.feed_data(chunk)
    except httptools.HttpParserError:
        pass  # what came before the fault is what there is
    return sink.fields


def excess(fields: Fields) -> str:
    """Return which limit fields exceed, "" when none."""
    sizes = [len(name) + len(value) for name, value in fields]
    if len(fields) > MAX_HEADERS:
        return f"more than {MAX_HEADERS} header fields"
    if sum(sizes) > MAX_HEAD_BYTES:
        return f"headers of more than {MAX_HEAD_BYTES} bytes"
    if max(sizes, default=0) > MAX_FIELD_BYTES:
        return f"a header field of more than {MAX_FIELD_BYTES} bytes"
    return ""


def ends_with_connection(headers: Mapping[bytes, bytes]) -> bool:
    """Say whether the body is delimited by the end of the connection (RFC 9112 section 6.3, item 8)."""
    names = {name.lower(): value.lower() for name, value in headers.items()}
    return b"content-length" not in names and b"chunked" not in names.get(b"transfer-encoding", b"")


def content_length(headers: dict[bytes, bytes]) -> int:
    """Return what Content-Length says, 0 without one; there is a bound, since a 304 may say anything."""
    told = headers.get(b"Content-Length") or headers.get(b"content-length")
    if told is None:
        told = next((value for name, value in headers.items() if name.lower() == b"content-length"), b"")
    return min(int(told), _MOST_CONTENT) if told.isdigit() else 0


def chunked_length(message: bytes) -> int:
    """Return how many bytes the chunks of a whole response hold, 0 for one that has none."""
    at, total = message.find(b"\r\n\r\n") + 4, 0
    while (end := message.find(b"\r\n", at)) > at:
        size = message[at:end].partition(b";")[0].strip()
        if not size or size.strip(b"0123456789abcdefABCDEF") or not (length := int(size, 16)):
            break
        at, total = end + 2 + length + 2, total + length
    return total


class _Sink:
    """Collects all header fields of the last message fed."""

    def __init__(self) -> None:
        self.fields: Fields = []
        self._next: Fields = []

    def on_message_begin(self) -> None:
        self._next = []

    def on_header(self, name: bytes, value: bytes) -> None:
        self._next.append((name, value))

    def on_headers_complete(self) -> None:
        self.fields, self._next = self._next, []  # what follows are trailers
