"""What was parsed once and is looked up the second time must come out the same."""

from collections.abc import Sequence
from time import perf_counter_ns
from typing import Any

import pytest

from loadkit.protocols import http1
from loadkit.protocols.heads import LEARNED_AT_MOST, MAX_HEAD_BYTES, Heads
from loadkit.protocols.http1 import Connection

OK = b"HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 4\r\n\r\nbody"


class Wire:
    """A transport that swallows what is written, and a fiber that counts how often it is resumed."""

    def __init__(self) -> None:
        self.resumed = 0
        self.aborted = False

    def write(self, data: bytes) -> None:
        pass

    def abort(self) -> None:
        self.aborted = True

    def resume(self) -> None:
        self.resumed += 1


def exchange(connection: Connection, wire: Wire, pieces: Sequence[bytes], *, keep: bool, head: bool) -> object:
    before = wire.resumed
    connection.send(wire, b"GET", keep_body=keep, head=head)  # type: ignore[arg-type]
    for piece in pieces:
        if not connection.closed:
            connection.data_received(piece)
    return (
        wire.resumed - before,
        connection.failure,
        connection.status if wire.resumed > before and not connection.failure else None,
        dict(connection.headers) if wire.resumed > before and not connection.failure else None,
        connection.body() if wire.resumed > before and not connection.failure else None,
        connection.raw_headers() if wire.resumed > before and not connection.failure else None,
        connection.keep_alive,
        connection.bytes_in,
        connection.closed,
    )


def connected() -> tuple[Connection, Wire]:
    connection, wire = Connection(), Wire()
    connection.connection_made(wire)  # type: ignore[arg-type]
    return connection, wire


RESPONSES = {
    "plain": OK,
    "closing": b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbody",
    "http 1.0": b"HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nbody",
    "empty": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "no content": b"HTTP/1.1 204 No Content\r\n\r\n",
    "not modified": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\n",
    "redirect": b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n",
    "cookie": b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 1\r\n\r\nx",
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
    "interim": b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + OK,
    "until the end": b"HTTP/1.1 200 OK\r\n\r\nbody",
    "too short": OK[:-1],
    "too long": OK + b"!",
    "length twice": b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nbody",
    "both framings": b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\nbody",
    "not http": b"hello\r\n\r\n",
    "cut head": OK[:30],
    "length with zeros": b"HTTP/1.1 200 OK\r\nContent-Length: 004\r\n\r\nbody",
}


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    heads = Heads()
    monkeypatch.setattr(http1, "_HEADS", heads)
    monkeypatch.setattr(http1, "_known_head", heads.get)


@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("head", [True, False])
@pytest.mark.parametrize("name", RESPONSES)
def test_a_known_head_gives_what_parsing_gives(
    name: str, head: bool, keep: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = {"keep": keep, "head": head}
    connection, wire = connected()
    parsed = exchange(connection, wire, [RESPONSES[name]], **ask)
    for other in RESPONSES.values():  # whatever else is learned meanwhile
        exchange(*connected(), [other], keep=True, head=False)
        exchange(*connected(), [other], keep=True, head=False)
    again = exchange(*connected(), [RESPONSES[name]], **ask)
    assert again == parsed
    warm, wire = connected()
    exchange(warm, wire, [OK], keep=True, head=False)
    exchange(warm, wire, [OK], keep=False, head=False)
    assert exchange(warm, wire, [RESPONSES[name]], **ask) == parsed


def test_a_known_head_is_not_parsed_again() -> None:
    connection, wire = connected()
    exchange(connection, wire, [OK], keep=True, head=False)

    def parse(data: bytes) -> None:
        raise AssertionError("parsed")

    connection._feeds = dict.fromkeys((True, False), (None, parse))
    assert exchange(connection, wire, [OK.replace(b"body", b"else")], keep=True, head=False)[4] == b"else"  # type: ignore[index]
    with pytest.raises(AssertionError, match="parsed"):
        exchange(connection, wire, [OK.replace(b"now", b"later")], keep=True, head=False)


@pytest.mark.parametrize("split", range(1, len(OK)))
def test_a_known_head_in_pieces_is_parsed(split: int) -> None:
    whole = exchange(*connected(), [OK], keep=True, head=False)
    assert exchange(*connected(), [OK[:split], OK[split:]], keep=True, head=False) == whole


def test_a_response_that_lacks_its_empty_line_is_not_taken_for_a_known_one() -> None:
    """Without an empty line `find` says -1, and data[:-1] may well be a known head."""
    known = b"HTTP/1.1 200 OK\r\nContent-Length: %d"
    length = len(known % 10) - 2
    head = known % length
    whole = head + b"\r\n\r\n" + b"x" * length
    assert exchange(*connected(), [whole], keep=True, head=False)[0] == 1  # type: ignore[index]
    assert exchange(*connected(), [head + b"\r"], keep=True, head=False)[0] == 0  # type: ignore[index]


def learn(heads: Heads, data: bytes, now_ns: int = 0, **fields: Any) -> bool:
    parsed = dict(line.split(b": ", 1) for line in data.split(b"\r\n\r\n")[0].split(b"\r\n")[1:])
    heads.learn(data, now_ns, fields.get("status", 200), parsed, keep_alive=True)
    return heads.get(data[: data.find(b"\r\n\r\n")]) is not None


def test_few_heads_are_learned_in_a_stretch_and_then_forgotten() -> None:
    heads = Heads()
    datas = [OK.replace(b"now", b"%d" % number) for number in range(LEARNED_AT_MOST + 10)]
    assert [learn(heads, data) for data in datas] == [True] * LEARNED_AT_MOST + [False] * 10
    assert learn(heads, datas[-1], now_ns=3 * 10**9)
    assert heads.get(datas[0][: datas[0].find(b"\r\n\r\n")]) is None


def test_what_does_not_end_where_its_bytes_end_is_not_learned() -> None:
    heads = Heads()
    assert not learn(heads, b"HTTP/1.1 200 OK\r\nA: %b\r\nContent-Length: 0\r\n\r\n" % (b"x" * MAX_HEAD_BYTES))
    assert not learn(heads, b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n")
    assert not learn(heads, b"HTTP/1.1 204 No\r\nContent-Length: 0\r\n\r\n", status=204)
    assert not learn(heads, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n")


@pytest.mark.parametrize(
    ("fields", "status", "plain"),
    [
        (b"A: b", 200, True),
        (b"A: b", 404, True),
        (b"Location: /", 302, False),
        (b"SET-COOKIE: a=b", 200, False),
        (b"Content-Encoding: gzip", 200, False),
    ],
)
def test_plain_is_what_no_session_must_look_at(fields: bytes, status: int, plain: bool) -> None:
    heads = Heads()
    data = b"HTTP/1.1 %d X\r\n%b\r\nContent-Length: 0\r\n\r\n" % (status, fields)
    assert learn(heads, data, perf_counter_ns(), status=status)
    known = heads.get(data[:-4])
    assert known is not None
    assert known.plain is plain
