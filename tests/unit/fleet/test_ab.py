"""From a trial's result to a block of numbers, and what a session may take."""

import pytest

from loadkit.fleet.ab import MOST_LATE, Budget, block_of
from loadkit.metrics.snapshot import Snapshot
from loadkit.slo.validity import Measurement, Validity
from tests.support.results import failing_second, invalid, phase, plan, result, second

TRIAL = plan(phase(name="settle"), phase(1, name="trial"))


def in_trial(*seconds: Snapshot) -> Snapshot:
    whole = Snapshot.of_parts(0, 10**9, {(1, "browse"): seconds[0], (1, "buy"): seconds[-1]})
    whole.parts[(0, "browse")] = second(0, requests=500, ms=900)  # to settle, which does not count
    return whole


def test_a_block_holds_what_was_due_in_the_measured_phase() -> None:
    made = block_of(result(in_trial(second(0, requests=90, ms=20), failing_second(0)), plan=TRIAL))
    assert set(made.series) == {"", "/products", "/cart"}
    everything = made.series[""]
    assert (everything.requests, everything.failed) == (92, 2)
    assert everything.times_ns["p95"] == pytest.approx(25e6, rel=0.01)  # from the intended instant, 5 ms earlier
    assert made.series["/cart"].failed_share == 1
    assert made.series["/cart"].times_ns == {}
    assert made.invalid == ""


def test_answers_that_report_a_failure_of_the_server_are_failures_and_have_no_time() -> None:
    made = block_of(result(in_trial(second(0, requests=9), second(0, requests=3, status=503, ms=1)), plan=TRIAL))
    assert (made.series[""].requests, made.series[""].failed) == (12, 3)
    assert made.series[""].times_ns["p50"] == pytest.approx(25e6, rel=0.01)


@pytest.mark.parametrize(("late_only", "believed"), [(True, True), (False, False)])
def test_a_late_generator_spoils_a_block_only_beyond_ten_per_cent(late_only: bool, believed: bool) -> None:
    told = Measurement(status=Validity.INVALID, reasons=("late",), late_only=late_only)
    made = block_of(result(in_trial(second(0), second(1)), plan=TRIAL, measurement=told))
    assert made.late <= MOST_LATE
    assert (made.invalid == "") == believed
    assert block_of(result(in_trial(second(0), second(1)), plan=TRIAL, measurement=invalid())).invalid


def test_the_budget_says_how_long_a_session_may_take() -> None:
    assert Budget(block_s=5, most_pairs=20).whole_s == 21 * 14
    assert Budget(block_s=5, most_pairs=20, most_s=60).whole_s == 60
