"""How long from command to prompt, for what newcomers try first?"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from bench.peers import Unusable
from bench.server import nginx
from bench.subject import environment
from bench.table import markdown

_SCENARIO = """
config:
  target: "{url}"
scenarios:
  - flow:
      - get: {{url: "/"}}
"""


def startup(rounds: int) -> str:
    """Return the table: seconds of `version`, `validate` and of a run with one request; not pinned to a core."""
    with tempfile.TemporaryDirectory(prefix="loadkit-bench-") as name, nginx(Path(name)) as server:
        file = Path(name) / "one.yaml"
        file.write_text(_SCENARIO.format(url=server.url))
        commands = {
            "version": ["version"],
            "validate": ["validate", str(file)],
            "run, one request": ["run", str(file), "-q", "-o", str(Path(name) / "one.json")],
        }
        times: dict[str, list[float]] = {title: [] for title in commands}
        for _ in range(rounds):
            for title, command in commands.items():
                times[title].append(_seconds(command, Path(name)))
    rows = [[title, f"{median(found):.2f}", f"{min(found):.2f}..{max(found):.2f}"] for title, found in times.items()]
    return markdown(["command", "median, s", "range, s"], rows)


def _seconds(command: list[str], folder: Path) -> float:
    began = time.perf_counter()
    ended = subprocess.run(
        [sys.executable, "-m", "loadkit", *command],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise Unusable(f"loadkit {command[0]} ended with {ended.returncode}: {ended.stderr or ended.stdout}")
    return time.perf_counter() - began
