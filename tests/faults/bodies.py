"""Response bodies and whole responses made to hurt: compression bombs, chains of codings, mutations."""

import gzip
import random
import zlib
from collections.abc import Callable
from functools import cache

import brotli
import zstandard

MB = 1_000_000
JSON = b'{"id": 7}'


@cache
def gzip_bomb() -> bytes:
    """Return 10 MB that come to 10 GB: the same megabyte of zeros, 10 000 times, in one gzip member."""
    deflater = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    deflater.compress(b"")
    block = deflater.compress(b"\0" * MB) + deflater.flush(zlib.Z_FULL_FLUSH)  # stands alone, so it may be repeated
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + block * 10_000


@cache
def moderate_gzip_bomb() -> bytes:
    """Return 10 MB that come to 5 GB: a ratio of 500, below the limit on ratios, so that only the size stops it."""
    rng = random.Random(1)
    plain = b"".join(rng.randbytes(140) + b"\0" * (100_000 - 140) for _ in range(10))
    deflater = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = deflater.compress(plain) + deflater.flush(zlib.Z_FULL_FLUSH)
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + block * (10 * MB // len(block))


@cache
def brotli_bomb() -> bytes:
    return brotli.compress(b"\0" * 70 * MB, quality=1)


@cache
def zstd_bomb() -> bytes:
    return zstandard.compress(b"\0" * MB) * 10_000


@cache
def doubled_gzip_bomb() -> bytes:
    return gzip.compress(gzip_bomb())


ENCODED: dict[str, Callable[[], tuple[str, bytes]]] = {
    "gzip": lambda: ("gzip", gzip.compress(JSON)),
    "three": lambda: ("gzip, gzip, gzip", gzip.compress(gzip.compress(gzip.compress(JSON)))),
    "four": lambda: ("gzip, gzip, gzip, gzip", gzip.compress(gzip.compress(gzip.compress(gzip.compress(JSON))))),
    "gzip-bomb": lambda: ("gzip", gzip_bomb()),
    "moderate-gzip-bomb": lambda: ("gzip", moderate_gzip_bomb()),
    "doubled-gzip-bomb": lambda: ("gzip, gzip", doubled_gzip_bomb()),
    "brotli-bomb": lambda: ("br", brotli_bomb()),
    "zstd-bomb": lambda: ("zstd", zstd_bomb()),
    "not-gzip": lambda: ("gzip", JSON),
    "cut-gzip": lambda: ("gzip", gzip.compress(JSON * 100)[:-6]),
    "unknown": lambda: ("lzma", JSON),
}

_VALID = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n" + JSON,
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: b\r\n\r\n4\r\nabcd\r\n5;x=y\r\nefghi\r\n0\r\nX-T: 1\r\n\r\n",
    b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab",
    b"HTTP/1.0 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(JSON, mtime=0),
    b"HTTP/1.1 302 Found\r\nLocation: /ok\r\nSet-Cookie: a=b; Path=/\r\nContent-Length: 0\r\n\r\n",
)
_SPICES = (
    b"\0",
    b"\r\n",
    b"\r\n\r\n",
    b"\n",
    b" ",
    b":",
    b"-1",
    b"99999999999999999999",
    b"\xff",
    b"chunked",
    b"HTTP/1.1 ",
)


def mutated_response(seed: int) -> bytes:
    """Return a valid response after one to four random changes."""
    rng = random.Random(seed)
    data = bytearray(rng.choice(_VALID))
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(data) + 1)
        change = rng.randrange(4)
        if change == 0:
            data[at : at + 1] = bytes([rng.randrange(256)])
        elif change == 1:
            data[at:at] = rng.choice(_SPICES)
        elif change == 2:
            del data[at : at + rng.randint(1, 8)]
        else:
            data[at:at] = data[at : at + rng.randint(1, 40)]
    return bytes(data)
