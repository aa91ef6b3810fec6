"""Mutated Set-Cookie fields and compressed bodies: taken, or refused in the way that is named; bounded in memory and time."""

import gzip
import zlib
from collections.abc import Callable
from random import Random

import brotli
import pytest
import zstandard

from loadkit.protocols.address import split_url
from loadkit.protocols.content import MAX_RATIO, DecodeFault, OutputTooLarge, decode
from loadkit.protocols.cookies import CookieJar
from tests.fuzz.mutation import LONGEST_S, at_most, fuzz, in_shards, mutated

COOKIES = (
    "session=abc; Path=/; HttpOnly", "a=b; Domain=.example.com; Secure; Max-Age=60", "x=1; Expires=Wed, 21 Oct 2037 07:28:00 GMT",
    "x=1; Expires=Wed, 21-Oct-2037 07:28:00 GMT; SameSite=Lax", 'q="a b"; Path=/shop; Version=1', "gone=; Max-Age=0", "n=v",
)  # fmt: skip
COOKIE_TOKENS = (
    ";", "=", "; ", ",", " ", "\t", "\0", "\r\n", "\xff", "\u0663", "Max-Age=", "Max-Age=-" + "9" * 400,
    "Max-Age=" + "9" * 400, "9" * 5000,
    "Max-Age=1e9", "Max-Age=1_0", "Expires=", "Domain=", "Domain=127.0.0.1", "Domain=.", "Domain=com", "Path=", "Path=//", "Path=x",
    "Expires=Mon, 00 Jan 0000 00:00:00 GMT",
    "Expires=Thu, 01 Jan 99999 00:00:00 +9999", "-", ":", "99", "GMT", "+9999999999", "()", '"',
)  # fmt: skip
ORIGINS = [
    split_url(url)[0]
    for url in ("http://www.example.com/a/b", "https://example.com", "http://127.0.0.1:8080", "http://[::1]/")
]
PLAIN = b'{"items": [1, 2, 3], "text": "' + b"abc " * 100 + b'"}'
BODIES = (
    PLAIN, gzip.compress(PLAIN, mtime=0), gzip.compress(PLAIN, mtime=0) * 2, zlib.compress(PLAIN),
    zlib.compress(PLAIN)[2:-4], brotli.compress(PLAIN), zstandard.compress(PLAIN), zstandard.compress(PLAIN) * 2,
    gzip.compress(zlib.compress(PLAIN), mtime=0), gzip.compress(bytes(500_000), mtime=0),
    zstandard.compress(bytes(500_000)), brotli.compress(bytes(500_000), quality=5), b"",
)  # fmt: skip
BODY_TOKENS = (
    b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"\0", b"\xff\xff\xff\xff", b"\x78\x9c", b"\x50\x2a\x4d\x18", b"\0" * 100,
    gzip.compress(b"", mtime=0),
)  # fmt: skip
CODINGS = (
    "gzip",
    "x-gzip",
    "deflate",
    "br",
    "zstd",
    "gzip, deflate",
    "identity",
    "GZIP,,gzip",
    "br, br, br, br",
    "",
    "unheard-of",
    "zstd,gzip",
)


def check_cookie(text: str) -> None:
    for origin in ORIGINS:
        jar = CookieJar()
        stored = jar.store(origin, "/shop/cart", text)
        assert isinstance(stored, bool)
        for to in ORIGINS:
            sent = jar.header(to, "/shop/cart?x=1")
            assert not sent or stored


def check_body(case: tuple[bytes, str]) -> None:
    body, coding = case
    try:
        made = decode(body, coding)
    except (DecodeFault, OutputTooLarge) as error:
        assert str(error)
    else:
        assert len(made) <= max(1 << 20, MAX_RATIO * len(body)) ** (1 + coding.count(","))


@in_shards
def test_mutated_cookies_are_stored_or_ignored(shard: int) -> None:
    fuzz("cookies", shard, lambda random: mutated(random, COOKIES, COOKIE_TOKENS), check_cookie)


@in_shards
def test_mutated_bodies_are_decoded_or_refused(shard: int) -> None:
    def make(random: Random) -> tuple[bytes, str]:
        return mutated(random, BODIES, BODY_TOKENS), random.choice(CODINGS)

    fuzz("bodies", shard, make, check_body)


@pytest.mark.parametrize(
    ("member", "coding"), [(gzip.compress(b"", mtime=0), "gzip"), (zstandard.compress(b""), "zstd")]
)
def test_a_body_of_countless_empty_streams_is_refused_at_once(member: bytes, coding: str) -> None:
    assert decode(member * 5000, coding) == b""
    with at_most(LONGEST_S), pytest.raises(DecodeFault, match="more than 10000"):
        decode(member * (16_000_000 // len(member)), coding)


@pytest.mark.parametrize("compress", [gzip.compress, zlib.compress, zstandard.compress, brotli.compress])
def test_a_large_body_comes_out_whole(compress: Callable[[bytes], bytes]) -> None:
    data = Random(1).randbytes(300_000) + bytes(300_000)
    coding = {"gzip": "gzip", "zlib": "deflate", "zstandard": "zstd"}.get(compress.__module__, "br")
    assert decode(compress(data), coding) == data
