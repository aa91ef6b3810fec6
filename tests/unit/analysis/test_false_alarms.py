"""How often a comparison is wrong and what it finds: made-up runs through histograms, cells, measures, report and comparison.

`python -m bench regressions` is the same on a larger scale; its table stands in docs/concepts/comparing-runs.md.
"""

from functools import cache
from typing import Any

import numpy as np

from bench.regressions import World, pool_of, simulate, trials
from loadkit.analysis.compare import compare
from loadkit.metrics.histogram import Histogram
from loadkit.stats.batches import dependence
from loadkit.stats.distributions import student_t
from loadkit.stats.intervals import percentile

WORLD = World(seconds=120)


@cache
def runs(slower: float = 0.0) -> list[dict[str, Any]]:
    return pool_of(WORLD, 26 if not slower else 16, slower=slower)


def test_an_unchanged_run_is_rarely_called_a_regression() -> None:
    found = trials(runs(), runs(), k=5, times=100)
    assert found.regressions <= 8
    assert found.blocked == 0


def test_thirty_percent_are_found() -> None:
    found = trials(runs(), runs(0.3), k=5, times=40)
    assert found.regressions >= 36
    assert found.blocked <= 1


def test_sixty_percent_are_found_and_block() -> None:
    found = trials(runs(), runs(0.6), k=5, times=30)
    assert found.regressions == 30
    assert found.blocked >= 24


def test_without_the_noise_between_runs_an_unchanged_run_would_be_a_regression() -> None:
    """What makes the difference: the same runs, compared as if runs differed by nothing."""
    world = World(seconds=120, between=0.10)
    wild = pool_of(world, 20)
    found = trials(wild, wild, k=5, times=60)
    assert found.regressions <= 5


def test_short_runs_find_a_factor_of_two() -> None:
    world, random = World(seconds=15, between=0.03), np.random.default_rng(4)
    base = [simulate(world, random, number) for number in range(5)]
    same, twice = simulate(world, random, 5), simulate(world, random, 6, slower=1.0)
    assert compare(same, base).verdict == "inconclusive"
    assert compare(twice, base).blocked


def test_the_interval_is_as_wide_as_that_of_a_block_bootstrap() -> None:
    """Blocks of ten seconds, drawn 400 times with replacement; the median over runs of the ratio of widths is near one."""
    random, ratios = np.random.default_rng(8), []
    seconds, per_s, p = 200, 60, 0.95
    for _ in range(12):
        level, shock = np.empty(seconds), random.normal(0, 0.1)
        for second in range(seconds):
            shock = 0.8 * shock + random.normal(0, 0.06)
            level[second] = shock
        times = 20e6 * np.exp(random.normal(0, 0.5, (seconds, per_s)) + level[:, None])
        ratios.append(batch_width(times, p) / bootstrap_width(times, p, random))
    # Student's t with 9 degrees is 15 % wider than the normal distribution that a bootstrap stands for
    assert 0.8 <= float(np.median(ratios)) / (student_t(0.975, 9) / 1.96) <= 1.25


def batch_width(times: Any, p: float) -> float:
    histogram = Histogram()
    histogram.record(times.ravel().astype(np.int64))
    value = histogram.quantile_ns(p)
    above = (times > value).sum(axis=1).astype(float)
    found = dependence(above, np.full(len(times), float(times.shape[1])), float(len(times)))
    made = percentile(p, times.size, found, histogram.quantile_ns, value=value)
    assert made.low is not None
    assert made.high is not None
    return float(np.log(made.high / made.low))


def bootstrap_width(times: Any, p: float, random: np.random.Generator) -> float:
    length = max(10, len(times) // 10)
    doubled = np.concatenate([times, times[:length]])
    found = []
    for _ in range(400):
        starts = random.integers(0, len(times), len(times) // length)
        drawn = np.concatenate([doubled[start : start + length] for start in starts])
        found.append(np.quantile(drawn, p))
    low, high = np.quantile(found, [0.025, 0.975])
    return float(np.log(high / low))
