"""What does the process cost that commands the workers, merges what they measured, and draws?"""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench.server import nginx
from bench.subject import run
from bench.table import markdown

SERIES = 100
SECONDS = 15
TARGET_SHARE = 0.05
_SCENARIO = """
config:
  target: "{url}"
  phases:
    - {{arrivalRate: {rate}, duration: {seconds}}}
scenarios:
  - flow:
{steps}
"""


def coordinator(seconds: int = SECONDS) -> str:
    """Return the table: the coordinator's share of a core with one series and with a hundred."""
    rows = []
    with tempfile.TemporaryDirectory(prefix="loadkit-bench-") as name, nginx(Path(name)) as server:
        for series in (1, SERIES):
            steps = "\n".join(f'      - get: {{url: "/{number}"}}' for number in range(series))
            scenario = _SCENARIO.format(url=server.url, rate=2000 // series, seconds=seconds, steps=steps)
            loadkit = run(scenario, Path(name), within_s=seconds + 60).report["loadkit"]
            own = loadkit["health"]["coordinator"]
            share, least = own["cpu"]["mean"], len(loadkit["requests"]) == series
            cells = [f"{share:.1%}", f"{own['cpu']['max']:.1%}", f"{own['rss_bytes']['max'] / 2**20:.0f}"]
            holds = "yes" if share <= TARGET_SHARE and least else "no"
            rows.append([str(len(loadkit["requests"])), *cells, f"{own['delay_s']['max'] * 1000:.1f}", holds])
    limit = f"at most {TARGET_SHARE:.0%}"
    head = ["series", "share of a core", "fullest second", "memory, MiB", "read late by, ms", limit]
    return markdown(head, rows)
