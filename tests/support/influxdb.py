"""An InfluxDB of a test's own: Debian's `influxd` in a directory that goes away with it, on ports that the system chooses."""

import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest

# Ends with whoever holds its standard input, however that one ends.
_SUPERVISED = '"$@" & read _; kill -TERM $!; wait $!'
_LISTENS = re.compile(r"Listening on HTTP.*addr=127\.0\.0\.1:(\d+)")
_CONFIG = """
reporting-enabled = false
bind-address = "127.0.0.1:0"
[meta]
  dir = "{place}/meta"
[data]
  dir = "{place}/data"
  wal-dir = "{place}/wal"
  query-log-enabled = false
[http]
  bind-address = "127.0.0.1:0"
  auth-enabled = {auth}
  log-enabled = false
[monitor]
  store-enabled = false
[logging]
  format = "logfmt"
"""


class Influx:
    """A running server."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, query: str, database: str = "", *, user: str = "", **more: str) -> list[dict[str, Any]]:
        """Return the series that a query gives; of one that changes something, none. `user` is NAME:PASSWORD."""
        data = urlencode({"q": query, **({"db": database} if database else {}), **more}).encode()
        headers = {"Authorization": f"Basic {b64encode(user.encode()).decode()}"} if user else {}
        with urlopen(Request(f"{self.url}/query", data, headers), timeout=10) as answer:
            (result,) = json.load(answer)["results"]
        assert "error" not in result, result
        series: list[dict[str, Any]] = result.get("series", [])
        return series

    def value(self, query: str, database: str = "loadkit") -> Any:
        """Return the one value of a query, without its time."""
        ((series),) = self.ask(query, database)
        ((_, value),) = series["values"]
        return value


def influxd() -> str:
    """Return the program. CI sets LOADKIT_TEST_INFLUXDB, so that nothing is left out there."""
    program = shutil.which("influxd")
    if program is None:
        assert not os.environ.get("LOADKIT_TEST_INFLUXDB"), "InfluxDB is not installed: apt-get install influxdb"
        pytest.skip("needs InfluxDB: apt-get install influxdb")
    return program


@contextmanager
def influxdb(*, auth: bool = False) -> Iterator[Influx]:
    """Run a server."""
    program = influxd()
    place = Path(tempfile.mkdtemp(prefix="loadkit-influx-"))
    (place / "influxdb.conf").write_text(_CONFIG.format(place=place, auth=str(auth).lower()))
    command = ["sh", "-c", _SUPERVISED, "sh", program, "run", "-config", str(place / "influxdb.conf")]
    try:
        with open(place / "log", "wb") as log, subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=log, stderr=log, cwd=place
        ) as server:  # fmt: skip
            try:
                yield Influx(f"http://127.0.0.1:{_port(server, place / 'log')}")
            finally:
                assert server.stdin
                server.stdin.close()
                server.wait(30)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _port(server: subprocess.Popen[bytes], log: Path) -> int:
    for _ in range(1500):
        found = _LISTENS.search(log.read_text())
        if found:
            return int(found[1])
        assert server.poll() is None, log.read_text()
        time.sleep(0.02)
    raise AssertionError(log.read_text())
