"""Pairs of short runs: who is blamed, how often wrongly, and after how many pairs."""

from collections import Counter
from itertools import islice
from typing import Any

import numpy as np
import pytest

from bench.interleaving import Machine
from loadkit.analysis.ab import Answer, Block, Decision, Numbers, Pair, Question, decide, orders


def block(p95_ms: float, failed: int = 0, requests: int = 250, **changes: Any) -> Block:
    numbers = Numbers(times_ns={"p95": p95_ms * 1e6}, requests=requests, failed=failed)
    return Block(series={"": numbers}, **changes)


def pairs_of(a: list[float], b: list[float]) -> list[Pair]:
    return [Pair(a=block(one), b=block(other)) for one, other in zip(a, b, strict=True)]


def sessions(count: int, slower: float, **machine: Any) -> list[Decision]:
    return [Machine(seed, slower=slower, **machine).session() for seed in range(count)]


@pytest.mark.parametrize(
    "machine", [{}, {"drift": 0.002}, {"failing": (0.02, 0.02)}], ids=["steady", "drifting", "failing"]
)
def test_a_side_like_the_other_is_blamed_in_five_sessions_of_a_hundred_at_most(machine: dict[str, Any]) -> None:
    found = sessions(300, 0.0, **machine)
    assert sum(one.regressed for one in found) <= 0.05 * 300
    answers = Counter(one.answer for one in found)
    assert answers[Answer.NO_DIFFERENCE] + answers[Answer.UNDECIDED] >= 0.95 * 300


@pytest.mark.parametrize(("slower", "least", "most_pairs"), [(0.2, 0.9, 10), (0.3, 0.97, 6), (0.6, 1.0, 5)])
def test_a_slower_side_is_found_after_a_few_pairs(slower: float, least: float, most_pairs: int) -> None:
    found = sessions(200, slower)
    assert sum(one.answer is Answer.SLOWER for one in found) >= least * 200
    assert float(np.median([one.pairs for one in found])) <= most_pairs
    assert not any(one.answer is Answer.FASTER for one in found)


def test_a_faster_side_is_no_regression() -> None:
    found = sessions(50, -0.25)
    assert sum(one.answer is Answer.FASTER for one in found) >= 45
    assert not any(one.regressed for one in found)


def test_the_order_within_pairs_is_balanced_and_drawn() -> None:
    drawn = list(islice(orders(1), 40))
    assert all(set(drawn[at : at + 2]) == {"AB", "BA"} for at in range(0, 40, 2))
    assert 4 < sum(first == "AB" for first in drawn[::2]) < 16
    assert drawn == list(islice(orders(1), 40))
    assert drawn != list(islice(orders(2), 40))


@pytest.mark.parametrize(
    ("b", "severity"), [(11.6, "minor"), (12.6, "major"), (16.0, "critical")], ids=["minor", "major", "critical"]
)
def test_how_much_slower_is_told_with_its_severity(b: float, severity: str) -> None:
    noise = [0.99, 1.0, 1.01, 1.0, 0.995, 1.005]
    found = decide(pairs_of([10.0] * 6, [b * each for each in noise]), Question())
    assert (found.answer, found.severity, found.regressed) == (Answer.SLOWER, severity, True)
    assert found.difference is not None
    value, low, high = found.difference.change
    assert value == pytest.approx(b / 10 - 1, rel=0.01)
    assert low < value < high
    data = found.to_data()
    assert data["difference"]["a_ms"] == 10
    assert data["difference"]["low_percent"] == pytest.approx(100 * low, rel=1e-3)


def test_what_is_less_than_the_floor_is_no_difference() -> None:
    noise = [0.99, 1.0, 1.01, 1.0, 0.995, 1.005]
    a, b = [1.0] * 6, [1.3 * each for each in noise]
    found = decide(pairs_of(a, b), Question())
    assert found.answer is Answer.NO_DIFFERENCE
    assert found.why == "they differ by 0.3 ms, and less than 1 ms is too little"
    assert decide(pairs_of(a, b), Question(floor_ns=1e5)).answer is Answer.SLOWER


def test_a_late_generator_is_told_and_blames_nobody() -> None:
    noise = [0.99, 1.0, 1.01, 1.0, 0.995, 1.005]
    found = decide([Pair(a=block(10, late=0.03), b=block(10 * each, late=0.05)) for each in noise], Question())
    assert found.answer is Answer.NO_DIFFERENCE
    assert found.late == pytest.approx((0.03, 0.05))


def test_more_errors_count_before_any_time() -> None:
    made = [Pair(a=block(10), b=block(2, failed=failed)) for failed in (20, 25, 22, 24, 23)]
    found = decide(made, Question())
    assert (found.answer, found.severity, found.regressed) == (Answer.MORE_ERRORS, "critical", True)
    assert "B fails 9.1 points more often than A" in found.why
    fewer = decide([Pair(a=pair.b, b=pair.a) for pair in made], Question())
    assert (fewer.answer, fewer.regressed) == (Answer.FEWER_ERRORS, False)


def test_a_side_that_fails_altogether_has_no_times_and_is_found_all_the_same() -> None:
    dead = Block(series={"": Numbers(times_ns={}, requests=250, failed=250)})
    found = decide([Pair(a=block(10), b=dead)] * 4, Question())
    assert found.answer is Answer.MORE_ERRORS
    assert found.difference is None
    early = decide([Pair(a=block(10), b=dead)] * 2, Question())
    assert (early.answer, early.why) == (Answer.UNDECIDED, "there are no response times to compare")


def test_pairs_that_cannot_be_believed_do_not_count() -> None:
    made = pairs_of([10.0] * 5, [10.1, 9.9, 10.0, 10.05, 9.95])
    bad = Pair(a=block(10), b=block(50, invalid="the generator was late"))
    found = decide([bad, *made, bad], Question())
    assert (found.pairs, found.left_out, found.answer) == (5, 2, Answer.NO_DIFFERENCE)
    assert bad.invalid == "B: the generator was late"
    assert decide([bad], Question()).why == "no pair could be compared"
    assert decide([], Question()).why == "no pair was measured"


def test_an_open_answer_says_what_would_settle_it() -> None:
    noise = [1.3, 0.8, 1.2, 0.85, 1.1, 0.9]
    found = decide(pairs_of([10.0] * 6, [10 * each for each in noise]), Question())
    assert found.answer is Answer.UNDECIDED
    assert found.settle.startswith("pairs differ by 22% (standard deviation): about ")
    steady = [1.07, 1.071, 1.069, 1.0705, 1.0695, 1.07]
    slower = decide(pairs_of([10.0] * 6, [10 * each for each in steady]), Question())
    assert (slower.answer, slower.why) == (Answer.NO_DIFFERENCE, "a difference of 10% or more is excluded; B is slower")
    near = decide(pairs_of([10.0] * 6, [10 * 1.09 * each for each in (0.99, 1.01, 0.985, 1.015, 1.0, 1.0)]), Question())
    assert (near.answer, near.why) == (Answer.UNDECIDED, "B is slower, but whether by 10% is open")
    assert decide(pairs_of([10.0], [12.0]), Question()).settle == "at least 4 pairs are needed"


def test_other_percentiles_and_names_are_for_information() -> None:
    times = {"p50": 5e6, "p95": 1e7, "p99": 2e7}
    numbers = Numbers(times_ns=times, requests=100, failed=0)
    one = Block(series={"": numbers, "/cart": numbers, "/only": numbers})
    other = Block(series={"": numbers, "/cart": numbers})
    found = decide([Pair(a=one, b=other)] * 5, Question(metric="p99"))
    assert [(each.name, each.metric) for each in found.others] == [("", "p50"), ("", "p95"), ("/cart", "p99")]
    assert decide([Pair(a=one, b=other)] * 5, Question(of="/only")).why == "no pair could be compared"
