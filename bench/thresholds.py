"""What thresholds over time cost the coordinator: 100 request names, windows of a minute."""

from __future__ import annotations

import random
from time import process_time_ns
from typing import Any

from bench.table import markdown
from loadkit.metrics.recorder import Recorder
from loadkit.metrics.sample import Sample
from loadkit.metrics.snapshot import Snapshot, from_wire, to_wire
from loadkit.slo.selection import Stretch
from loadkit.slo.threshold import parse_thresholds
from loadkit.slo.watch import Watches

_NAMES = 100
_SECONDS = 90
_MEASURED = 30
_PER_S = 1_000
_CASES: dict[str, list[Any]] = {
    "p95 over 60 s": [{"expr": "http.response_time.p95 < 1s", "over": "60s"}],
    "p95 over 60 s in a phase": [{"expr": "http.response_time.p95 < 1s", "over": "60s", "scope": "phase peak"}],
    "p95 over 60 s of each name": [{"expr": "http.response_time.p95 < 1s", "over": "60s", "scope": "each"}],
    "error rate over 60 s": [{"expr": "http.error_rate < 1%", "over": "60s"}],
    "error rate, abort": [{"expr": "http.error_rate < 1%", "abort": True}],
    "ten percentiles for 10 s": [{"expr": f"http.response_time.p{90 + n} < 1s", "for": "10s"} for n in range(10)],
}


def thresholds() -> str:
    """Return the table: CPU time for each second of a run."""
    seconds = [_second(index) for index in range(_SECONDS)]
    peak = Stretch(index=0, name="peak", start_ns=0, end_ns=_SECONDS * 10**9, last=True)
    rows = []
    for words, entries in _CASES.items():
        watches = Watches(parse_thresholds(entries).objectives, (peak,))
        for snapshot in seconds[:-_MEASURED]:  # until the windows are full
            watches.add(snapshot)
        began = process_time_ns()
        for snapshot in seconds[-_MEASURED:]:
            watches.add(snapshot)
        rows.append([words, f"{(process_time_ns() - began) / _MEASURED / 1e6:.2f} ms"])
    return markdown(["thresholds", "CPU time per second"], rows)


def _second(index: int) -> Snapshot:
    drawn = random.Random(index)
    recorder = Recorder()
    book = recorder.book("shop")
    for number in range(_PER_S):
        ns = int(drawn.lognormvariate(0, 0.5) * 20_000_000)
        sample = Sample(
            intended_ns=0,
            start_ns=0,
            written_ns=10_000,
            sent_ns=20_000,
            first_byte_ns=20_000 + ns // 2,
            end_ns=20_000 + ns,
            status=200,
            bytes_in=1000,
            bytes_out=100,
        )
        book.series(f"/path/{number % _NAMES}").rows.extend(sample)
    return from_wire(to_wire(recorder.snapshot(index * 10**9, (index + 1) * 10**9)))
