"""The tools that are compared: where each is found, how it is run, and where its output says requests per second.

from Debian   wrk, hey, h2load (nghttp2-client), ab (apache2-utils)
from PyPI     locust          in a virtual environment of its own
from npm      artillery, autocannon
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.server import GENERATOR_CORE, pinned
from bench.work import Work, write_artillery, write_loadkit, write_locust

ROOT = Path(__file__).parents[1]
CACHE = Path(os.environ.get("LOADKIT_BENCH_CACHE") or Path.home() / ".cache" / "loadkit-bench")
_PATIENCE_S = 60


class Unusable(Exception):
    """A run whose figure means nothing: the tool failed, or its requests did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """One tool. `find` gives its command or None, `command` the rest of it, `read` the requests per second."""

    name: str
    works: tuple[str, ...]
    find: Callable[[], list[str] | None]
    command: Callable[[Work, Path], list[str]]
    read: Callable[[str, Work, Path], float]

    def run(self, work: Work, folder: Path) -> float:
        """Do the work once on the generator's core; return requests per second. Raises Unusable."""
        found = self.find()
        if found is None:
            raise Unusable(f"{self.name} is not installed")
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "ARTILLERY_DISABLE_TELEMETRY": "true",
        }
        command = pinned(GENERATOR_CORE, [*found, *self.command(work, folder)])
        try:
            ended = subprocess.run(
                command,
                cwd=folder,
                env=environment,
                capture_output=True,
                text=True,
                timeout=work.seconds + _PATIENCE_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise Unusable(f"{self.name} did not end within {_PATIENCE_S} s after its time") from error
        if ended.returncode:
            raise Unusable(f"{self.name} ended with {ended.returncode}: {(ended.stderr or ended.stdout)[-500:]}")
        return self.read(ended.stdout + ended.stderr, work, folder)


def _binary(name: str) -> Callable[[], list[str] | None]:
    def find() -> list[str] | None:
        path = shutil.which(name)
        return [path] if path else None

    return find


def _cached(*parts: str) -> Callable[[], list[str] | None]:
    path = CACHE.joinpath(*parts)
    return lambda: [str(path)] if path.exists() else None


def _figure(pattern: str, bad: str | None = None) -> Callable[[str, Work, Path], float]:
    """Return a reader of the number behind `pattern`; a match of `bad` makes the run unusable."""

    def read(output: str, work: Work, folder: Path) -> float:
        trouble = re.search(bad, output) if bad else None
        found = re.search(pattern, output)
        if trouble or not found:
            raise Unusable(trouble[0] if trouble else f"no figure in: {output[-500:]}")
        return float(found[1])

    return read


def _seconds(work: Work) -> str:
    return str(work.seconds)


def _loadkit(work: Work, folder: Path) -> list[str]:
    return ["run", str(write_loadkit(work, folder)), "-q", "-o", str(folder / "report.json")]


def read_report(folder: Path) -> dict[str, float]:
    """Return the counters of loadkit's report, and `elapsed_s`."""
    report = json.loads((folder / "report.json").read_text())
    return {**report["loadkit"]["metrics"]["counters"], "elapsed_s": report["loadkit"]["elapsed_s"]}


def _read_loadkit(output: str, work: Work, folder: Path) -> float:
    counters = read_report(folder)
    requests = counters.get("http.requests", 0)
    if counters.get("http.codes.200", 0) != requests or counters.get("checks.failed"):
        raise Unusable(f"loadkit: not every request was answered with 200: {counters}")
    return requests / counters["elapsed_s"]


def _wrk(work: Work, folder: Path) -> list[str]:
    close = ["-H", "Connection: close"] if work.kind == "connect" else []
    return ["-t1", f"-c{work.users}", f"-d{work.seconds}", *close, f"{work.url}/"]


def _h2load(work: Work, folder: Path) -> list[str]:
    return ["--h1", "-t1", f"-c{work.users}", "-D", _seconds(work), f"{work.url}/"]


def _ab(work: Work, folder: Path) -> list[str]:
    keep = [] if work.kind == "connect" else ["-k"]
    return ["-q", *keep, "-c", str(work.users), "-t", _seconds(work), "-n", "100000000", f"{work.url}/"]


def _hey(work: Work, folder: Path) -> list[str]:
    close = ["-disable-keepalive"] if work.kind == "connect" else []
    return ["-z", f"{work.seconds}s", "-c", str(work.users), *close, f"{work.url}/"]


def _autocannon(work: Work, folder: Path) -> list[str]:
    return ["-c", str(work.users), "-d", _seconds(work), "-j", "-n", f"{work.url}/"]


def _read_autocannon(output: str, work: Work, folder: Path) -> float:
    result = json.loads(output[output.index("{") : output.rindex("}") + 1])
    if result["non2xx"] or result["errors"]:
        raise Unusable(f"autocannon: {result['non2xx']} statuses, {result['errors']} errors")
    return float(result["requests"]["total"] / result["duration"])


def _locust(work: Work, folder: Path) -> list[str]:
    return [
        *("-f", str(write_locust(work, folder)), "--headless", "--json", "--host", work.url, "-L", "ERROR"),
        *("-u", str(work.users), "-r", str(work.users), "-t", f"{work.seconds}s"),
    ]


def _read_locust(output: str, work: Work, folder: Path) -> float:
    entries = json.loads(output[output.index("[") : output.rindex("]") + 1])
    if any(entry["num_failures"] for entry in entries):
        raise Unusable("locust: some requests failed")
    began = min(entry["start_time"] for entry in entries)
    ended = max(entry["last_request_timestamp"] for entry in entries)
    return float(sum(entry["num_requests"] for entry in entries) / (ended - began))


def _artillery(work: Work, folder: Path) -> list[str]:
    return ["run", "-q", "--output", str(folder / "artillery.json"), str(write_artillery(work, folder))]


def _read_artillery(output: str, work: Work, folder: Path) -> float:
    counters = json.loads((folder / "artillery.json").read_text())["aggregate"]["counters"]
    if counters["http.codes.200"] != counters["http.requests"]:
        raise Unusable(f"artillery: {counters}")
    return float(counters["http.requests"] / work.seconds)


PEERS = (
    Peer(
        name="loadkit",
        works=("get", "flow", "connect", "tls"),
        find=lambda: [sys.executable, "-m", "loadkit"],
        command=_loadkit,
        read=_read_loadkit,
    ),
    Peer(
        name="wrk",
        works=("get", "connect", "tls"),
        find=_binary("wrk"),
        command=_wrk,
        read=_figure(r"Requests/sec:\s+([\d.]+)", r"Non-2xx.*"),
    ),
    Peer(
        name="h2load",
        works=("get", "tls"),
        find=_binary("h2load"),
        command=_h2load,
        read=_figure(r"finished in [\d.]+\w+, ([\d.]+) req/s", r"[1-9]\d* failed.*"),
    ),
    Peer(
        name="ab",
        works=("get", "connect"),
        find=_binary("ab"),
        command=_ab,
        read=_figure(r"Requests per second:\s+([\d.]+)", r"Non-2xx responses.*"),
    ),
    Peer(
        name="hey",
        works=("get", "connect", "tls"),
        find=_binary("hey"),
        command=_hey,
        read=_figure(r"Requests/sec:\s+([\d.]+)", r"Error distribution:[\s\S]*"),
    ),
    Peer(
        name="autocannon",
        works=("get",),
        find=_cached("autocannon-npm", "node_modules", ".bin", "autocannon"),
        command=_autocannon,
        read=_read_autocannon,
    ),
    Peer(
        name="locust",
        works=("get", "flow"),
        find=_cached("locust", "bin", "locust"),
        command=_locust,
        read=_read_locust,
    ),
    Peer(
        name="artillery",
        works=("get", "flow"),
        find=_cached("artillery-npm", "node_modules", ".bin", "artillery"),
        command=_artillery,
        read=_read_artillery,
    ),
)


def install() -> None:
    """Install the peers of PyPI and npm in the cache, by their names; say how to get those of Debian."""
    print(f"installing into {CACHE}", flush=True)
    if not (CACHE / "locust" / "bin" / "locust").exists():
        venv.create(CACHE / "locust", with_pip=True)
        subprocess.run([CACHE / "locust" / "bin" / "pip", "install", "-q", "locust"], check=True)
    for package in ("autocannon", "artillery"):
        if shutil.which("npm") and not (CACHE / f"{package}-npm" / "node_modules" / ".bin" / package).exists():
            _install_from_npm(package, CACHE / f"{package}-npm")
    missing = [peer.name for peer in PEERS if peer.find() is None]
    if missing:
        print(f"still missing: {', '.join(missing)} (Debian: apt-get install wrk hey nghttp2-client apache2-utils npm)")


def _install_from_npm(package: str, folder: Path) -> None:
    """Install without the browsers that Artillery's Playwright and Puppeteer would download."""
    folder.mkdir(parents=True, exist_ok=True)
    skip = ("PUPPETEER_SKIP_DOWNLOAD", "PUPPETEER_SKIP_CHROMIUM_DOWNLOAD", "PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD")
    environment = {**os.environ, **dict.fromkeys(skip, "1")}
    command = ["npm", "install", "--prefix", str(folder), "--no-audit", "--no-fund", "--ignore-scripts", package]
    subprocess.run(command, cwd=folder, env=environment, check=True)
