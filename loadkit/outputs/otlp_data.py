"""A run's totals and spans as OpenTelemetry's messages (OTLP 1.x in protobuf), made by its own SDK.

Names are such that what translates OTLP for Prometheus comes to the names of `/metrics`:

    loadkit_requests                    loadkit.requests              a sum
    loadkit_request_duration_seconds    loadkit.request_duration, s   a histogram with explicit bounds
    loadkit_worker_cpu_ratio            loadkit.worker_cpu, 1         a gauge

Metrics are cumulative: a point has all since the run's start, so a point that is lost takes nothing with it. With `delta` a point
has what is new since the one before, as some receivers want it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from loadkit import __version__
from loadkit.metrics.span import Span
from loadkit.outputs.exported import Family, Kind, Labels
from loadkit.outputs.exporter import ExportedRun
from loadkit.outputs.totals import Buckets, Total, Totals
from loadkit.units import NS_PER_S

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics.export import HistogramDataPoint, Metric, NumberDataPoint
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.util.types import AttributeValue

SCOPE = "loadkit"
PREFIX = "loadkit."
_UNITS = {"_seconds": "s", "_bytes": "By", "_ratio": "1"}
_FAILED_FROM = 400  # a client's span is an error from this status on, say OpenTelemetry's conventions for HTTP


def resource_of(run: ExportedRun, service: str) -> Resource:
    """Return who tells: the service, the run, and its tags. OTEL_RESOURCE_ATTRIBUTES adds to it."""
    from opentelemetry.sdk.resources import Resource

    own = {
        "service.name": service,
        "service.version": __version__,
        "service.instance.id": run.run,
        "loadkit.test": run.test,
        "loadkit.run": run.run,
        "loadkit.target": run.target,
    }
    tags = {name: text for name, text in {**run.tags, **run.labels}.items() if name not in ("test", "run")}
    return Resource.create({**tags, **{name: text for name, text in own.items() if text}})


def metric_name(family: Family, prefix: str = PREFIX) -> tuple[str, str]:
    """Return the name and the unit of a family."""
    name = f"{prefix}{family.name.removeprefix('loadkit_')}"
    for ending, unit in _UNITS.items():
        if name.endswith(ending):
            return name.removesuffix(ending), unit
    return name, ""


def metrics_message(
    resource: Resource, totals: Totals, between_ns: tuple[int, int], *, delta: bool, prefix: str = PREFIX
) -> bytes:
    """Return the totals of (start, end], in Unix time, as an ExportMetricsServiceRequest."""
    from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
    from opentelemetry.sdk.metrics.export import MetricsData, ResourceMetrics, ScopeMetrics
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope

    metrics = [
        _metric(family, values, *between_ns, naming=metric_name(family, prefix), delta=delta)
        for family, values in totals.families()
    ]
    scope = ScopeMetrics(scope=InstrumentationScope(SCOPE, __version__), metrics=metrics, schema_url="")
    return _packed(
        encode_metrics(MetricsData([ResourceMetrics(resource=resource, scope_metrics=[scope], schema_url="")]))
    )


def spans_message(resource: Resource, spans: Iterable[Span], origin_ns: int) -> bytes:
    """Return spans as an ExportTraceServiceRequest; `origin_ns` is the run's start in Unix time."""
    from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

    return _packed(encode_spans([_span(resource, span, origin_ns) for span in spans]))


def _packed(message: Any) -> bytes:
    data: bytes = message.SerializeToString()
    return data


def _metric(
    family: Family,
    values: Sequence[tuple[Labels, Total]],
    start_ns: int,
    end_ns: int,
    *,
    naming: tuple[str, str],
    delta: bool,
) -> Metric:
    from opentelemetry.sdk.metrics.export import AggregationTemporality, Gauge, Histogram, Metric, Sum

    temporality = AggregationTemporality.DELTA if delta else AggregationTemporality.CUMULATIVE
    name, unit = naming
    data: Sum | Gauge | Histogram
    if family.kind is Kind.HISTOGRAM:
        found = [
            _buckets(family, labels, value, start_ns, end_ns) for labels, value in values if isinstance(value, Buckets)
        ]
        data = Histogram(data_points=found, aggregation_temporality=temporality)
    else:
        points = [
            _number(labels, value, start_ns, end_ns) for labels, value in values if not isinstance(value, Buckets)
        ]
        is_sum = family.kind is Kind.COUNTER
        data = (
            Sum(data_points=points, aggregation_temporality=temporality, is_monotonic=True) if is_sum else Gauge(points)
        )
    return Metric(name=name, description=family.help, unit=unit, data=data)


def _number(labels: Labels, value: int | float, start_ns: int, end_ns: int) -> NumberDataPoint:
    from opentelemetry.sdk.metrics.export import NumberDataPoint

    return NumberDataPoint(attributes=dict(labels), start_time_unix_nano=start_ns, time_unix_nano=end_ns, value=value)


def _buckets(family: Family, labels: Labels, value: Buckets, start_ns: int, end_ns: int) -> HistogramDataPoint:
    """Return a point of a histogram: the counts between bounds, where Buckets has those up to each."""
    from opentelemetry.sdk.metrics.export import HistogramDataPoint

    up_to = [0, *value.counts, value.total]
    smallest: Any = None  # nobody knows it of all seconds, and it may be left out
    return HistogramDataPoint(
        attributes=dict(labels),
        start_time_unix_nano=start_ns,
        time_unix_nano=end_ns,
        count=value.total,
        sum=value.sum_ns / family.per_unit,
        bucket_counts=[after - before for before, after in pairwise(up_to)],
        explicit_bounds=[bound / family.per_unit for bound in value.bounds_ns],
        min=smallest,
        max=smallest,
    )


def _span(resource: Resource, span: Span, origin_ns: int) -> ReadableSpan:
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope
    from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

    def context(span_id: str) -> SpanContext:
        flags = TraceFlags(TraceFlags.SAMPLED)
        return SpanContext(int(span.trace_id, 16), int(span_id, 16), is_remote=False, trace_flags=flags)

    failed = span.error or (f"status {span.status}" if span.status >= _FAILED_FROM else "")
    return ReadableSpan(
        name=span.name,
        context=context(span.span_id),
        parent=context(span.parent_id) if span.parent_id else None,
        resource=resource,
        attributes=_attributes(span),
        kind=SpanKind.CLIENT if span.parent_id else SpanKind.INTERNAL,
        status=Status(StatusCode.ERROR, failed) if failed else Status(StatusCode.UNSET),
        start_time=origin_ns + span.start_ns,
        end_time=origin_ns + span.end_ns,
        instrumentation_scope=InstrumentationScope(SCOPE, __version__),
    )


def _attributes(span: Span) -> dict[str, AttributeValue]:
    """Return what a span tells, by the names of OpenTelemetry's conventions for HTTP where there are any."""
    told: dict[str, AttributeValue] = {"loadkit.visit": span.visit}
    if span.method:
        told["http.request.method"] = span.method
    if span.status:
        told["http.response.status_code"] = span.status
    if span.error:
        told["error.type"] = span.error
    return told


def unix_ns(run: ExportedRun, since_ns: int = 0) -> int:
    """Return an instant of a run, in ns since its start, in Unix time."""
    return round(run.started_at * NS_PER_S) + since_ns
