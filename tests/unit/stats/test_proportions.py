"""Shares and their differences: the examples of the papers, and scipy."""

import numpy as np
import pytest
from scipy import stats

from loadkit.stats.proportions import Share, difference, newcombe, pooled, wilson


@pytest.mark.parametrize(("part", "whole"), [(0, 20), (1, 20), (81, 263), (20, 20)])
def test_one_share_is_scipys_wilson(part: int, whole: int) -> None:
    wanted = stats.binomtest(part, whole).proportion_ci(method="wilson")
    assert wilson(Share(part, whole, whole), 1.959964) == pytest.approx((wanted.low, wanted.high), abs=1e-6)


@pytest.mark.parametrize(  # Newcombe 1998, table II, method 10
    ("first", "second", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
    ],
)
def test_differences_are_newcombes(first: tuple[int, int], second: tuple[int, int], low: float, high: float) -> None:
    found = newcombe(Share(*first, first[1]), Share(*second, second[1]), alpha=0.05)
    assert found == pytest.approx((low, high), abs=1e-4)


def test_the_p_value_says_the_same_as_the_interval() -> None:
    for part in range(0, 60, 3):
        found = difference(Share(part, 1000, 1000), Share(20, 1000, 1000))
        assert (found.p_value < 0.05) == (found.low > 0 or found.high < 0)
    assert difference(Share(0, 10, 10), Share(0, 20, 20)).p_value == 1.0


def test_fewer_independent_requests_widen_the_interval() -> None:
    free, bound = (difference(Share(40, 10_000, n), Share(0, 50_000, 50_000)) for n in (10_000, 250))
    assert bound.high - bound.low > 3 * (free.high - free.low)


def test_runs_that_agree_are_one_and_runs_that_differ_are_fewer() -> None:
    agreeing, phi = pooled([Share(10, 1000, 1000)] * 5)
    assert (agreeing, phi) == (Share(50, 5000, 5000), 1.0)
    differing, phi = pooled([Share(part, 1000, 1000) for part in (0, 40, 2, 45, 3)])
    assert phi > 10
    assert differing.effective == pytest.approx(5000 / phi)


def test_runs_of_one_rate_are_hardly_dispersed() -> None:
    random = np.random.default_rng(5)
    found = [pooled([Share(int(part), 1000, 1000) for part in random.binomial(1000, 0.02, 5)])[1] for _ in range(500)]
    assert np.mean(found) < 1.35
