"""A run that is told to a real InfluxDB, Pushgateway and collectd, and to a receiver of OTLP: all have the report's totals."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pytest

from loadkit.outputs.statsd import part
from tests.support.collectd import Collectd, collectd
from tests.support.command import Result, finish, scenario, start, write_yaml
from tests.support.daemons import installed
from tests.support.echo_server import Echo, echo_server
from tests.support.influxdb import Influx, influxdb
from tests.support.otlp import Collector, attributes, collector
from tests.support.pushgateway import Gateway, pushgateway
from tests.support.receivers import Inbox, udp_receiver

HOSTILE = 'a "quoted", name=1 \\ \'; DROP DATABASE loadkit;-- é'
FLOW: list[Any] = [
    {"get": {"url": "/a", "name": HOSTILE, "expect": {"statusCode": 200}}},
    {"log": "looked at {{ $env.OTLP_KEY }}"},
    {"get": {"url": "/status/404"}},
    {"get": {"url": "http://127.0.0.1:1/", "name": "nobody"}},
]


class Pushed(NamedTuple):
    influx: Influx
    otlp: Collector
    agent: Inbox
    gateway: Gateway | None
    statsd: Collectd | None
    target: Echo
    result: Result

    @property
    def report(self) -> dict[str, Any]:
        assert self.result.report is not None
        found: dict[str, Any] = self.result.report["loadkit"]
        return found


T = TypeVar("T")


def begun(
    stack: ExitStack, place: Path, name: str, server: Callable[[str, Path], AbstractContextManager[T]]
) -> T | None:
    """A server in a directory of its own; None where its program is not installed."""
    program = installed(name)
    if program is None:
        return None
    (place / name).mkdir()
    return stack.enter_context(server(program, place / name))


@pytest.fixture(scope="module")
def pushed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pushed]:
    place: Path = tmp_path_factory.mktemp("pushed")
    with (
        influxdb() as database, collector() as receiver, udp_receiver() as agent, echo_server() as target, ExitStack() as stack
    ):  # fmt: skip
        gateway = begun(stack, place, "prometheus-pushgateway", pushgateway)
        statsd = begun(stack, place, "collectd", collectd)
        outputs = [
            f"influxdb:{database.url}?db=load",
            {
                "type": "otlp",
                "url": "{{ $env.OTLP_URL }}",
                "headers": {"api-key": "{{ $env.OTLP_KEY }}"},
                "traces": {"sample": 0.5},
                "tags": {"team": "checkout"},
            },
            *([{"type": "pushgateway", "url": gateway.url, "job": "a/b", "every": "1s"}] if gateway else []),
            *([f"statsd:127.0.0.1:{statsd.port}"] if statsd else []),
        ]
        phases = [{"duration": 3, "arrivalRate": 20, "name": "steady"}]
        reporter = {
            "type": "influxdb-statsd",
            "port": agent.port,
            "tags": ["id:{{ $testId }}"],
            "includeOnly": ["http.", "vus"],
        }
        plugins: dict[str, Any] = {"expect": {}, "publish-metrics": [reporter]}
        data = scenario(target.url, phases, FLOW, outputs=outputs, plugins=plugins)
        report = place / "report.json"
        environment = {"OTLP_URL": receiver.url, "OTLP_KEY": "k3y-of-ours"}
        process = start(
            "run",
            write_yaml(place, data),
            "-o",
            report,
            "--name",
            "shop",
            "--workers",
            "2",
            "--seed",
            "7",
            "--log-format",
            "json",
            environment=environment,
        )
        result = finish(process, report)
        yield Pushed(database, receiver, agent, gateway, statsd, target, result)


# InfluxDB


def test_influxdb_has_the_totals_of_the_report(pushed: Pushed) -> None:
    def total(field: str, measurement: str) -> Any:
        return pushed.influx.value(f"SELECT sum({field}) FROM {measurement}", "load")

    counters = pushed.result.counters
    assert counters["http.requests"] == 180, pushed.result.out
    assert total("count", "loadkit_requests") == counters["http.requests"]
    assert total("count", "loadkit_responses") == counters["http.responses"]
    assert total("count", "loadkit_errors") == counters["errors.ECONNREFUSED"]
    assert total("count", "loadkit_vusers_created") == counters["vusers.created"]
    assert total("count", "loadkit_checks") == counters["checks.ok"]
    times = pushed.result.summaries["http.response_time"]
    assert total("count", "loadkit_request_duration_seconds") == times["count"]
    assert total("sum", "loadkit_request_duration_seconds") * 1000 / times["count"] == pytest.approx(
        times["mean"], rel=1e-3
    )


def test_influxdb_has_each_name_as_it_is(pushed: Pushed) -> None:
    series = pushed.influx.ask('SELECT sum("count") FROM loadkit_requests GROUP BY "name", test, scenario', "load")
    found = {one["tags"]["name"]: one["values"][0][1] for one in series}
    told = {one["name"].replace("\\ ", "/ "): one["requests"] for one in pushed.report["requests"]}
    assert found == told, "a backslash that would take the next character with it is a slash"
    assert {(one["tags"]["test"], one["tags"]["scenario"]) for one in series} == {("shop", "it")}


def test_the_points_of_influxdb_stand_at_the_seconds_of_the_run(pushed: Pushed) -> None:
    (series,) = pushed.influx.ask(
        "SELECT sum(count) FROM loadkit_arrivals_due GROUP BY time(1s) fill(none)", "load", epoch="ns"
    )
    assert sum(value for _, value in series["values"]) == 60
    (points,) = pushed.influx.ask("SELECT count FROM loadkit_arrivals_due", "load", epoch="ns")
    times = [at for at, _ in points["values"]]
    assert all(at % 10**6 for at in times), "nanoseconds, not whole ones of something else"
    assert 0.5e9 < times[1] - times[0] < 1.5e9


# OTLP


def test_otlp_has_the_totals_of_the_report(pushed: Pushed) -> None:
    otlp, counters = pushed.otlp, pushed.result.counters
    assert sum(point.as_int for point in otlp.points("loadkit.requests")) == counters["http.requests"]
    assert sum(point.as_int for point in otlp.points("loadkit.errors")) == counters["errors.ECONNREFUSED"]
    assert sum(point.as_int for point in otlp.points("loadkit.vusers_created")) == counters["vusers.created"]
    by_name = {attributes(point)["name"]: point.as_int for point in otlp.points("loadkit.requests")}
    assert by_name == {one["name"]: one["requests"] for one in pushed.report["requests"]}
    times, points = pushed.result.summaries["http.response_time"], otlp.points("loadkit.request_duration")
    assert sum(point.count for point in points) == times["count"]
    assert sum(point.sum for point in points) * 1000 / times["count"] == pytest.approx(times["mean"], rel=1e-3)
    for point in points:
        assert sum(point.bucket_counts) == point.count
        assert len(point.bucket_counts) == len(point.explicit_bounds) + 1


def test_metrics_of_otlp_are_cumulative_since_the_start(pushed: Pushed) -> None:
    counts = [
        sum(point.as_int for point in pushed.otlp.points("loadkit.requests", at))
        for at in range(len(pushed.otlp.metrics))
    ]
    assert len(counts) >= 3
    assert counts == sorted(counts)
    starts = {
        point.start_time_unix_nano for at in range(len(counts)) for point in pushed.otlp.points("loadkit.requests", at)
    }
    assert len(starts) == 1


def test_otlp_is_told_who_tells(pushed: Pushed) -> None:
    found = pushed.otlp.resource
    assert (found["service.name"], found["loadkit.test"], found["team"]) == ("loadkit", "shop", "checkout")
    (run,) = {
        one["tags"]["run"]
        for one in pushed.influx.ask('SELECT sum("count") FROM loadkit_requests GROUP BY run', "load")
    }
    assert found["loadkit.run"] == found["service.instance.id"] == run
    assert {headers["api-key"] for headers in pushed.otlp.headers} == {"k3y-of-ours"}
    assert "k3y-of-ours" not in json.dumps(pushed.result.report) + pushed.result.out + pushed.result.err


def test_the_spans_of_a_trace_are_those_that_the_target_saw(pushed: Pushed) -> None:
    seen: dict[str, set[str]] = {}
    for trace_id, span_id, flags in (trace.split("-")[1:] for trace in pushed.target.traces):
        if flags == "01":
            seen.setdefault(trace_id, set()).add(span_id)
    roots = {span.trace_id.hex(): span for span in pushed.otlp.spans if not span.parent_span_id}
    assert roots.keys() == seen.keys()
    assert 10 <= len(roots) <= 50
    for trace_id, root in roots.items():
        requests = [span for span in pushed.otlp.spans if span.parent_span_id and span.trace_id.hex() == trace_id]
        answered = [span for span in requests if "http.response.status_code" in attributes(span)]
        assert {span.span_id.hex() for span in answered} == seen[trace_id]
        assert {span.parent_span_id for span in requests} == {root.span_id}
        assert [span.name for span in sorted(requests, key=lambda span: span.start_time_unix_nano)] == [
            HOSTILE, "/status/404", "nobody",
        ]  # fmt: skip
        (refused,) = (span for span in requests if span.name == "nobody")
        assert (attributes(refused)["error.type"], refused.status.code) == ("ECONNREFUSED", 2)
        for span in requests:
            assert (
                root.start_time_unix_nano
                <= span.start_time_unix_nano
                <= span.end_time_unix_nano
                <= root.end_time_unix_nano
            )


# Pushgateway


def test_a_real_pushgateway_has_the_totals_of_the_report(pushed: Pushed) -> None:
    gateway, counters = pushed.gateway, pushed.result.counters
    if gateway is None:
        pytest.skip("needs prometheus-pushgateway: apt-get install prometheus-pushgateway")
    assert {one.labels["name"]: one.value for one in gateway.samples("loadkit_requests_total")} == {
        one["name"]: one["requests"] for one in pushed.report["requests"]
    }
    assert gateway.total("loadkit_errors_total", error="ECONNREFUSED") == counters["errors.ECONNREFUSED"]
    assert gateway.total("loadkit_responses_total", status="200") == counters["http.codes.200"]
    assert gateway.total("loadkit_vusers_created_total") == counters["vusers.created"]
    times = pushed.result.summaries["http.response_time"]
    assert gateway.total("loadkit_request_duration_seconds_count") == times["count"]
    assert gateway.total("loadkit_request_duration_seconds_bucket", le="+Inf") == times["count"]
    assert gateway.total("loadkit_request_duration_seconds_sum") * 1000 / times["count"] == pytest.approx(
        times["mean"], rel=1e-3
    )


def test_a_real_pushgateway_keeps_one_group_of_the_run_which_is_over(pushed: Pushed) -> None:
    if pushed.gateway is None:
        pytest.skip("needs prometheus-pushgateway: apt-get install prometheus-pushgateway")
    (active,) = pushed.gateway.samples("loadkit_run_active")
    assert active.value == 0
    group = {"job": "a/b", "run": pushed.otlp.resource["loadkit.run"], "instance": ""}
    assert active.labels == {**group, "test": "shop"}
    (pushes,) = pushed.gateway.samples("push_time_seconds")
    assert pushes.labels == group


# StatsD


def test_a_real_server_of_statsd_has_the_totals_of_the_report(pushed: Pushed) -> None:
    statsd, counters = pushed.statsd, pushed.result.counters
    if statsd is None:
        pytest.skip("needs collectd: apt-get install collectd-core")
    requests = {f"loadkit.requests.{part(one['name'])}.it": one["requests"] for one in pushed.report["requests"]}
    statsd.wait_for(
        {
            **requests,
            "loadkit.responses.status_404.it.200": requests["loadkit.requests.status_404.it"],
            "loadkit.errors.nobody.it.ECONNREFUSED": counters["errors.ECONNREFUSED"],
            "loadkit.vusers_failed.it": counters["vusers.failed"],
            "loadkit.request_duration_ms.status_404.it.count": requests["loadkit.requests.status_404.it"],
        }
    )
    assert {name for name in statsd.counters() if name.startswith("loadkit.requests.")} == requests.keys()
    times = [name for name in statsd.gauges() if name.startswith("loadkit.request_duration_ms.status_404.it.")]
    assert {name.rpartition(".")[2] for name in times} == {"p50", "p95", "p99", "mean", "max"}


# What is said of it


def test_the_report_says_what_was_sent(pushed: Pushed) -> None:
    assert [(one["kind"], one["to"], one["lost"], one["error"]) for one in pushed.report["exports"]] == [
        ("influxdb", f"{pushed.influx.url} database load", 0, None),
        ("otlp", pushed.otlp.url, 0, None),
        *([("pushgateway", pushed.gateway.url, 0, None)] if pushed.gateway else []),
        *([("statsd", f"127.0.0.1:{pushed.statsd.port}", 0, None)] if pushed.statsd else []),
        ("dogstatsd", f"127.0.0.1:{pushed.agent.port}", 0, None),
    ]


# Artillery's publish-metrics


def test_a_reporter_of_artillery_is_told_what_it_asks_for(pushed: Pushed) -> None:
    lines = [line for packet in pushed.agent.got for line in packet.decode().splitlines()]
    made = [line for line in lines if line.startswith("loadkit.requests:")]
    counted = sum(int(line.split(":", 1)[1].split("|")[0]) for line in made)
    assert counted == pushed.result.counters["http.requests"]
    test_id = f"id:{pushed.report['seed']:08x}"
    assert all(test_id in line for line in lines)
    assert {line.split(":")[0].split(".")[1] for line in lines} >= {"requests", "responses", "vusers_created"}
    assert not [line for line in lines if line.startswith(("loadkit.errors", "loadkit.arrivals", "loadkit.worker"))]


# JSON logs


def test_each_line_on_standard_error_is_json_of_the_run(pushed: Pushed) -> None:
    lines = [json.loads(line) for line in pushed.result.err.splitlines()]
    events = [line["event"] for line in lines if "event" in line]
    assert (events[0], events[-1], events.count("log")) == ("started", "finished", 60)
    assert {line["run"] for line in lines if "event" in line} == {pushed.otlp.resource["loadkit.run"]}
    assert [line["level"] for line in lines if "event" not in line] == ["warning"], "of publish-metrics, before the run"
    assert lines[-1]["exit_code"] == pushed.result.code


def test_a_line_about_a_request_names_its_span(pushed: Pushed) -> None:
    lines = [json.loads(line) for line in pushed.result.err.splitlines()]
    spans = {(span.trace_id.hex(), span.span_id.hex()): span.name for span in pushed.otlp.spans}
    logged = [spans.get((line["trace_id"], line["span_id"])) for line in lines if line.get("event") == "log"]
    assert set(logged) == {HOSTILE, None}, "None: of a visit that is not traced, whose ids the target saw all the same"
    assert logged.count(HOSTILE) == sum(not span.parent_span_id for span in pushed.otlp.spans)
    refused = [line for line in lines if line.get("error") == "ECONNREFUSED"]
    assert 5 <= len(refused) <= 10, "five of each worker, unless both had theirs in one second"
    told = {line["trace_id"] for line in refused}
    assert all(len(trace) == 32 and trace.startswith("a9") for trace in told)
    assert told & {trace for trace, _ in spans}, "of those some are traced, with this seed"
