"""Content codings (RFC 9110 section 8.4.1): gzip, deflate, br and zstd, with a limit on what comes out."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator

ACCEPTED = "gzip, deflate, br, zstd"
MAX_OUTPUT = 64 * 1024 * 1024
MAX_RATIO = 1000
_RATIO_FROM = 1024 * 1024  # below this size a high ratio is harmless
_MAX_CODINGS = 3
_PIECE = 64 * 1024
_BITE = 4096
_MAX_MEMBERS = 10_000


class DecodeFault(Exception):
    """The body is not what its Content-Encoding says."""


class OutputTooLarge(Exception):
    """The decoded body would exceed the limit."""


def decode(body: bytes, encoding: str) -> bytes:
    """Return a body without its content codings. Raises DecodeFault or OutputTooLarge."""
    codings = [coding.strip().lower() for coding in encoding.split(",") if coding.strip()]
    codings = [coding for coding in codings if coding != "identity"]
    if len(codings) > _MAX_CODINGS:
        raise DecodeFault(f"{len(codings)} content codings on top of each other")
    for coding in reversed(codings):
        decoder = _DECODERS.get(coding)
        if decoder is None:
            raise DecodeFault(f"unknown content coding {coding!r}")
        body = _bounded(decoder(body), len(body))
    return body


def _bounded(pieces: Iterator[bytes], size_in: int) -> bytes:
    limit = max(_RATIO_FROM, min(MAX_OUTPUT, MAX_RATIO * size_in))
    out, size = [], 0
    for piece in pieces:
        size += len(piece)
        if size > limit:
            raise OutputTooLarge(f"the decoded body exceeds {limit} bytes")
        out.append(piece)
    return b"".join(out)


def _inflate(body: bytes, wbits: int) -> Iterator[bytes]:
    at = 0
    for _ in _members():
        inflater = zlib.decompressobj(wbits)
        try:
            while at < len(body) and not inflater.eof:
                rest = body[at : at + _BITE]  # zlib copies what it leaves over, so it is never given much
                at += len(rest)
                while rest and not inflater.eof:
                    yield inflater.decompress(rest, _PIECE)
                    rest = inflater.unconsumed_tail
            if not inflater.eof:
                yield inflater.flush()
        except zlib.error as error:
            raise DecodeFault(str(error)) from None
        if not inflater.eof:
            raise DecodeFault("the compressed body ends too early")
        at -= len(inflater.unused_data)
        if at >= len(body):
            return


def _members() -> Iterator[int]:
    """Count the streams that stand one behind the other in a body: gzip's members, zstd's frames (RFC 1952, RFC 8878)."""
    yield from range(_MAX_MEMBERS)
    raise DecodeFault(f"more than {_MAX_MEMBERS} compressed streams in one body")


def _gzip(body: bytes) -> Iterator[bytes]:
    return _inflate(body, 16 + zlib.MAX_WBITS)


def _deflate(body: bytes) -> Iterator[bytes]:
    """Decode the zlib format, or the bare deflate stream that some servers send."""
    bare = len(body) < 2 or (body[0] & 0x0F) != 8 or (body[0] << 8 | body[1]) % 31
    return _inflate(body, -zlib.MAX_WBITS if bare else zlib.MAX_WBITS)


def _brotli(body: bytes) -> Iterator[bytes]:
    import brotli

    decoder = brotli.Decompressor()
    try:
        yield decoder.process(body, output_buffer_limit=_PIECE)
        while not decoder.is_finished():
            piece = decoder.process(b"", output_buffer_limit=_PIECE)
            if not piece and not decoder.is_finished():
                raise DecodeFault("the compressed body ends too early")
            yield piece
    except brotli.error as error:
        raise DecodeFault(str(error)) from None


def _zstd(body: bytes) -> Iterator[bytes]:
    import zstandard

    decompressor = zstandard.ZstdDecompressor(max_window_size=2**27)
    view, at = memoryview(body), 0
    try:
        for _ in _members():
            decoder = decompressor.decompressobj()
            while at < len(view) and not decoder.eof:  # small bites: a block of 4 bytes can hold 128 KiB
                yield decoder.decompress(view[at : at + 256])
                at += 256
            if not decoder.eof:
                raise DecodeFault("the compressed body ends too early")
            at = min(at, len(view)) - len(decoder.unused_data)
            if at >= len(view):
                return
    except zstandard.ZstdError as error:
        raise DecodeFault(str(error)) from None


_DECODERS: dict[str, Callable[[bytes], Iterator[bytes]]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
