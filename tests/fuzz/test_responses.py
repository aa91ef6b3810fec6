"""Mutated responses, cut into random segments: no exception, no hang, and how they were cut makes no difference."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random

import pytest

from loadkit.flow.fiber import Fiber, park
from loadkit.metrics.sample import Outcome
from loadkit.protocols import http1
from loadkit.protocols.http1 import Connection
from tests.fuzz.mutation import fuzz, in_shards, mutated

VALID = (
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\nDate: now\r\n\r\n{'a': 12}",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n5;name=value\r\nhello\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\na\r\n0123456789\r\n0\r\nX: 1\r\nY: 2\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nuntil the end of the connection",
    b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbye",
    b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.0 404 Not Found\r\n\r\nnothing",
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\nContent-Length: 100\r\n\r\n',
    b"HTTP/1.1 302 Found\r\nLocation: /elsewhere?a=b\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/\r\nSet-Cookie: c=d; Max-Age=5\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n" * 3 + b"HTTP/1.1 500 Oops\r\nContent-Length: 1\r\n\r\n!",
    b"HTTP/1.1 102 Processing\r\n\r\n" * 15 + b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n" + b"".join(b"H%d: v\r\n" % n for n in range(250)) + b"Content-Length: 1\r\n\r\nx",
    b"HTTP/1.1 200 \r\nServer:\r\nX-Latin: \xe9\xff\r\nContent-Length: 1\r\n\r\n\0",
    b"HTTP/1.1 200 OK\nContent-Length: 2\n\nhi",  # not valid: each line ends with CR and LF
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nho",
)
TOKENS = (
    b"\r\n", b"\n", b"\r", b"\0", b":", b" ", b"\t", b"\xff", b"-1", b"+5", b"0x5", b",", b"0\r\n\r\n", b"\r\n\r\n",
    b"HTTP/1.1 ", b"HTTP/1.1 200 OK\r\n", b"HTTP/2.0", b"099", b"1000", b"ffffffffffffffff\r\n", b"ffffffffffffffffff\r\n",
    b"Content-Length: 5\r\n", b"Content-Length: 18446744073709551616\r\n", b"Content-Length: 5, 5\r\n", b"Content-Length:\r\n",
    b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: gzip\r\n", b"Transfer-Encoding: gzip, chunked\r\n",
    b"Connection: close\r\n", b"Connection: keep-alive\r\n", b"Connection: upgrade\r\nUpgrade: h2c\r\n", b" folded\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
)  # fmt: skip


class Wire:
    """A transport that goes nowhere; it notes whether the connection has let it go."""

    def __init__(self) -> None:
        self.gone = False

    def write(self, data: bytes) -> None:
        assert not self.gone

    def abort(self) -> None:
        self.gone = True

    close = abort


@dataclass(frozen=True)
class Seen:
    """What the fiber finds when it is resumed, and whether bytes were left over afterwards."""

    status: int
    failure: Outcome | None
    body: bytes
    headers: dict[bytes, bytes]
    raw_headers: list[tuple[bytes, bytes]]
    keep_alive: bool
    has_late_bytes: bool = field(default=False, compare=False)


@dataclass
class Client:
    """One connection; `receive` is one exchange on it."""

    connection: Connection = field(default_factory=Connection)
    wire: Wire = field(default_factory=Wire)

    def __post_init__(self) -> None:
        self.connection.connection_made(self.wire)  # type: ignore[arg-type]

    def receive(self, segments: Sequence[bytes], *, head: bool = False) -> Seen:
        connection, wire = self.connection, self.wire
        seen: list[Seen] = []
        ends: list[BaseException | None] = []

        async def visit() -> None:
            await park()
            seen.append(self._look())

        fiber = Fiber(visit(), lambda fiber, error: ends.append(error))
        fiber.start()
        connection.send(fiber, b"GET / HTTP/1.1\r\n\r\n", keep_body=True, head=head)
        late = False
        for segment in segments:
            if wire.gone:
                break
            late = late or bool(seen)
            connection.data_received(segment)
        if wire.gone or not (seen and connection.keep_alive):
            wire.gone = True
            connection.eof_received()
            connection.connection_lost(None)
        assert ends == [None], "the fiber is resumed once"
        assert not late or wire.gone, "a connection with bytes left over is used again"
        (found,) = seen
        return Seen(**{**vars(found), "has_late_bytes": late})

    def _look(self) -> Seen:
        connection = self.connection
        for name in [*connection.headers, b"content-type", b""]:
            assert isinstance(connection.header(name.lower()), str)
        failure = connection.failure
        if failure is not None:
            assert failure[1], "a failure without a text"
            assert not connection.keep_alive, "a connection is kept after a failure"
            assert self.wire.gone or connection.closed, "a connection stays open after a failure"
        return Seen(
            status=0 if failure else connection.status,
            failure=failure and failure[0],
            body=b"" if failure else connection.body(),
            headers={} if failure else dict(connection.headers),
            raw_headers=[] if failure else connection.raw_headers(),
            keep_alive=connection.keep_alive,
        )


def cut(random: Random, data: bytes, most: int) -> list[bytes]:
    """Return the data in random segments."""
    at = sorted({random.randint(0, len(data)) for _ in range(random.randint(0, most))} | {0, len(data)})
    return [data[start:end] for start, end in pairwise(at)]


def assert_alike(whole: Seen, parts: Seen) -> None:
    """Say that two ways of cutting gave the same; a response with bytes behind it may have been complete before they came."""
    if whole.failure is Outcome.PROTOCOL and parts.failure is None and parts.has_late_bytes:
        return
    assert whole == parts


def forget_heads() -> None:
    """Forget the heads that connections share, as after a second."""
    http1._HEADS._known.clear()


def check_response(data: bytes) -> None:
    random = Random(zlib.crc32(data))
    head = random.random() < 0.15
    forget_heads()
    whole = Client().receive([data] if data else [], head=head)
    assert Client().receive([data] if data else [], head=head) == whole, "a head that is known means something else"
    if random.random() < 0.1:
        for before in VALID:
            Client().receive([before])
        assert Client().receive([data] if data else [], head=head) == whole
    assert_alike(whole, Client().receive(cut(random, data, 6), head=head))
    if len(data) < 300:
        assert_alike(whole, Client().receive([data[n : n + 1] for n in range(len(data))], head=head))
    warm = Client()
    for before in random.sample(VALID, 3):
        if not warm.wire.gone:
            warm.receive([before])
    if not warm.wire.gone:
        assert warm.receive([data] if data else [], head=head) == whole
    if not warm.wire.gone:
        assert_alike(warm.receive(cut(random, data, 3), head=head), whole)
    if not warm.wire.gone:
        assert warm.receive([data], head=head) == whole


@in_shards
def test_mutated_responses_end_the_same_way_however_they_are_cut(shard: int) -> None:
    fuzz("responses", shard, lambda random: mutated(random, VALID, TOKENS), check_response)


FOUND = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nSet-Cookie: a=b\r\n\r\n",  # was a header in one segment only
    b"HTTP/1.1 102 Wait\r\n\r\n" * 17 + VALID[0],  # was kept alive when all came at once
    b"HTTP/1.1 200 OK\r\n" + b"".join(b"N%d: v\r\n" % n for n in range(300)) + b"Content-Length: 0\r\n\r\n",
)


@pytest.mark.parametrize("data", FOUND)
def test_what_was_found_stays_repaired(data: bytes) -> None:
    check_response(data)


def test_the_check_sees_known_heads() -> None:
    forget_heads()
    Client().receive([VALID[0]])
    assert len(http1._HEADS._known) == 1


def test_the_corpus_is_valid() -> None:
    failures = [Client().receive([data]).failure for data in VALID]
    assert failures.count(None) == len(VALID) - 3, "all but the bare LF, 101, and two in one"
