"""Artillery's ensure: what it accepts, what is wrong with it, and what it comes to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema
import numpy as np
import pytest

from loadkit.errors import CODES, Position
from loadkit.flow.step import Where
from loadkit.metrics.endpoints import Naming
from loadkit.metrics.histogram import Histogram
from loadkit.metrics.recorder import Recorder
from loadkit.metrics.sample import Sample
from loadkit.metrics.snapshot import Snapshot
from loadkit.slo.ensure import CONFIG, Condition, Reading, evaluate_ensure, parse_ensure
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


def test_ensure_wins_over_plugins_ensure() -> None:
    config = {"ensure": {"p95": 100}, "plugins": {"ensure": {"p95": 1, "p99": 200}}}

    ensure = parse_ensure(config)

    assert [(check.rule.text, check.where) for check in ensure.checks] == [
        ("http.response_time.p95 < 100", ("ensure", "p95"))
    ]
    assert [(note.code, note.where) for note in ensure.notes] == [("LK505", ("plugins", "ensure"))]


KNOWN = KnownNames(endpoints=["/a b (c)", "/a"], scenarios=["log in"])


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("plugins.metrics-by-endpoint.response_time./a b (c).p95 < 5 and http.requests > 1", 2),
        (
            "plugins.metrics-by-endpoint./a b (c).codes.200 == 3 or plugins.metrics-by-endpoint./a.errors.ETIMEDOUT > 1",
            2,
        ),
        ("vusers.created_by_name.log in == 2", 1),
        ("'vusers.created_by_name.log in' == 2", 1),
    ],
)
def test_names_of_metrics_may_hold_the_names_of_the_file(text: str, names: int) -> None:
    ensure = parse_ensure({"ensure": {"conditions": [{"expression": text}]}}, reading=Reading(known=KNOWN))
    assert ensure.faults == ()
    (check,) = ensure.checks
    assert isinstance(check.rule, Condition)
    assert len(check.rule.selectors) == names


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


def test_only_the_first_metric_of_an_entry_counts_in_artillery() -> None:
    config = {"plugins": {"ensure": {"thresholds": [{"http.requests": 5, "vusers.failed": 1}]}}}
    ensure = parse_ensure(config)
    assert (len(ensure.checks), [note.code for note in ensure.notes]) == (2, ["LK506"])
    ensure = parse_ensure(config, reading=Reading(compat=True))
    assert (len(ensure.checks), ensure.notes) == (1, ())


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


@pytest.mark.parametrize(
    ("spec", "code", "where", "hint"),
    [
        (
            {"thresholds": [{"http.respons_time.p95": 5}]},
            "LK302",
            ("ensure", "thresholds", 0, "http.respons_time.p95"),
            'did you mean "http.response_time.p95"?',
        ),
        (
            {"thresholds": [{"http.response_time.p101": 5}]},
            "LK303",
            ("ensure", "thresholds", 0, "http.response_time.p101"),
            "percentiles go from p0 to p100",
        ),
        (
            {"thresholds": [{"http.response_time.p95": "fast"}]},
            "LK301",
            ("ensure", "thresholds", 0, "http.response_time.p95"),
            "write a number (milliseconds for times)",
        ),
        ({"p95": "fast"}, "LK301", ("ensure", "p95"), "write a number (milliseconds for times)"),
        ({"maxErrorRate": -1}, "LK301", ("ensure", "maxErrorRate"), "write a number of percent, such as 1"),
        (
            {"conditions": [{"expression": "vusers.faild == 0"}]},
            "LK302",
            ("ensure", "conditions", 0, "expression"),
            'did you mean "vusers.failed"?',
        ),
        (
            {"conditions": [{"expression": "http.requests = 5"}]},
            "LK301",
            ("ensure", "conditions", 0, "expression"),
            "write ==",
        ),
    ],
)
def test_what_cannot_mean_anything_is_a_fault_at_its_place(
    spec: dict[str, Any], code: str, where: Where, hint: str
) -> None:
    ensure = parse_ensure({"ensure": spec})
    (fault,) = ensure.notes if code == "LK302" else ensure.faults

    assert (fault.code, fault.where, fault.hint) == (code, where, hint)
    assert fault.code in CODES


def test_all_faults_are_collected_and_the_rest_is_kept() -> None:
    text = "http.requests > 1 and nonsense.a > 1 and nonsense.b > 1"
    spec = {"conditions": [{"expression": text}, {"expression": "http.requests > 1"}], "p95": "x"}

    ensure = parse_ensure({"ensure": spec})

    assert [fault.code for fault in ensure.faults] == ["LK301"]
    assert [note.code for note in ensure.notes] == ["LK302", "LK302"]
    assert [text[note.offset :][:10] for note in ensure.notes] == ["nonsense.a", "nonsense.b"]
    assert [check.where[-1] for check in ensure.checks] == [0, 1]


@pytest.mark.parametrize(
    "spec",
    [
        {"thresholds": {"a": 1}},
        {"thresholds": ["a"]},
        {"thresholds": [{"http.requests": True}]},
        {"thresholds": [{"http.requests": [1]}]},
        {"conditions": "a"},
        {"conditions": ["a", {"strict": True}]},
        {"thresholds": None, "conditions": None, "p95": None},
        [],
        None,
    ],
)
def test_what_the_schema_refuses_is_passed_over(spec: Any) -> None:
    ensure = parse_ensure({"ensure": spec, "plugins": {"ensure": {}}})

    assert (ensure.checks, ensure.faults) == ((), ())


def _schemas(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield schema
    for below in schema.get("properties", {}).values():
        yield from _schemas(below)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from _schemas(schema[key])


@pytest.mark.parametrize("key", list(CONFIG))
def test_the_schema_is_valid_and_explains_every_key(key: str) -> None:
    jsonschema.Draft202012Validator.check_schema(CONFIG[key])
    for schema in _schemas(CONFIG[key]):
        assert schema["title"]
        assert schema["description"]
        for example in schema.get("examples", []):
            jsonschema.validate(example, schema)


@pytest.mark.parametrize(
    ("config", "fits"),
    [
        ({"ensure": {"thresholds": [{"http.response_time.p95": 250}]}}, True),
        ({"ensure": {"thresholds": [{}]}}, False),
        ({"ensure": {"conditions": [{"strict": False}]}}, False),
        ({"ensure": {"treshold": []}}, False),
    ],
)
def test_the_schema_knows_the_shape(config: dict[str, Any], fits: bool) -> None:
    schema = {"type": "object", "properties": CONFIG}

    assert jsonschema.Draft202012Validator(schema).is_valid(config) is fits
