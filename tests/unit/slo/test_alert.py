import numpy as np
import pytest

from loadkit.arrays import Ints
from loadkit.slo.alert import BurnAlert, Level, RemainingAlert, State, alerts_of, find, is_certain
from loadkit.units import NS_PER_S

HOUR_NS = 3600 * NS_PER_S
MONTH_NS = 30 * 24 * HOUR_NS
ALERT = BurnAlert(name="fast", level=Level.CRITICAL, factor=5, long_ns=60 * NS_PER_S, short_ns=5 * NS_PER_S)


def windows(profile: str, window_ns: int) -> list[tuple[float, float, float]]:
    return [
        (alert.factor, alert.long_ns / NS_PER_S, alert.short_ns / NS_PER_S)
        for alert in alerts_of(profile, window_ns)
        if isinstance(alert, BurnAlert)
    ]


def test_the_document_profile_of_30_days() -> None:
    assert windows("document", MONTH_NS) == [(5, 3 * 3600, 900), (2, 12 * 3600, 3600)]
    left = [alert.below for alert in alerts_of("document", MONTH_NS) if isinstance(alert, RemainingAlert)]
    assert left == [0.10, 0.20]


def test_google_sre_of_30_days() -> None:
    assert windows("google-sre", MONTH_NS) == [
        (14.4, 3600, 300), (6, 6 * 3600, 1800), (3, 86_400, 7200), (1, 3 * 86_400, 21_600),
    ]  # fmt: skip


@pytest.mark.parametrize(("window_ns", "long_s"), [(MONTH_NS // 30 * 7, 840), (HOUR_NS, 5), (MONTH_NS * 2, 7200)])
def test_windows_grow_with_the_period_and_factors_stay(window_ns: int, long_s: float) -> None:
    factor, long, short = windows("google-sre", window_ns)[0]
    assert (factor, long, short) == (14.4, pytest.approx(long_s), pytest.approx(long_s / 12))


def seconds(*bad: int, each: int = 100) -> tuple[Ints, Ints]:
    return np.array([each - one for one in bad]), np.array(bad)


def test_it_fires_when_both_windows_burn_and_the_ratio_is_certain() -> None:
    good, bad = seconds(*[0] * 10, *[20] * 10)
    found = find(ALERT, good, bad, 0.01)
    assert (found.state, found.second, found.seen_s) == (State.FIRES, 15, 20)
    assert found.after_s == pytest.approx(60 * 0.05 / 0.1)


def test_the_short_window_lets_it_end() -> None:
    good, bad = seconds(*[0] * 30, 90, *[0] * 29)  # the long window burns for long, the short one five seconds
    assert find(ALERT, good, bad, 0.01).state is State.QUIET


def test_two_bad_events_are_no_fire() -> None:
    good, bad = seconds(0, 0, 1, 1, each=2)
    found = find(ALERT, good, bad, 0.01)
    assert found.state is State.INSUFFICIENT_DATA
    assert "too few to be sure" in found.reason


def test_too_few_events_to_allow_one_bad_one_are_no_all_clear() -> None:
    good, bad = seconds(*[0] * 10, each=1)
    found = find(ALERT, good, bad, 0.001)
    assert found.state is State.INSUFFICIENT_DATA
    assert found.reason == "10 events: one bad one alone would be above 5x"


def test_enough_good_events_are_quiet() -> None:
    good, bad = seconds(*[0] * 10)
    assert find(ALERT, good, bad, 0.001).state is State.QUIET


def test_what_is_left_of_a_budget_is_not_for_a_run_to_say() -> None:
    good, bad = seconds(*[50] * 10)
    assert find(RemainingAlert(name="left", level=Level.WARNING, below=0.2), good, bad, 0.01).state is State.NOT_JUDGED


@pytest.mark.parametrize(
    ("bad", "total", "limit", "certain"),
    [
        (2, 10, 0.001, False),
        (3, 3000, 0.0002, True),
        (3, 3000, 0.00021, False),
        (30, 100, 0.2, True),
        (30, 100, 0.3, False),
    ],
)
def test_certain_is_what_lies_above_the_limit_with_the_whole_interval(
    bad: int, total: int, limit: float, certain: bool
) -> None:
    assert is_certain(bad, total, limit) is certain
