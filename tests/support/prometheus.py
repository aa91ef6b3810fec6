"""A Prometheus of a test's own: it scrapes a port once a second into a directory that goes away with it."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

from tests.support.daemons import daemon, needed
from tests.support.ports import free_port

_CONFIG = """
global: {{scrape_interval: 1s}}
scrape_configs:
  - job_name: loadkit
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""


@dataclass
class Prometheus:
    """A server that runs at `url` and scrapes `target_port`. Queries are about the moment `at`, now where it is None."""

    url: str
    target_port: int
    at: float | None = None

    def get(self, path: str, **parameters: object) -> Any:
        with urlopen(f"{self.url}{path}?{urlencode(parameters)}", timeout=10) as answer:
            read = json.load(answer)
        assert read["status"] == "success", read
        return read["data"]

    def values(self, query: str) -> list[tuple[dict[str, str], float]]:
        """The labels and values that a query comes to."""
        moment = {} if self.at is None else {"time": self.at}
        found = self.get("/api/v1/query", query=query, **moment)["result"]
        return [(one["metric"], float(one["value"][1])) for one in found]

    def look_back(self, metric: str) -> None:
        """Ask about the moment of the last scrape from here on: what cannot be scraped any more has no values after it."""
        (found,) = self.get("/api/v1/query", query=f"{metric}[1h]")["result"]
        self.at = float(found["values"][-1][0])

    def wait_until_it_scrapes(self) -> None:
        """Wait for its first look at the target, which comes some 5 s after it is ready; that nobody is there yet is no matter."""
        until = time.monotonic() + 60
        while not any(one["health"] != "unknown" for one in self.get("/api/v1/targets")["activeTargets"]):
            assert time.monotonic() < until, "Prometheus does not scrape"
            time.sleep(0.05)

    def value(self, query: str) -> float:
        """The one value that a query comes to."""
        ((_, value),) = self.values(query)
        return value


@contextmanager
def prometheus(place: Path) -> Iterator[Prometheus]:
    """Run a server with its data in a directory; the test is skipped where Prometheus is not installed."""
    program = needed("prometheus")
    target_port, port = free_port(), free_port()
    config = place / "prometheus.yml"
    config.write_text(_CONFIG.format(port=target_port))
    url = f"http://127.0.0.1:{port}"
    command = [
        program, f"--config.file={config}", f"--storage.tsdb.path={place}/data",
        f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn",
    ]  # fmt: skip
    with daemon(command, place, ended_by="INT") as server:
        server.wait_for(lambda: _ready(url))
        made = Prometheus(url, target_port)
        made.wait_until_it_scrapes()
        yield made


def _ready(url: str) -> bool | None:
    try:
        with urlopen(f"{url}/-/ready", timeout=30):
            return True
    except OSError:
        return None
