"""The grammar of thresholds, and every way to get it wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest

from loadkit.errors import CODES, Position
from loadkit.slo.expression import Operator, ThresholdFault, parse_threshold, per_cent


@pytest.mark.parametrize(
    ("text", "operator", "limit"),
    [
        ("http.response_time.p95 < 250ms", "<", 250_000_000),
        ("http.response_time.p95<250ms", "<", 250_000_000),
        ("  http.response_time.p95   <   250 ms  ", "<", 250_000_000),
        ("http.response_time.p95 < 250", "<", 250_000_000),
        ("http.response_time.p95 <= 1.5s", "<=", 1_500_000_000),
        ("http.response_time.p95 > 1us", ">", 1_000),
        ("http.response_time.max < 1m30s", "<", 90_000_000_000),
        ("http.response_time.count >= 100", ">=", 100),
        ("http.error_rate < 1%", "<", 0.01),
        ("http.error_rate < 1 %", "<", 0.01),
        ("http.error_rate < 0.01", "<", 0.01),
        ("http.error_rate <= 1", "<=", 1),
        ("http.availability >= 99.5%", ">=", 0.995),
        ("checks.pass_rate >= 99.9%", ">=", 0.999),
        ("http.codes.500 == 0", "==", 0),
        ("http.codes.5xx != 3", "!=", 3),
        ("http.requests >= 1e3", ">=", 1000),
        ("http.request_rate >= 100/s", ">=", 100),
        ("http.request_rate >= 6000/min", ">=", 100),
        ("http.request_rate >= 100", ">=", 100),
        ("http.downloaded_bytes < 10MiB", "<", 10 * 2**20),
        ("http.downloaded_bytes < 512", "<", 512),
        ("errors.Failed capture or match == 0", "==", 0),
        ("vusers.session_length.p95 < 10s", "<", 10_000_000_000),
        ("generator.lag.p99 < 1ms", "<", 1_000_000),
    ],
)
def test_a_threshold_is_a_metric_a_comparison_and_a_value(text: str, operator: str, limit: float) -> None:
    objective = parse_threshold(text)

    assert (objective.operator.value, objective.limit) == (operator, limit)
    assert objective.text == text.strip()


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ('http.response_time.p95 < 250ms of "/checkout"', "/checkout"),
        ("http.response_time.p95 < 250ms of '/checkout'", "/checkout"),
        ("http.response_time.p95 < 250ms of /checkout", "/checkout"),
        ('http.response_time.p95<250ms of"/checkout"  ', "/checkout"),
        ('http.requests > 1 of "list of pets"', "list of pets"),
        ('http.requests > 1 of "a < b"', "a < b"),
        ('http.requests > 1 of "/pets/{{ id }}"', "/pets/{{ id }}"),
        ("http.requests > 1 of 'the \"best\"'", 'the "best"'),
        ('vusers.failed == 0 of "buy"', "buy"),
        ("http.requests > 1", None),
    ],
)
def test_of_selects_one_name(text: str, label: str | None) -> None:
    assert parse_threshold(text).label == label


@pytest.mark.parametrize(
    ("text", "code", "offset", "says"),
    [
        ("", "LK301", 0, "no < <= > >= == or !="),
        ("http.response_time.p95", "LK301", 0, "no < <= > >= == or !="),
        (" < 5", "LK301", 0, "no metric"),
        ("http.requests >", "LK301", 15, "no value"),
        ("http.requests = 5", "LK301", 14, "= is not a comparison"),
        ("http.requests => 5", "LK301", 14, "=> is not a comparison"),
        ("http.requests > 5 and vusers.failed < 1", "LK301", 16, "more than a value"),
        ("http.error_rate < 5ms", "LK301", 18, "is a ratio, and 5ms is not"),
        ("http.error_rate < 5", "LK301", 18, "between 0 and 1"),
        ("http.error_rate < 101%", "LK301", 18, "between 0 and 1"),
        ("http.response_time.p95 < 5%", "LK301", 25, "is a time, and 5% is not"),
        ("http.response_time.p95 < 5/s", "LK301", 25, "is a time, and 5/s is not"),
        ("http.response_time.p95 < fast", "LK301", 25, "is a time, and fast is not"),
        ("http.response_time.p95 < 1e999", "LK301", 25, "is a time"),
        ("http.requests > -1", "LK301", 16, "is a count, and -1 is not"),
        ("http.requests > 5%", "LK301", 16, "is a count"),
        ("http.requests > nan", "LK301", 16, "is a count"),
        ("http.request_rate > 5ms", "LK301", 20, "is a rate"),
        ("http.downloaded_bytes < 5ms", "LK301", 24, "is a size"),
        ("http.downloaded_bytes < " + "9" * 400, "LK301", 24, "is a size"),
        ("http.error_rate < 1e-99999999999999999999%", "LK301", 18, "is a ratio"),
        ("  http.respons_time.p95 < 5", "LK302", 2, "no metric"),
        ("  http.response_time.avg < 5", "LK302", 21, 'no "avg"'),
        ("http.response_time.p150 < 5", "LK303", 19, "no percentile 150"),
        ("http.requests > 5 of", "LK301", 20, "one name"),
        ("http.requests > 5 of a b", "LK301", 21, "one name"),
        ("arrivals.due > 5 of x", "LK301", 20, "whole run"),
        ("vusers.created_by_name.a > 5 of b", "LK301", 32, 'names "a" already'),
    ],
)
def test_a_wrong_threshold_is_a_fault_at_its_wrong_part(text: str, code: str, offset: int, says: str) -> None:
    with pytest.raises(ThresholdFault) as caught:
        parse_threshold(text)

    fault = caught.value
    assert (fault.code, fault.offset) == (code, offset)
    assert says in str(fault)
    assert fault.code in CODES


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("http.error_rate < 5", "write 5%"),
        ("http.error_rate < 5ms", "write 1% or 0.01"),
        ("http.response_time.p95 < 5%", "write 250ms, 1.5s, or a bare number of milliseconds"),
        ("http.requests = 5", "write =="),
        ("http.requests =< 5", "write <="),
        ("http.requests > 5 of a b", 'write of "a b"'),
    ],
)
def test_a_fault_says_what_to_write(text: str, hint: str) -> None:
    with pytest.raises(ThresholdFault) as caught:
        parse_threshold(text)

    assert caught.value.hint == hint


def test_the_position_is_kept() -> None:
    at = Position("a.yaml", 3, 5)

    assert parse_threshold("http.requests > 1", at).at == at
    assert replace(parse_threshold("http.requests > 1"), at=at).at == at


def test_percentages_are_the_nearest_floats() -> None:
    assert per_cent("99.9") == 999 / 1000
    assert all(per_cent(f"{n / 10}") == n / 1000 for n in range(1001))


@pytest.mark.parametrize(
    ("operator", "below", "equal", "above"),
    [
        ("<", True, False, False),
        ("<=", True, True, False),
        (">", False, False, True),
        (">=", False, True, True),
        ("==", False, True, False),
        ("!=", True, False, True),
    ],
)
def test_operators_mean_what_they_say(operator: str, below: bool, equal: bool, above: bool) -> None:
    holds = Operator(operator).holds

    assert (holds(1, 2), holds(2, 2), holds(3, 2)) == (below, equal, above)
