"""An InfluxDB of a test's own: Debian's `influxd` in a directory that goes away with it, on ports that the system chooses."""

import json
import re
import shutil
import tempfile
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from tests.support.daemons import daemon, needed

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


@contextmanager
def influxdb(*, auth: bool = False) -> Iterator[Influx]:
    """Run a server; the test is skipped where InfluxDB is not installed."""
    program = needed("influxd")
    place = Path(tempfile.mkdtemp(prefix="loadkit-influx-"))
    config = place / "influxdb.conf"
    config.write_text(_CONFIG.format(place=place, auth=str(auth).lower()))
    try:
        with daemon([program, "run", "-config", str(config)], place) as server:
            found = server.wait_for(lambda: _LISTENS.search(server.log.read_text()))
            yield Influx(f"http://127.0.0.1:{found[1]}")
    finally:
        shutil.rmtree(place, ignore_errors=True)
