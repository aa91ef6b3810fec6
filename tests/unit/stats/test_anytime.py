"""An interval that may be looked at after each value misses the mean in 5 % of all sequences at most."""

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import nct, norm, t

from loadkit.stats.anytime import ALPHA, LEAST, count_for, mean_of, reach


def missed(values: np.ndarray, true: float = 0.0) -> float:
    """Return the share of rows whose interval does not hold the mean at one look at least."""
    count = np.arange(1, values.shape[1] + 1)
    means = values.cumsum(axis=1) / count
    squares = np.maximum((values**2).cumsum(axis=1) - count * means**2, 0) / np.maximum(count - 1, 1)
    widths = np.array([reach(int(number), 1.0) for number in count])
    with np.errstate(invalid="ignore"):
        return float((np.abs(means - true) > widths * np.sqrt(squares))[:, 1:].any(axis=1).mean())


@pytest.mark.parametrize("looks", [20, 500])
def test_normal_values_of_any_scale_are_missed_at_the_rate_promised(looks: int) -> None:
    random = np.random.default_rng(1)
    assert missed(random.normal(0, 7.0, (4000, looks))) <= ALPHA
    assert missed(random.normal(3, 0.01, (4000, looks)), true=3) <= ALPHA


@pytest.mark.parametrize("kind", ["t3", "laplace", "uniform"])
def test_values_with_other_tails_are_missed_no_more_often(kind: str) -> None:
    random = np.random.default_rng(2)
    draw = {
        "t3": lambda: random.standard_t(3, (4000, 50)),
        "laplace": lambda: random.laplace(0, 1, (4000, 50)),
        "uniform": lambda: random.uniform(-1, 1, (4000, 50)),
    }
    assert missed(draw[kind]()) <= ALPHA


def test_an_ordinary_interval_looked_at_as_often_would_miss_far_more() -> None:
    random = np.random.default_rng(3)
    values = random.normal(0, 1, (2000, 20))
    count = np.arange(1, 21)
    means = values.cumsum(axis=1) / count
    deviations = np.array(
        [values[:, :number].std(axis=1, ddof=1) if number > 1 else np.full(2000, np.inf) for number in count]
    ).T
    ordinary = np.abs(means) > t.ppf(0.975, np.maximum(count - 1, 1)) * deviations / np.sqrt(count)
    assert ordinary.any(axis=1).mean() > 0.2


@pytest.mark.parametrize("count", [4, 5, 10, 20])
def test_the_closed_form_is_the_mixture_of_noncentral_t(count: int) -> None:
    """At the interval's end the likelihood ratio, integrated by scipy over the prior, is 1/α."""
    statistic = reach(count, 1.0) * math.sqrt(count)

    def weighted(effect: float) -> float:
        return float(nct.pdf(statistic, count - 1, effect * math.sqrt(count)) * norm.pdf(effect, scale=math.sqrt(5)))

    mixture = quad(weighted, -12, 12, points=[0, statistic / math.sqrt(count)], limit=200)[0]
    assert mixture / t.pdf(statistic, count - 1) == pytest.approx(1 / ALPHA, rel=1e-3)


def test_the_interval_has_ends_after_four_values_and_gets_narrower() -> None:
    assert math.isinf(reach(LEAST - 1, 1.0))
    widths = [reach(count, 1.0) for count in range(LEAST, 500)]
    assert all(wide > narrow for wide, narrow in pairwise(widths))
    assert widths[16] == pytest.approx(0.82, abs=0.02)  # 20 values


def test_a_mean_carries_its_interval() -> None:
    found = mean_of([1.0, 2.0, 3.0, 2.0])
    assert (found.value, found.count) == (2.0, 4)
    assert found.deviation == pytest.approx(math.sqrt(2 / 3))
    assert found.high - found.value == pytest.approx(reach(4, math.sqrt(2 / 3)))
    assert math.isinf(mean_of([1.0]).high)
    with pytest.raises(ValueError, match="no values"):
        mean_of([])


@pytest.mark.parametrize("wanted", [0.5, 0.2, 0.05])
def test_how_many_values_are_needed_is_the_least_number(wanted: float) -> None:
    count = count_for(wanted, 1.0)
    assert count is not None
    assert reach(count, 1.0) <= wanted < reach(count - 1, 1.0)


def test_more_than_anybody_would_wait_for_is_not_named() -> None:
    assert count_for(0.001, 1.0) is None
    assert count_for(0.0, 1.0) is None
