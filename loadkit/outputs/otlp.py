"""OTLP over HTTP in protobuf, for OpenTelemetry's collector and whatever else takes it: metrics, and traces of some visits.

    POST URL/v1/metrics     every second, what the run has come to
    POST URL/v1/traces      the spans of traced visits, where `traces` asks for them

The messages are made by OpenTelemetry's SDK. They are sent by a client of our own, since the SDK's tries for a minute, within the
thread of whoever calls it, and says nothing of what was refused.
"""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from loadkit.errors import PluginError
from loadkit.flow.tracer import DEFAULT_SHARE
from loadkit.outputs.exporter import ExportedRun, Exporter, OptionFault, Options, RefusedError, Second
from loadkit.outputs.otlp_data import PREFIX, metrics_message, resource_of, spans_message, unix_ns
from loadkit.outputs.posting import INSECURE, Endpoint, Poster, read_endpoint
from loadkit.outputs.totals import Totals

if TYPE_CHECKING:
    from opentelemetry.sdk.resources import Resource

INSTALL = "pip install 'loadkit[otlp]'"
_METRICS, _TRACES = "/v1/metrics", "/v1/traces"
_PROTOBUF = "application/x-protobuf"
_EXAMPLE = "http://localhost:4318"
_SERVICE = "loadkit"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_./-]{0,99}")


@dataclass(frozen=True, slots=True, kw_only=True)
class OtlpOptions:
    """What is sent: metrics with `metrics`, named after `prefix`, as what is new each time with `delta`; spans with `traces`."""

    service: str = _SERVICE
    metrics: bool = True
    traces: bool = False
    delta: bool = False
    prefix: str = PREFIX


class Otlp:
    """Sends a run's totals and spans to a receiver of OTLP."""

    def __init__(self, endpoint: Endpoint, poster: Poster, options: OtlpOptions) -> None:
        self.to = endpoint.shown
        self.every_s = 0.0
        self._poster = poster
        self._options = options
        self._run: ExportedRun | None = None
        self._resource: Resource | None = None
        self._totals: Totals | None = None
        self._added_ns = 0  # of the run; what came before is in the totals
        self._told_ns = {_METRICS: 0, _TRACES: 0}  # of the run; what came before has been taken

    def check(self) -> None:
        """Import what makes the messages. Raises PluginError where it is not installed."""
        if not all(map(_is_there, ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.common"))):
            raise PluginError(f"otlp needs OpenTelemetry: {INSTALL}")
        import opentelemetry.exporter.otlp.proto.common.metrics_encoder
        import opentelemetry.exporter.otlp.proto.common.trace_encoder  # noqa: F401  before load: 0.2 s

    def start(self, run: ExportedRun) -> None:
        """Note which run begins."""
        self._run = run
        self._resource = resource_of(run, self._options.service)
        self._totals = Totals(run)

    def take(self, seconds: Sequence[Second]) -> None:
        """Send seconds; of what was taken when the last attempt failed, nothing is sent again. Raises OSError and RefusedError."""
        if self._options.metrics:
            self._send_metrics(self._fresh(_METRICS, seconds))
        if self._options.traces:
            self._send_spans(self._fresh(_TRACES, seconds))

    def end(self) -> None:
        """Do nothing: what was sent stays."""

    def waiting(self) -> bool:
        """Say that nobody comes for it."""
        return False

    def close(self) -> None:
        """Close the connection."""
        self._poster.close()

    def _fresh(self, signal: str, seconds: Sequence[Second]) -> list[Second]:
        return [second for second in seconds if second.snapshot.end_ns > self._told_ns[signal]]

    def _send_metrics(self, seconds: Sequence[Second]) -> None:
        assert self._run
        assert self._totals
        batches = [[second] for second in seconds] if self._options.delta else [seconds] if seconds else []
        for batch in batches:
            start_ns, end_ns = 0, batch[-1].snapshot.end_ns
            if self._options.delta:
                self._totals.clear()
                self._added_ns, start_ns = 0, batch[0].snapshot.start_ns
            for second in batch:
                if second.snapshot.end_ns > self._added_ns:
                    self._totals.add(second)
                    self._added_ns = second.snapshot.end_ns
            between = unix_ns(self._run, start_ns), unix_ns(self._run, end_ns)
            assert self._resource
            data = metrics_message(
                self._resource, self._totals, between, delta=self._options.delta, prefix=self._options.prefix
            )
            self._post(_METRICS, data, end_ns)

    def _send_spans(self, seconds: Sequence[Second]) -> None:
        assert self._run
        assert self._resource
        for second in seconds:
            if second.spans:
                data = spans_message(self._resource, second.spans, unix_ns(self._run))
                self._post(_TRACES, data, second.snapshot.end_ns)

    def _post(self, signal: str, data: bytes, until_ns: int) -> None:
        """Send a message. Raises RefusedError, too, when the receiver says that it took a part of it only."""
        answer = self._poster.post(signal, data, _PROTOBUF)
        self._told_ns[signal] = until_ns
        refused = _refused(signal, answer)
        if refused:
            raise RefusedError(refused)


def _refused(signal: str, answer: bytes) -> str:
    """Return what an answer says of parts that were not taken, "" where all was."""
    from google.protobuf.message import DecodeError
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

    response: Any = ExportMetricsServiceResponse() if signal == _METRICS else ExportTraceServiceResponse()
    try:
        response.ParseFromString(answer)
    except DecodeError:
        return ""  # some answer with JSON, or words
    partial = response.partial_success
    number = partial.rejected_data_points if signal == _METRICS else partial.rejected_spans
    return f"it did not take {number} of them: {partial.error_message}" if number else ""


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:  # of a package above it
        return False


def _make(options: Options) -> Otlp:
    endpoint = read_endpoint(str(options["url"]), key="url", example=_EXAMPLE)
    if endpoint.query or endpoint.user:
        raise OptionFault("url", "the URL of OTLP has neither a query nor a user", hint="give `headers`")
    signal = next((one for one in (_METRICS, _TRACES) if endpoint.url.path.endswith(one)), None)
    asked = options.get("traces", False)
    if signal == _TRACES and not asked:
        raise OptionFault("url", "a URL of traces needs to know of which visits", hint="add traces: {sample: 0.01}")
    if signal:
        bare = endpoint.url._replace(path=endpoint.url.path.removesuffix(signal))
        endpoint = replace(endpoint, url=bare)
    headers = {**_given_headers(), **{str(name): str(text) for name, text in options.get("headers", {}).items()}}
    poster = Poster(endpoint, headers, insecure=options.get("insecure") is True)
    chosen = OtlpOptions(
        service=str(options.get("service", _SERVICE)),
        metrics=signal != _TRACES,
        traces=bool(asked) and signal != _METRICS,
        delta=options.get("temporality") == "delta",
        prefix=_read_prefix(options),
    )
    return Otlp(endpoint, poster, chosen)


def _read_prefix(options: Options) -> str:
    prefix = str(options.get("prefix", PREFIX))
    if not _NAME.fullmatch(prefix):
        raise OptionFault("prefix", f"no name begins with {prefix}", hint="a letter, then letters, digits and _ . - /")
    return prefix


def _given_headers() -> dict[str, str]:
    """Return the headers that OpenTelemetry's own variable gives: NAME=VALUE,NAME=VALUE with percent escapes."""
    pairs = [pair.partition("=") for pair in os.environ.get("OTEL_EXPORTER_OTLP_HEADERS", "").split(",")]
    return {unquote(name.strip()): unquote(text.strip()) for name, equals, text in pairs if equals}


_TRACES_SCHEMA: Mapping[str, Any] = {
    "type": ["boolean", "object"],
    "title": "Traces",
    "description": "Send spans of some visits: one of the visit, and one of each of its requests, with the ids of the "
    "`traceparent` header that the target sees.",
    "examples": [{"sample": 0.05}],
    "default": False,
    "additionalProperties": False,
    "properties": {
        "sample": {
            "type": "number",
            "minimum": 0,
            "maximum": 1,
            "title": "Sample",
            "description": "The share of visits that is traced. At most 1,000 spans a second and worker are kept; those beyond are "
            "counted as `traces.spans_dropped`.",
            "examples": [0.05],
            "default": DEFAULT_SHARE,
        }
    },
}

EXPORTERS: Mapping[str, Exporter] = {
    "otlp": Exporter(
        kind="otlp",
        description="Sends metrics, and traces of some visits, to OpenTelemetry's collector or another receiver of OTLP over HTTP. "
        f"It needs `{INSTALL}`.",
        argument="url",
        metavar="URL",
        schema={
            "url": {
                "type": "string",
                "title": "URL",
                "description": "Where OTLP is taken; `/v1/metrics` and `/v1/traces` are appended. One that ends with either gets "
                "that alone.",
                "examples": [_EXAMPLE],
            },
            "headers": {
                "type": "object",
                "additionalProperties": {"type": "string"},
                "title": "Headers",
                "description": "Header fields of each request, such as a key; OTEL_EXPORTER_OTLP_HEADERS adds to them.",
                "examples": [{"api-key": "{{ $env.OTLP_KEY }}"}],
            },
            "traces": _TRACES_SCHEMA,
            "temporality": {
                "enum": ["cumulative", "delta"],
                "title": "Temporality",
                "description": "Whether counts are those since the run's start, or since the second before.",
                "examples": ["delta"],
                "default": "cumulative",
            },
            "prefix": {
                "type": "string",
                "title": "Prefix",
                "description": "What names of metrics begin with, usually up to a dot.",
                "examples": ["load.shop."],
                "default": PREFIX,
            },
            "service": {
                "type": "string",
                "minLength": 1,
                "title": "Service",
                "description": "The attribute `service.name`.",
                "examples": ["shop load"],
                "default": _SERVICE,
            },
            "insecure": INSECURE,
        },
        required=("url",),
        make=_make,
    ),
}
