"""What every kind of source promises: to the schema, to thresholds, and to the thread that looks at it."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from loadkit.registry import plugins
from loadkit.slo.observed import Place, SamplerPlugin, Unavailable
from tests.contracts.test_plugins import described
from tests.support.ports import free_port

SAMPLERS: dict[str, SamplerPlugin] = plugins("sampler")
CGROUP = Path("/sys/fs/cgroup")
PAGE = b"# TYPE held_bytes gauge\nheld_bytes 12\nheld_bytes_other 3\n"


@contextmanager
def endpoint() -> Iterator[str]:
    """A page in Prometheus's format."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(PAGE)

        def log_message(self, *arguments: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/metrics"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, dict[str, Any]]]:
    """An example of each kind that exists, and below, one that does not."""
    database = tmp_path_factory.mktemp("sql") / "shop.db"
    with endpoint() as url:
        yield {
            "process": {"pid": os.getppid()},
            "host": {"host": True},
            "cgroup": {"cgroup": "/"},
            "prometheus": {"prometheus": url, "series": ["held_bytes"]},
            "command": {"run": "echo 12"},
            "sql": {"sql": "SELECT 12", "url": f"sqlite:///{database}"},
        }


MISSING: dict[str, dict[str, Any]] = {
    "process": {"pid": 2**22 + 1},
    "cgroup": {"cgroup": "/there/is/none"},
    "prometheus": {"prometheus": "http://127.0.0.1:1/metrics", "series": ["held_bytes"]},
    "command": {"run": "false"},
    "sql": {"sql": "SELECT nothing", "url": "sqlite://"},
}


def open_of(name: str, options: dict[str, Any], notes: list[str]) -> Any:
    return SAMPLERS[name].open(options, Place(), notes.append)


def test_every_kind_has_an_example_here(there: dict[str, dict[str, Any]]) -> None:
    assert set(there) == set(SAMPLERS) == {*MISSING, "host"}


@pytest.mark.parametrize("name", sorted(SAMPLERS))
def test_its_keys_are_described(name: str) -> None:
    plugin = SAMPLERS[name]
    assert set(plugin.claims) <= set(plugin.keys)
    assert list(described({"properties": plugin.keys}, name)) == []


@pytest.mark.parametrize("name", sorted(SAMPLERS))
def test_an_example_has_no_faults_and_gives_the_series_that_it_says(
    name: str, there: dict[str, dict[str, Any]]
) -> None:
    if name == "cgroup" and not (CGROUP / "cgroup.controllers").is_file():
        pytest.skip("no control groups of version 2 here")
    plugin, options, notes = SAMPLERS[name], there[name], list[str]()
    assert list(plugin.faults(options)) == []
    declared = {series.name: series for series in plugin.series(options)}
    assert all(series.description for series in declared.values())
    assert all(not series.limit or series.limit in declared for series in declared.values())
    sampler = open_of(name, options, notes)
    try:
        sampler.sample()
        seen = sampler.sample()
    finally:
        sampler.interrupt()
        sampler.close()
    assert set(seen) <= set(declared)
    assert seen or name == "cgroup"
    assert all(isinstance(value, float | int) and value >= 0 for value in seen.values())


@pytest.mark.parametrize("name", sorted(MISSING))
def test_what_is_not_there_is_said_in_words(name: str) -> None:
    with pytest.raises(Unavailable, match=r"\w+ \w+"):
        open_of(name, MISSING[name], []).sample()


def test_nobody_listens_on_a_free_port() -> None:
    port = free_port()
    with pytest.raises(Unavailable, match=f"no process that listens on port {port}"):
        open_of("process", {"port": port}, [])
