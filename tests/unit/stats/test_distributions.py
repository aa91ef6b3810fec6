"""Quantiles against scipy 1.17: scipy.stats.t.ppf and scipy.stats.beta.ppf."""

import pytest

from loadkit.stats.distributions import beta_cdf, beta_quantile, student_t


@pytest.mark.parametrize(
    ("degrees", "t"),
    [
        (1, 12.706205),
        (2, 4.302653),
        (3, 3.182446),
        (3.5, 2.940089),
        (4, 2.776445),
        (9, 2.262157),
        (30, 2.042272),
        (100, 1.983972),
        (1e6, 1.959966),
    ],
)
def test_student_quantiles_are_scipys(degrees: float, t: float) -> None:
    assert student_t(0.975, degrees) == pytest.approx(t, abs=2e-6)


def test_student_quantiles_grow_with_the_probability() -> None:
    assert student_t(0.95, 9) == pytest.approx(1.833113, abs=2e-6)
    assert student_t(0.995, 9) == pytest.approx(3.249836, abs=2e-6)


@pytest.mark.parametrize(
    ("probability", "a", "b", "x"),
    [
        (0.975, 1, 3000, 0.00122887),  # none of 3000
        (0.025, 3, 2998, 0.00020627),  # 3 of 3000
        (0.975, 4, 2997, 0.00291962),
        (0.5, 0.5, 0.5, 0.5),
        (0.3, 1, 1, 0.3),
    ],
)
def test_beta_quantiles_are_scipys(probability: float, a: float, b: float, x: float) -> None:
    assert beta_quantile(probability, a, b) == pytest.approx(x, rel=1e-5)


@pytest.mark.parametrize(("a", "b"), [(0.5, 4.5), (2, 7), (300, 20), (1e5, 1e6)])
def test_the_quantile_turns_the_distribution_round(a: float, b: float) -> None:
    for probability in (0.001, 0.025, 0.5, 0.975):
        assert beta_cdf(beta_quantile(probability, a, b), a, b) == pytest.approx(probability, rel=1e-6)


def test_a_beta_variable_lies_between_0_and_1() -> None:
    assert (beta_cdf(0.0, 2, 3), beta_cdf(1.0, 2, 3)) == (0.0, 1.0)
