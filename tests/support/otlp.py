"""A receiver of OTLP over HTTP: it decodes what it is sent with OpenTelemetry's own messages, and keeps it."""

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

METRICS, TRACES = "/v1/metrics", "/v1/traces"


class Collector:
    """What was received. `status` is what it answers, `rejected` how much of it it says it did not take."""

    def __init__(self) -> None:
        self.url = ""
        self.status = 200
        self.rejected = 0
        self.metrics: list[ExportMetricsServiceRequest] = []
        self.traces: list[ExportTraceServiceRequest] = []
        self.headers: list[dict[str, str]] = []

    @property
    def spans(self) -> list[Any]:
        """All spans."""
        return [
            span
            for request in self.traces
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    @property
    def resource(self) -> dict[str, str]:
        """The attributes of who told the metrics."""
        return attributes(self.metrics[-1].resource_metrics[0].resource)

    def points(self, name: str, request: int = -1) -> list[Any]:
        """The points of a metric in one of the requests, the last unless said otherwise."""
        found = [
            metric
            for resource in self.metrics[request].resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
        ]
        return [point for metric in found for point in getattr(metric, metric.WhichOneof("data")).data_points]

    def take(self, path: str, body: bytes, headers: dict[str, str]) -> bytes:
        self.headers.append(headers)
        response: Any = ExportMetricsServiceResponse() if path == METRICS else ExportTraceServiceResponse()
        if self.status == 200 and path == METRICS:
            self.metrics.append(ExportMetricsServiceRequest.FromString(body))
            response.partial_success.rejected_data_points = self.rejected
        elif self.status == 200:
            self.traces.append(ExportTraceServiceRequest.FromString(body))
            response.partial_success.rejected_spans = self.rejected
        if self.rejected:
            response.partial_success.error_message = "too old"
        return response.SerializeToString()  # type: ignore[no-any-return]


def attributes(holder: Any) -> dict[str, Any]:
    """Return attributes as a mapping."""
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in holder.attributes}


@contextmanager
def collector() -> Iterator[Collector]:
    """Run a receiver."""
    made = Collector()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            answer = made.take(self.path, body, dict(self.headers)) if self.path in (METRICS, TRACES) else b""
            self.send_response(made.status if self.path in (METRICS, TRACES) else 404)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        made.url = f"http://127.0.0.1:{server.server_port}"
        serving = threading.Thread(target=server.serve_forever, args=(0.02,))
        serving.start()
        try:
            yield made
        finally:
            server.shutdown()
            serving.join()
