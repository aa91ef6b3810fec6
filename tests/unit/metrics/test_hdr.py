"""The encoding against the library that everybody else reads it with, byte for byte."""

import base64
import struct
import zlib

import numpy as np
import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import given
from hypothesis import strategies as st

from loadkit.metrics import hdr
from loadkit.metrics.histogram import HIGHEST_US, LENGTH, Histogram, lowest_us

MOST = 2**61 - 1
bins = st.dictionaries(
    st.integers(0, LENGTH - 1),
    st.one_of(st.integers(1, 200), st.integers(0, 61).map(lambda power: 2**power - 1).filter(bool), st.just(MOST)),
    max_size=60,
)


def arrays(counts: dict[int, int]):
    at = sorted(counts)
    return np.array(at, np.int64), np.array([counts[index] for index in at], np.int64)


def encoded(counts: dict[int, int]) -> str:
    return hdr.encode(*arrays(counts), highest=HIGHEST_US)


def words_of(text: str) -> bytes:
    return zlib.decompress(base64.b64decode(text)[8:])


@given(bins)
def test_it_is_byte_for_byte_what_the_library_writes(counts: dict[int, int]) -> None:
    theirs = HdrHistogram(1, HIGHEST_US, 3)
    for index, count in counts.items():
        theirs.record_value(lowest_us(index), count)
    assert words_of(encoded(counts)) == words_of(theirs.encode().decode())


@given(bins)
def test_what_is_encoded_is_decoded(counts: dict[int, int]) -> None:
    at, found = hdr.decode(encoded(counts), LENGTH)
    assert dict(zip(at.tolist(), found.tolist(), strict=True)) == counts


def test_what_the_library_wrote_is_decoded() -> None:
    theirs = HdrHistogram(1, HIGHEST_US, 3)
    for value in (0, 1, 1, 5000, HIGHEST_US):
        theirs.record_value(value)
    mine = Histogram()
    mine.record(np.array([0, 1, 1, 5000, HIGHEST_US]) * 1000)
    at, counts = hdr.decode(theirs.encode().decode(), LENGTH)
    assert [at.tolist(), counts.tolist()] == [held.tolist() for held in mine.bins()]


def packed(words: bytes, *, held: int | None = None, inner: int = 0x1C849313) -> str:
    head = struct.pack(">IIIIQQd", inner, len(words) if held is None else held, 0, 3, 1, HIGHEST_US, 1.0)
    payload = zlib.compress(head + words)
    return base64.b64encode(struct.pack(">II", 0x1C849314, len(payload)) + payload).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "HIST",
        "no base64!",
        base64.b64encode(b"\x1c\x84\x93\x14\x00\x00\x00\x04abcd").decode(),
        packed(b"\x02")[:-8],
        packed(b"\x02", held=7),
        packed(b"\x02", inner=1),
        packed(b"\x82"),
        packed(b"\xff" * 9 + b"\x01"),
        packed(b"\xff\xff\xff\x01"),
        packed(b"\x02" * (LENGTH + 1)),
        packed(bytes(10_000_000)),
    ],
)
def test_what_is_no_encoding_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an encoded histogram"):
        hdr.decode(text, LENGTH)


@given(st.binary(max_size=200))
def test_any_words_are_decoded_within_the_layout_or_refused(words: bytes) -> None:
    try:
        at, counts = hdr.decode(packed(words), LENGTH)
    except ValueError:
        return
    assert all(0 <= index < LENGTH for index in at.tolist())
    assert all(0 < count < 2**62 for count in counts.tolist())
