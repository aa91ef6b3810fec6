"""How much memory do very many virtual users take that only wait, without a connection?"""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench.subject import Ended, run
from bench.table import markdown

USERS = 50_000
MOST_BYTES = 2**30
_SCENARIO = """
config:
  target: "http://127.0.0.1:9"
  http: {{pool: 1}}
  phases:
    - {{arrivalCount: {users}, duration: 10}}
scenarios:
  - flow:
      - think: 15
"""


def idle() -> str:
    """Return the table: the worker's peak memory with one and with all virtual users, and what one more costs."""
    with tempfile.TemporaryDirectory(prefix="loadkit-bench-") as name:
        few, many = (run(_SCENARIO.format(users=users), Path(name), within_s=180) for users in (1, USERS))
    base, full = few.worker_peak_bytes, many.worker_peak_bytes
    holds = "yes" if full <= MOST_BYTES else "no"
    rows = [
        ["1", f"{_active(few):,}", f"{base / 2**20:.0f}", "-", "-"],
        [f"{USERS:,}", f"{_active(many):,}", f"{full / 2**20:.0f}", f"{(full - base) / USERS / 1024:.1f}", holds],
    ]
    return markdown(["virtual users", "at one time", "worker at most, MiB", "per user, KiB", "at most 1 GiB"], rows)


def _active(ended: Ended) -> int:
    return max(int(worker["vusers_active"]["max"]) for worker in ended.report["loadkit"]["health"]["workers"])
