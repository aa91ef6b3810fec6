"""The table of metrics and how names are read."""

from __future__ import annotations

import pytest

from loadkit.flow.bookkeeping import Recorded
from loadkit.metrics.sample import Outcome
from loadkit.slo.metric import METRICS, Kind, Scope, ThresholdFault, known_metrics, select


@pytest.mark.parametrize(
    ("text", "name", "aggregate", "percent"),
    [
        ("http.response_time.p95", "http.response_time", "percentile", 95),
        ("http.response_time.p99.5", "http.response_time", "percentile", 99.5),
        ("http.response_time.p999", "http.response_time", "percentile", 99.9),
        ("http.response_time.p9999", "http.response_time", "percentile", 99.99),
        ("http.response_time.p99999", "http.response_time", "percentile", 99.999),
        ("http.response_time.p99", "http.response_time", "percentile", 99),
        ("http.response_time.p100", "http.response_time", "percentile", 100),
        ("http.response_time.p0", "http.response_time", "percentile", 0),
        ("http.response_time.p5", "http.response_time", "percentile", 5),
        ("http.response_time.median", "http.response_time", "percentile", 50),
        ("http.response_time.mean", "http.response_time", "mean", None),
        ("http.response_time.min", "http.response_time", "min", None),
        ("http.response_time.max", "http.response_time", "max", None),
        ("http.response_time.5xx.p95", "http.response_time.5xx", "percentile", 95),
        ("http.service_time.p50", "http.service_time", "percentile", 50),
        ("http.failure_time.max", "http.failure_time", "max", None),
        ("http.first_byte.p75", "http.first_byte", "percentile", 75),
        ("http.dns.p90", "http.dns", "percentile", 90),
        ("http.tls.mean", "http.tls", "mean", None),
        ("vusers.session_length.p95", "vusers.session_length", "percentile", 95),
        ("generator.lag.p99", "generator.lag", "percentile", 99),
    ],
)
def test_times_are_read_with_their_aggregate(text: str, name: str, aggregate: str, percent: float | None) -> None:
    selector = select(text)

    assert (selector.name, selector.kind, selector.aggregate) == (name, Kind.TIME, aggregate)
    assert selector.percent == pytest.approx(percent)


@pytest.mark.parametrize(
    ("text", "kind", "scope"),
    [
        ("http.requests", Kind.COUNT, Scope.REQUEST),
        ("http.response_time.count", Kind.COUNT, Scope.REQUEST),
        ("http.codes.500", Kind.COUNT, Scope.REQUEST),
        ("http.codes.5xx", Kind.COUNT, Scope.REQUEST),
        ("http.downloaded_bytes", Kind.BYTES, Scope.REQUEST),
        ("http.error_rate", Kind.RATIO, Scope.REQUEST),
        ("http.request_rate", Kind.RATE, Scope.REQUEST),
        ("checks.pass_rate", Kind.RATIO, Scope.REQUEST),
        ("plugins.expect.failed", Kind.COUNT, Scope.REQUEST),
        ("plugins.expect.failed.statusCode", Kind.COUNT, Scope.REQUEST),
        ("errors.ECONNREFUSED", Kind.COUNT, Scope.REQUEST),
        ("errors.ETIMEDOUT_CONNECT", Kind.COUNT, Scope.REQUEST),
        ("errors.Failed capture or match", Kind.COUNT, Scope.REQUEST),
        ("errors.EPIPE", Kind.COUNT, Scope.REQUEST),
        ("vusers.failed", Kind.COUNT, Scope.SCENARIO),
        ("vusers.skipped", Kind.COUNT, Scope.RUN),
        ("arrivals.dropped", Kind.COUNT, Scope.RUN),
        ("arrivals.dropped.generator", Kind.COUNT, Scope.RUN),
    ],
)
def test_other_metrics_are_read_by_their_name_alone(text: str, kind: Kind, scope: Scope) -> None:
    selector = select(text)

    assert (selector.kind, selector.scope, selector.label) == (kind, scope, None)


@pytest.mark.parametrize(
    ("text", "name", "label"),
    [
        ("vusers.created_by_name.login and buy", "vusers.created", "login and buy"),
        ("plugins.metrics-by-endpoint.response_time./pets.p95", "http.response_time", "/pets"),
        ("plugins.metrics-by-endpoint.response_time./v1.0/pets.p99.5", "http.response_time", "/v1.0/pets"),
        ("plugins.metrics-by-endpoint./pets.codes.404", "http.codes.404", "/pets"),
        ("plugins.metrics-by-endpoint./pets.errors.ETIMEDOUT", "errors.ETIMEDOUT", "/pets"),
    ],
)
def test_artillerys_names_of_single_requests_become_labels(text: str, name: str, label: str) -> None:
    selector = select(text)

    assert (selector.name, selector.label) == (name, label)


@pytest.mark.parametrize(("text", "name"), [("http.tcp.p95", "http.connect"), ("http.total.max", "http.service_time")])
def test_artillerys_extended_metrics_are_known(text: str, name: str) -> None:
    selector = select(text)

    assert (selector.name, selector.label, selector.text) == (name, None, text)


@pytest.mark.parametrize(
    ("text", "code", "offset", "hint"),
    [
        ("http.responce_time.p95", "LK302", 0, 'did you mean "http.response_time.p95"?'),
        ("http.responce_time", "LK302", 0, 'did you mean "http.response_time.p95"?'),
        ("http.error_rat", "LK302", 0, 'did you mean "http.error_rate"?'),
        ("vuser.failed", "LK302", 0, 'did you mean "vusers.failed"?'),
        ("http.codes.5XX", "LK302", 0, 'did you mean "http.codes.5xx"?'),
        ("http_req_duration.p95", "LK302", 0, 'did you mean "http.response_time.p95"?'),
        ("p95", "LK302", 0, 'did you mean "http.response_time.p95"?'),
        ("zzz", "LK302", 0, ""),
        ("worker.cpu", "LK302", 0, 'did you mean "worker.cpu.max"?'),
        ("worker.cpu.p95", "LK302", 0, 'did you mean "worker.cpu.max"?'),
        ("http.response_time.avg", "LK302", 19, "write mean"),
        ("http.error_rate.p95", "LK302", 16, "write http.error_rate; only times have mean, min, max and percentiles"),
        ("errors.ECONNREFUSD", "LK302", 7, 'did you mean "errors.ECONNREFUSED"?'),
        ("errors.econnrefused", "LK302", 7, 'did you mean "errors.ECONNREFUSED"?'),
        ("http.response_time.p101", "LK303", 19, "percentiles go from p0 to p100"),
        ("http.response_time.p100.1", "LK303", 19, "percentiles go from p0 to p100"),
        ("http.response_time.p995", "LK303", 19, "write p99.5"),
    ],
)
def test_a_name_that_means_nothing_is_a_fault_with_a_hint(text: str, code: str, offset: int, hint: str) -> None:
    with pytest.raises(ThresholdFault) as caught:
        select(text)

    assert (caught.value.code, caught.value.offset, caught.value.hint) == (code, offset, hint)


def test_a_time_needs_an_aggregate() -> None:
    with pytest.raises(ThresholdFault, match="many times") as caught:
        select("http.response_time")

    assert caught.value.code == "LK301"
    assert "http.response_time.p95" in caught.value.hint


def test_every_known_metric_can_be_selected() -> None:
    for metric in METRICS:
        text = metric.name.replace("NNN", "404").replace("Nxx", "4xx").replace("NAME", "X").replace("TYPE", "equals")
        selector = select(f"{text}.p95" if metric.kind is Kind.TIME else text)
        assert (selector.name, selector.kind) == (text, metric.kind)


@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if outcome is not Outcome.OK])
def test_every_outcome_can_be_counted(outcome: Outcome) -> None:
    assert select(f"errors.{outcome.value}").name == f"errors.{outcome.value}"


def test_known_metrics_are_unique_and_described_in_a_line() -> None:
    assert len(set(known_metrics())) == len(METRICS)
    assert all(metric.description and "\n" not in metric.description for metric in METRICS)


OWN = Recorded(frozenset({"bought", "a.p95"}), frozenset({"seen"}), frozenset({"size"}), frozenset({"by."}))


@pytest.mark.parametrize(
    ("text", "name", "kind", "aggregate", "samples"),
    [
        ("bought", "bought", Kind.COUNT, "", ("bought",)),
        ("a.p95", "a.p95", Kind.COUNT, "", ("a.p95",)),
        ("seen", "seen", Kind.RATE, "", ("rates.seen",)),
        ("size.p99", "size", Kind.TIME, "percentile", ()),
        ("size.count", "size", Kind.COUNT, "count", ()),
        ("by.anything", "by.anything", Kind.COUNT, "", ("by.anything",)),
        ("by.anything.mean", "by.anything", Kind.TIME, "mean", ()),
        ("http.requests", "http.requests", Kind.COUNT, "", ("http.requests",)),
    ],
)
def test_metrics_of_the_processor_are_read_by_how_it_records_them(
    text: str, name: str, kind: Kind, aggregate: str, samples: tuple[str, ...]
) -> None:
    found = select(text, OWN)
    assert (found.name, found.kind, found.aggregate, found.samples) == (name, kind, aggregate, samples)


@pytest.mark.parametrize("text", ["sold", "bought.p95", "size", "seen.mean", "http.response_time.p95x"])
def test_what_the_processor_does_not_record_is_unknown(text: str) -> None:
    with pytest.raises(ThresholdFault):
        select(text, OWN)
