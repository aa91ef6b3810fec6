"""Cells stay few however long a run is, and count what they were given."""

import numpy as np
import pytest

from loadkit.metrics.cells import BINS, MOST, Cells, sparse, spread
from loadkit.metrics.histogram import Histogram

MS = 1_000_000


def histogram(*values_ms: float) -> Histogram:
    made = Histogram()
    made.record((np.array(values_ms) * MS).astype(np.int64))
    return made


def cells_of(*seconds: Histogram) -> Cells:
    made = Cells()
    for number, second in enumerate(seconds):
        made.add(number, sparse(spread(second)))
    return made


def test_bins_hold_all_values_up_to_an_hour() -> None:
    made = histogram(0.0, 0.001, 0.063, 0.064, 2.047, 2.048, 200, 3_600_000, 9_999_999)
    assert spread(made).sum() == 9
    assert len(spread(made)) <= BINS


def test_an_empty_histogram_has_no_bins() -> None:
    assert len(sparse(spread(Histogram()))[0]) == 0


def test_bins_are_finer_than_two_percent() -> None:
    for value in (0.1, 1.0, 33.0, 500.0, 60_000.0):
        assert np.flatnonzero(spread(histogram(value))) != np.flatnonzero(spread(histogram(1.02 * value)))


@pytest.mark.parametrize("seconds", [1, 63, 64, 65, 128, 129, 1000, 4097])
def test_a_run_of_any_length_is_32_to_64_equal_cells(seconds: int) -> None:
    made = cells_of(*[histogram(10, 30)] * seconds)
    most = seconds // made.width
    counted, totals = made.above(20 * MS, most)
    assert min(32, seconds) <= most <= MOST
    assert (counted == made.width).all()
    assert (totals == 2 * made.width).all()


def test_seconds_without_values_are_empty_cells() -> None:
    made = Cells()
    made.add(2, sparse(spread(histogram(10))))
    made.add(5, sparse(spread(histogram(30, 30))))
    counted, totals = made.above(20 * MS, 8)
    assert totals.tolist() == [0, 0, 1, 0, 0, 2, 0, 0]
    assert counted.tolist() == [0, 0, 0, 0, 0, 2, 0, 0]


def test_a_gap_longer_than_all_cells_is_kept_in_proportion() -> None:
    made = Cells()
    made.add(0, sparse(spread(histogram(10))))
    made.add(1000, sparse(spread(histogram(10))))
    _, totals = made.above(1, 63)
    assert made.width == 16
    assert totals.sum() == totals[0] + totals[1000 // 16] == 2


def test_the_bin_of_the_limit_is_split_in_proportion() -> None:
    values = np.linspace(10.0, 20.0, 5000)
    made = cells_of(histogram(*values))
    for limit in (10.5, 14.33, 19.02):
        counted, _ = made.above(limit * MS, 1)
        assert counted[0] == pytest.approx((values > limit).sum(), abs=12)


def test_many_parts_of_a_second_add_up() -> None:
    made = Cells()
    for _ in range(500):
        made.add(0, sparse(spread(histogram(10, 40))))
    counted, totals = made.above(20 * MS, 1)
    assert (counted[0], totals[0]) == (500, 1000)
