"""Run the scripts with Artillery and write down what came of it: python -m tests.differential.record [NAME...]

Artillery and a node that fits it are installed by npm into a cache directory when they are missing. With no name, only the
scripts are run whose record is missing or of another text.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.differential.case import RECORDED, Case, Tool, cases, run

VERSION = "2.0.34"
_AT_ONCE = 2
_NODE = "22"


def cache() -> Path:
    """Return where the tool is kept."""
    return Path(os.environ.get("LOADKIT_DIFFERENTIAL_CACHE") or Path.home() / ".cache" / "loadkit-differential")


def artillery() -> Tool:
    """Return Artillery, installed if need be."""
    folder = cache() / f"artillery-{VERSION}"
    binaries = folder / "node_modules" / ".bin"
    if not (binaries / "artillery").exists():
        npm = shutil.which("npm")
        if npm is None:
            raise SystemExit("npm is needed to install Artillery")
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run([npm, "install", "--prefix", str(folder), f"artillery@{VERSION}", f"node@{_NODE}"], check=True)
    path = f"{binaries}{os.pathsep}{os.environ['PATH']}"
    return Tool([str(binaries / "artillery")], "js", {"PATH": path, "ARTILLERY_DISABLE_TELEMETRY": "true"})


def up_to_date(case: Case) -> bool:
    """Say whether there is a record of this very script."""
    return case.record.exists() and json.loads(case.record.read_text())["digest"] == case.digest


async def record(case: Case, tool: Tool, free: asyncio.Semaphore) -> None:
    """Run one script and write its record."""
    async with free:
        outcome, said = await run(case, tool)
    kept = {"artillery": VERSION, "digest": case.digest, **outcome}
    case.record.write_text(json.dumps(kept, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    print(f"{case.name}: exit code {outcome['exit']}, {len(outcome['received'])} requests", flush=True)
    if os.environ.get("LOADKIT_DIFFERENTIAL_SHOW"):
        print(said)


async def main(names: list[str]) -> None:
    """Record what was named, or what is missing."""
    chosen = [Case(name) for name in names] or [case for case in cases() if not up_to_date(case)]
    RECORDED.mkdir(exist_ok=True)
    for path in RECORDED.glob("*.json"):
        if not Case(path.stem).script.exists():
            path.unlink()
    tool, free = artillery(), asyncio.Semaphore(_AT_ONCE)
    await asyncio.gather(*(record(case, tool, free) for case in chosen))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
