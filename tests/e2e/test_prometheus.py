"""A real Prometheus scrapes a run while it goes on, and has the totals of the report when it is over."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.support.command import Result, finish, scenario, start, write_yaml
from tests.support.echo_server import echo_server
from tests.support.prometheus import Prometheus, prometheus
from tests.test_dashboards import FILES, queries


class Scraped(NamedTuple):
    server: Prometheus
    result: Result

    @property
    def report(self) -> dict[str, Any]:
        assert self.result.report is not None
        found: dict[str, Any] = self.result.report["loadkit"]
        return found


FLOW = [
    {"get": {"url": "/a", "name": 'a "quoted" \\ name', "expect": {"statusCode": 200}}},
    {"get": {"url": "/status/404", "name": "absent"}},
    {"get": {"url": "http://127.0.0.1:1/", "name": "nobody"}},
]


@pytest.fixture(scope="module")
def scraped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scraped]:
    place = tmp_path_factory.mktemp("prometheus")
    with prometheus(place) as server, echo_server() as target:
        data = scenario(
            target.url,
            [{"duration": 4, "arrivalRate": 10, "name": "steady"}],
            FLOW,
            outputs=[f"prometheus:{server.target_port}"],
            thresholds=["http.response_time.p95 < 173ms"],
            observe={"host": True},
            slos=[{"name": "fast", "target": "50%", "sli": {"latency": "77ms"}}],
        )
        data["scenarios"].append({"name": "short", "flow": FLOW[:1]})
        report = place / "report.json"
        process = start("run", write_yaml(place, data), "-o", report, "--name", "shop")
        result = finish(process, report)
        assert result.report is not None, result.err
        server.look_back("loadkit_run_active")
        yield Scraped(server, result)


def test_prometheus_has_the_totals_of_the_report(scraped: Scraped) -> None:
    requests = {one["name"]: one for one in scraped.report["requests"]}
    assert requests[str(FLOW[0]["get"]["name"])]["requests"] == 40, scraped.result.out
    for name, one in requests.items():
        told = scraped.server.values("sum by (name) (loadkit_requests_total)")
        assert [value for labels, value in told if labels["name"] == name] == [one["requests"]]
    for labels, value in scraped.server.values("sum by (name, status) (loadkit_responses_total)"):
        assert value == requests[labels["name"]]["codes"][labels["status"]], labels
    for labels, value in scraped.server.values("sum by (name, error) (loadkit_errors_total)"):
        assert value == requests[labels["name"]]["errors"][labels["error"]], labels
    assert scraped.server.value("sum(loadkit_requests_total)") == scraped.result.counters["http.requests"]
    assert scraped.server.value("sum(loadkit_errors_total)") == scraped.result.counters["errors.ECONNREFUSED"]
    assert scraped.server.value("sum(loadkit_vusers_created_total)") == scraped.result.counters["vusers.created"]
    assert scraped.server.value("loadkit_arrivals_due_total") == 40
    assert scraped.server.value("sum(loadkit_received_bytes_total)") == sum(
        one["downloaded_bytes"] for one in requests.values()
    )


def test_its_histograms_count_and_add_up_what_the_report_does(scraped: Scraped) -> None:
    times = scraped.result.summaries["http.response_time"]
    count = scraped.server.value("sum(loadkit_request_duration_seconds_count)")
    assert count == times["count"]
    total_s = scraped.server.value("sum(loadkit_request_duration_seconds_sum)")
    assert total_s / count == pytest.approx(times["mean"] / 1000, rel=1e-3)


def test_buckets_end_at_the_limits_of_thresholds_and_objectives(scraped: Scraped) -> None:
    bounds = {labels["le"] for labels, _ in scraped.server.values("loadkit_request_duration_seconds_bucket")}
    assert {"0.173", "0.077", "0.1", "+Inf"} <= bounds
    (slo,) = scraped.report["slos"]
    assert scraped.server.value('loadkit_slo_events_total{slo="fast",result="good"}') == slo["good"]


def test_every_value_says_of_which_run_it_is(scraped: Scraped) -> None:
    for labels, _ in scraped.server.values('{__name__=~"loadkit_.*"}'):
        assert labels["test"] == "shop"
        assert labels["run"]
    (info,) = (labels for labels, _ in scraped.server.values("loadkit_run_info"))
    assert info["workers"] == "1"


def test_the_last_scrape_says_that_the_run_is_over(scraped: Scraped) -> None:
    assert scraped.server.value("loadkit_run_active") == 0


NEVER = ("loadkit_calls", "dropped", "late_total")
"""What need not happen in this run: Python functions are not called, and no arrival is dropped, or late on a quiet machine."""


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_panel_of_the_dashboards_shows_something(path: Path, scraped: Scraped) -> None:
    for expr, _ in queries(path):
        asked = expr.replace("$__rate_interval", "1m").replace("$test", "shop")
        for variable in ("$run", "$name", "$slo"):
            asked = asked.replace(variable, ".*")
        found = scraped.server.values(asked)
        assert found or any(word in expr for word in NEVER), asked


def test_the_report_and_the_summary_say_what_was_exported(scraped: Scraped) -> None:
    (sent,) = scraped.report["exports"]
    assert (sent["kind"], sent["lost"], sent["error"]) == ("prometheus", 0, None)
    assert sent["to"] == f"http://127.0.0.1:{scraped.server.target_port}/metrics"
    assert sent["sent"] == len(scraped.report["timeline"]["rows"])
    assert f"prometheus to {sent['to']}: {sent['sent']} seconds sent" in scraped.result.out
    assert json.dumps(sent)
