"""Content codings, and the limits on what comes out."""

import gzip
import zlib

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from loadkit.protocols.content import DecodeFault, OutputTooLarge, decode

BODY = b"loadkit " * 10_000


def raw_deflate(body: bytes) -> bytes:
    return zlib.compress(body)[2:-4]


ENCODERS = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
    "identity": bytes,
}


@pytest.mark.parametrize("coding", sorted(ENCODERS))
def test_a_coding_is_removed(coding: str) -> None:
    assert decode(ENCODERS[coding](BODY), coding) == BODY


def test_bare_deflate_and_several_gzip_members_are_read() -> None:
    assert decode(raw_deflate(BODY), "deflate") == BODY
    assert decode(gzip.compress(b"a") + gzip.compress(b"b"), "gzip") == b"ab"


def test_codings_are_removed_in_reverse_order() -> None:
    assert decode(brotli.compress(gzip.compress(BODY)), "gzip, br") == BODY


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_a_truncated_body_is_a_fault(coding: str) -> None:
    with pytest.raises(DecodeFault):
        decode(ENCODERS[coding](BODY)[:-5], coding)


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd"])
def test_a_bomb_is_stopped(coding: str) -> None:
    with pytest.raises(OutputTooLarge):
        decode(ENCODERS[coding](b"\0" * 100_000_000), coding)


@pytest.mark.parametrize("encoding", ["lzma", "gzip, gzip, gzip, gzip"])
def test_what_nobody_asked_for_is_a_fault(encoding: str) -> None:
    with pytest.raises(DecodeFault):
        decode(b"x", encoding)


@given(st.binary(max_size=200), st.sampled_from(["gzip", "deflate", "br", "zstd"]))
def test_any_bytes_give_a_body_or_a_typed_fault(body: bytes, coding: str) -> None:
    try:
        decode(body, coding)
    except (DecodeFault, OutputTooLarge):
        pass
