"""Throughputs of a known law give that law back, with intervals that hold it."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import curve_fit, nnls

from loadkit.stats.usl import Law, fit, fit_law

DOUBLING = [1, 2, 4, 8, 16, 32, 64]


@given(
    rate=st.floats(0.1, 1e5),
    contention=st.one_of(st.just(0.0), st.floats(1e-3, 0.9)),
    coherency=st.one_of(st.just(0.0), st.floats(1e-5, 0.1)),
)
def test_a_law_without_noise_is_found_exactly(rate: float, contention: float, coherency: float) -> None:
    law = Law(rate=rate, contention=contention, coherency=coherency)
    found = fit(DOUBLING, [law.throughput(users) for users in DOUBLING])
    assert found.law.rate == pytest.approx(rate, rel=1e-6)
    assert found.law.contention == pytest.approx(contention, rel=1e-4, abs=1e-7)
    assert found.law.coherency == pytest.approx(coherency, rel=1e-4, abs=1e-7)
    assert found.explained == pytest.approx(1.0)
    assert found.error < 1e-9


@pytest.mark.parametrize(
    ("law", "users"),
    [
        (Law(rate=90, contention=0.028, coherency=1e-4), DOUBLING),
        (Law(rate=90, contention=0.028, coherency=1e-3), DOUBLING),
        (Law(rate=100, contention=0.05, coherency=0.002), DOUBLING[:6]),
        (Law(rate=100, contention=0.0, coherency=0.002), [1, 2, 4, 8, 16, 32, 48, 64]),
        (Law(rate=100, contention=0.2), DOUBLING[:6]),
    ],
)
def test_intervals_hold_the_true_law(law: Law, users: list[int]) -> None:
    random = np.random.default_rng(7)
    held = np.zeros(5)
    for _ in range(200):
        noisy = [law.throughput(number) * math.exp(random.normal(0, 0.02)) for number in users]
        found = fit(users, noisy)
        true = (law.rate, law.contention, law.coherency, law.peak_users, law.most)
        bounds = (found.rate, found.contention, found.coherency, found.peak_users, found.most)
        held += [ends.low <= value <= ends.high for ends, value in zip(bounds, true, strict=True)]
    assert (held / 200 >= 0.88).all()  # 95 % by name; six or seven points give no more exact a jackknife


def test_coefficients_are_those_of_nonnegative_least_squares() -> None:
    random = np.random.default_rng(11)
    for _ in range(100):
        users = np.sort([1, 2, *random.choice(np.arange(3, 200), 6, replace=False)]).astype(float)  # so that λ > 0
        law = Law(rate=100, contention=random.choice([0, 0.1]), coherency=random.choice([0, 1e-3]))
        rates = np.array([law.throughput(number) for number in users]) * random.uniform(0.8, 1.2, 8)
        rows = np.stack([np.ones(8), users - 1, users * (users - 1)], axis=1) / (users / rates)[:, None]
        expected, _ = nnls(rows, np.ones(8))
        found = fit_law(users.tolist(), rates.tolist())
        mine = np.array([1, found.contention, found.coherency]) / found.rate
        assert mine == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_is_no_worse_than_a_fit_of_the_curve_itself() -> None:
    law = Law(rate=90, contention=0.028, coherency=1e-3)
    random, users = np.random.default_rng(5), np.array(DOUBLING, dtype=float)
    mine, theirs = [], []
    for _ in range(100):
        rates = np.array([law.throughput(number) * (1 + random.normal(0, 0.02)) for number in DOUBLING])
        curve, _ = curve_fit(
            lambda n, a, s, k: a * n / (1 + s * (n - 1) + k * n * (n - 1)),
            users,
            rates,
            p0=[rates[0], 0.01, 1e-4],
            bounds=(0, np.inf),
        )
        mine.append(abs(fit_law(DOUBLING, rates.tolist()).peak_users / law.peak_users - 1))
        theirs.append(abs(math.sqrt((1 - curve[1]) / curve[2]) / law.peak_users - 1))
    assert np.median(mine) < 1.2 * np.median(theirs)


@pytest.mark.parametrize(
    ("law", "users", "most"),
    [
        (
            Law(rate=100, contention=0.05, coherency=0.002),
            math.sqrt(0.95 / 0.002),
            100 * 21.794 / (1 + 1.0397 + 0.9064),
        ),
        (Law(rate=100, contention=0.25), math.inf, 400.0),
        (Law(rate=100), math.inf, math.inf),
        (Law(rate=100, contention=1.0, coherency=0.5), 1.0, 100.0),
        (Law(rate=100, contention=0.5, coherency=4.0), 1.0, 100.0),
        (Law(rate=100, contention=1.0), math.inf, 100.0),
        (Law(rate=100, contention=2.0), 1.0, 100.0),
    ],
)
def test_the_peak_follows_from_the_law(law: Law, users: float, most: float) -> None:
    assert law.peak_users == pytest.approx(users)
    assert law.most == pytest.approx(most, rel=1e-3)


def test_an_interval_of_a_peak_that_may_not_exist_has_no_upper_end() -> None:
    random = np.random.default_rng(3)
    law = Law(rate=100, contention=0.2, coherency=1e-5)
    found = fit(DOUBLING, [law.throughput(users) * math.exp(random.normal(0, 0.05)) for users in DOUBLING])
    assert math.isinf(found.peak_users.high)
    assert found.peak_users.low > 1


@pytest.mark.parametrize(
    ("users", "rates"),
    [([], []), ([1, 2], [5.0]), ([1, 2, 4], [5.0, 0.0, 7.0]), ([0, 1, 2], [1.0, 2.0, 3.0]), ([1, 2], [5.0, 6.0])],
)
def test_what_cannot_be_fitted_is_refused(users: list[float], rates: list[float]) -> None:
    with pytest.raises(ValueError, match="scalability law needs"):
        fit(users, rates)
