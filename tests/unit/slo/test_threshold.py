"""`config.thresholds` as texts and as mappings, and what is said about wrong ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jsonschema
import pytest

from loadkit.errors import CODES, Position, Severity
from loadkit.flow.step import Where
from loadkit.slo.expression import Confidence, Fault, Objective
from loadkit.slo.keys import CONFIG
from loadkit.slo.selection import Selection
from loadkit.slo.threshold import Names, parse_thresholds
from loadkit.slo.window import Logic, Window

SCHEMA: dict[str, Any] = CONFIG["thresholds"]


def read(entry: Any, names: Names | None = None) -> tuple[tuple[Objective, ...], tuple[Fault, ...]]:
    made = parse_thresholds([entry], names)
    return made.objectives, made.faults


def objective(entry: Any) -> Objective:
    jsonschema.validate([entry], SCHEMA)
    (made,), faults = read(entry)
    assert not faults
    return made


def test_a_mapping_with_an_expression_alone_is_its_text() -> None:
    text = "http.response_time.p95 < 500ms of /x"

    assert objective({"expr": text}) == objective(text)


def test_every_key_is_read() -> None:
    made = objective(
        {
            "expr": "http.error_rate < 1%",
            "scope": 'of "GET /" in phase "peak"',
            "over": "1m",
            "after": 30,
            "abort": True,
            "severity": "error",
            "min_samples": 100,
            "name": "peak holds",
            "tags": {"team": "checkout"},
        }
    )

    assert (made.label, made.selection) == ("GET /", Selection(phase="peak"))
    assert (made.window, made.after_s, made.abort) == (Window(Logic.OVER, 60), 30, True)
    assert (made.severity, made.min_samples, made.confidence) == (Severity.ERROR, 100, Confidence.POINT)
    assert (made.name, made.tags) == ("peak holds", {"team": "checkout"})


@pytest.mark.parametrize("logic", list(Logic))
def test_a_window_is_a_number_of_seconds(logic: Logic) -> None:
    assert objective({"expr": "http.requests > 1", logic.value: "10s"}).window == Window(logic, 10)
    assert objective({"expr": "http.requests > 1", logic.value: 10}).window == Window(logic, 10)


def test_the_rest_of_the_keys_has_defaults() -> None:
    made = objective({"expr": "http.requests > 1", "severity": "warning", "confidence": "strict", "scope": "each"})

    assert (made.severity, made.confidence, made.selection.each) == (Severity.WARNING, Confidence.STRICT, True)
    assert (made.window, made.after_s, made.abort, made.watched) == (None, 0, False, False)


@pytest.mark.parametrize(
    ("keys", "code", "key", "says"),
    [
        ({"expr": "http.requests"}, "LK301", "expr", "no < <= >"),
        ({"expr": "http.request > 1"}, "LK302", "expr", "no metric"),
        ({"scope": "somewhere"}, "LK301", "scope", "is no scope"),
        ({"expr": "http.requests > 1 of /x", "scope": "of /y"}, "LK301", "scope", "`of` twice"),
        ({"expr": "http.requests > 1 each", "scope": "of /y"}, "LK301", "scope", "one of them"),
        ({"expr": "arrivals.due > 1", "scope": "scenario buy"}, "LK301", "scope", "the whole run"),
        ({"for": "10s", "over": "10s"}, "LK305", "over", "`for` and `over` are two windows"),
        ({"over": "1s", "within": "1s"}, "LK305", "within", "two windows"),
        ({"for": 0}, "LK305", "for", "whole seconds, one or more"),
        ({"over": "1500ms"}, "LK305", "over", "whole seconds"),
        ({"after": "0.5s"}, "LK305", "after", "whole seconds"),
        ({"within": "soon"}, "LK211", "within", "not a duration"),
        ({"abort": True, "severity": "warning"}, "LK305", "abort", "a warning fails no run"),
        ({"abort": True}, "LK305", "abort", "grows until the end"),
        ({"confidence": "strict", "for": 5}, "LK305", "confidence", "the whole run only"),
    ],
)
def test_what_cannot_be_meant_is_a_fault_at_its_key(keys: Mapping[str, Any], code: str, key: str, says: str) -> None:
    _, faults = read({"expr": "http.requests > 1", **keys})

    assert [(fault.code, fault.where) for fault in faults] == [(code, ("thresholds", 0, key))]
    assert says in faults[0].message
    assert code in CODES


def test_every_fault_of_an_entry_is_told() -> None:
    _, faults = read({"expr": "http.requests", "for": "soon", "after": "0.5s"})

    assert [fault.code for fault in faults] == ["LK301", "LK211", "LK305"]


@pytest.mark.parametrize("expr", ["http.requests < 9", "http.codes.500 <= 9", "http.codes.5xx == 0"])
def test_a_count_that_fails_for_good_may_stop_a_run(expr: str) -> None:
    assert objective({"expr": expr, "abort": True}).abort


NAMES = Names(requests={"/pets", "/"}, scenarios=["buy"], phases=["warm", "peak"], warmups=["warm"])


@pytest.mark.parametrize(
    ("entry", "code", "where", "says", "hint"),
    [
        ('http.requests > 1 of "/pet"', "LK304", (), 'no request named "/pet"', 'did you mean "/pets"?'),
        ('vusers.failed == 0 of "/pets"', "LK304", (), 'no scenario named "/pets"', "there are: buy"),
        ({"scope": 'of "/pet"'}, "LK304", ("scope",), "no request", 'did you mean "/pets"?'),
        ({"scope": "phase peek"}, "LK304", ("scope",), 'no phase named "peek"', 'did you mean "peak"?'),
        ({"scope": "scenario bye"}, "LK304", ("scope",), "no scenario named", 'did you mean "buy"?'),
        ({"expr": "http.requests > 1 in phase peek"}, "LK304", ("expr",), "no phase", 'did you mean "peak"?'),
        ({"scope": "phase warm"}, "LK305", ("scope",), "is a warm-up", "name another phase"),
    ],
)
def test_names_that_the_plan_does_not_have_are_faults(
    entry: Any, code: str, where: tuple[str, ...], says: str, hint: str
) -> None:
    text = entry if isinstance(entry, str) else {"expr": "http.requests > 1", **entry}
    _, (fault,) = read(text, NAMES)

    assert (fault.code, fault.where, fault.hint) == (code, ("thresholds", 0, *where), hint)
    assert says in fault.message
    written = text if isinstance(text, str) else text[str(where[0])]
    assert written[fault.offset :].strip("\"'") in fault.message


def test_known_names_are_no_faults() -> None:
    for text in ("http.requests > 1", "http.requests > 1 of /pets in phase peak", "vusers.failed < 1 of buy"):
        assert not read(text, NAMES)[1]


def test_an_objective_stands_where_its_text_stands() -> None:
    def at(where: Where) -> Position:
        return Position("a.yaml", 1 + int(where[1]), len(where))

    made = parse_thresholds(["http.requests > 1", {"expr": "http.requests > 1"}], at=at)

    assert [one.at for one in made.objectives] == [Position("a.yaml", 1, 2), Position("a.yaml", 2, 3)]


@pytest.mark.parametrize("entry", [7, None, [], {}, {"expr": 7}, {"expr": None, "for": []}])
def test_what_the_schema_refuses_is_passed_over(entry: Any) -> None:
    assert read(entry) == ((), ())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate([entry], SCHEMA)


def test_the_schema_is_valid_and_its_examples_parse() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    for example in SCHEMA["examples"]:
        jsonschema.validate(example, SCHEMA)
        assert not parse_thresholds(example).faults
    for entry in SCHEMA["items"]["examples"]:
        objective(entry)
    for key, schema in SCHEMA["items"]["properties"].items():
        for value in schema["examples"]:
            objective({"expr": "http.error_rate < 1%", key: value} if key != "expr" else {"expr": value})
