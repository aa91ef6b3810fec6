"""How much memory do many virtual users take, each with an open connection and in think time?"""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench.server import nginx, raise_file_limit
from bench.subject import Ended, run
from bench.table import markdown

USERS = 10_000
_SCENARIO = """
config:
  target: "{url}"
  phases:
    - {{arrivalCount: {users}, duration: 5}}
scenarios:
  - name: thinkers
    flow:
      - get: {{url: "/"}}
      - think: 8
      - get: {{url: "/"}}
"""


def memory() -> str:
    """Return the table: the worker's peak memory with one and with all virtual users, and what one more costs."""
    if raise_file_limit() < USERS + 500:
        return f"{USERS} connections need `ulimit -n {USERS + 500}`"
    with tempfile.TemporaryDirectory(prefix="loadkit-bench-") as name, nginx(Path(name)) as server:
        few, many = (
            run(_SCENARIO.format(url=server.url, users=users), Path(name), within_s=120) for users in (1, USERS)
        )
    base, full = few.worker_peak_bytes, many.worker_peak_bytes
    rows = [
        ["1", f"{base / 2**20:.0f}", "-", _completed(few)],
        [f"{USERS:,}", f"{full / 2**20:.0f}", f"{(full - base) / USERS / 1024:.1f}", _completed(many)],
    ]
    return markdown(["virtual users", "worker at most, MiB", "per user, KiB", "completed"], rows)


def _completed(ended: Ended) -> str:
    return str(ended.report["aggregate"]["counters"].get("vusers.completed", 0))
