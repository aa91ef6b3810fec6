"""The slope of a series and its interval, held against scipy and against chance."""

import math
import random

import pytest
from scipy.stats import theilslopes

from loadkit.stats.slope import theil_sen


@pytest.mark.parametrize("seed", range(20))
def test_the_slope_is_scipys_and_so_is_the_interval_of_independent_values(seed: int) -> None:
    draw = random.Random(seed)
    series = [0.3 * index + draw.gauss(0, 1) for index in range(30)]
    value, _, low, high = theilslopes(series, range(30), 0.95)
    found = theil_sen(series)
    assert found.value == pytest.approx(value)
    assert found.low <= low + 1e-9  # a correction for dependence only ever widens, and so does rounding outwards
    assert found.high >= high - 1e-9
    assert found.high - found.low < 2 * (high - low)


def test_a_straight_line_has_its_slope_without_doubt() -> None:
    found = theil_sen([3.0 + 2 * index for index in range(12)])
    assert (found.value, found.low, found.high) == (2, 2, 2)


@pytest.mark.parametrize("series", [[], [1.0], [1.0, 2.0], [1.0, 5.0, 9.0]])
def test_a_few_values_prove_nothing(series: list[float]) -> None:
    found = theil_sen(series)
    assert (found.low, found.high) == (-math.inf, math.inf)


def test_a_level_series_is_level() -> None:
    assert theil_sen([4.0] * 10).low == theil_sen([4.0] * 10).high == 0


def walk(draw: random.Random, memory: float, length: int) -> list[float]:
    values, value = [], 0.0
    for _ in range(length):
        value = memory * value + draw.gauss(0, 1)
        values.append(value)
    return values


@pytest.mark.parametrize(("memory", "most"), [(0.0, 0.05), (0.5, 0.13)])
def test_chance_is_rarely_taken_for_growth(memory: float, most: float) -> None:
    """Of a series whose neighbours are alike, more often than of independent values: three lags do not tell all of it."""
    draw = random.Random(7)
    found = [theil_sen(walk(draw, memory, 30)).low > 0 for _ in range(1000)]
    assert sum(found) / len(found) <= most


def test_growth_is_found_in_noise() -> None:
    draw = random.Random(3)
    found = [theil_sen([0.2 * index + draw.gauss(0, 1) for index in range(30)]).low > 0 for _ in range(200)]
    assert sum(found) > 190
