"""Ledgers of error budgets, in SQLite and in PostgreSQL alike."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from loadkit.report.history import Store, open_store
from loadkit.report.ledger import Ledger
from loadkit.slo.alert import Level
from tests.support.results import report_of, result

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def report(
    number: int, bad: int, *, days_ago: float = 0, status: str = "valid", fires: bool = False, consume: bool = True
):
    """A report of a run of 1,000 events against a target of 99.9 % with 1,000,000 events in 30 days."""
    made = report_of(result(started_at=(NOW - timedelta(days=days_ago)).timestamp()))
    found = made["loadkit"]
    found["run"] = f"20261121-09{number:02}00-aaaa"
    found["measurement"]["status"] = status
    alerts = [
        {"name": "fast", "severity": "critical", "below": None, "state": "fires" if fires else "quiet"},
        {"name": "left", "severity": "warning", "below": 0.2, "state": "not_judged"},
    ]
    slo = {"name": "shop", "target": 0.999, "budget": 0.001, "window_s": 30 * 86_400.0, "expected_events": 1_000_000}
    counts = {"good": 1000 - bad, "bad": bad, "consume_budget": consume, "alerts": alerts}
    found["slos"] = [{**slo, **counts}]
    return made


@pytest.fixture
def store(history_url: str) -> Iterator[Store]:
    with open_store(history_url) as made:
        yield made


def test_bad_events_are_taken_from_the_budget(store: Store):
    (taken,) = Ledger(store).debit(report(0, 10))
    assert taken.share == pytest.approx(10 / 1000)
    standing = Ledger(store).standing("shop", NOW)
    assert (standing.remaining, standing.burn) == (pytest.approx(0.99), pytest.approx(10))
    assert standing.exhausted_in_s == pytest.approx(0.99 * 30 * 86_400 / 10)


def test_a_run_is_debited_once(store: Store):
    ledger = Ledger(store)
    assert len(ledger.debit(report(0, 10))) == 1
    assert ledger.debit(report(0, 10)) == []
    assert ledger.standing("shop", NOW).remaining == pytest.approx(0.99)


def test_two_who_debit_the_same_run_at_once_take_it_once(history_url: str, store: Store):
    def debit(_: int) -> int:
        with open_store(history_url) as own:
            return len(Ledger(own).debit(report(0, 10)))

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(debit, range(8))) == 1


def test_what_was_taken_longer_ago_than_the_window_is_given_back(store: Store):
    ledger = Ledger(store)
    ledger.debit(report(0, 500, days_ago=31))
    ledger.debit(report(1, 100, days_ago=29))
    assert ledger.standing("shop", NOW).remaining == pytest.approx(0.9)


@pytest.mark.parametrize("choices", [{"consume": False}, {"status": "invalid"}])
def test_what_consumes_nothing_takes_nothing(store: Store, choices):
    assert Ledger(store).debit(report(0, 10, **choices)) == []
    assert Ledger(store).standings() == []


def test_an_overspent_budget_is_negative_and_has_no_time_left(store: Store):
    ledger = Ledger(store)
    for number in range(3):
        ledger.debit(report(number, 500))
    standing = ledger.standing("shop", NOW)
    assert (standing.remaining, standing.exhausted_in_s, standing.health) == (pytest.approx(-0.5), 0, 0)
    assert standing.firing == [("left", Level.WARNING)]


def test_alerts_fire_by_the_last_run(store: Store):
    ledger = Ledger(store)
    ledger.debit(report(0, 10, days_ago=1, fires=True))
    assert ledger.standing("shop", NOW).firing == [("fast", Level.CRITICAL)]
    ledger.debit(report(1, 0))
    assert ledger.standing("shop", NOW).firing == []
