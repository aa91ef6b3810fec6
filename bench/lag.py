"""How late does loadkit start its arrivals?"""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench.server import nginx
from bench.subject import run
from bench.table import markdown

_SCENARIO = """
config:
  target: "{url}"
  phases:
    - {{arrivalRate: {rate}, duration: {seconds}}}
scenarios:
  - flow:
      - get: {{url: "/"}}
"""


def lag(rates: tuple[int, ...], seconds: int) -> str:
    """Return the table: generator.lag in microseconds at each arrival rate."""
    rows = []
    with tempfile.TemporaryDirectory(prefix="loadkit-bench-") as name, nginx(Path(name)) as server:
        for rate in rates:
            scenario = _SCENARIO.format(url=server.url, rate=rate, seconds=seconds)
            measured = run(scenario, Path(name), within_s=seconds + 60).report["loadkit"]["metrics"]
            late_ms = measured["summaries"]["generator.lag"]
            cells = [f"{late_ms[key] * 1000:,.0f}" for key in ("p50", "p99", "p999", "max")]
            rows.append([f"{rate:,}", *cells, str(measured["counters"].get("arrivals.dropped", 0))])
    return markdown(["arrivals/s", "p50, us", "p99, us", "p999, us", "max, us", "dropped"], rows)
