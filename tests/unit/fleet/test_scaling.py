"""Which numbers of users come next, and how a trial becomes a step."""

from typing import Any

import pytest

from loadkit.analysis.scalability import Step
from loadkit.fleet.scaling import MOST_USERS, _next, step_of
from loadkit.fleet.trial import Measured
from loadkit.scenario.trial import Load
from loadkit.slo.evaluate import Status
from loadkit.slo.validity import Measurement
from loadkit.stats.intervals import Estimate
from tests.support.results import invalid, verdict


def steps(*rates: float, limit: str = "") -> list[Step]:
    made = [Step(users=2**at, rate=rate, response_s=0.01, p95_ns=Estimate(value=1e7)) for at, rate in enumerate(rates)]
    last = made[-1]
    return [*made[:-1], Step(users=last.users, rate=last.rate, response_s=0.01, p95_ns=last.p95_ns, limit=limit)]


def test_given_numbers_of_users_are_done_in_order() -> None:
    assert _next([3, 5], []) == 3
    assert _next([3, 5], steps(1)) == 5
    assert _next([3, 5], steps(1, 2)) is None


@pytest.mark.parametrize(
    ("rates", "following"),
    [
        ([], 1),
        ([100], 2),
        ([100, 190, 300, 300, 280], 32),  # six steps are made in any case
        ([100, 190, 300, 300, 280, 250], None),
        ([100, 190, 300, 400, 500, 600], 64),
        ([100.0 * 2**at for at in range(11)], None),  # 1024
    ],
)
def test_by_itself_it_doubles_until_that_brings_nothing(rates: list[float], following: int | None) -> None:
    assert _next(None, steps(*rates) if rates else []) == following
    assert MOST_USERS == 1024


def test_a_generator_at_its_limit_ends_it() -> None:
    assert _next(None, steps(100, 190, limit="a worker used all of its core")) is None


def measured(**changes: Any) -> Measured:
    fields: dict[str, Any] = {
        "load": Load(users=8),
        "seconds": 30.0,
        "offered_each": (),
        "ended_each": (3000,),
        "requests": 6000,
        "errors": 30,
        "in_flight": (8.0,),
        "mean_ns": 4e7,
        "session_p99_ns": 1e8,
        "times": {"p95": Estimate(value=9e7, low=8e7, high=1e8)},
        "verdicts": (verdict(Status.FAIL), verdict(Status.PASS, "http.error_rate < 1%")),
        "measurement": Measurement(),
    }
    return Measured(**{**fields, **changes})


def test_a_trial_becomes_a_step() -> None:
    made = step_of(8, measured())
    assert (made.users, made.rate, made.response_s, made.failed, made.seconds) == (8, 200.0, 0.04, 0.005, 30.0)
    assert made.p95_ns.value == 9e7
    assert made.missed == ("http.response_time.p95 < 250ms",)
    assert made.limit == ""


@pytest.mark.parametrize(
    ("measurement", "limit"),
    [
        (invalid(), "12% of the arrivals started late; lower the rate"),
        (
            Measurement(notes=("generator-bound: worker 0 used all of its core",)),
            "generator-bound: worker 0 used all of its core",
        ),
    ],
)
def test_a_generator_that_is_the_limit_is_told(measurement: Measurement, limit: str) -> None:
    assert step_of(8, measured(measurement=measurement)).limit == limit


def test_a_step_without_a_valid_response_has_no_times() -> None:
    made = step_of(8, measured(requests=0, errors=4, times={}, mean_ns=0.0))
    assert (made.rate, made.failed, made.p95_ns.value) == (0.0, 0.0, 0.0)
