"""What a look at each kind of source takes, of this process's time and of the clock, and judging the growth of a series."""

from __future__ import annotations

import math
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from bench.table import markdown
from loadkit import registry
from loadkit.slo.observed import Place, Unavailable
from loadkit.stats.growth import growth

_LOOKS = 30
_CHILDREN = 8
_LINES = 10_000
_POINTS = 10_000
_LABELLED = {"metric": "other_total", "labels": {"path": "/77"}}
_MEBIBYTES = 1024
_LARGE = f"held = bytearray({_MEBIBYTES} << 20); print('ready', flush=True); import sys; sys.stdin.read()"
_FAMILY = f"""
import subprocess, sys, time
children = [subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) for _ in range({_CHILDREN})]
print("ready", flush=True)
sys.stdin.read()
for child in children:
    child.kill()
"""


def observe() -> str:
    """Return the table."""
    rows = []
    with ExitStack() as held:
        directory = Path(held.enter_context(TemporaryDirectory()))
        one = held.enter_context(_process("print('ready', flush=True); import sys; sys.stdin.read()"))
        family = held.enter_context(_process(_FAMILY))
        large = held.enter_context(_process(_LARGE))
        page = held.enter_context(_page(directory))
        sources: list[tuple[str, str, dict[str, Any]]] = [
            ("a process", "process", {"pid": one}),
            (f"a process with {_CHILDREN} children", "process", {"pid": family}),
            ("the host", "host", {"host": True}),
            ("a control group", "cgroup", {"cgroup": "/"}),
            (f"a page of {_LINES:,} lines", "prometheus", {"prometheus": page, "series": ["wanted_bytes"]}),
            (f"one of {_LINES:,} label sets", "prometheus", {"prometheus": page, "series": [_LABELLED]}),
            ("a command", "command", {"run": "echo 1"}),
            ("a query of SQLite", "sql", {"sql": "SELECT 1", "url": f"sqlite:///{directory / 'x.db'}"}),
        ]
        for words, name, options in sources:
            with suppress(Unavailable):  # no control groups of version 2 on every machine
                rows.append([words, *_cost(name, options)])
        rows.append(_unique(large))
    began = time.perf_counter()
    seconds = [float(index) for index in range(_POINTS)]
    growth(seconds, seconds, [1e8 + 2e4 * index + 1e7 * math.sin(index / 9) for index in range(_POINTS)])
    rows.append([f"growth of {_POINTS:,} points", "", f"{(time.perf_counter() - began) * 1e3:.1f} ms", ""])
    return markdown(["a look at", "CPU time", "median", "longest"], rows)


def _unique(pid: int) -> list[str]:
    """Return what a look at the unique memory takes, which is not part of each look at a process."""
    import psutil

    process, took = psutil.Process(pid), []
    for _ in range(_LOOKS):
        at = time.thread_time()
        process.memory_full_info()
        took.append((time.thread_time() - at) * 1e3)
    words = f"unique memory of {_MEBIBYTES} MiB, now and then"
    return [words, f"{sum(took) / _LOOKS:.2f} ms", f"{median(took):.2f} ms", f"{max(took):.2f} ms"]


def _cost(name: str, options: dict[str, Any]) -> list[str]:
    sampler = registry.plugin("sampler", name).open(options, Place(), lambda text: None)
    sampler.sample()
    took, began = [], time.process_time()
    for _ in range(_LOOKS):
        at = time.perf_counter()
        sampler.sample()
        took.append((time.perf_counter() - at) * 1e3)
    spent = (time.process_time() - began) / _LOOKS * 1e3
    sampler.close()
    return [f"{spent:.2f} ms", f"{median(took):.2f} ms", f"{max(took):.2f} ms"]


@contextmanager
def _process(text: str) -> Iterator[int]:
    with subprocess.Popen([sys.executable, "-c", text], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as made:
        assert made.stdout is not None
        made.stdout.readline()
        yield made.pid
        made.communicate()


@contextmanager
def _page(directory: Path) -> Iterator[str]:
    lines = [f'other_total{{path="/{index}"}} {index}' for index in range(_LINES)]
    (directory / "metrics").write_text("\n".join([*lines, "wanted_bytes 1"]) + "\n")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory", str(directory)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as made:
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/metrics"
        made.terminate()
