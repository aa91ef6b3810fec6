import math
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from loadkit.stats.changepoints import MAX_P, SIDE, Change, find_changes
from loadkit.stats.changepoints import _farthest as farthest
from loadkit.stats.changepoints import _p as p_of

LEAST = math.log(1.05)


def history(seed: int, size: int, *steps: tuple[int, float], noise: float = 0.03) -> np.ndarray:
    """Logarithms of a latency that is multiplied by a factor at each step."""
    values = np.random.default_rng(seed).normal(0, noise, size)
    for at, factor in steps:
        values[at:] += math.log(factor)
    return values


def places(changes: tuple[Change, ...]) -> list[int]:
    return [change.at for change in changes]


@pytest.mark.parametrize("size", [12, 20, 50, 120])
def test_unchanged_histories_raise_few_alarms(size: int) -> None:
    alarms = sum(bool(find_changes(history(seed, size, noise=0.05), least=LEAST)) for seed in range(200))
    assert alarms <= 8, f"{alarms} of 200 histories of {size} runs"


@pytest.mark.parametrize(
    ("size", "at", "factor"),
    [(12, 6, 1.2), (20, 15, 1.2), (20, 15, 0.8), (60, 30, 1.1), (60, 56, 1.15), (200, 120, 1.1)],
)
def test_a_step_is_found_where_it_is(size: int, at: int, factor: float) -> None:
    found = [find_changes(history(seed, size, (at, factor)), least=LEAST) for seed in range(60)]
    hits = [[change for change in changes if abs(change.at - at) <= 1] for changes in found]
    assert sum(map(bool, hits)) >= 57
    sizes = [math.exp(changes[0].size) for changes in hits if changes]
    assert np.mean(sizes) == pytest.approx(factor, abs=0.02)
    assert all(change.p < MAX_P for changes in found for change in changes)


def test_several_steps_are_told_apart() -> None:
    found = find_changes(history(3, 150, (40, 1.2), (45, 1.2), (100, 0.7)), least=LEAST)
    assert [round(place, -1) for place in places(found)] == [40, 40, 100] or places(found) == [40, 45, 100]
    assert [change.size > 0 for change in found] == [True, True, False]


def test_a_change_that_is_undone_is_found() -> None:
    assert places(find_changes(history(5, 60, (25, 1.3), (35, 1 / 1.3)), least=LEAST)) == [25, 35]


def test_an_odd_run_is_no_change() -> None:
    values = history(7, 40)
    values[20] += 1.0
    assert find_changes(values, least=LEAST) == ()


def test_a_change_needs_runs_on_both_sides() -> None:
    steady = history(8, 40)
    assert find_changes(np.append(steady, math.log(1.5)), least=LEAST) == ()
    assert places(find_changes(np.append(steady, [math.log(1.5)] * SIDE), least=LEAST)) == [40]


def test_a_slow_creep_is_found_sooner_or_later() -> None:
    creeping = history(9, 60) + np.arange(60) * math.log(1.02)
    found = find_changes(creeping, least=LEAST)
    assert found
    assert all(change.size > 0 for change in found)


def test_small_changes_are_left_out_however_certain() -> None:
    values = history(1, 100, (50, 1.03), noise=0.001)
    assert find_changes(values, least=LEAST) == ()
    assert places(find_changes(values, least=math.log(1.02))) == [50]


def test_the_same_history_gives_the_same_answer() -> None:
    values = history(4, 80, (30, 1.2))
    assert find_changes(values, least=LEAST) == find_changes(list(values), least=LEAST)


@pytest.mark.parametrize("values", [[], [1.0], [1.0] * 5, [2.0] * 30])
def test_nothing_is_found_where_nothing_can_be(values: list[float]) -> None:
    assert find_changes(values, least=LEAST) == ()


def test_steps_without_any_noise_are_certain() -> None:
    (change,) = find_changes([0.0] * 10 + [1.0] * 10, least=LEAST)
    assert change == Change(10, 0.0, 1.0, 0.0, 1.0)


@pytest.mark.parametrize("seed", range(20))
def test_the_farthest_place_is_that_of_the_definition(seed: int) -> None:
    values = history(seed, 14, (8, 1.1))

    def apart(at: int, to: int) -> float:
        x, y = values[:at], values[at:to]
        n, m = len(x), len(y)
        between = np.mean([abs(a - b) for a in x for b in y])
        within = [np.mean([abs(z[i] - z[k]) for i in range(len(z)) for k in range(i)]) for z in (x, y)]
        return n * m / (n + m) * float(2 * between - sum(within))

    every = {(at, to): apart(at, to) for at in range(SIDE, 15) for to in range(at + SIDE, 15)}
    found = farthest(values, 0, 14)
    assert found is not None
    assert found[0] == pytest.approx(max(every.values()))
    assert found[2] == max(every, key=lambda place: every[place])[0]


@pytest.mark.parametrize(("n", "m"), [(3, 3), (3, 47), (20, 9)])
def test_p_is_that_of_scipy(n: int, m: int) -> None:
    for seed, apart in enumerate((0.0, 0.01, 0.05, 0.2)):
        values = history(seed, n + m)
        values[n:] += apart
        expected = stats.ttest_ind(values[:n], values[n:]).pvalue
        assert p_of(values[:n], values[n:]) == pytest.approx(expected, rel=1e-6)


def test_changes_are_in_order() -> None:
    found = find_changes(history(11, 300, (60, 1.3), (130, 1.2), (220, 0.8)), least=LEAST)
    assert all(first.at < second.at for first, second in pairwise(found))
    assert [round(math.exp(change.size), 1) for change in found] == [1.3, 1.2, 0.8]
