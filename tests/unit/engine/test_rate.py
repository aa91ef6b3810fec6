"""A factor is applied exactly, whatever it is and however the work is divided."""

import pytest

from loadkit.engine.rate import Rate
from loadkit.workload.base import Shard

GAP = 10**8


def rate_of(factor: float, index: int = 0, count: int = 1) -> Rate:
    made = Rate(Shard(index, count))
    made.set(factor)
    return made


@pytest.mark.parametrize(
    ("factor", "kept"), [(0.0, 0), (0.01, 10), (0.3, 300), (0.333333, 333), (0.5, 500), (1.0, 1000), (7.0, 1000)]
)
def test_of_a_thousand_arrivals_the_exact_share_is_kept(factor: float, kept: int) -> None:
    rate = rate_of(factor)
    assert sum(rate.keep() for _ in range(1000)) == kept
    assert rate_of(factor).keep(1000) == kept


@pytest.mark.parametrize("factor", [0.1, 0.25, 0.7, 0.9])
def test_what_is_kept_is_spread_evenly(factor: float) -> None:
    rate = rate_of(factor)
    kept = [rate.keep() for _ in range(1000)]
    for width in (10, 40, 100):
        windows = [sum(kept[at : at + width]) for at in range(1000 - width)]
        assert max(windows) - min(windows) <= 1


@pytest.mark.parametrize(("factor", "added"), [(1.0, 0), (1.001, 1), (1.5, 500), (2.0, 1000), (10.0, 9000), (0.5, 0)])
def test_to_a_thousand_gaps_the_exact_number_is_added(factor: float, added: int) -> None:
    rate = rate_of(factor)
    assert sum(rate.add(GAP, GAP) for _ in range(1000)) == added


def test_to_half_a_gap_half_as_many_are_added_and_to_none_nothing() -> None:
    rate = rate_of(3.0)
    assert [rate.add(GAP // 2, GAP), rate.add(0, GAP), rate.add(GAP, 0), rate.add(5 * GAP, GAP)] == [1, 0, 0, 2]


@pytest.mark.parametrize("count", [2, 3, 7])
@pytest.mark.parametrize("factor", [0.1, 0.5, 0.8])
def test_shards_keep_the_same_number_and_take_turns(factor: float, count: int) -> None:
    rates = [rate_of(factor, index, count) for index in range(count)]
    kept = [[rate.keep() for _ in range(1000)] for rate in rates]
    totals = [sum(one) for one in kept]
    assert max(totals) - min(totals) <= 1
    assert sum(totals) == pytest.approx(1000 * factor * count, abs=count)
    firsts = {one.index(1) for one in kept}
    assert len(firsts) == min(count, round(1 / factor)) or factor == 0.8


def test_a_change_loses_no_fraction() -> None:
    rate, kept = rate_of(0.5), 0
    for turn in range(1000):
        rate.set((0.5, 0.25, 0.75, 0.0)[turn % 4])
        kept += rate.keep()
    assert kept == 375


def test_added_users_have_numbers_that_no_plan_and_no_other_worker_gives() -> None:
    rates = [Rate(Shard(index, 3)) for index in range(3)]
    numbers = [next(rate.numbers) for rate in rates for _ in range(100)]
    assert len(set(numbers)) == 300
    assert min(numbers) > 100 * (1 << 40)  # a hundred closed phases
    assert max(numbers) < 1 << 53  # a whole number for JSON's readers
