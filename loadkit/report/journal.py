"""The journal of a run: what was measured, second by second, so that a killed run leaves more than nothing.

    file  = "LKJOURN1", then frames
    frame = length of the body (4 bytes, big endian), CRC-32 of the body (4 bytes), body
    body  = msgpack of [kind, fields], compressed by zstd

    header    once, first: format, the outline of the plan, when and by what the load was made
    interval  each second: the workers' snapshots as they came, which costs less than packing their merge
    intervention  whenever somebody did something to the run; a reader that does not know a kind of frame passes it over
    end       once, last: how the run ended and what was found; missing when the run was cut off

A reader takes frames up to the first that is not whole: after a crash the tail may be torn, or zeros.

A second with 100 request names costs the coordinator 0.2 ms at 1,000 requests a second and 1 ms at 10,000, which is 0.1 % of a
core at most; it takes 22 KiB and 100 KiB (`python -m bench journal`).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any, BinaryIO, Literal
from zlib import crc32

import msgspec
import zstandard

from loadkit.engine.events import Interval, Started
from loadkit.engine.interventions import Intervention
from loadkit.engine.result import RunResult
from loadkit.metrics.snapshot import to_wire
from loadkit.report.report import generator
from loadkit.scenario.outline import outline
from loadkit.slo.evaluate import Verdict
from loadkit.slo.validity import Measurement
from loadkit.slo.watch import Abort

MAGIC = b"LKJOURN1"
FORMAT = 1
MAX_BODY = 64 * 1024 * 1024

_LEVEL = 1  # 3 saves another tenth and takes half as much time again

_head = struct.Struct(">II")
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[str, dict[str, Any]]).decode


class Damage(ValueError):
    """Bytes that are no whole frame; the message says what is wrong with them."""


class Host(msgspec.Struct):
    """The machine that made the load."""

    system: str
    machine: str
    cpus: int
    cpu: str = ""


class Generator(msgspec.Struct):
    """What made the load, as the report says it."""

    versions: dict[str, str]
    host: Host
    commit: str | None = None


class Header(msgspec.Struct, kw_only=True):
    """The first frame."""

    format: int
    started_at: float
    workers: int
    generator: Generator
    outline: dict[str, Any]


class End(msgspec.Struct, kw_only=True):
    """The last frame: the fields of the result that the intervals do not tell."""

    elapsed_s: float
    signal: Literal["SIGINT", "SIGTERM"] | None
    lost_workers: int
    lost_arrivals: int
    measurement: Measurement
    verdicts: tuple[Verdict, ...]
    aborted_by: Abort | None = None
    after_failed: str | None = None


def header_frame(event: Started) -> bytes:
    """Return how a journal begins. Whatever must not be written to a disk is to be left out here."""
    kept = {**outline(event.plan), "target": event.plan.secrets.mask(event.target)}
    header = Header(
        format=FORMAT,
        started_at=event.started_at,
        workers=event.workers,
        generator=msgspec.convert(generator(), Generator),
        outline=kept,
    )
    return MAGIC + _frame("header", msgspec.to_builtins(header))


def interval_frame(event: Interval) -> bytes:
    """Return a second of the run."""
    return _frame("interval", {"snapshots": event.wires or [to_wire(event.snapshot)]})


def intervention_frame(intervention: Intervention) -> bytes:
    """Return what somebody did to the run."""
    return _frame("intervention", msgspec.to_builtins(intervention))


def end_frame(result: RunResult) -> bytes:
    """Return how a journal ends."""
    end = End(
        elapsed_s=result.elapsed_s,
        signal=result.signal,  # type: ignore[arg-type]  # the two that are ever asked for by name
        lost_workers=result.lost_workers,
        lost_arrivals=result.summary.count("arrivals.lost"),
        measurement=result.measurement,
        verdicts=result.verdicts,
        aborted_by=result.aborted_by,
        after_failed=result.after_failed,
    )
    return _frame("end", msgspec.to_builtins(end))


def _frame(kind: str, fields: dict[str, Any]) -> bytes:
    body = zstandard.ZstdCompressor(level=_LEVEL).compress(_encode([kind, fields]))
    return _head.pack(len(body), crc32(body)) + body


def read_frames(file: BinaryIO) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the frames of a journal from behind its first eight bytes. Raises Damage at what is no whole frame."""
    while head := file.read(_head.size):
        if len(head) < _head.size:
            raise Damage("it ends within a frame")
        size, check = _head.unpack(head)
        if not 0 < size <= MAX_BODY:
            raise Damage(f"a frame of {size} bytes")
        body = file.read(size)
        if len(body) < size:
            raise Damage("it ends within a frame")
        if crc32(body) != check:
            raise Damage("a checksum does not match")
        yield _message(body)


def _message(body: bytes) -> tuple[str, dict[str, Any]]:
    try:
        if (
            not 0 < zstandard.frame_content_size(body) <= MAX_BODY
        ):  # said by the frame: checked before so much is asked for
            raise Damage("a frame that unpacks to too much")
        return _decode(zstandard.ZstdDecompressor().decompress(body))
    except (zstandard.ZstdError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Damage(f"a frame that is no message: {error}") from error
