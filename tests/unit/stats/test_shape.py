"""Shapes are found where they are, and fit what they were made of."""

import numpy as np
import pytest

from loadkit.stats.shape import hinge, line, step

X = np.arange(12.0)


@pytest.mark.parametrize("at", [1, 5, 11])
def test_a_step_is_found_where_it_is(at: int) -> None:
    z = 3 + 5.0 * (at <= X)
    assert step(z).at == at
    assert step(z).rest == pytest.approx(0)
    assert line(z, X).rest > 1


@pytest.mark.parametrize("at", [0, 4, 9])
def test_a_bend_is_found_where_it_is_whatever_the_points_are_apart(at: int) -> None:
    x = X**1.5
    z = 7 - 2 * np.maximum(0, x - x[at])
    assert hinge(z, x).at == at
    assert hinge(z, x).rest == pytest.approx(0, abs=1e-9)
    assert step(z).rest > 1


def test_a_line_leaves_nothing_of_a_line_and_all_where_nothing_was_done() -> None:
    assert line(5 + 3 * X, X).rest == pytest.approx(0, abs=1e-9)
    assert line(np.array([1.0, 2.0, 3.0]), np.zeros(3)).rest == pytest.approx(2)
