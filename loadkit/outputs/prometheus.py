"""`/metrics` for Prometheus while the run goes on: totals so far, in its text format or OpenMetrics, whichever is asked for.

It stays after the run until it has been scraped once more, `linger` at the longest, so that the totals of the last second are not
lost. Where nobody has scraped at all there is nobody to wait for.
"""

from __future__ import annotations

import errno
import socket
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from loadkit.errors import PreflightError
from loadkit.outputs.address import LOOPBACK, read_place, shown_place
from loadkit.outputs.duration import read_seconds
from loadkit.outputs.exporter import PATIENCE_S, ExportedRun, Exporter, Held, Options, Second
from loadkit.outputs.isolated import described
from loadkit.outputs.openmetrics import OWN, PREFIX, RunMetrics, read_prefix
from loadkit.outputs.totals import Totals

if TYPE_CHECKING:
    from prometheus_client.core import Metric

PATH = "/metrics"
_EXAMPLE = f"{LOOPBACK}:9464"
_LINGER = "15s"
_INDEX = b"<!doctype html><title>loadkit</title><p><a href=/metrics>metrics</a>\n"


class Scraped:
    """Serves the totals of a run at an address."""

    def __init__(self, host: str, port: int, linger_s: float, *, prefix: str = OWN) -> None:
        self.to = f"http://{shown_place(host, port)}{PATH}"
        self.every_s = 0.0
        self._place = host, port
        self._linger_s = linger_s
        self._prefix = prefix
        self._lock = threading.Lock()
        self._totals: Totals | None = None
        self._metrics: RunMetrics | None = None
        self._server: _Server | None = None
        self._scraped = False
        self._fresh = True  # what was taken last has been scraped
        self._ended_at: float | None = None

    def check(self) -> None:
        """Listen. Raises PreflightError where that cannot be done."""
        try:
            self._server = _Server(self._place, self.exposition)
        except OSError as error:
            foreign = isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL
            remedy = "name an address of this machine, or only a port" if foreign else "choose another port"
            text = f"prometheus cannot listen on {shown_place(*self._place)}: {described(error)}; {remedy}"
            raise PreflightError(text) from error
        threading.Thread(
            target=self._server.serve_forever, args=(0.1,), name="prometheus /metrics", daemon=True
        ).start()

    def start(self, run: ExportedRun) -> None:
        """Begin with totals of nothing."""
        with self._lock:
            self._totals = Totals(run)
            self._metrics = RunMetrics(run, prefix=self._prefix)

    def take(self, seconds: Sequence[Second]) -> None:
        """Add seconds to the totals."""
        with self._lock:
            for second in seconds:
                if self._totals:
                    self._totals.add(second)
            self._fresh = False

    def end(self) -> None:
        """Note that the totals are those of the whole run."""
        with self._lock:
            self._ended_at = time.monotonic()

    def waiting(self) -> bool:
        """Say whether a scraper is still to come for the last totals."""
        with self._lock:
            due = self._ended_at is not None and time.monotonic() < self._ended_at + self._linger_s
            return due and self._scraped and not self._fresh

    def close(self) -> None:
        """Stop listening."""
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()

    def collect(self) -> Iterable[Metric]:
        """Return what is exposed now; prometheus-client calls it."""
        with self._lock:
            if not (self._metrics and self._totals):
                return []
            return self._metrics.families(self._totals, running=self._ended_at is None)

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """Return the text of a scrape and its content type, as the scraper's Accept header wants it."""
        from prometheus_client.exposition import choose_encoder

        encode, content_type = choose_encoder(accept)
        with self._lock:
            ended = self._ended_at is not None
        text = encode(self)  # it asks for nothing but `collect`
        with self._lock:
            self._scraped = True
            self._fresh = self._fresh or ended
        return text, content_type


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, place: tuple[str, int], exposition: Any) -> None:
        self.exposition = exposition
        self.address_family = socket.AF_INET6 if ":" in place[0] else socket.AF_INET
        super().__init__(place, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that went away."""


class _Handler(BaseHTTPRequestHandler):
    timeout = PATIENCE_S
    server_version = "loadkit"
    sys_version = ""
    server: _Server

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == PATH:
            self._answer(200, *self.server.exposition(self.headers.get("Accept", "")))
        elif path == "/":
            self._answer(200, _INDEX, "text/html; charset=utf-8")
        else:
            self._answer(404, b"there is only /metrics\n", "text/plain; charset=utf-8")

    def _answer(self, status: int, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing."""


def _place(options: Options) -> tuple[str, int]:
    return read_place(str(options["listen"]), key="listen", example=_EXAMPLE, host=LOOPBACK)


def _held(options: Options) -> Held:
    place = shown_place(*_place(options))
    return Held(place, f"listen on {place}", "give each its own port")


def _make(options: Options) -> Scraped:
    host, port = _place(options)
    linger_s = read_seconds(options, "linger", _LINGER, longest_s=3600)
    return Scraped(host, port, linger_s, prefix=read_prefix(options))


EXPORTERS: Mapping[str, Exporter] = {
    "prometheus": Exporter(
        kind="prometheus",
        description="Serves `/metrics` for Prometheus to scrape while the run goes on.",
        argument="listen",
        metavar="[HOST:]PORT",
        schema={
            "listen": {
                "type": ["string", "integer"],
                "title": "Listen",
                "description": "The address of `/metrics`; without a host only this machine reaches it.",
                "examples": [_EXAMPLE, "0.0.0.0:9464"],
            },
            "linger": {
                "type": ["string", "number"],
                "title": "Linger",
                "description": "How long the command waits in the end for one more scrape, which then has the totals. It waits "
                "only if there were scrapes before, and not longer than until that one.",
                "examples": ["1m"],
                "default": _LINGER,
            },
            "prefix": PREFIX,
        },
        required=("listen",),
        holds=_held,
        make=_make,
    ),
}
