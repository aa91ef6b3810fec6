"""HTTP/1.1 on the wire: one connection, one exchange at a time, parsed by httptools (llhttp).

    idle --send--> waiting --first byte--> receiving --message complete--> idle (keep-alive) or closed
                      |                        |
                      +-- connection lost, parser error, limit exceeded: `failure` is set, the fiber is resumed

The parser's callbacks only take notes; `data_received` resumes the fiber after `feed_data` has returned, so that an exception of a
step is never mistaken for a parser's and bytes behind the message are seen (they make PROTOCOL). Header names and values go
into a dict by its own C method `setdefault`: two thirds of what a Python callback
costs (docs/adr/0003-header-fields.md). Who needs repeated
fields asks `raw_headers`, which parses the kept head once more. A whole response whose head is known (heads.py) does not see
the parser at all.
"""

from __future__ import annotations

import asyncio
from time import perf_counter_ns as now_ns
from typing import Any

from loadkit.flow.fiber import Fiber
from loadkit.metrics.sample import Outcome
from loadkit.protocols.ending import ending
from loadkit.protocols.fields import (
    MAX_FIELD_BYTES,
    MAX_HEAD_BYTES,
    MAX_HEADERS,
    Fields,
    chunked_length,
    content_length,
    ends_with_connection,
    excess,
    parse_fields,
)
from loadkit.protocols.heads import Heads
from loadkit.protocols.parser import BROKEN, Notes, new_parser

MAX_INTERIM = 16
MAX_BODY_BYTES = 64 * 1024 * 1024
_MOST_PIECES = 1024  # of a head or a body, before they are put together: an object costs more than the byte in it

_HEADS = Heads()
_known_head = _HEADS.get


class Connection(asyncio.Protocol):
    """One TCP (or TLS) connection. After a `send` its fiber is resumed once: `failure` is None or says what went wrong.

    `status`, `headers` (first value of each field, names as sent), `body`, `bytes_in`, `content_bytes` (what Content-Length
    says of the body, 0 without one), `written_ns`, `sent_ns`, `first_byte_ns` and `end_ns` describe the response until the next
    `send`; `plain` says that there is no cookie, coding or redirect in it, where that is known without looking.
    `keep_alive` says whether the connection may be used again.
    """

    __slots__ = (
        "_chunks",
        "_complete",
        "_eof",
        "_feed",
        "_feeds",
        "_fields",
        "_head",
        "_head_only",
        "_headers_complete",
        "_interim",
        "_keep",
        "_packed",
        "_parser",
        "_silent",
        "_spoilt",
        "_watched",
        "bytes_in",
        "closed",
        "content_bytes",
        "end_ns",
        "failure",
        "fiber",
        "first_byte_ns",
        "headers",
        "keep_alive",
        "plain",
        "sent_ns",
        "status",
        "transport",
        "used",
        "write",
        "written_ns",
    )

    transport: Any
    write: Any
    _parser: Any
    _feed: Any

    def __init__(self) -> None:
        self.fiber: Fiber | None = None
        self.failure: tuple[Outcome, str] | None = None
        self._fields: dict[bytes, bytes] = {}  # where the parser puts header fields
        self.headers = self._fields
        self.closed = False
        self.used = False
        self.status = self.bytes_in = self.content_bytes = self._interim = 0
        self.written_ns = self.sent_ns = self.first_byte_ns = self.end_ns = 0
        self.keep_alive = self.plain = self._keep = self._head_only = False
        self._complete = self._headers_complete = self._spoilt = self._eof = False
        self._packed = 0
        self._silent = 0  # bytes without any of the body: chunk extensions, trailers; -1 when some came
        self._watched = False  # whether the parser tells of bodies that nobody reads
        self._chunks: list[bytes] = []
        self._head: list[bytes] = []
        self._feeds: dict[bool, tuple[Any, Any]] = {}

    # What the engine calls

    def send(self, fiber: Fiber, payload: bytes, keep_body: bool, head: bool) -> None:
        """Send a request and resume `fiber` when its response is complete or has failed."""
        if self._chunks:
            self._chunks.clear()
            self._packed = 0
        self.fiber = fiber
        self.failure = None
        self.bytes_in = 0
        self._keep = keep_body or head  # a body where none may be must be seen
        self._head_only = head
        self.written_ns = self.sent_ns = now_ns()
        self.write(payload)

    def sample(self, intended_ns: int, start_ns: int, bytes_out: int) -> tuple[int, ...]:
        """Return the exchange that has just succeeded as a row for its series (see Sample)."""
        return (
            intended_ns,
            start_ns,
            self.written_ns,
            self.sent_ns,
            self.first_byte_ns,
            self.end_ns,
            self.status,
            self.bytes_in,
            bytes_out,
            self.content_bytes,
        )

    def body(self) -> bytes:
        """Return the body as received (content codings not removed); b"" when it was not kept."""
        chunks = self._chunks
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def header(self, name: bytes) -> str:
        """Return the first value of a field by its lower-case name, "" when there is none; UTF-8 where it is that."""
        for field, value in self.headers.items():
            if field.lower() == name:
                try:
                    return value.decode().strip()
                except UnicodeDecodeError:
                    return value.decode("latin-1").strip()
        return ""

    def raw_headers(self) -> Fields:
        """Return every header field of the final response in order, repeated ones too."""
        return parse_fields(self._head)

    def abort(self) -> None:
        """Close at once and forget the fiber."""
        self.fiber = None
        self.closed = True
        self.transport.abort()

    def close(self) -> None:
        """Close in an orderly way."""
        self.fiber = None
        self.closed = True
        self.transport.close()

    # What the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport and its bound write."""
        self.transport = transport
        self.write = transport.write  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        """Feed the parser; resume the fiber when the message is complete."""
        if self.fiber is None:  # nobody asked: the server speaks out of turn
            self.failure = Outcome.PROTOCOL, "bytes before the request"
            self.abort()
            return
        if not self.bytes_in:
            end = data.find(b"\r\n\r\n")
            head = _known_head(data[:end])
            if head is not None and len(data) - end == head.rest and end > 0 and not self._head_only:
                self.first_byte_ns = self.end_ns = now_ns()
                self.bytes_in = len(data)
                self.content_bytes = head.rest - 4
                self._head = [data]
                self.status, self.headers = head.status, head.headers
                self.keep_alive, self.plain = head.keep_alive, head.plain
                if self._keep:
                    self._chunks.append(data[end + 4 :])
                fiber = self.fiber
                self.fiber = None
                fiber.resume()
                return
            self._begin(data)
        else:
            self.bytes_in += len(data)
            if not self._headers_complete:
                self._head.append(data)
        try:
            self._feed(data)
        except BROKEN as error:
            self._fail(*(self.failure or (Outcome.PROTOCOL, str(error) or type(error).__name__)))
            return
        if self._complete:
            if self._spoilt or (self._head_only and self._chunks):
                self._fail(*(self.failure or (Outcome.PROTOCOL, "bytes behind the end of the response")))
                return
            self.content_bytes = 0 if self._head_only else self._content(data)
            if self.bytes_in == len(data) and not self._interim and not self._head_only:
                _HEADS.learn(data, self.end_ns, self.status, self.headers, keep_alive=self.keep_alive)
            fiber, self.fiber = self.fiber, None
            if fiber is not None:
                fiber.resume()
        elif self.failure is not None:
            self._fail(*self.failure)
        else:
            self._check_limits(data)

    def eof_received(self) -> None:
        """Note that the other side ended in an orderly way (with TLS: by close_notify); `connection_lost` follows."""
        self._eof = True

    def connection_lost(self, error: Exception | None) -> None:
        """End the exchange in progress: a body that ends with the connection is complete, anything else failed."""
        self.closed = True
        self.keep_alive = False
        self._feeds.clear()
        self._parser = self._feed = None  # they hold our bound methods
        fiber, self.fiber = self.fiber, None
        if fiber is None:
            if isinstance(error, ConnectionError) and not self.used:
                self.failure = Outcome.RESET_CONNECT, "the server reset the connection before the request"
            return
        self.failure = ending(error, self.bytes_in, self.headers if self._headers_complete else None, orderly=self._eof)
        if self.failure is None:
            self.end_ns = now_ns()
            self.content_bytes = self.bytes_in - b"".join(self._head).find(b"\r\n\r\n") - 4
        fiber.resume()

    def resume_writing(self) -> None:
        """Note when a large request has left our buffer."""
        self.sent_ns = now_ns()

    # What the parser calls

    def on_message_begin(self) -> None:
        """Note bytes behind the end of the response."""
        if self._complete:
            self._spoilt = True

    def on_headers_complete(self) -> None:
        """Note the status; a response to HEAD ends here."""
        self.status = status = self._parser.get_status_code()
        if status < 200:
            if status < 100:
                self._spoil(Outcome.PROTOCOL, f"a response with the status {status:03d}")
            return
        self._headers_complete = True
        if len(self.headers) > MAX_HEADERS:
            self._spoil(Outcome.TOO_LARGE, f"more than {MAX_HEADERS} header fields")
        elif self.bytes_in > MAX_FIELD_BYTES and (text := excess(self.raw_headers())):
            self._spoil(Outcome.TOO_LARGE, text)
        if self._head_only:  # the parser would wait for the body that a HEAD response does not have
            self.keep_alive = self._parser.should_keep_alive()
            self.end_ns = now_ns()
            self._complete = True
            self._feeds.clear()

    def on_message_complete(self) -> None:
        """Stamp the end, and nothing more: the fiber goes on after `feed_data` has returned."""
        if self._complete:
            return
        if self.status < 200:
            self._interim_received()
            return
        self.end_ns = now_ns()
        self._complete = True
        self.keep_alive = self._parser.should_keep_alive()

    def on_body(self, body: bytes) -> None:
        """Note that a part of the body has come."""
        self._silent = -1
        if self._keep:
            self._chunks.append(body)

    # Inside

    def _content(self, data: bytes) -> int:
        """Return how long the body is: as announced, in chunks where all came at once or were kept; 0 where nobody counted."""
        announced = content_length(self.headers)
        if announced or not self._chunks:
            return announced if announced or self.bytes_in != len(data) else chunked_length(data)
        return sum(map(len, self._chunks))

    def _begin(self, data: bytes) -> None:
        """Take note of a response's first bytes, which the parser is about to see."""
        self.first_byte_ns = now_ns()
        self._head = [data]
        self.bytes_in = len(data)
        self.headers = self._fields
        self.headers.clear()
        self.status = self.content_bytes = self._interim = self._silent = 0
        self._complete = self._headers_complete = self.keep_alive = self.plain = False
        known = self._feeds.get(self._keep)
        if known is None:
            known = self._feeds[self._keep] = self._new_parser(self._keep)
        self._parser, self._feed = known

    def _interim_received(self) -> None:
        """Skip a 1xx response (RFC 9110 section 15.2), within bounds."""
        self.headers.clear()
        self._interim += 1
        if self.status == 101:
            self._spoil(Outcome.PROTOCOL, "101 Switching Protocols to a request without Upgrade")
        elif self._interim > MAX_INTERIM:
            self._spoil(Outcome.PROTOCOL, f"more than {MAX_INTERIM} interim responses")

    def _spoil(self, outcome: Outcome, text: str) -> None:
        """Note a failure from inside of the parser; it stays one even if the rest of the response has come, too."""
        if not self._spoilt:
            self.failure = outcome, text
        self._spoilt = True

    def _new_parser(self, keep_body: bool) -> tuple[Any, Any]:
        notes = Notes()
        notes.on_message_begin = self.on_message_begin
        notes.on_header = self._fields.setdefault
        notes.on_headers_complete = self.on_headers_complete
        notes.on_message_complete = self.on_message_complete
        if self._watched:
            notes.on_body = self.on_body
        elif keep_body:
            notes.on_body = self._chunks.append
        return new_parser(notes)

    def _watch(self) -> None:
        """Have the parser tell of the body from now on: what follows it in chunked coding may be without end.

        A parser cannot be told so later: another one sees the response so far, which the kept head still holds.
        """
        self._watched = True
        self._chunks.clear()
        self._interim = 0
        self._parser, self._feed = self._new_parser(self._keep)
        self._feeds = {self._keep: (self._parser, self._feed)}
        for piece in self._head:
            self._feed(piece)

    def _check_limits(self, data: bytes) -> None:
        if len(self.headers) > MAX_HEADERS:  # trailers count too
            self._fail(Outcome.TOO_LARGE, f"more than {MAX_HEADERS} header fields")
            return
        if not self._headers_complete:
            if self.bytes_in > MAX_HEAD_BYTES:
                self._fail(Outcome.TOO_LARGE, f"headers of more than {MAX_HEAD_BYTES} bytes")
            elif len(self._head) > _MOST_PIECES:
                self._head = [b"".join(self._head)]
            return
        if not ends_with_connection(self.headers) and b"content-length" not in map(bytes.lower, self.headers):
            if not self._watched:
                self._watch()
            self._silent = 0 if self._silent < 0 else self._silent + len(data)
            if self._silent > MAX_HEAD_BYTES:
                self._fail(Outcome.TOO_LARGE, f"more than {MAX_HEAD_BYTES} bytes of chunk extensions or trailers")
                return
        if self._keep:
            if self.bytes_in > MAX_BODY_BYTES + MAX_HEAD_BYTES:
                self._fail(Outcome.TOO_LARGE, f"a body of more than {MAX_BODY_BYTES} bytes")
            elif len(self._chunks) > self._packed + _MOST_PIECES:
                self._chunks[self._packed :] = [b"".join(self._chunks[self._packed :])]
                self._packed += 1

    def _fail(self, outcome: Outcome, text: str) -> None:
        fiber = self.fiber
        self.failure = outcome, text
        self.end_ns = now_ns()
        self.keep_alive = False
        self.abort()
        if fiber is not None:
            fiber.resume()
