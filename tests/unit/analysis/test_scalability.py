"""From steps to an answer: which steps count, what may be quoted, and where to run a target."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from loadkit.analysis.scalability import Step, analyse
from loadkit.stats.intervals import Estimate
from loadkit.stats.usl import Law

DOUBLING = [1, 2, 4, 8, 16, 32, 64]
PEAKED = Law(rate=100, contention=0.05, coherency=0.002)  # N* 21.8, X_max 739/s


def step(law: Law, users: int, **changes: Any) -> Step:
    rate = changes.pop("rate", law.throughput(users))
    response_s = changes.pop("response_s", users / rate)
    p95 = changes.pop("p95_ns", Estimate(value=2e9 * response_s, low=1.9e9 * response_s, high=2.1e9 * response_s))
    return Step(users=users, rate=rate, response_s=response_s, p95_ns=p95, seconds=30, **changes)


def steps(law: Law, users: list[int] | None = None, **changes: Any) -> list[Step]:
    return [step(law, number, **changes) for number in users or DOUBLING]


def test_a_peak_within_what_was_measured_is_named_with_its_interval() -> None:
    found = analyse(steps(PEAKED))
    assert found.trusted
    assert found.peak == "measured"
    assert found.named_peak is not None
    users, rate = found.named_peak
    assert users.value == pytest.approx(PEAKED.peak_users, rel=1e-6)
    assert rate.value == pytest.approx(PEAKED.most, rel=1e-6)
    data = found.to_data()["peak"]
    assert data["users"]["value"] == pytest.approx(21.7945, rel=1e-4)
    assert data["users"]["low"] <= 21.7945 <= data["users"]["high"] + 1e-3


@pytest.mark.parametrize(("most", "status"), [(64, "measured"), (16, "predicted"), (12, "extrapolated")])
def test_a_peak_far_beyond_what_was_measured_is_not_named(most: int, status: str) -> None:
    found = analyse(steps(PEAKED, [users for users in (1, 2, 3, 4, 6, 8, 12, 16, 32, 64) if users <= most]))
    assert found.peak == status
    assert (found.named_peak is None) == (status == "extrapolated")
    assert (found.to_data()["peak"]["users"] is None) == (status == "extrapolated")


def test_the_example_of_noisy_steps_to_64_users_is_a_case_of_extrapolation() -> None:
    law, random = Law(rate=90, contention=0.028, coherency=1e-4), np.random.default_rng(4)
    named = 0
    for _ in range(50):
        noisy = [step(law, users, rate=law.throughput(users) * (1 + random.normal(0, 0.005))) for users in DOUBLING]
        found = analyse(noisy)
        assert found.fit is not None
        assert found.fit.law.rate == pytest.approx(90, rel=0.03)
        named += found.named_peak is not None
    assert named < 25  # the true peak is at 98.6, 1.54 times what was measured


def test_without_a_peak_the_ceiling_is_told_once_two_thirds_of_it_are_measured() -> None:
    law = Law(rate=100, contention=0.2)
    far, near = analyse(steps(law)), analyse(steps(law, [1, 2, 3, 4, 5, 6]))
    assert (far.peak, near.peak) == ("none", "none")
    assert far.ceiling is not None
    assert far.ceiling.value == pytest.approx(500)
    assert near.ceiling is None
    assert analyse(steps(Law(rate=100))).ceiling is None


def test_fewer_than_six_numbers_of_users_are_not_trusted() -> None:
    found = analyse(steps(PEAKED, [1, 2, 4, 8, 16]) + steps(PEAKED, [16, 16]))
    assert found.fit is not None
    assert not found.trusted
    assert found.peak == "unknown"
    assert found.to_data()["peak"]["users"] is None
    assert "at least 6 different numbers of users that can be used, has 5" in found.doubts[0]


def test_steps_of_a_limited_generator_and_of_errors_are_left_out_of_the_law() -> None:
    good = steps(PEAKED, [1, 2, 4, 8, 16, 24, 32])
    flat = step(PEAKED, 48, rate=900.0, limit="a worker used all of its core")
    broken = step(PEAKED, 64, rate=5000.0, failed=0.3)
    found = analyse([flat, *good, broken])
    assert found.trusted
    assert found.fit is not None
    assert found.fit.law.rate == pytest.approx(100)
    assert found.most_users == 32
    assert [row.left_out for row in found.rows[-2:]] == [
        "generator limit: a worker used all of its core",
        "30% of the requests failed",
    ]


def test_a_target_that_obeys_no_such_law_gets_none() -> None:
    wild = [
        step(PEAKED, users, rate=rate) for users, rate in zip(DOUBLING, [100, 20, 300, 60, 500, 40, 700], strict=True)
    ]
    found = analyse(wild)
    assert not found.trusted
    assert any("the law does not describe this target: R² is" in doubt for doubt in found.doubts)


def test_constant_throughput_is_a_law_though_there_is_nothing_for_r2_to_explain() -> None:
    random = np.random.default_rng(1)
    found = analyse([step(PEAKED, users, rate=100 * (1 + random.normal(0, 0.005))) for users in DOUBLING])
    assert found.trusted
    assert found.fit is not None
    assert found.fit.law.contention == pytest.approx(1, abs=0.03)


def test_the_optimum_is_the_step_of_most_power_that_meets_the_objectives() -> None:
    law = Law(rate=100, contention=0.05, coherency=0.002)
    power = {users: law.throughput(users) ** 2 / users for users in DOUBLING}
    best = max(power, key=lambda users: power[users])
    assert analyse(steps(law)).optimum == step(law, best)
    limited = [step(law, users, missed=("p95 < 20ms",) if users >= best else ()) for users in DOUBLING]
    found = analyse(limited)
    assert found.optimum is not None
    assert found.optimum.users == DOUBLING[DOUBLING.index(best) - 1]
    assert found.at_scale is not None
    assert found.at_scale.step.users == found.optimum.users
    assert analyse([step(law, users, missed=("p95 < 1ms",)) for users in DOUBLING]).optimum is None


def test_the_table_says_what_each_further_user_adds() -> None:
    rows = analyse(steps(PEAKED, [1, 2, 4, 8, 16, 32])).rows
    assert rows[0].marginal is None
    assert rows[0].efficiency == pytest.approx(1)
    x = [PEAKED.throughput(users) for users in (1, 2, 4, 8, 16, 32)]
    assert rows[2].marginal == pytest.approx((x[2] - x[1]) / 2 / x[0])
    assert rows[5].efficiency == pytest.approx(x[5] / 32 / x[0])
    assert rows[5].marginal is not None
    assert rows[5].marginal < 0


def test_the_knee_is_where_a_further_user_adds_less_than_half() -> None:
    found = analyse(steps(PEAKED))
    marginals = {row.step.users: row.marginal for row in found.rows if row.marginal is not None}
    by_margin = next(users for users, marginal in marginals.items() if marginal < 0.5)
    assert found.knee is not None
    assert found.knee.users == by_margin


@pytest.mark.parametrize(("low", "certain"), [(2.4e7, True), (1.9e7, False)])
def test_a_p95_of_twice_the_first_is_a_knee_as_certain_as_its_interval(low: float, certain: bool) -> None:
    linear = Law(rate=100)
    calm = Estimate(value=1e7, low=0.9e7, high=1.1e7)
    made = [step(linear, users, p95_ns=calm) for users in (1, 2, 4, 8, 16)]
    made.append(step(linear, 32, p95_ns=Estimate(value=2.5e7, low=low, high=3e7)))
    knee = analyse(made).knee
    assert knee is not None
    assert (knee.users, knee.certain) == (32, certain)
    assert "2.5 times that of one user" in knee.why


def test_a_bend_of_the_mean_response_time_is_the_knee_where_nothing_else_is() -> None:
    calm = Estimate(value=1e7, low=0.9e7, high=1.1e7)
    times = [0.010, 0.0101, 0.0102, 0.0104, 0.0108, 0.0140, 0.0172]
    users = [1, 2, 3, 5, 9, 13, 17]
    made = [
        step(PEAKED, number, rate=number * 90.0, response_s=time_s, p95_ns=calm)
        for number, time_s in zip(users, times, strict=True)
    ]
    knee = analyse(made).knee
    assert knee is not None
    assert (knee.users, knee.certain) == (9, False)
    assert analyse(steps(Law(rate=100), p95_ns=calm)).knee is None


def test_short_steps_and_thinking_users_are_told() -> None:
    told = analyse([step(PEAKED, users, response_s=0.001) for users in DOUBLING]).warnings
    assert len(told) == 1
    assert told[0].startswith("users wait between their requests: of 64 users")
    short = [Step(users=n, rate=n, response_s=1, p95_ns=Estimate(value=1), seconds=5) for n in DOUBLING]
    assert "steps of 5 s are shorter than the 30 s" in analyse(short).warnings[0]
    nearly = [Step(users=n, rate=n, response_s=1, p95_ns=Estimate(value=1), seconds=29.99) for n in DOUBLING]
    assert analyse(nearly).warnings == analyse([replace(one, seconds=30) for one in nearly]).warnings


def test_nothing_measured_is_an_answer_too() -> None:
    found = analyse([])
    assert found.to_data()["peak"]["status"] == "unknown"
    assert found.optimum is None
    assert found.knee is None
    dead = analyse([Step(users=1, rate=0.0, response_s=0.0, p95_ns=Estimate(value=0))])
    assert dead.rows[0].left_out == "no request was completed"
    assert not any(math.isnan(row.efficiency) for row in dead.rows)
