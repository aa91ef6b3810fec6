"""What a page of the run costs: 100 request names, at two rates; the coordinator's share, and that of the server's thread."""

from __future__ import annotations

from pathlib import Path
from time import thread_time_ns

import msgspec

from bench.journal import second_of
from bench.table import markdown
from loadkit.dashboard.address import Address
from loadkit.dashboard.live import Dashboard
from loadkit.dashboard.live_run import LiveRun, Second
from loadkit.engine.events import Interval
from loadkit.metrics.snapshot import Snapshot, from_wire
from loadkit.scenario.compile import compile_plan
from loadkit.scenario.settings import Settings
from loadkit.scenario.source import read_document

_SECONDS = 50
_SHOP = """
config: {target: "http://127.0.0.1", phases: [{duration: 600, arrivalRate: 1}]}
scenarios: [{name: shop, flow: [{get: {url: /}}]}]
"""


def dashboard() -> str:
    """Return the table: CPU time of each thread for each second of a run, and the size of what a viewer is sent."""
    plan = compile_plan(read_document(Path("shop.yaml"), _SHOP), Settings())
    rows = []
    for per_s in (1_000, 10_000):
        event = Interval(snapshot=from_wire(second_of(per_s)), summary=Snapshot(), draining=False)
        page = Dashboard(plan, Address(port=0), "token")
        page.open()
        began = thread_time_ns()
        for _ in range(_SECONDS):
            page.interval(event)
        told_us = (thread_time_ns() - began) / _SECONDS / 1e3
        page.close()
        run = LiveRun(plan)
        began, size = thread_time_ns(), 0
        for _ in range(_SECONDS):
            size += len(msgspec.json.encode(run.add(Second.of(event))))
        worked_ms = (thread_time_ns() - began) / _SECONDS / 1e6
        rows.append([f"{per_s:,}", f"{told_us:.0f} us", f"{worked_ms:.1f} ms", f"{size / _SECONDS / 1024:.0f} KiB"])
    return markdown(["requests per second", "coordinator's loop", "server's thread", "event"], rows)
