"""The real command line in a process of its own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent.parent


@dataclass
class Result:
    """How a command ended."""

    code: int
    out: str
    err: str
    report: dict[str, Any] | None = None

    @property
    def counters(self) -> dict[str, int]:
        assert self.report is not None
        counters: dict[str, int] = self.report["loadkit"]["metrics"]["counters"]
        return counters

    @property
    def summaries(self) -> dict[str, dict[str, float]]:
        assert self.report is not None
        summaries: dict[str, dict[str, float]] = self.report["loadkit"]["metrics"]["summaries"]
        return summaries


def ends_with(result: Result, code: int) -> bool:
    """Say whether a run ended with a code, or was found invalid because this machine was too busy to keep the schedule."""
    if result.code == 5 != code and result.report is not None:
        measurement = result.report["loadkit"]["measurement"]
        late = ("started more than", "could not be started by the generator")
        return bool(measurement["status"] == "invalid" and any(words in str(measurement["reasons"]) for words in late))
    return result.code == code


def write_yaml(directory: Path, data: dict[str, Any], name: str = "test.yaml") -> Path:
    path = directory / name
    path.write_text(yaml.safe_dump(data, sort_keys=False))
    return path


def scenario(target: str, phases: list[dict[str, Any]], flow: list[Any], **config: Any) -> dict[str, Any]:
    return {"config": {"target": target, "phases": phases, **config}, "scenarios": [{"name": "it", "flow": flow}]}


def start(
    *arguments: object, cwd: Path = ROOT, store: bool = False, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[str]:
    """Start `loadkit ...`; it inherits no terminal, and keeps the run in `cwd` only if it is to `store` it."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("LOADKIT_", "GITHUB_"))}
    return subprocess.Popen(
        [sys.executable, "-m", "loadkit", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=cwd,
        env={
            **inherited,
            "PYTHONPATH": str(ROOT),
            "NO_COLOR": "1",
            **({} if store else {"LOADKIT_NO_STORE": "1"}),
            **(environment or {}),
        },
    )


def finish(process: subprocess.Popen[str], report: Path | None = None, timeout: float = 180) -> Result:
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        out, err = process.communicate()
        raise AssertionError(f"the command did not end within {timeout} s:\n{out}\n{err}") from None
    read = json.loads(report.read_text()) if report is not None and report.exists() else None
    return Result(process.returncode, out, err, read)


def loadkit(*arguments: object, cwd: Path = ROOT, timeout: float = 180) -> Result:
    """Run `loadkit ...` to its end."""
    return finish(start(*arguments, cwd=cwd), timeout=timeout)


def run(directory: Path, data: dict[str, Any], *arguments: object, timeout: float = 180) -> Result:
    """Write a scenario, run it with `-o`, and return the result with its report."""
    report = directory / "report.json"
    return finish(start("run", write_yaml(directory, data), "-o", report, *arguments), report, timeout)
