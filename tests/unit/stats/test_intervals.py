"""Intervals hold what they promise, also where requests depend on each other; and say so where they promise nothing."""

import numpy as np
import numpy.typing as npt
import pytest

from loadkit.stats.batches import Dependence, dependence
from loadkit.stats.intervals import least_samples, percentile, ranks, ratio

SECONDS, RATE, SPREAD = 180, 60, 0.5
Z = {0.5: 0.0, 0.95: 1.6448536, 0.99: 2.3263479}
Runs = npt.NDArray[np.float64]


def runs(count: int, *, shock: float, memory: float = 0.8, seed: int = 7) -> Runs:
    """Log latencies of runs by (run, second, request): lognormal, times an AR(1) level that a second's requests share."""
    random = np.random.default_rng(seed)
    level = np.empty((count, SECONDS))
    level[:, 0] = random.normal(0, shock, count)
    step = shock * np.sqrt(1 - memory**2)
    for second in range(1, SECONDS):
        level[:, second] = memory * level[:, second - 1] + random.normal(0, step, count)
    return random.normal(0, SPREAD, (count, SECONDS, RATE)) + level[:, :, None]


def found_in(run: Runs, p: float) -> Dependence:
    above = (run > np.quantile(run, p)).sum(axis=1).astype(float)
    return dependence(above, np.full(SECONDS, float(RATE)), float(SECONDS))


def coverage(made: Runs, p: float, *, naive: bool = False, shock: float) -> float:
    truth, hits = Z[p] * np.hypot(SPREAD, shock), 0
    for run in made:
        ordered = np.sort(run, axis=None)
        found = Dependence(1.0, 1000, float(SECONDS)) if naive else found_in(run, p)
        made_of = percentile(
            p,
            run.size,
            found,
            lambda rank, ordered=ordered: float(np.quantile(ordered, rank)),
            value=ordered[int(p * run.size)],
        )
        assert made_of.low is not None
        assert made_of.high is not None
        hits += made_of.low <= truth <= made_of.high
    return hits / len(made)


@pytest.mark.parametrize("p", [0.5, 0.95, 0.99])
def test_intervals_hold_the_truth_of_independent_requests(p: float) -> None:
    assert coverage(runs(150, shock=0.0), p, shock=0.0) >= 0.92


def test_intervals_hold_the_truth_where_seconds_depend_on_each_other() -> None:
    made = runs(250, shock=0.1)
    assert coverage(made, 0.5, shock=0.1) >= 0.88
    assert coverage(made, 0.95, shock=0.1) >= 0.88
    assert coverage(made, 0.99, shock=0.1) >= 0.88


def test_taking_requests_for_independent_promises_too_much() -> None:
    made = runs(100, shock=0.1)
    assert coverage(made, 0.5, naive=True, shock=0.1) < 0.6
    assert coverage(made, 0.95, naive=True, shock=0.1) < 0.8


def test_a_block_bootstrap_finds_the_same_width() -> None:
    made, p, block = runs(40, shock=0.1), 0.95, 18
    random = np.random.default_rng(11)
    widths = []
    for run in made:
        starts = random.integers(0, SECONDS, (60, SECONDS // block))
        picked = (starts[:, :, None] + np.arange(block)).reshape(60, -1) % SECONDS  # circular
        bootstrap = float(np.std(np.quantile(run[picked].reshape(60, -1), p, axis=1), ddof=1))
        below, above = ranks(p, run.size / found_in(run, p).inflation, 9)
        ours = float(np.quantile(run, above) - np.quantile(run, below)) / (2 * 2.262157)
        widths.append((ours, bootstrap))
    ours, bootstrap = np.mean(widths, axis=0)
    assert ours == pytest.approx(bootstrap, rel=0.3)


@pytest.mark.parametrize(
    ("p", "least"), [(0.5, 6), (0.9, 29), (0.95, 59), (0.99, 299), (0.999, 2995), (0.9999, 29956), (0.05, 59), (1.0, 0)]
)
def test_a_quantile_needs_samples_on_both_sides(p: float, least: int) -> None:
    assert least_samples(p) == least


def flat(rank: float) -> float:
    """The quantiles of even numbers up to 1000."""
    return 1000 * rank


LONG = Dependence(1.0, 10, 200.0)


@pytest.mark.parametrize(
    ("p", "n", "found", "note"),
    [
        (0.99, 40, LONG, "not enough samples: p99 needs at least 299, has 40"),
        (0.999, 2994, LONG, "not enough samples: p99.9 needs at least 2,995, has 2,994"),
        (1.0, 10_000, LONG, "p100 is an extreme: it has no interval"),
        (0.5, 100, Dependence(1.0, 1, 3.0), "too short for an interval: 4 s of steady load are needed, had 3 s"),
    ],
)
def test_without_an_interval_the_number_stands_alone(p: float, n: int, found: Dependence, note: str) -> None:
    made = percentile(p, n, found, flat, value=7.0)
    assert (made.value, made.low, made.high, made.note, made.certified) == (7.0, None, None, note, False)


def test_an_interval_that_reaches_the_largest_sample_has_no_upper_end() -> None:
    made = percentile(0.99, 400, LONG, flat, value=990.0)
    assert made.low == pytest.approx(990 - 11.25, abs=0.1)
    assert made.high is None
    assert made.note == "not enough samples: 400 are too few to enclose p99"
    made = percentile(0.99, 800, Dependence(2.0, 10, 200.0), flat, value=990.0)
    assert made.note == "not enough samples: 800 are worth 400 independent ones, too few to enclose p99"


def test_two_stretches_say_too_little_whatever_the_samples() -> None:
    made = percentile(0.5, 100, Dependence(1.0, 2, 5.0), flat, value=500.0)
    assert (made.low, made.high) == (None, None)
    assert made.note == "too short: 2 stretches in 5 s do not enclose p50"


def test_dependence_widens_the_interval() -> None:
    alone, shared = (percentile(0.95, 10_000, Dependence(x, 10, 200.0), flat, value=950.0) for x in (1.0, 4.0))
    assert alone.low is not None
    assert shared.low is not None
    assert 950 - shared.low == pytest.approx(2 * (950 - alone.low))
    assert (alone.n_eff, shared.n_eff) == (10_000, 2_500)


def test_what_is_certified_is_long_and_has_enough_beyond_it() -> None:
    assert percentile(0.95, 2000, LONG, flat, value=950.0).certified
    few = percentile(0.95, 1900, LONG, flat, value=950.0)
    assert few.note == "not certified: 95 independent samples beyond p95, 100 are needed"
    short = percentile(0.95, 9000, Dependence(1.0, 10, 40.0), flat, value=950.0)
    assert short.note == "not certified: 40 s of steady load, 100 s are needed"
    assert not short.certified


def test_the_number_lies_in_its_interval() -> None:
    made = percentile(0.5, 10**7, LONG, flat, value=500.9)  # a histogram's bins are wider than the interval
    assert made.high is not None
    assert made.high >= 500.9


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"), [(0, 3000, 0.0, 0.00123), (3000, 3000, 0.99877, 1.0), (3, 3000, 0.00015, 0.00338)]
)
def test_a_ratio_is_enclosed_as_clopper_and_pearson_do(part: int, whole: int, low: float, high: float) -> None:
    made = ratio(part, whole, LONG)
    assert made.low == pytest.approx(low, abs=2e-5)
    assert made.high == pytest.approx(high, abs=4e-5)


def test_errors_in_clusters_make_a_ratio_less_certain() -> None:
    alone, clustered = ratio(30, 3000, LONG), ratio(30, 3000, Dependence(10.0, 10, 200.0))
    assert clustered.high is not None
    assert alone.high is not None
    assert clustered.high > 1.5 * alone.high
    assert ratio(3, 30, Dependence(1.0, 1, 3.0)).low is None


def test_ratio_intervals_hold_the_truth() -> None:
    random, hits = np.random.default_rng(5), 0
    for _ in range(300):
        bad = random.binomial(60, 0.02, SECONDS).astype(float)
        made = ratio(int(bad.sum()), 60 * SECONDS, dependence(bad, np.full(SECONDS, 60.0), float(SECONDS)))
        assert made.low is not None
        assert made.high is not None
        hits += made.low <= 0.02 <= made.high
    assert hits / 300 >= 0.92
