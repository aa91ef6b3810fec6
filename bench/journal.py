"""What keeping a journal costs the coordinator: 100 request names, at two rates."""

from __future__ import annotations

import random
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time_ns
from typing import Any

import msgspec

from bench.table import markdown
from loadkit.engine.events import Interval
from loadkit.metrics.recorder import Recorder
from loadkit.metrics.sample import Sample
from loadkit.metrics.snapshot import from_wire, to_wire
from loadkit.report.journal import interval_frame

_NAMES = 100
_SECONDS = 50


def journal() -> str:
    """Return the table: CPU time and bytes for each second of a run."""
    rows = []
    for per_s in (1_000, 10_000):
        wire = second_of(per_s)
        event = Interval(snapshot=from_wire(wire), summary=from_wire(wire), draining=False, wires=(wire,))
        with TemporaryDirectory() as directory, (Path(directory) / "journal").open("wb", buffering=0) as file:
            began = process_time_ns()
            for _ in range(_SECONDS):
                file.write(interval_frame(event))
            spent_ms = (process_time_ns() - began) / _SECONDS / 1e6
            rows.append([f"{per_s:,}", f"{spent_ms:.2f} ms", f"{file.tell() / _SECONDS / 1024:.0f} KiB"])
    return markdown(["requests per second", "CPU time per second", "size per second"], rows)


def second_of(per_s: int) -> Any:
    """Return a second as a worker sends it, with 100 request names."""
    drawn = random.Random(1)
    recorder = Recorder()
    book = recorder.book("shop")
    for index in range(per_s):
        ns = int(drawn.lognormvariate(0, 0.5) * 20_000_000)
        sample = Sample(
            intended_ns=0,
            start_ns=drawn.randrange(100_000),
            written_ns=110_000,
            sent_ns=120_000,
            first_byte_ns=120_000 + ns // 2,
            end_ns=120_000 + ns,
            status=200,
            bytes_in=1000,
            bytes_out=100,
        )
        book.series(f"/path/{index % _NAMES}").rows.extend(sample)
    return msgspec.msgpack.decode(msgspec.msgpack.encode(to_wire(recorder.snapshot(0, 10**9))))
