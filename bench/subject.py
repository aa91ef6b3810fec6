"""loadkit as a child process: its real command line on a scenario text, its report, and its processes' memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.peers import ROOT, Unusable
from bench.server import GENERATOR_CORE, pinned

_LOOK_EVERY_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A run that ended: its report and the most memory that its largest child, the worker, ever held."""

    report: dict[str, Any]
    worker_peak_bytes: int
    wall_s: float


def environment() -> dict[str, str]:
    """Return the environment in which this checkout's loadkit is the one that runs, its modules compiled once as installed."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": str(ROOT), "LOADKIT_NO_STORE": "1"}


def run(scenario: str, folder: Path, *, within_s: float, options: Sequence[str] = (), pin: bool = True) -> Ended:
    """Run a scenario on the generator's core, watching the memory. Raises Unusable when there is no report.

    Without `pin` the system chooses the cores.
    """
    file, report = folder / "subject.yaml", folder / "subject.json"
    file.write_text(scenario)
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "loadkit", "run", str(file), "-q", "-o", str(report), *options]
    began = time.monotonic()
    peak = 0
    with subprocess.Popen(
        pinned(GENERATOR_CORE, command) if pin else command,
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        while process.poll() is None:
            peak = max(peak, *(_peak_bytes(pid) for pid in _descendants(process.pid)), 0)
            if time.monotonic() - began > within_s:
                process.kill()
                raise Unusable(f"loadkit did not end within {within_s} s")
            time.sleep(_LOOK_EVERY_S)
        wall_s = time.monotonic() - began
        assert process.stdout is not None
        output = process.stdout.read().decode()
    if not report.exists():
        raise Unusable(f"loadkit left no report: {output[-1000:]}")
    return Ended(report=json.loads(report.read_text()), worker_peak_bytes=peak, wall_s=wall_s)


def _descendants(pid: int) -> list[int]:
    found: list[int] = []
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                found += [child, *_descendants(child)]
    except OSError:  # it has just ended
        return found
    return found


def _peak_bytes(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        return 0
    return 0
