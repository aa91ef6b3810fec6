"""What is said of an A/B session."""

from typing import Any

import jsonschema
import pytest
from junitparser import JUnitXml

from loadkit.analysis.ab import Block, Numbers, Pair, Question, decide
from loadkit.outputs.ab import answer_lines, headline, load_text, pair_line
from loadkit.outputs.ab_junit import ab_junit
from loadkit.outputs.ab_report import ab_report, ab_schema
from loadkit.scenario.trial import Load

NOISE = (0.99, 1.0, 1.01, 1.0, 0.995, 1.005)


def block(scale: float, failed: int = 0, **changes: object) -> Block:
    times = {"p50": 5e6 * scale, "p95": 1e7 * scale, "p99": 2e7 * scale}
    return Block(series={"": Numbers(times_ns=times, requests=100, failed=failed)}, **changes)


def pairs(scale: float, count: int = 6, **b: object) -> list[Pair]:
    return [Pair(a=block(1), b=block(scale * noise, **b)) for noise in NOISE[:count]]


def text(made: list[Pair], question: Question | None = None) -> list[str]:
    return [*answer_lines(decide(made, question or Question()), end="the difference is known", spent="1m2s")]


def test_the_answer_comes_first_with_its_severity_and_interval() -> None:
    said = text(pairs(1.3))
    assert said[0].startswith("B is SLOWER (major): p95 10ms -> 13ms, +30% (95% CI +2")
    assert said[1] == "  6 pairs, 1m2s: the difference is known"
    assert said[2].startswith("  could find a difference of 1.")
    assert any("p95 of all" in line and line.endswith("<- asked") for line in said)
    assert sum("p50 of all" in line or "p99 of all" in line for line in said) == 2


@pytest.mark.parametrize(
    ("made", "start"),
    [
        (pairs(0.5), "B is faster: p95 10ms -> 5ms, -50% (95% CI "),
        (
            pairs(1.0),
            "no difference of 10% or more: p95 10ms -> 10ms, 0% (95% CI -1.4% .. +1.4%); a difference of 10% ",
        ),
        (pairs(1.3, 3), "UNDECIDED: p95 10ms -> 13ms, +30% (no interval yet); "),
        (pairs(1.0, failed=20), "B has MORE ERRORS (critical): B fails 20 points more often than A"),
        ([Pair(a=pair.b, b=pair.a) for pair in pairs(1.0, failed=20)], "B has fewer errors: A fails 20 points more"),
        ([], "UNDECIDED: no pair was measured"),
    ],
)
def test_each_answer_is_told_in_its_own_words(made: list[Pair], start: str) -> None:
    assert text(made)[0].startswith(start)


def test_errors_and_lateness_are_told_where_there_are_any() -> None:
    said = text(pairs(1.0, failed=2, late=0.03))
    assert "  failed: A 0%, B 2%, +2 points (95% CI +2 .. +2)" in said
    assert said[-1].startswith("  the generator was late with 0% of A's arrivals and 3% of B's")
    assert not any("failed" in line or "late" in line for line in text(pairs(1.0)))


def test_a_pair_has_a_line() -> None:
    made = pairs(1.3)
    assert pair_line(3, made[2], decide(made[:3], Question())) == (
        "pair  3 AB | p95 A 10ms, B 13.1ms | so far +30%, an interval needs 4 pairs"
    )
    assert "so far +30% (95% CI" in pair_line(4, made[3], decide(made[:4], Question()))
    failing = Pair(a=block(1), b=Block(series={"": Numbers(times_ns={}, requests=10, failed=10)}))
    assert "B no valid response (100% failed)" in pair_line(1, failing, decide([failing], Question()))
    spoiled = Pair(a=block(1, invalid="late"), b=block(1))
    assert pair_line(1, spoiled, decide([spoiled], Question())) == "pair  1 AB | does not count: A: late"


@pytest.mark.parametrize(
    ("load", "said"),
    [
        (Load(rate=12.5), "12.5 arrivals/s"),
        (Load(users=1), "1 user"),
        (Load(users=8, throughput=100), "8 users with 100 requests/s"),
    ],
)
def test_a_load_has_words(load: Load, said: str) -> None:
    assert load_text(load) == said


def document(made: list[Pair], **changes: object) -> dict[str, Any]:
    load = {"rate": 5.0, "users": None, "throughput": None}
    side = {"name": "it", "files": ["a.yaml"], "target": "demo://", "digest": "0a", "load": load}
    settings = {"a": side, "b": side, "seed": 1, "block_s": 5, "settle_s": 1, "repeated_blocks": 0, "max_pairs": 20}
    settings |= {"elapsed_s": 60.0, "ended": "decided", "exit_code": 4, **changes}
    return ab_report(decide(made, Question()), made, settings)


@pytest.mark.parametrize("made", [pairs(1.3), pairs(1.3, 2), pairs(1.0, failed=20), []])
def test_the_document_is_as_its_schema_says(made: list[Pair]) -> None:
    jsonschema.validate(document(made), ab_schema())


@pytest.mark.parametrize(
    ("made", "code", "counts"),
    [
        (pairs(1.3), 4, (1, 1, 0, 0)),
        (pairs(1.0), 0, (1, 0, 0, 0)),
        (pairs(1.3, 2), 0, (1, 0, 1, 0)),
        ([], 5, (1, 0, 0, 1)),
        (pairs(1.3, 2), 130, (1, 0, 0, 1)),
    ],
)
def test_a_reader_of_junit_sees_one_case(made: list[Pair], code: int, counts: tuple[int, ...]) -> None:
    said = headline(decide(made, Question()))
    (suite,) = JUnitXml.fromstring(ab_junit(document(made, exit_code=code), said))
    assert (suite.tests, suite.failures, suite.skipped, suite.errors) == counts
    (case,) = suite
    assert (case.name, case.classname) == ("p95 of all requests: B is not 10% slower than A", "it")
    assert said == (case.result[0].message if case.result else case.system_out)
