"""Mutated snapshots, histograms and frames: read, or refused with ValueError; what was read can be merged, judged and sent on."""

import asyncio
import tracemalloc
from copy import deepcopy
from random import Random
from typing import Any, cast

import msgspec
import numpy as np
import pytest

from loadkit.fleet.channel import MAX_FRAME, Channel
from loadkit.metrics.histogram import Histogram
from loadkit.metrics.snapshot import Snapshot, from_wire, to_wire
from tests.fuzz.mutation import fuzz, in_shards, mutated
from tests.fuzz.test_scenarios import places_in

ODD: tuple[Any, ...] = (
    None, True, 0, 1, -1, 2**31, 2**63 - 1, -(2**63), 2**64 - 1, 0.5,
    float("inf"), float("nan"), -1.5, "", "x", "http.requests", "12",
    b"", b"\0", b"\1\0\0\0", b"\xff\xff\xff\xff", b"\0\0\0\0\0\0\0\x80", b"\xff" * 8, b"\1" * 64,
    [], {}, [[]], [0, 0], ["a", "b", 1],
)  # fmt: skip
BYTES = (
    b"\0",
    b"\xff",
    b"\xc0",
    b"\x90",
    b"\xdd\xff\xff\xff\xff",
    b"\xdb\x7f\xff\xff\xff",
    b"\xc6\xff\xff\xff\xff",
    b"\xa1x",
    b"\x91" * 2000,
)


def histogram_of(*values_ns: int) -> Histogram:
    made = Histogram()
    made.record(np.array(values_ns, np.int64))
    return made


def snapshots() -> list[Snapshot]:
    """Snapshots as workers send them: with parts, without, and empty."""
    plain = Snapshot(start_ns=0, end_ns=10**9)
    plain.counters = {("http.requests", "/a"): 5, ("errors.ERR_RESET", "/b"): 1}
    plain.histograms = {
        ("http.response_time", "/a"): histogram_of(1_000, 2_000_000, 10**10),
        ("vusers.session_length", ""): histogram_of(5),
    }
    part = Snapshot(start_ns=0, end_ns=10**9, counters=dict(plain.counters), histograms=dict(plain.histograms))
    gauges = {("worker.cpu", 0): (10**9, 0.5)}
    examples = {"ERR_RESET": [(5, "GET /b: reset")]}
    return [
        Snapshot(),
        plain,
        Snapshot.of_parts(0, 10**9, {(0, "a"): part, (1, "b"): part}, gauges=gauges, examples=examples),
    ]


WIRES = [msgspec.msgpack.encode(to_wire(made)) for made in snapshots()]
FRAMES = [
    msgspec.msgpack.encode(["interval", {"snapshot": to_wire(made), "lines": [], "draining": False}])
    for made in snapshots()
]


def altered(random: Random) -> Any:
    """Return the wire form of a snapshot with values put in place of others."""
    data = msgspec.msgpack.decode(random.choice(WIRES))
    for _ in range(random.randint(1, 3)):
        container, key = random.choice(places_in(data) or [([0], 0)])
        kind = random.randrange(4)
        if kind == 0:
            container[key] = deepcopy(random.choice(ODD))
        elif kind == 1 and isinstance(container[key], bytes):
            container[key] = mutated(random, [container[key]], BYTES)
        elif kind == 2:
            container.insert(key, deepcopy(random.choice(ODD)))
        else:
            del container[key]
    return data


def check_snapshot(wire: Any) -> None:
    try:
        made = from_wire(wire)
    except ValueError:
        return
    sent = to_wire(made)
    assert to_wire(from_wire(msgspec.msgpack.decode(msgspec.msgpack.encode(sent)))) == sent
    for histogram in made.histograms.values():
        check_counts(histogram)
    together = snapshots()[1]
    together.merge(made)
    for metric in ("http.response_time", "http.requests"):
        together.histogram(metric).summary_ms()
        together.count(metric)


def check_counts(histogram: Histogram) -> None:
    assert histogram.total == int(histogram.bins()[1].sum())
    assert histogram.total >= 0
    assert histogram.nbytes < 1 << 20
    assert histogram.percentile_ns(99) >= 0


def check_histogram(wire: list[Any]) -> None:
    try:
        made = Histogram.from_wire(wire)
    except ValueError:
        return
    check_counts(made)
    made.merge(histogram_of(1, 10**13))
    assert Histogram.from_wire(made.to_wire()).total == made.total


def receive(stream: bytes) -> list[tuple[str, dict[str, Any]]]:
    """Return the messages of a stream. Raises ValueError as the channel does."""

    async def main() -> list[tuple[str, dict[str, Any]]]:
        reader = asyncio.StreamReader()
        reader.feed_data(stream)
        reader.feed_eof()
        channel = Channel(reader, cast(asyncio.StreamWriter, None))
        received = []
        while (message := await channel.receive()) is not None:
            received.append(message)
        return received

    return asyncio.run(main())


def check_stream(stream: bytes) -> None:
    try:
        received = receive(stream)
    except ValueError:
        return
    for kind, fields in received:
        assert isinstance(kind, str)
        if "snapshot" in fields:
            check_snapshot(fields["snapshot"])


def framed(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


@in_shards
def test_altered_snapshots_are_read_or_refused(shard: int) -> None:
    fuzz("snapshots", shard, altered, check_snapshot)


@in_shards
def test_altered_histograms_are_read_or_refused(shard: int) -> None:
    def make(random: Random) -> list[Any]:
        wire = histogram_of(*(random.randrange(10 ** random.randint(1, 13)) for _ in range(3))).to_wire()
        at = random.randrange(len(wire))
        wire[at] = (
            mutated(random, [wire[at]], BYTES)
            if isinstance(wire[at], bytes) and random.random() < 0.8
            else random.choice(ODD)
        )
        return wire if random.random() < 0.9 else wire[:at]

    fuzz("histograms", shard, make, check_histogram)


@in_shards
def test_mutated_frames_are_read_or_refused(shard: int) -> None:
    def make(random: Random) -> bytes:
        if random.random() < 0.5:
            return framed(mutated(random, FRAMES, BYTES)) + framed(random.choice(FRAMES))
        return mutated(random, [framed(frame) for frame in FRAMES], BYTES)

    fuzz("frames", shard, make, check_stream)


@pytest.mark.parametrize("size", [MAX_FRAME + 1, 2**32 - 1])
def test_a_frame_that_is_too_long_is_refused_before_it_is_read(size: int) -> None:
    with pytest.raises(ValueError, match=f"a message of {size} bytes"):
        receive(size.to_bytes(4, "big"))


def test_what_a_message_claims_to_hold_takes_no_memory() -> None:
    claims = (MAX_FRAME.to_bytes(4, "big"), framed(b"\x92\xa1x\xdf\xff\xff\xff\xff"), framed(b"\xdd\xff\xff\xff\xff"))
    tracemalloc.start()
    try:
        for claim in claims:
            check_stream(claim)
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()
