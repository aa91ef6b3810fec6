"""Artillery's ensure: what it accepts, what is wrong with it, and what it comes to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from loadkit.errors import Position
from loadkit.flow.step import Where
from loadkit.metrics.endpoints import Naming
from loadkit.metrics.histogram import Histogram
from loadkit.metrics.recorder import Recorder
from loadkit.metrics.sample import Sample
from loadkit.metrics.snapshot import Snapshot
from loadkit.slo.ensure import evaluate_ensure
from loadkit.slo.ensure_parser import Reading, parse_ensure
from loadkit.slo.evaluate import Status, Verdict
from loadkit.slo.reported import KnownNames
from loadkit.slo.validity import Measurement, Validity

S = 1_000_000_000


def summary() -> Snapshot:
    times = Histogram()
    times.record(np.arange(1, 101) * 1_000_000)
    return Snapshot(
        counters={
            ("http.requests", "/a b"): 110,
            ("http.responses", "/a b"): 100,
            ("http.codes.200", "/a b"): 100,
            ("errors.ETIMEDOUT", "/a b"): 10,
            ("vusers.created", "buy"): 200,
            ("vusers.completed", "buy"): 198,
            ("vusers.failed", "buy"): 2,
        },
        histograms={("http.response_time", "/a b"): times},
    )


def judge(spec: dict[str, Any], run: Snapshot | None = None, measurement: Measurement | None = None) -> list[Verdict]:
    ensure = parse_ensure({"ensure": spec, "plugins": {"ensure": {}}})
    assert not ensure.faults
    return list(evaluate_ensure(ensure, run or summary(), 10.0, measurement or Measurement()))


@pytest.mark.parametrize(
    ("metric", "maximum", "status"),
    [
        ("http.response_time.p95", 100, Status.PASS),
        ("http.response_time.p95", 50, Status.FAIL),
        ("http.response_time.p95", "100", Status.PASS),
        ("http.response_time.max", 100, Status.FAIL),  # strictly below
        ("http.response_time.max", 100.1, Status.PASS),
        ("http.codes.200", 100, Status.FAIL),
        ("http.codes.200", 101, Status.PASS),
        ("http.codes.500", 1, Status.PASS),  # never occurred: 0
        ("http.request_rate", 12, Status.PASS),
        ("errors.ETIMEDOUT", 10, Status.FAIL),
        ("vusers.failed", 3, Status.PASS),
        ("vusers.created_by_name.buy", 201, Status.PASS),
        ("plugins.metrics-by-endpoint.response_time./a b.p99", 50, Status.FAIL),
        ("plugins.metrics-by-endpoint./a b.codes.200", 50, Status.FAIL),
        ("http.error_rate", 0.1, Status.PASS),
        ("vusers.session_length.p95", 10_000, Status.FAIL),  # no samples
    ],
)
def test_a_threshold_is_a_strict_maximum(metric: str, maximum: Any, status: Status) -> None:
    (verdict,) = judge({"thresholds": [{metric: maximum}]})

    assert (verdict.status, verdict.origin, verdict.strict) == (status, "ensure", True)
    assert verdict.objective_text == f"{metric} < {maximum}"


def test_every_metric_of_an_entry_counts() -> None:
    verdicts = judge({"thresholds": [{"http.response_time.p95": 100, "http.response_time.p99": 50}]})

    assert [verdict.status for verdict in verdicts] == [Status.PASS, Status.FAIL]


@pytest.mark.parametrize(
    ("expression", "status"),
    [
        ("http.response_time.p95 < 100 and http.request_rate > 10", Status.PASS),
        ("http.response_time.p95 < 100 and http.request_rate > 11", Status.FAIL),
        ("http.codes.500 == 0", Status.PASS),
        ("http.codes.500 / http.requests < 0.01", Status.PASS),
        ("(vusers.created - vusers.completed) / vusers.created * 100 <= 1", Status.PASS),
        ("'errors.ETIMEDOUT' > 5", Status.PASS),
        ("plugins.expect.failed == 0 and plugins.expect.failed.hasProperty == 0", Status.PASS),
        ("plugins.metrics-by-endpoint.response_time./c.p95 < 10 or vusers.created > 0", Status.PASS),
        ("'plugins.metrics-by-endpoint.response_time./a b.p95' < 100", Status.PASS),
        ("http.tls.p95 < 10", Status.FAIL),
        ("not (http.tls.p95 < 10)", Status.PASS),
        ("http.codes.500 / http.codes.404 < 1", Status.FAIL),
    ],
)
def test_a_condition_is_an_expression_over_all_metrics(expression: str, status: Status) -> None:
    (verdict,) = judge({"conditions": [{"expression": expression}]})

    assert (verdict.status, verdict.objective_text, verdict.origin) == (status, expression, "ensure")


def test_a_condition_shows_the_values_it_was_judged_by() -> None:
    (verdict,) = judge({"conditions": [{"expression": "http.response_time.max < 90 and http.request_rate > 1"}]})

    assert verdict.observed_text == "http.response_time.max = 100, http.request_rate = 11"
    assert (verdict.observed, verdict.samples) == (None, 100)


def test_a_condition_on_a_time_without_samples_says_so() -> None:
    (verdict,) = judge({"conditions": [{"expression": "http.tls.p95 < 10"}]})

    assert verdict.reason == "no samples: http.tls was never measured"
    assert verdict.observed_text == "http.tls.p95 = no samples"


def test_a_condition_that_is_not_strict_is_only_reported() -> None:
    (verdict,) = judge({"conditions": [{"expression": "http.requests > 1000", "strict": False}]})

    assert (verdict.status, verdict.strict) == (Status.FAIL, False)


@pytest.mark.parametrize(
    ("spec", "text", "status"),
    [
        ({"p95": 100}, "http.response_time.p95 < 100", Status.PASS),
        ({"p99": "50ms"}, "http.response_time.p99 < 50", Status.FAIL),
        ({"max": 100.9}, "http.response_time.max < 100", Status.FAIL),
        ({"median": 60}, "http.response_time.median < 60", Status.PASS),
        ({"min": 1}, "http.response_time.min < 1", Status.FAIL),
        ({"maxErrorRate": 1}, "maxErrorRate <= 1", Status.PASS),
        ({"maxErrorRate": "0.9"}, "maxErrorRate <= 0.9", Status.FAIL),
        ({"maxErrorRate": 0}, "maxErrorRate <= 0", Status.FAIL),
    ],
)
def test_the_old_keys_still_mean_what_they_meant(spec: dict[str, Any], text: str, status: Status) -> None:
    (verdict,) = judge(spec)

    assert (verdict.objective_text, verdict.status) == (text, status)


def test_no_virtual_users_have_no_error_rate() -> None:
    (verdict,) = judge({"maxErrorRate": 100}, Snapshot())

    assert (verdict.status, verdict.reason) == (Status.FAIL, "no samples: no virtual user ended")


def test_an_invalid_measurement_is_not_judged() -> None:
    spec = {"thresholds": [{"http.codes.500": 1}], "conditions": [{"expression": "http.requests > 1"}]}

    verdicts = judge(spec, measurement=Measurement(status=Validity.INVALID))

    assert [verdict.status for verdict in verdicts] == [Status.INVALID, Status.INVALID]
    assert verdicts[1].reason == "not judged: the measurement is invalid"


@pytest.mark.parametrize(
    ("config", "enabled"),
    [
        ({"ensure": {"p95": 1}}, False),
        ({"ensure": {"p95": 1}, "plugins": {"expect": {}}}, False),
        ({"ensure": {"p95": 1}, "plugins": None}, False),
        ({"ensure": {"p95": 1}, "plugins": {"ensure": {}}}, True),
        ({"ensure": {"p95": 1}, "plugins": {"ensure": None}}, True),
        ({"plugins": {"ensure": {"p95": 1}}}, True),
    ],
)
def test_it_counts_only_with_the_plugin(config: dict[str, Any], enabled: bool) -> None:
    ensure = parse_ensure(config)

    assert (ensure.enabled, len(ensure.checks)) == (enabled, 1)
    assert len(evaluate_ensure(ensure, summary(), 10.0, Measurement())) == enabled


KNOWN = KnownNames(endpoints=["/a b (c)", "/a"], scenarios=["log in"])


def recorded() -> tuple[Snapshot, Naming]:
    recorder = Recorder()
    recorder.series("named", "/a b (c)").rows.extend(Sample(0, 0, 0, 0, 0, 5_000_000, 200, 1, 1))
    recorder.count("vusers.created", "log in", by=2)
    recorder.count("plugins.expect.failed", "named", by=2)
    recorder.count("plugins.expect.failed.hasProperty", "named", by=2)
    recorder.count("apdex.satisfied", "named", by=4)
    return recorder.snapshot(0, S), Naming(endpoints=recorder.endpoint_names())


@pytest.mark.parametrize(
    ("text", "here", "there"),
    [
        ("plugins.metrics-by-endpoint.response_time./a b (c).p95 == 5", True, True),
        ("plugins.metrics-by-endpoint./a b (c).codes.200 == 1", True, True),
        ("plugins.metrics-by-endpoint./a b (c).codes.500 == 0", True, False),
        ("vusers.created_by_name.log in == 2", True, True),
        ("http.request_rate == 0.5", True, True),
        ("http.codes.500 == 0", True, False),
        ("http.response_time.p999 < 1000", True, False),
        ("plugins.expect.failed.hasProperty == 2", True, False),
        ("plugins.expect.failed == 2", True, True),
        ("apdex == 1", True, False),
        ("http.requests", True, True),
        ("vusers.created", False, False),
        ("core.vusers.created == 2", False, False),
    ],
)
def test_what_artillery_cannot_read_holds_here_and_not_there(text: str, here: bool, there: bool) -> None:
    seen, naming = recorded()
    config = {"plugins": {"ensure": {"conditions": [{"expression": text}]}}}
    for compat, holds in ((False, here), (True, there)):
        ensure = parse_ensure(config, reading=Reading(known=KNOWN, compat=compat))
        assert ensure.faults == ()
        assert not (compat and ensure.notes)
        assert bool(ensure.notes) >= (here != there and not compat)
        (verdict,) = evaluate_ensure(ensure, seen, 2.0, Measurement(), naming=naming)
        assert (verdict.status is Status.PASS) is holds


def test_every_check_carries_its_place() -> None:
    asked: list[Where] = []

    def at(where: Where) -> Position:
        asked.append(where)
        return Position("a.yaml", len(asked), 1)

    config = {
        "ensure": {
            "maxErrorRate": 1,
            "conditions": [{"expression": "http.requests > 1"}],
            "thresholds": [{"http.response_time.p95": 100}],
        },
        "plugins": {"ensure": {}},
    }
    verdicts = evaluate_ensure(parse_ensure(config, at), summary(), 10.0, Measurement())

    assert asked == [
        ("ensure", "thresholds", 0, "http.response_time.p95"),
        ("ensure", "conditions", 0, "expression"),
        ("ensure", "maxErrorRate"),
    ]
    assert [verdict.at and verdict.at.line for verdict in verdicts] == [1, 2, 3]
