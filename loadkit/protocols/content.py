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

Pieces = Iterator[tuple[int, bytes]]
"""Decoded pieces, each with how much of the body has been taken for it and those before."""


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
        body = _bounded(decoder(body))
    return body


def _bounded(pieces: Pieces) -> bytes:
    """Put pieces together while they keep to the limits, the ratio from the first megabyte on: a bomb is seen by its start."""
    out, size = [], 0
    for taken, piece in pieces:
        size += len(piece)
        if size > MAX_OUTPUT:
            raise OutputTooLarge(f"the decoded body exceeds {MAX_OUTPUT} bytes")
        if size > _RATIO_FROM and size > MAX_RATIO * taken:
            raise OutputTooLarge(f"the body grows more than {MAX_RATIO} times in decoding: {taken} bytes to {size}")
        out.append(piece)
    return b"".join(out)


def _inflate(body: bytes, wbits: int) -> Pieces:
    at = 0
    for _ in _members():
        inflater = zlib.decompressobj(wbits)
        try:
            while at < len(body) and not inflater.eof:
                rest = body[at : at + _BITE]  # zlib copies what it leaves over, so it is never given much
                at += len(rest)
                while rest and not inflater.eof:
                    piece = inflater.decompress(rest, _PIECE)
                    rest = inflater.unconsumed_tail
                    yield at - len(rest), piece
            while not inflater.eof:  # what it still holds of the last bite
                piece = inflater.decompress(b"", _PIECE)
                if not piece and not inflater.eof:
                    raise DecodeFault("the compressed body ends too early")
                yield at, piece
        except zlib.error as error:
            raise DecodeFault(str(error)) from None
        at -= len(inflater.unused_data)
        if at >= len(body):
            return


def _members() -> Iterator[int]:
    """Count the streams that stand one behind the other in a body: gzip's members, zstd's frames (RFC 1952, RFC 8878)."""
    yield from range(_MAX_MEMBERS)
    raise DecodeFault(f"more than {_MAX_MEMBERS} compressed streams in one body")


def _gzip(body: bytes) -> Pieces:
    return _inflate(body, 16 + zlib.MAX_WBITS)


def _deflate(body: bytes) -> Pieces:
    """Decode the zlib format, or the bare deflate stream that some servers send."""
    bare = len(body) < 2 or (body[0] & 0x0F) != 8 or (body[0] << 8 | body[1]) % 31
    return _inflate(body, -zlib.MAX_WBITS if bare else zlib.MAX_WBITS)


def _brotli(body: bytes) -> Pieces:
    import brotli

    decoder, at = brotli.Decompressor(), 0
    try:
        while not decoder.is_finished():
            bite = body[at : at + _BITE] if decoder.can_accept_more_data() else b""
            at += len(bite)
            piece = decoder.process(bite, output_buffer_limit=_PIECE)
            if not piece and at == len(body) and not decoder.is_finished():
                raise DecodeFault("the compressed body ends too early")
            yield at, piece
    except brotli.error as error:
        raise DecodeFault(str(error)) from None


def _zstd(body: bytes) -> Pieces:
    import zstandard

    decompressor = zstandard.ZstdDecompressor(max_window_size=2**27)
    view, at = memoryview(body), 0
    try:
        for _ in _members():
            decoder = decompressor.decompressobj()
            while at < len(view) and not decoder.eof:  # small bites: a block of 4 bytes can hold 128 KiB
                bite = view[at : at + 256]
                piece = decoder.decompress(bite)
                at += len(bite)
                yield at, piece
            if not decoder.eof:
                raise DecodeFault("the compressed body ends too early")
            at -= len(decoder.unused_data)
            if at >= len(view):
                return
    except zstandard.ZstdError as error:
        raise DecodeFault(str(error)) from None


_DECODERS: dict[str, Callable[[bytes], Pieces]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
