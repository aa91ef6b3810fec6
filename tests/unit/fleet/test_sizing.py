"""How many workers a plan gets."""

from typing import Any

import pytest

from loadkit.errors import UsageError
from loadkit.fleet.sizing import asked_workers, usable_cores, worker_count
from tests.unit.scenario.test_compile import plan_of


@pytest.mark.parametrize(
    ("phase", "asked", "cores", "workers"),
    [
        ({"arrivalRate": 10}, None, 8, 1),
        ({"arrivalRate": 5000}, None, 8, 7),
        ({"arrivalRate": 1, "rampTo": 5000}, None, 8, 7),
        ({"arrivalRate": 5000}, None, 1, 1),
        ({"arrivalRate": 5000, "maxVusers": 3}, None, 8, 3),
        ({"arrivalRate": 5000}, 2, 8, 2),
        ({"arrivalCount": 3}, 7, 8, 3),
        ({"users": 50}, None, 8, 7),
        ({"users": 2}, None, 8, 2),
        ({"users": 50, "throughput": "100/s"}, None, 8, 1),
        ({"users": 50, "throughput": "9000/s"}, None, 8, 7),
    ],
)
def test_the_number_of_workers(phase: dict[str, Any], asked: int | None, cores: int, workers: int) -> None:
    plan = plan_of({"phases": [{"duration": 10, **phase}]})
    assert worker_count(plan, asked, cores) == workers


def test_a_small_warm_up_does_not_cap_the_workers_of_the_whole_run() -> None:
    phases = [{"duration": 1, "arrivalCount": 1}, {"duration": 10, "arrivalRate": 20_000}]
    assert worker_count(plan_of({"phases": phases}), None, 8) == 7


def test_a_pause_has_no_shares() -> None:
    assert worker_count(plan_of({"phases": [{"pause": 5}, {"duration": 1, "arrivalRate": 5}]}), 4, 8) == 4


def test_what_may_be_asked_for() -> None:
    assert (asked_workers("auto"), asked_workers("3")) == (None, 3)
    for wrong in ("0", "-1", "many", "1.5"):
        with pytest.raises(UsageError, match="--workers"):
            asked_workers(wrong)


def test_there_is_at_least_one_core() -> None:
    assert usable_cores() >= 1
