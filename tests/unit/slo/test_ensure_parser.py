"""Reading ensure: what counts, what is wrong with it and where."""

from __future__ import annotations

from typing import Any

import pytest

from loadkit.errors import CODES
from loadkit.flow.step import Where
from loadkit.slo.ensure import Condition
from loadkit.slo.ensure_parser import Reading, parse_ensure
from loadkit.slo.reported import KnownNames

KNOWN = KnownNames(endpoints=["/a b (c)", "/a"], scenarios=["log in"])


def test_ensure_wins_over_plugins_ensure() -> None:
    config = {"ensure": {"p95": 100}, "plugins": {"ensure": {"p95": 1, "p99": 200}}}

    ensure = parse_ensure(config)

    assert [(check.rule.text, check.where) for check in ensure.checks] == [
        ("http.response_time.p95 < 100", ("ensure", "p95"))
    ]
    assert [(note.code, note.where) for note in ensure.notes] == [("LK505", ("plugins", "ensure"))]


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


def test_only_the_first_metric_of_an_entry_counts_in_artillery() -> None:
    config = {"plugins": {"ensure": {"thresholds": [{"http.requests": 5, "vusers.failed": 1}]}}}
    ensure = parse_ensure(config)
    assert (len(ensure.checks), [note.code for note in ensure.notes]) == (2, ["LK506"])
    ensure = parse_ensure(config, reading=Reading(compat=True))
    assert (len(ensure.checks), ensure.notes) == (1, ())


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
