"""How low points went, told of points without noise and with it."""

from collections.abc import Callable

import numpy as np
import pytest

from loadkit.arrays import Floats
from loadkit.stats.course import Course, way
from loadkit.stats.slope import theil_sen

X = np.arange(20.0)
NOISE = np.random.default_rng(3).normal(0, 0.3, 20)


def told(z: Floats, before: float | None = None) -> tuple[Course, int]:
    slope = theil_sen(z, X)
    found = way(slope, z, X, grown=slope.value * 19, notable=5.0, before=float(z.max()) if before is None else before)
    return found.course, found.at


@pytest.mark.parametrize(
    ("course", "shape"),
    [
        (Course.STEADY, lambda x: 0 * x),
        (Course.STEADY, lambda x: 0.2 * x),
        (Course.STEADY, lambda x: 60 - 3 * x),
        (Course.GROWS, lambda x: 3 * x),
        (Course.GROWS, lambda x: 3 * np.maximum(0, x - 5)),
        (Course.GROWS, lambda x: 0.2 * x**2),
        (Course.CACHE, lambda x: 60 * (1 - np.exp(-x / 6))),
        (Course.CACHE, lambda x: 20 * np.log1p(x)),
        (Course.CACHE, lambda x: 3 * np.minimum(x, 16)),
        (Course.CACHE, lambda x: 10 * np.clip(x - 12, 0, 4)),
    ],
)
@pytest.mark.parametrize("noise", [0.0, 1.0])
def test_the_course_of_a_shape(course: Course, shape: Callable[[Floats], Floats], noise: float) -> None:
    assert told(100 + shape(X) + noise * NOISE)[0] is course


@pytest.mark.parametrize("at", [3, 10, 18])
def test_a_step_is_told_with_its_place(at: int) -> None:
    assert told(100 + 40.0 * (at <= X) + NOISE) == (Course.STEP, at)


@pytest.mark.parametrize("at", [8, 12, 16])
def test_growth_that_began_late_is_told_with_its_place(at: int) -> None:
    assert told(100 + 6 * np.maximum(0, X - at) + NOISE) == (Course.LATE, at)


def test_a_last_point_above_all_that_was_seen_began_late_and_under_a_peak_it_is_nothing() -> None:
    z = 100 + 40.0 * (X >= 19) + NOISE
    assert told(z, before=101.0) == (Course.LATE, 18)
    assert told(z, before=150.0) == (Course.STEADY, 0)


def test_without_work_nothing_is_said_to_grow() -> None:
    z = 100 + 3 * X
    assert way(theil_sen(z, 0 * X), z, 0 * X, grown=60.0, notable=5.0, before=100.0).course is Course.STEADY


@pytest.mark.parametrize("z", [0 * X, np.array([0.0, 1, 0, 2] * 5)])
def test_what_does_not_rise_is_steady_where_all_that_rises_is_notable(z: Floats) -> None:
    slope = theil_sen(z, X)
    assert way(slope, z, X, grown=slope.value * 19, notable=0.0, before=float(z.max())).course is Course.STEADY
