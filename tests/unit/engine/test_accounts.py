"""planned + added = started + dropped + withheld + lost."""

import pytest

from loadkit.engine.accounts import Owed, settle
from loadkit.metrics.snapshot import Snapshot
from loadkit.workload.base import Shard
from tests.unit.scenario.test_compile import plan_of

S = 10**9
PHASES = {"phases": [{"duration": 10, "arrivalRate": 10}, {"pause": 5}, {"duration": 10, "users": 3}]}


@pytest.mark.parametrize(
    ("until_s", "count", "lost"), [(0, 1, 0), (5, 1, 50), (10, 1, 100), (60, 1, 100), (5, 2, 25), (5, 7, 8)]
)
def test_a_lost_worker_owes_what_was_due_and_not_reported(until_s: int, count: int, lost: int) -> None:
    assert Owed(plan_of(PHASES), Shard(0, count), 0).until(until_s * S) == lost
    assert Owed(plan_of(PHASES), Shard(0, count), 1000).until(until_s * S) == 0


def test_what_is_owed_grows_as_the_run_goes_on() -> None:
    owed = Owed(plan_of(PHASES), Shard(0, 1), 15)
    assert [owed.until(second * S) for second in (1, 2, 2, 5, 30)] == [0, 5, 5, 35, 85]


def counters(**values: int) -> Snapshot:
    return Snapshot(counters={(name.replace("_", "."), ""): value for name, value in values.items()})


def test_an_account_that_adds_up_is_written_and_says_nothing() -> None:
    summary = counters(arrivals_due=10, arrivals_started=7, arrivals_dropped=3, vusers_created=7, vusers_completed=7)
    assert settle(summary, 5, whole=False) == ""
    assert (summary.count("arrivals.planned"), summary.count("arrivals.lost")) == (15, 5)


def test_what_people_withheld_and_added_belongs_to_the_account() -> None:
    summary = counters(arrivals_due=10, arrivals_started=9, arrivals_dropped=1, arrivals_withheld=4, arrivals_added=4)
    assert settle(summary, 3, whole=False) == ""
    assert summary.count("arrivals.planned") == 13
    summary.counters["arrivals.withheld", ""] -= 1
    assert settle(summary, 3, whole=False) == (
        "13 arrivals were planned and 4 added, and 16 started, dropped, withheld or lost"
    )


def test_what_does_not_add_up_is_said() -> None:
    assert "planned" in settle(counters(arrivals_due=10, arrivals_started=7), 0, whole=True)
    visits = counters(vusers_created=7, vusers_completed=5, vusers_failed=1)
    assert "7 visits began and 6 ended" in settle(visits, 0, whole=True)
    assert settle(visits, 0, whole=False) == ""
