"""Artillery's plugin `publish-metrics`: its reporters as the outputs that do the same here.

    datadog (agent), influxdb-statsd      dogstatsd
    statsd                                statsd, with tags dogstatsd
    prometheus                            pushgateway
    open-telemetry                        otlp, one for metrics and one for traces
    newrelic, dynatrace, honeycomb        otlp, which they take themselves

Names are loadkit's own, and times are histograms or a second's percentiles, where Artillery has those of ten seconds. What
cannot be had is a warning that says what to do instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from loadkit.flow.step import Build, Where

PLACE: Where = ("config", "plugins", "publish-metrics")
_COLLECTOR = "http://localhost:4318"
_OVER_HTTP = (None, "otlp-http", "otlp-proto")
_AGENT = "127.0.0.1", 8125

Given = Mapping[str, Any]
Output = dict[str, Any]


class Published(NamedTuple):
    """An output that stands for a reporter, and where that stands."""

    where: Where
    output: Output


class Missing(NamedTuple):
    """What a reporter asks for and does not get: its key, "" for all of it, why, and what to do instead."""

    key: str
    text: str
    hint: str = ""


def published(config: Mapping[str, Any]) -> list[Published | tuple[Where, Missing]]:
    """Return what stands for each reporter, in order, and what of it is missing."""
    plugins = config.get("plugins")
    given = plugins.get("publish-metrics") if isinstance(plugins, Mapping) else None
    made: list[Published | tuple[Where, Missing]] = []
    for index, reporter in enumerate(given if isinstance(given, list) else ()):
        where: Where = (*PLACE, index)
        if not isinstance(reporter, Mapping) or reporter.get("enabled") is False:
            continue
        for found in _outputs(reporter):
            made.append((where, found) if isinstance(found, Missing) else Published(where, found))
    return made


def report_missing(found: list[Published | tuple[Where, Missing]], build: Build) -> None:
    """Say what is missing, and once that names are others than Artillery's."""
    for one in found:
        if not isinstance(one, Published):
            where, missing = one
            at = (*where, missing.key) if missing.key else where
            build.warn("LK505", at, missing.text, hint=missing.hint, key=bool(missing.key) and missing.key != "type")
    kinds = dict.fromkeys(str(one.output["type"]) for one in found if isinstance(one, Published))
    if kinds:
        text = f"metrics are sent by loadkit's outputs ({', '.join(kinds)}), with its names for them"
        build.warn("LK506", PLACE, text, key=True, hint="`config.outputs` says the same, with all options")


def _outputs(given: Given) -> Iterator[Output | Missing]:
    """Yield the outputs of a reporter."""
    kind = str(given.get("type", ""))
    reporter = _REPORTERS.get(kind)
    if reporter is None:
        yield Missing("type", f'there is no reporter "{kind}" here; it has no effect', _ADVICE.get(kind, _ANY))
        return
    if given.get("event"):
        yield Missing("event", "events about the test's start and end are not sent", "the label `run` tells runs apart")
    for found in reporter(given):
        if isinstance(found, Missing):
            yield found
            continue
        chosen = {name: given[name] for name in ("includeOnly", "excluded") if isinstance(given.get(name), list)}
        yield {**{name: list(map(str, texts)) for name, texts in chosen.items()}, **found}


def _agent(given: Given) -> Iterator[Output | Missing]:
    """Yield a sender of StatsD: Artillery's has tags even for type statsd, if there are any."""
    if given.get("apiKey"):
        yield Missing("apiKey", "Datadog's API is not spoken here; nothing is sent to it", _ADVICE["datadog"])
        return
    tags = _tags(given.get("tags"))
    host, port = str(given.get("host") or _AGENT[0]), given.get("port") or _AGENT[1]
    traces = given.get("traces")
    if not (isinstance(traces, Mapping) and traces.get("sendOnlyTraces")):
        yield {
            "type": "statsd" if given["type"] == "statsd" and not tags else "dogstatsd",
            "to": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
            **({"prefix": str(given["prefix"])} if given.get("prefix") else {}),
            **({"tags": tags} if tags else {}),
        }
    if given["type"] == "datadog" and traces:
        yield from _traces(traces, f"{_COLLECTOR}/v1/traces", {}, given)


def _gateway(given: Given) -> Iterator[Output | Missing]:
    if not given.get("pushgateway"):
        yield Missing("type", "without `pushgateway` nothing is pushed", "or be scraped: `outputs: [prometheus:9464]`")
        return
    yield from _without(given, "ca", "certificates are those of the system, or of SSL_CERT_FILE")
    prefix = {"prefix": f"{given['prefix']}_"} if given.get("prefix") else {}  # an underscore follows it there
    tags = _tags(given.get("tags"))
    job = tags.pop("job", "")  # a label of the group, and of no figure in it
    named = {"job": job} if job else {}
    yield {"type": "pushgateway", "url": str(given["pushgateway"]), **named, **prefix, **_tagged(tags)}


def _open_telemetry(given: Given) -> Iterator[Output | Missing]:
    metrics, traces = given.get("metrics"), given.get("traces")
    if isinstance(metrics, Mapping):
        if metrics.get("exporter") not in _OVER_HTTP:
            yield Missing(
                "metrics", "metrics go by HTTP only, so nothing is sent", "name the port for HTTP, often 4318"
            )
        else:
            names = {
                "includeOnly": metrics.get("includeOnly"),
                "excluded": metrics.get("exclude") or metrics.get("excluded"),
            }
            yield {
                **_otlp(
                    str(metrics.get("endpoint") or f"{_COLLECTOR}/v1/metrics"), _texts(metrics.get("headers")), given
                ),
                **_tagged(_texts(metrics.get("attributes"))),
                **{name: list(map(str, texts)) for name, texts in names.items() if isinstance(texts, list) and texts},
            }
    if isinstance(traces, Mapping):
        if traces.get("exporter") not in _OVER_HTTP:
            yield Missing("traces", "traces go by HTTP only, so nothing is sent", "name the port for HTTP, often 4318")
        else:
            url = str(traces.get("endpoint") or f"{_COLLECTOR}/v1/traces")
            yield from _traces(traces, url, _texts(traces.get("headers")), given)


def _newrelic(given: Given) -> Iterator[Output | Missing]:
    if not given.get("licenseKey"):
        yield Missing("type", "without `licenseKey` nothing is sent")
        return
    europe = ".eu01" if str(given.get("region", "")).lower() == "eu" else ""
    yield from _vendor(given, f"https://otlp{europe}.nr-data.net", {"api-key": str(given["licenseKey"])}, "attributes")


def _dynatrace(given: Given) -> Iterator[Output | Missing]:
    if not given.get("envUrl") or not given.get("apiToken"):
        yield Missing("type", "without `envUrl` and `apiToken` nothing is sent")
        return
    url = f"{str(given['envUrl']).rstrip('/')}/api/v2/otlp"
    yield from _vendor(given, url, {"Authorization": f"Api-Token {given['apiToken']}"}, "dimensions")


def _vendor(given: Given, url: str, headers: Mapping[str, str], tags: str) -> Iterator[Output | Missing]:
    """Yield the outputs of a vendor who takes OTLP: metrics unless there are to be traces only, and traces if asked for."""
    traces = given.get("traces")
    only = given.get("sendOnlyTraces") or (isinstance(traces, Mapping) and traces.get("sendOnlyTraces"))
    if not only:
        prefix = {"prefix": str(given["prefix"])} if given.get("prefix") else {}
        yield {**_otlp(f"{url}/v1/metrics", headers, {}), **prefix, **_tagged(_tags(given.get(tags)))}
    if traces:
        yield from _traces(traces, f"{url}/v1/traces", headers, given)


def _honeycomb(given: Given) -> Iterator[Output | Missing]:
    key = given.get("apiKey") or given.get("writeKey")
    if not key:
        yield Missing("type", "without `apiKey` nothing is sent")
        return
    service = {"serviceName": given["dataset"]} if given.get("dataset") else {}
    yield from _traces(given, "https://api.honeycomb.io/v1/traces", {"x-honeycomb-team": str(key)}, service)


def _traces(asked: Any, url: str, headers: Mapping[str, str], given: Given) -> Iterator[Output | Missing]:
    """Yield the output of traces; without a rate Artillery sends all."""
    traces: Given = asked if isinstance(asked, Mapping) else {}
    for name in ("smartSampling", "replaceSpanNameRegex"):
        if traces.get(name):
            key = name if asked is given else "traces"
            yield Missing(key, f"`{name}` has no effect: spans are sampled by visit, and named as requests are")
    rate = traces.get("sampleRate", 1)
    sample = min(1.0, max(0.0, float(rate))) if isinstance(rate, int | float) else 1.0
    service = {"serviceName": traces.get("serviceName") or given.get("serviceName")}
    named = traces.get("attributes") or traces.get("tags")
    yield {
        **_otlp(url, headers, service),
        "traces": {"sample": sample},
        **_tagged(_texts(named) if isinstance(named, Mapping) else _tags(named)),
    }


def _otlp(url: str, headers: Mapping[str, str], given: Given) -> Output:
    """Return an output of OTLP; metrics are what is new each time, as Artillery's are."""
    service = {"service": str(given["serviceName"])} if given.get("serviceName") else {}
    return {
        "type": "otlp",
        "url": url,
        "temporality": "delta",
        **({"headers": dict(headers)} if headers else {}),
        **service,
    }


def _without(given: Given, key: str, instead: str) -> Iterator[Missing]:
    if given.get(key):
        yield Missing(key, f"`{key}` has no effect: {instead}")


def _tags(given: Any) -> dict[str, str]:
    """Return tags that are written as Artillery writes them: a list of "name:value"."""
    pairs = [str(one).partition(":") for one in given] if isinstance(given, list) else []
    return {name.strip(): text.strip() for name, _, text in pairs if name.strip()}


def _texts(given: Any) -> dict[str, str]:
    return {str(name): str(text) for name, text in given.items()} if isinstance(given, Mapping) else {}


def _tagged(tags: Mapping[str, str]) -> Output:
    return {"tags": dict(tags)} if tags else {}


_REPORTERS: Mapping[str, Callable[[Given], Iterator[Output | Missing]]] = {
    "datadog": _agent,
    "statsd": _agent,
    "influxdb-statsd": _agent,
    "prometheus": _gateway,
    "open-telemetry": _open_telemetry,
    "newrelic": _newrelic,
    "dynatrace": _dynatrace,
    "honeycomb": _honeycomb,
}
_ANY = "send OTLP to a collector that passes it on: `outputs: [otlp:http://localhost:4318]`"
_ADVICE: Mapping[str, str] = {
    "datadog": "run an agent and name it as `host`, or send OTLP to it: `outputs: [otlp:http://localhost:4318]`",
    "cloudwatch": "send OTLP to AWS's collector for OpenTelemetry: `outputs: [otlp:http://localhost:4318]`",
    "splunk": "send OTLP to Splunk's collector for OpenTelemetry: `outputs: [otlp:http://localhost:4318]`",
    "influxdb": "`outputs: [influxdb:http://localhost:8086]` writes to InfluxDB itself",
    "influxdb-v2": "`outputs: [{type: influxdb, url: ..., org: ..., bucket: ...}]` writes to InfluxDB itself",
    "otel": 'the type is "open-telemetry"',
    "opentelemetry": 'the type is "open-telemetry"',
}
