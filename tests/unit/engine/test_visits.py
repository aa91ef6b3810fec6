"""Which scenario a visit takes, and what it begins with."""

import itertools

import pytest

from loadkit.flow.user import mix, uniform


def test_mixing_depends_on_every_argument() -> None:
    mixed = {mix(seed, number, salt) for seed in range(10) for number in range(100) for salt in range(3)}
    assert len(mixed) == 3000
    assert all(0 <= value < 2**64 for value in mixed)


@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1])
def test_uniform_numbers_are_uniform_and_not_correlated(seed: int) -> None:
    numbers = [uniform(seed, number) for number in range(20_000)]
    assert all(0 <= number < 1 for number in numbers)
    assert sum(numbers) / len(numbers) == pytest.approx(0.5, abs=0.01)
    for tenth in range(10):
        share = sum(tenth / 10 <= number < (tenth + 1) / 10 for number in numbers) / len(numbers)
        assert share == pytest.approx(0.1, abs=0.015)
    lagged = sum((a - 0.5) * (b - 0.5) for a, b in itertools.pairwise(numbers)) / len(numbers)
    assert lagged == pytest.approx(0, abs=0.003)
