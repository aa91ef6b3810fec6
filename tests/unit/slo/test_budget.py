"""The worked examples of the Site Reliability Workbook, ch. 5, and of the rule of three."""

import math

import pytest

from loadkit.slo.budget import (
    bad_ratio,
    budget_of,
    burn_rate,
    debit,
    detection,
    events_to_prove,
    events_to_settle,
    exhausted_in,
    factor_of,
    lasts,
    most_burn,
    remaining,
    share_of_budget,
)
from loadkit.stats.batches import Dependence

HOUR, DAY = 3600.0, 86_400.0
MANY = Dependence(1.0, 1_000_000, 1000.0)  # independent, and known to be


@pytest.mark.parametrize(("target", "budget"), [(0.99, 0.01), (0.999, 0.001), (0.9999, 0.0001), (0.95, 0.05)])
def test_the_budget_is_the_nearest_float_of_what_is_left(target: float, budget: float) -> None:
    assert budget_of(target) == budget


@pytest.mark.parametrize(
    ("share", "window", "factor"),
    [(0.02, HOUR, 14.4), (0.05, 6 * HOUR, 6), (0.10, DAY, 3), (0.10, 3 * DAY, 1)],
)
def test_factors_follow_from_shares_of_a_30_day_budget(share: float, window: float, factor: float) -> None:
    assert factor_of(share, window, 30 * DAY) == pytest.approx(factor)
    assert share_of_budget(factor, window, 30 * DAY) == pytest.approx(share)


def test_the_documents_windows_take_two_and_three_per_cent_of_a_budget() -> None:
    assert share_of_budget(5, 3 * HOUR, 30 * DAY) == pytest.approx(0.0208, abs=1e-4)
    assert share_of_budget(2, 12 * HOUR, 30 * DAY) == pytest.approx(0.0333, abs=1e-4)


def test_a_burn_rate_says_how_long_a_budget_lasts() -> None:
    burn = burn_rate(0.0006, 0.001)
    assert burn == pytest.approx(0.6)
    assert lasts(30 * DAY, burn) == pytest.approx(50 * DAY)
    assert lasts(30 * DAY, 0) is None


def test_nothing_burns_faster_than_all_events_bad() -> None:
    assert most_burn(0.8) == pytest.approx(5)
    assert most_burn(0.5) == 2
    assert most_burn(0.999) == pytest.approx(1000)


def test_an_alert_fires_sooner_the_worse_it_is() -> None:
    assert detection(14.4, 0.001, HOUR, 1.0) == pytest.approx(51.84)
    assert detection(14.4, 0.001, HOUR, 0.0144) is None
    assert detection(14.4, 0.001, HOUR, 0.1) == pytest.approx(518.4)


def test_a_ledger_is_debited_by_events() -> None:
    assert debit(600, 0.001, 12_000_000) == pytest.approx(0.05)
    assert remaining(0.05) == pytest.approx(0.95)
    assert remaining(1.5) == pytest.approx(-0.5)
    assert remaining(-0.2) == 1


def test_what_is_left_lasts_by_the_burn_rate() -> None:
    assert exhausted_in(0.5, 30 * DAY, 2) == pytest.approx(7.5 * DAY)
    assert exhausted_in(-0.1, 30 * DAY, 2) == 0
    assert exhausted_in(0.5, 30 * DAY, 0) is None


@pytest.mark.parametrize(("target", "n"), [(0.99, 299), (0.999, 2995), (0.9999, 29_956)])
def test_so_many_events_without_a_bad_one_prove_a_target(target: float, n: int) -> None:
    assert events_to_prove(target) == n
    assert target**n <= 0.05 < target ** (n - 1)


@pytest.mark.parametrize("target", [0.9, 0.99, 0.999, 0.9999])
def test_the_interval_agrees_with_that_number(target: float) -> None:
    n, budget = events_to_prove(target), budget_of(target)
    proven, missed = bad_ratio(0, n, MANY).high, bad_ratio(0, n - 1, MANY).high
    assert proven is not None
    assert missed is not None
    assert proven <= budget < missed


def test_bad_events_have_clopper_and_pearsons_interval() -> None:
    found = bad_ratio(3, 3000, MANY)
    assert (found.low, found.high) == (pytest.approx(0.000206, abs=1e-6), pytest.approx(0.00292, abs=1e-5))


def test_two_sided_no_bad_event_of_3000_leaves_0_123_per_cent() -> None:
    assert pytest.approx(0.00123, abs=1e-5) == 1 - 0.025 ** (1 / 3000)
    assert bad_ratio(0, 3000, MANY).high == pytest.approx(
        0.000998, abs=1e-6
    )  # with all 5 % on the one side that can be wrong


def test_clusters_widen_the_interval() -> None:
    alone, clustered = bad_ratio(30, 3000, MANY), bad_ratio(30, 3000, Dependence(9.0, 10, 100.0))
    assert alone.low is not None
    assert alone.high is not None
    assert clustered.low is not None
    assert clustered.high is not None
    assert clustered.low < alone.low < 0.01 < alone.high < clustered.high
    assert clustered.high - clustered.low > 2.5 * (alone.high - alone.low)


def test_a_run_too_short_has_no_interval() -> None:
    found = bad_ratio(0, 100, Dependence(1.0, 1, 1.0))
    assert (found.low, found.high) == (None, None)
    assert "too short" in found.note


def test_more_events_settle_what_so_many_leave_open() -> None:
    needed = events_to_settle(3, 3000, MANY, 0.002)
    assert needed is not None
    assert needed > 3000
    found = bad_ratio(round(needed / 1000), needed, MANY)
    assert found.high is not None
    assert found.high <= 0.00201


def test_nothing_settles_a_ratio_that_is_the_budget() -> None:
    assert events_to_settle(3, 3000, MANY, 0.001) is None
    assert events_to_settle(0, 100, MANY, 0.001) == 2995


def test_one_probe_in_thirty_seconds_cannot_tell_a_five_fold_burn() -> None:
    assert math.ceil(1 / (5 * 0.001)) == 200  # events per window before a single bad one is below 5x
