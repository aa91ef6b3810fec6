"""A run beside others: the noise between runs is in the error."""

import numpy as np
import pytest
from scipy import stats

from loadkit.stats.contrast import Level, contrast, noise_between
from loadkit.stats.distributions import student_p, student_t


@pytest.mark.parametrize("degrees", [1, 2.5, 9, 40])
@pytest.mark.parametrize("t", [0.0, 0.3, 2.0, 12.0])
def test_p_values_are_those_of_scipy(t: float, degrees: float) -> None:
    assert student_p(t, degrees) == pytest.approx(2 * stats.t.sf(t, degrees), rel=1e-9)


@pytest.mark.parametrize("degrees", [0.5, 1.3, 4.7, 17.1, 1e6])
@pytest.mark.parametrize("probability", [0.501, 0.8, 0.975, 0.99999])
def test_quantiles_are_those_of_scipy(probability: float, degrees: float) -> None:
    assert student_t(probability, degrees) == pytest.approx(stats.t.ppf(probability, degrees), rel=1e-6, abs=1e-8)


def test_without_noise_between_runs_it_is_the_test_of_welch() -> None:
    """With τ = 0 the error and Satterthwaite's degrees are those of two means with known variances of the mean."""
    new, base = Level(5.1, 0.03, 9), [Level(5.0 + d, 0.03, 9) for d in (0, 0.0, 0.0)]
    found = contrast(new, base, noise_floor=1e-12)
    a, b = 0.03**2, 0.03**2 / 3
    assert found.error == pytest.approx(np.sqrt(a + b))
    assert found.degrees == pytest.approx((a + b) ** 2 / (a**2 / 9 + b**2 / 27))
    assert found.delta == pytest.approx(0.1)


def test_the_noise_floor_counts_as_three_runs() -> None:
    base = [Level(theta, 0.0, 9) for theta in (5.0, 5.1, 4.9, 5.05, 4.95)]
    spread = np.var([level.theta for level in base], ddof=1)
    assert noise_between(base, noise_floor=0.05) == pytest.approx((3 * 0.05**2 + 4 * spread) / 7)
    assert noise_between(base[:1], noise_floor=0.05) == pytest.approx(0.05**2)


def test_what_runs_differ_by_within_themselves_is_no_noise_between_them() -> None:
    base = [Level(theta, 0.2, 9) for theta in (5.0, 5.1, 4.9)]
    assert noise_between(base, noise_floor=0.05) == pytest.approx(3 * 0.05**2 / 5)


@pytest.mark.parametrize(("k", "between"), [(1, 0.05), (3, 0.03), (5, 0.03), (5, 0.05), (10, 0.05)])
def test_false_alarms_are_as_rare_as_promised(k: int, between: float) -> None:
    random, alarms, trials = np.random.default_rng(3), 0, 1500
    for _ in range(trials):
        thetas = random.normal(5, between, k + 1) + random.normal(0, 0.04, k + 1)
        errors = 0.04 * np.sqrt(random.chisquare(9, k + 1) / 9)
        levels = [Level(float(theta), float(error), 9) for theta, error in zip(thetas, errors, strict=True)]
        alarms += contrast(levels[0], levels[1:], noise_floor=0.05).p_value < 0.05
    assert alarms / trials <= 0.07


def test_an_interval_gives_its_standard_error_back() -> None:
    level = Level.of(200, 200 * np.exp(-0.1), 200 * np.exp(0.1), 9)
    assert level.error == pytest.approx(0.1 / student_t(0.975, 9))
