"""Artillery's `publish-metrics`: which outputs stand for its reporters. What is missing is in lk505-publish-metrics.yaml."""

import json
from pathlib import Path
from typing import Any

import pytest

from loadkit.flow.tracer import traced_share
from loadkit.outputs.posting import read_endpoint
from loadkit.scenario.compile import compile_plan
from loadkit.scenario.plan import Plan
from loadkit.scenario.published import Missing, Published, published
from loadkit.scenario.settings import Settings
from loadkit.scenario.source import read_document


def outputs_of(*reporters: Any) -> list[dict[str, Any]]:
    found = published({"plugins": {"publish-metrics": list(reporters)}})
    assert all(isinstance(one, Published) for one in found), found
    return [one.output for one in found if isinstance(one, Published)]


def plan_of(*reporters: Any, **config: Any) -> Plan:
    data = {
        "config": {
            "target": "http://localhost:1",
            "seed": 7,
            "plugins": {"publish-metrics": list(reporters)},
            **config,
        },
        "scenarios": [{"flow": [{"get": {"url": "/"}}]}],
    }
    return compile_plan(read_document(Path("shop.yaml"), json.dumps(data)), Settings())


@pytest.mark.parametrize(
    ("reporter", "output"),
    [
        ({"type": "statsd"}, {"type": "statsd", "to": "127.0.0.1:8125"}),
        (
            {"type": "statsd", "host": "h", "port": 1, "prefix": "load.", "tags": ["env:ci", "url:http://x"]},
            {"type": "dogstatsd", "to": "h:1", "prefix": "load.", "tags": {"env": "ci", "url": "http://x"}},
        ),
        ({"type": "influxdb-statsd", "port": 8126}, {"type": "dogstatsd", "to": "127.0.0.1:8126"}),
        ({"type": "influxdb-statsd", "host": "::1"}, {"type": "dogstatsd", "to": "[::1]:8125"}),
        (
            {"type": "datadog", "tags": ["testId:{{ $testId }}"], "includeOnly": ["http.", "vusers"]},
            {
                "type": "dogstatsd",
                "to": "127.0.0.1:8125",
                "tags": {"testId": "{{ $testId }}"},
                "includeOnly": ["http.", "vusers"],
            },
        ),
        (
            {"type": "prometheus", "pushgateway": "http://g:9091", "tags": ["a:b"], "excluded": ["errors."]},
            {"type": "pushgateway", "url": "http://g:9091", "tags": {"a": "b"}, "excluded": ["errors."]},
        ),
        (
            {"type": "prometheus", "pushgateway": "http://g:9091", "prefix": "shop"},
            {"type": "pushgateway", "url": "http://g:9091", "prefix": "shop_"},
        ),
        (
            {"type": "prometheus", "pushgateway": "http://g:9091", "tags": ["job:shop", "a:b"]},
            {"type": "pushgateway", "url": "http://g:9091", "job": "shop", "tags": {"a": "b"}},
        ),
        (
            {"type": "newrelic", "licenseKey": "k", "region": "eu", "attributes": ["a:b"], "prefix": "load."},
            {
                "type": "otlp",
                "url": "https://otlp.eu01.nr-data.net/v1/metrics",
                "temporality": "delta",
                "headers": {"api-key": "k"},
                "prefix": "load.",
                "tags": {"a": "b"},
            },
        ),
        (
            {"type": "dynatrace", "envUrl": "https://x.live.dynatrace.com/", "apiToken": "t"},
            {
                "type": "otlp",
                "url": "https://x.live.dynatrace.com/api/v2/otlp/v1/metrics",
                "temporality": "delta",
                "headers": {"Authorization": "Api-Token t"},
            },
        ),
        (
            {"type": "honeycomb", "writeKey": "k", "dataset": "load", "sampleRate": 0.1},
            {
                "type": "otlp",
                "url": "https://api.honeycomb.io/v1/traces",
                "temporality": "delta",
                "headers": {"x-honeycomb-team": "k"},
                "service": "load",
                "traces": {"sample": 0.1},
            },
        ),
    ],
)
def test_a_reporter_is_an_output(reporter: dict[str, Any], output: dict[str, Any]) -> None:
    assert outputs_of(reporter) == [output]


def test_open_telemetry_has_an_output_for_each_signal() -> None:
    metrics, traces = outputs_of(
        {
            "type": "open-telemetry",
            "serviceName": "shop",
            "metrics": {"endpoint": "http://c:4318/v1/metrics", "headers": {"k": "v"}, "exclude": ["http.codes"]},
            "traces": {"exporter": "otlp-proto", "sampleRate": 0.25, "attributes": {"env": "ci"}},
        }
    )
    assert metrics == {
        "type": "otlp",
        "url": "http://c:4318/v1/metrics",
        "temporality": "delta",
        "headers": {"k": "v"},
        "service": "shop",
        "excluded": ["http.codes"],
    }
    assert (traces["url"], traces["traces"], traces["tags"]) == (
        "http://localhost:4318/v1/traces",
        {"sample": 0.25},
        {"env": "ci"},
    )


@pytest.mark.parametrize("given", [None, {}, True, [], [None], [{"type": "statsd", "enabled": False}]])
def test_nothing_is_told_where_no_reporter_is_on(given: Any) -> None:
    assert published({"plugins": {"publish-metrics": given}}) == []
    assert published({"plugins": []}) == published({}) == []


def test_traces_alone_are_asked_for_where_only_they_are_wanted() -> None:
    (only,) = outputs_of({"type": "newrelic", "licenseKey": "k", "sendOnlyTraces": True, "traces": {"sampleRate": 0.5}})
    assert only["url"].endswith("/v1/traces")


def test_every_output_is_one_that_there_is() -> None:
    """Compiling makes each, and so finds options that mean nothing."""
    plan = plan_of(
        {"type": "statsd", "tags": ["id:{{ $testId }}"]},
        {"type": "prometheus", "pushgateway": "http://g:9091", "tags": ["job:shop"]},
        {"type": "open-telemetry", "metrics": {}, "traces": {"sampleRate": 0.5}},
        outputs=["prometheus:127.0.0.1:9464"],
    )
    assert [export.kind for export in plan.exports] == ["prometheus", "dogstatsd", "pushgateway", "otlp", "otlp"]
    assert [export.at.column for export in plan.exports if export.at]
    assert plan.exports[1].options["tags"] == {"id": "00000007"}
    assert traced_share(plan.config) == 0.5
    assert read_endpoint(str(plan.exports[-1].options["url"]), key="url", example="").url.port == 4318


def test_what_is_missing_is_told_beside_what_is_there() -> None:
    found = published({"plugins": {"publish-metrics": [{"type": "datadog", "event": {"title": "x"}}]}})
    assert [type(one).__name__ for one in found] == ["tuple", "Published"]
    assert [one[1].key for one in found if not isinstance(one, Published) and isinstance(one[1], Missing)] == ["event"]
