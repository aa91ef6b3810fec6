"""Requests that share their seconds know less than independent ones."""

import numpy as np
import pytest

from loadkit.stats.batches import batch_count, dependence


@pytest.mark.parametrize(
    ("seconds", "batches"), [(0, 1), (3, 1), (3.9, 1), (4, 2), (9, 4), (19, 9), (20, 10), (100, 10), (3600, 10)]
)
def test_batches_are_two_seconds_or_more_and_ten_at_most(seconds: float, batches: int) -> None:
    assert batch_count(seconds) == batches


def test_equal_batches_give_the_textbook_formula() -> None:
    random = np.random.default_rng(1)
    totals = random.poisson(100, 60).astype(float)
    counted = random.binomial(totals.astype(int), np.linspace(0.02, 0.1, 60)).astype(float)
    n, ratio = totals.sum(), counted.sum() / totals.sum()
    batches = (counted - ratio * totals).reshape(10, 6).sum(axis=1)
    expected = 10 * batches.var(ddof=1) / (n * ratio * (1 - ratio))
    assert expected > 1
    assert dependence(counted, totals, 60.0).inflation == pytest.approx(expected)


def test_independent_requests_keep_their_number() -> None:
    random = np.random.default_rng(2)
    found = [
        dependence(random.binomial(100, 0.05, 63).astype(float), np.full(63, 100.0), 63.0).inflation for _ in range(200)
    ]
    assert 1.0 <= np.mean(found) < 1.3


def test_what_comes_in_clusters_counts_once() -> None:
    counted, totals = np.zeros(60), np.full(60, 100.0)
    counted[18:24] = 100  # one bad batch of ten
    found = dependence(counted, totals, 60.0)
    assert found.inflation == pytest.approx(600, rel=0.12)  # as if each batch were one request
    assert found.degrees == 9


def test_wide_cells_say_the_same_as_seconds() -> None:
    random = np.random.default_rng(3)
    level = np.repeat(random.uniform(0.01, 0.2, 10), 32)
    totals = np.full(320, 50.0)
    counted = random.binomial(50, level).astype(float)
    fine = dependence(counted, totals, 320.0)
    coarse = dependence(counted.reshape(-1, 8).sum(axis=1), totals.reshape(-1, 8).sum(axis=1), 320.0)
    assert coarse == fine


@pytest.mark.parametrize(
    ("counted", "totals", "seconds"),
    [([0, 0, 0, 0], [9, 9, 9, 9], 4), ([9, 9, 9, 9], [9, 9, 9, 9], 4), ([0], [0], 1), ([], [], 0), ([1, 2], [5, 5], 2)],
)
def test_where_nothing_varies_nothing_is_inflated(counted: list[float], totals: list[float], seconds: float) -> None:
    assert dependence(np.array(counted), np.array(totals), seconds).inflation == 1.0


def test_cells_that_do_not_divide_evenly_are_all_used() -> None:
    random = np.random.default_rng(4)
    found = [
        dependence(random.binomial(400, 0.1, 37).astype(float), np.full(37, 400.0), 74.0).inflation for _ in range(300)
    ]
    assert np.mean(found) < 1.35  # batches of three and of four cells weigh what they hold


@pytest.mark.parametrize("cells", [0, 1])
def test_without_two_cells_no_degree_of_freedom_is_left(cells: int) -> None:
    assert dependence(np.ones(cells), np.full(cells, 9.0), float(cells)).degrees == 0
