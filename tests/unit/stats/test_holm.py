"""Many comparisons, and as few false alarms as of one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadkit.stats.holm import holm


def test_the_textbook_example() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


@given(st.lists(st.floats(0, 1), max_size=20))
def test_adjusted_values_keep_their_order_and_never_shrink(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    assert all(raw <= made <= 1 for raw, made in zip(p_values, adjusted, strict=True))
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    assert [adjusted[index] for index in order] == sorted(adjusted)


def test_any_false_alarm_among_many_is_as_rare_as_in_one() -> None:
    random = np.random.default_rng(2)
    alarms = sum(min(holm(list(random.uniform(0, 1, 20)))) < 0.05 for _ in range(4000))
    assert alarms / 4000 == pytest.approx(0.05, abs=0.012)
