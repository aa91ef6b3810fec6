"""What following thresholds costs the coordinator: over time with windows of a minute, and how they stand each second.

With 100 request names.
"""

from __future__ import annotations

import random
from pathlib import Path
from time import process_time_ns
from typing import Any

import yaml

from bench.table import markdown
from loadkit.metrics.recorder import Recorder
from loadkit.metrics.sample import Sample
from loadkit.metrics.snapshot import Snapshot, from_wire, to_wire
from loadkit.scenario.compile import compile_plan
from loadkit.scenario.settings import Settings
from loadkit.scenario.source import read_document
from loadkit.scenario.standings import Standings
from loadkit.slo.selection import Stretch
from loadkit.slo.spending import Spendings
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
_STANDING = [
    *(f"http.response_time.{name} < 1s" for name in ("p50", "p90", "p95", "p99", "max", "mean")),
    *(f"http.service_time.{name} < 1s" for name in ("p50", "p95", "p99")),
    *("http.error_rate < 1%", "http.request_rate > 100/s", "http.codes.5xx == 0", "errors.ETIMEDOUT == 0"),
    *("generator.lag.p99 < 10ms", "http.availability >= 99%", "http.connect.p95 < 10ms"),
    *(f'http.response_time.p95 < 1s of "/path/{number}"' for number in range(4)),
]


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
    rows.append([f"how {len(_STANDING)} stand, of all kinds", _cost_of_standings(_STANDING, seconds)])
    rows.append(["how one of each name stands", _cost_of_standings(["http.response_time.p95 < 1s each"], seconds)])
    return markdown(["thresholds", "CPU time per second"], rows)


def _cost_of_standings(entries: list[str], seconds: list[Snapshot]) -> str:
    config = {
        "target": "http://127.0.0.1:9",
        "phases": [{"duration": _SECONDS, "arrivalRate": 1}],
        "thresholds": entries,
    }
    flow = [{"get": {"url": f"/path/{number}"}} for number in range(_NAMES)]
    text = yaml.safe_dump({"config": config, "scenarios": [{"flow": flow}]})
    plan = compile_plan(read_document(Path("bench.yaml"), text), Settings(seed=1))
    standings, summary = Standings(plan, Watches((), ()), Spendings((), (), {})), Snapshot()
    took_ns = 0
    for snapshot in seconds:
        summary.merge(snapshot)
        began = process_time_ns()
        standings.add(snapshot)
        assert len(standings.now(summary)) >= len(entries)
        took_ns += process_time_ns() - began
    return f"{took_ns / len(seconds) / 1e6:.2f} ms"


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
