"""How much more load do two workers make than one?

With a server that can only be seen where it and each worker have a core of their own. A port that refuses needs no core:
each request is an attempt to connect, all of whose cost is the generator's, so two cores are enough for two workers.
"""

from __future__ import annotations

import socket
import tempfile
from pathlib import Path

from bench.server import nginx
from bench.subject import run
from bench.table import markdown
from loadkit.fleet.sizing import usable_cores

WORKERS = (1, 2)
_SCENARIO = """
config:
  target: "{url}"
  phases:
    - {{users: 64, duration: {seconds}}}
scenarios:
  - flow:
      - get: {{url: "/"}}
"""


def scaling(seconds: int) -> str:
    """Return the table: requests per second of one and of two workers, at a port that refuses and with a server."""
    cores, need = usable_cores(), 1 + max(WORKERS)
    with tempfile.TemporaryDirectory(prefix="loadkit-bench-") as name, nginx(Path(name)) as server:
        rows = _rows("refused", _refusing(), seconds, Path(name))
        rows += _rows("server", server.url, seconds, Path(name))
    table = markdown(["target", "workers", "requests/s", "to one worker", "cores used"], rows)
    if cores >= need:
        return table
    shared = f"{cores} cores: the server and {max(WORKERS)} workers need {need}"
    return f"{table}\n\n{shared}, so the lower rows do not show how workers scale."


def _rows(title: str, url: str, seconds: int, folder: Path) -> list[list[str]]:
    rows: list[list[str]] = []
    first = 0.0
    for workers in WORKERS:
        scenario = _SCENARIO.format(url=url, seconds=seconds)
        options = ("--workers", str(workers))
        report = run(scenario, folder, within_s=seconds + 60, options=options, pin=workers == 1).report
        rate = report["aggregate"]["counters"]["http.requests"] / report["loadkit"]["elapsed_s"]
        first = first or rate
        shares = [f"{worker['cpu']['mean']:.0%}" for worker in report["loadkit"]["health"]["workers"]]
        rows.append([title, str(workers), f"{rate:,.0f}", f"{rate / first:.2f}", " ".join(shares)])
    return rows


def _refusing() -> str:
    """Return the address of a port on which nobody listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{sock.getsockname()[1]}"
