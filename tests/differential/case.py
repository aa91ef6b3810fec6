"""A script that both tools run, and what is known about how they differ on it.

`scripts/NAME.yml` is the script. In it SERVER is the host and port of the recording server, SECURE the one with TLS, DEAD a
port at which nobody listens, and PROCESSOR the file of hooks: NAME.js for Artillery, NAME.py for loadkit. What else is to be
said stands beside it, in `scripts/NAME.case.yml`:

    arguments: [...]          of the command line, behind the script
    environment: {...}        variables of the environment; places are filled in there as well
    random: a regular expression; what it finds is not compared
    differences: a list of {what, artillery, loadkit, because, code}: differences that are meant, each as compare.py writes it,
        with the diagnostic that loadkit prints about it
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import trustme
import yaml

from tests.differential.target import Target, target

HERE = Path(__file__).parent
SCRIPTS = HERE / "scripts"
RECORDED = HERE / "recorded"
PATIENCE_S = 60

Outcome = dict[str, Any]
"""What a tool came to: counters, rates, summaries (with how many values), received, exit code zero or not."""


@dataclass(frozen=True)
class Tool:
    """A command that runs scripts, the ending of its hooks' files, and its environment."""

    command: Sequence[str]
    hooks: str
    environment: dict[str, str]


@dataclass(frozen=True)
class Case:
    """A script by its name."""

    name: str

    @property
    def script(self) -> Path:
        return SCRIPTS / f"{self.name}.yml"

    @property
    def record(self) -> Path:
        return RECORDED / f"{self.name}.json"

    @cached_property
    def notes(self) -> dict[str, Any]:
        path = SCRIPTS / f"{self.name}.case.yml"
        return yaml.safe_load(path.read_text()) if path.exists() else {}

    @property
    def digest(self) -> str:
        """Identify all that Artillery is given, so that a record of another script is noticed."""
        given = [self.script.read_text(), json.dumps([self.notes.get(key) for key in ("arguments", "environment")])]
        hooks = SCRIPTS / f"{self.name}.js"
        given += [hooks.read_text()] if hooks.exists() else []
        return hashlib.sha256("\0".join(given).encode()).hexdigest()[:16]


def cases() -> list[Case]:
    """Return all cases by name."""
    return [Case(path.stem) for path in sorted(SCRIPTS.glob("*.yml")) if not path.stem.endswith(".case")]


async def run(case: Case, tool: Tool) -> tuple[Outcome, str]:
    """Run a case with a tool; return what it came to, and what was printed."""
    authority = trustme.CA()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(tls)
    with tempfile.TemporaryDirectory() as name, socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound, and never listened at
        folder = Path(name)
        async with target(tls) as server:
            ports = {
                "SERVER": f"127.0.0.1:{server.port}",
                "SECURE": f"127.0.0.1:{server.secure_port}",
                "DEAD": f"127.0.0.1:{unused.getsockname()[1]}",
            }
            places = {**ports, "PROCESSOR": f"{case.name}.{tool.hooks}"}
            _lay_out(case, folder, places)
            authority.cert_pem.write_to_path(str(folder / "authority.pem"))
            arguments = [_fill(argument, places) for argument in case.notes.get("arguments", [])]
            environment = {name: _fill(value, places) for name, value in case.notes.get("environment", {}).items()}
            own = Tool(tool.command, tool.hooks, {**tool.environment, **environment})
            code, said = await _start(case, own, folder, arguments)
            found = _read(folder / "report.json", server, code)
    return _made_alike(case, found, ports, folder), said


def _lay_out(case: Case, folder: Path, places: dict[str, str]) -> None:
    """Copy the files of a case, with the places filled in."""
    shutil.copytree(SCRIPTS / "files", folder, dirs_exist_ok=True)
    for path in SCRIPTS.glob(f"{case.name}.*"):
        (folder / path.name).write_text(_fill(path.read_text(), places))


def _fill(text: str, places: dict[str, str]) -> str:
    for place, value in places.items():
        text = re.sub(rf"\b{place}\b", value, text)
    return text


async def _start(case: Case, tool: Tool, folder: Path, arguments: list[str]) -> tuple[int, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LOADKIT_", "ARTILLERY_"))}
    process = await asyncio.create_subprocess_exec(
        *tool.command,
        "run",
        *arguments,
        "-o",
        "report.json",
        f"{case.name}.yml",
        cwd=folder,
        env={**kept, **tool.environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate(), case.notes.get("patience_s", PATIENCE_S))
    except TimeoutError:
        process.kill()
        await process.wait()
        return -1, "it did not end"
    assert process.returncode is not None
    return process.returncode, said.decode()


def _read(path: Path, server: Target, code: int) -> Outcome:
    report = json.loads(path.read_text()) if path.exists() else {}
    aggregate = report.get("aggregate", {})
    if code == 5 and "late" in str(report.get("loadkit", {}).get("measurement")):
        code = 0  # this machine was too busy to keep the schedule, which is not the question here
    return {
        "counters": aggregate.get("counters", {}),
        "rates": sorted(aggregate.get("rates", {})),
        "summaries": {name: found["count"] for name, found in aggregate.get("summaries", {}).items()},
        "received": server.received,
        "exit": "zero" if code == 0 else "never" if code == -1 else "not zero",
    }


def _made_alike(case: Case, found: Outcome, ports: dict[str, str], folder: Path) -> Outcome:
    """Replace what differs from run to run; lists that have no order get one."""
    text = json.dumps(found)
    for place, value in ports.items():
        text = text.replace(value, place).replace(f":{value.partition(':')[2]}", f":{place}")
    text = text.replace(str(folder.resolve()), "FOLDER").replace(str(folder), "FOLDER")
    if "random" in case.notes:
        text = re.sub(case.notes["random"], "RANDOM", text)
    made: Outcome = json.loads(text)
    made["received"].sort(key=lambda request: json.dumps(request, sort_keys=True))
    return made
