"""Growth of what a process holds: leaks are found, and sawteeth, caches, single steps and chance are not taken for leaks."""

import math
import random
from itertools import accumulate

import pytest
from scipy.stats import kendalltau

from loadkit.stats.course import Course
from loadkit.stats.growth import Growth, Severity, growth
from loadkit.stats.slope import theil_sen

MB = 1_000_000.0
SECONDS = [float(second) for second in range(600)]


def sawtooth(draw: random.Random, *, leak: float = 0.0, period: int = 25, height: float = 20.0) -> list[float]:
    """RSS in MB of a process with a garbage collector, which leaks so many MB a second."""
    return [100 + leak * t + height * (t % period) / period + draw.gauss(0, 0.5) for t in SECONDS]


def judged(values: list[float], **more: float) -> Growth:
    return growth(SECONDS[: len(values)], SECONDS[: len(values)], values, least=5.0, **more)


def test_a_sawtooth_is_level() -> None:
    found = judged(sawtooth(random.Random(1)))
    assert (found.course, found.severity) == (Course.STEADY, Severity.NONE)
    assert abs(found.slope.z) < 2
    assert found.slope.low < 0 < found.slope.high


def test_a_slow_leak_under_a_sawtooth_has_its_slope_in_the_interval() -> None:
    within, z = 0, []
    for seed in range(100):
        found = growth(SECONDS, SECONDS, sawtooth(random.Random(seed), leak=0.01))
        within += found.slope.low <= 0.01 <= found.slope.high
        z.append(found.slope.z)
    assert within >= 90
    assert sorted(z)[50] > 4


def test_chance_is_called_growth_in_one_of_a_hundred() -> None:
    draw = random.Random(11)
    found = [theil_sen([draw.gauss(0, 1) for _ in range(20)]).z > 2.326 for _ in range(3000)]
    assert sum(found) / len(found) <= 0.015


@pytest.mark.parametrize("seed", range(5))
def test_mann_kendalls_z_has_the_sign_and_size_of_scipys(seed: int) -> None:
    draw = random.Random(seed)
    series = [0.2 * index + draw.gauss(0, 1) for index in range(20)]
    tau = kendalltau(range(20), series).statistic
    score = tau * 190
    assert theil_sen(series).z <= (score - 1) / math.sqrt(20 * 19 * 45 / 18) + 1e-9  # the correction only lowers it
    assert theil_sen(series).z > 0


def test_a_leak_by_work_done_is_critical_and_told_per_operations() -> None:
    rates = [100 + 50 * math.sin(t / 20) for t in SECONDS]
    done = list(accumulate(rates))
    draw = random.Random(5)
    values = [50 * MB + MB / 100 * count + draw.gauss(0, 0.2 * MB) for count in done]
    found = growth(SECONDS, done, values, least=5 * MB)
    assert (found.course, found.severity) == (Course.GROWS, Severity.CRITICAL)
    per = found.per(500)
    assert per.value == pytest.approx(5 * MB, rel=0.02)
    assert per.low <= per.value <= per.high


def test_a_leak_that_is_small_beside_what_is_there_is_a_warning_until_its_limit_is_near() -> None:
    draw = random.Random(2)
    values = [200 + 0.05 * t + draw.gauss(0, 0.5) for t in SECONDS]
    assert judged(values).severity is Severity.WARNING
    far, near = judged(values, limit=100_000), judged(values, limit=1000)
    assert far.severity is Severity.WARNING
    assert near.severity is Severity.CRITICAL
    assert near.left_s == pytest.approx((1000 - values[-1]) / 0.05, rel=0.1)


def test_a_cache_that_fills_is_no_critical_leak() -> None:
    draw = random.Random(3)
    found = judged([100 + 80 * (1 - math.exp(-t / 150)) + draw.gauss(0, 0.5) for t in SECONDS])
    assert (found.course, found.severity) == (Course.CACHE, Severity.WARNING)


@pytest.mark.parametrize("full_at", [0.6, 0.7, 0.8, 0.85, 0.9])
def test_a_cache_that_is_full_before_the_end_is_no_critical_leak(full_at: float) -> None:
    draw = random.Random(8)
    values = [60 + min(40 * t / 600, 40 * full_at) + draw.gauss(0, 0.3) for t in SECONDS]
    found = judged(values)
    assert (found.course, found.severity) == (Course.CACHE, Severity.WARNING)
    assert found.began + found.grown <= max(values)  # nothing is said to have grown beyond what was seen


def test_a_cache_of_keys_drawn_by_chance_fills_ever_slower_and_is_no_critical_leak() -> None:
    """After 7,500 of 4,000 keys 85 % are there: its slope falls, but not to half."""
    draw = random.Random(9)
    kept: set[int] = set()
    values = []
    for _ in range(150):
        kept |= {draw.randrange(4000) for _ in range(50)}
        values.append(37 + len(kept) / 100 + draw.gauss(0, 0.05))
    found = growth(SECONDS[:150], [50.0 * t for t in range(150)], values, least=5.0)
    assert (found.course, found.severity) == (Course.CACHE, Severity.WARNING)


@pytest.mark.parametrize("noise", [0.05, 0.3, 3.0])
def test_a_leak_is_not_taken_for_a_cache_by_chance(noise: float) -> None:
    critical = 0
    for seed in range(50):
        draw = random.Random(seed)
        critical += judged([60 + t / 15 + draw.gauss(0, noise) for t in SECONDS]).severity is Severity.CRITICAL
    assert critical >= 49


def test_one_large_allocation_is_a_step() -> None:
    draw = random.Random(4)
    found = judged([100 + (60 if t > 330 else 0) + 0.002 * t + draw.gauss(0, 0.3) for t in SECONDS])
    assert (found.course, found.severity) == (Course.STEP, Severity.NONE)
    assert found.since_s == pytest.approx(330, abs=30)
    assert found.grown == pytest.approx(60, abs=2)


@pytest.mark.parametrize("begins", [0.55, 0.7, 0.8, 0.9])
@pytest.mark.parametrize("height", [0.0, 20.0])
def test_growth_that_begins_late_is_a_warning_that_says_since_when(begins: float, height: float) -> None:
    draw = random.Random(12)
    since_s = begins * SECONDS[-1]
    level = sawtooth(draw, height=height)
    found = judged([value + max(0.0, t - since_s) / 4 for value, t in zip(level, SECONDS, strict=True)])
    assert (found.course, found.severity) == (Course.LATE, Severity.WARNING)
    assert found.since_s == pytest.approx(since_s, abs=45)
    assert found.left_s is None
    assert found.per(60).value == pytest.approx(15, rel=0.5)


def test_a_rise_of_some_time_that_has_stopped_is_no_leak() -> None:
    draw = random.Random(13)
    found = judged([100 + min(60.0, max(0.0, t - 450)) + draw.gauss(0, 0.3) for t in SECONDS])
    assert (found.course, found.severity) == (Course.CACHE, Severity.WARNING)


def test_a_leak_that_grows_faster_and_faster_did_not_begin_late() -> None:
    draw = random.Random(14)
    found = judged([100 + 80 * (t / 600) ** 2 + draw.gauss(0, 0.3) for t in SECONDS])
    assert (found.course, found.severity) == (Course.GROWS, Severity.CRITICAL)


def test_a_leak_in_an_allocators_steps_is_mostly_critical() -> None:
    critical = 0
    for seed in range(100):
        draw = random.Random(seed)
        steps = sorted(draw.uniform(0, 600) for _ in range(15))
        values = [100 + 4.0 * sum(at <= t for at in steps) + draw.gauss(0, 0.3) for t in SECONDS]
        critical += judged(values).severity is Severity.CRITICAL
    assert critical >= 80


def test_growth_while_warming_up_does_not_count() -> None:
    draw = random.Random(6)
    values = [min(t, 110) + 100 + draw.gauss(0, 0.5) for t in SECONDS]
    assert judged(values).course is Course.STEADY
    assert judged(values, warmup_s=0).course is Course.STEADY  # a fifth of the time is left out in any case
    assert judged(values[:110], warmup_s=0).severity is Severity.CRITICAL


@pytest.mark.parametrize("count", [0, 1, 5, 60, 69])
def test_too_little_is_not_judged(count: int) -> None:
    found = judged([100.0 + t for t in range(count)])
    assert (found.course, found.severity, found.windows) == (Course.UNKNOWN, Severity.NONE, 0)


def test_without_operations_nothing_is_said_to_grow_with_them() -> None:
    found = growth(SECONDS, [7.0] * 600, [100.0 + t for t in range(600)])
    assert found.course is Course.STEADY
    assert found.per(500).value == 0


def test_what_shrinks_is_steady() -> None:
    assert judged([500 - 0.5 * t for t in SECONDS]).course is Course.STEADY
