"""How much more load do two workers make than one?

That can only be seen where the target and each worker have a core of their own. On fewer cores they share, and what is
measured is how the system divides them; the text below the table says so.
"""

from __future__ import annotations

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
    """Return the table: requests per second of one and of two workers, and whether the cores allow to compare them."""
    cores = usable_cores()
    rows, rates = [], []
    with tempfile.TemporaryDirectory(prefix="loadkit-bench-") as name, nginx(Path(name)) as server:
        for workers in WORKERS:
            scenario = _SCENARIO.format(url=server.url, seconds=seconds)
            options = ("--workers", str(workers))
            report = run(scenario, Path(name), within_s=seconds + 60, options=options, pin=workers == 1).report
            rate = report["aggregate"]["rates"]["http.request_rate"]
            rates.append(rate)
            shares = [f"{worker['cpu']['mean']:.0%}" for worker in report["loadkit"]["health"]["workers"]]
            rows.append([str(workers), f"{rate:,.0f}", f"{rate / rates[0]:.2f}", " ".join(shares)])
    table = markdown(["workers", "requests/s", "to one worker", "cores used"], rows)
    need = 1 + max(WORKERS)
    if cores >= need:
        return table
    return f"{table}\n\n{cores} cores: the target and {max(WORKERS)} workers need {need}, so this does not show how workers scale."
