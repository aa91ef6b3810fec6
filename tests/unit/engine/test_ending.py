"""When a run is to be stopped, and what its result says of that."""

import pytest

from loadkit.engine.ending import Course, Ending
from loadkit.errors import ExitCode
from loadkit.metrics.snapshot import Snapshot
from loadkit.scenario.settings import Settings
from loadkit.slo.evaluate import Status
from loadkit.slo.watch import Abort
from tests.unit.scenario.test_compile import plan_of

S = 10**9
CONFIG = {
    "phases": [{"duration": 10, "arrivalRate": 1}],
    "thresholds": [{"expr": "http.error_rate < 50%", "for": "2s", "abort": True}],
}


def course(*, solo: bool = False) -> Course:
    flow = [{"get": {"url": "/"}}]
    plan = plan_of(CONFIG, [{"flow": flow}], settings=Settings(seed=1, solo=solo))
    return Course(plan, workers=1, started_at=0.0)


def second(index: int, *, failed: int, dropped: int = 0) -> Snapshot:
    counters = {
        ("http.requests", "/"): 10,
        ("http.responses", "/"): 10 - failed,
        ("arrivals.due", ""): 10 + dropped,
        ("arrivals.started", ""): 10,
        ("arrivals.dropped", ""): dropped,
        ("arrivals.dropped.generator", ""): dropped,
    }
    part = Snapshot(index * S, (index + 1) * S, counters)
    return Snapshot.of_parts(index * S, (index + 1) * S, {(0, ""): part})


def test_a_run_is_stopped_by_the_threshold_that_failed() -> None:
    seen = course()
    aborts = []
    for index in range(3):
        seen.add(second(index, failed=10 if index else 0))
        aborts.append(seen.abort())

    wanted = Abort(objective_text="http.error_rate < 50%", second=3)
    assert aborts == [None, None, wanted]
    result = seen.conclude(Ending(elapsed_s=3.1, aborted_by=wanted))
    assert (result.aborted_by, result.exit_code) == (wanted, ExitCode.FAILED)
    assert result.verdicts[0].status is Status.FAIL


def test_no_run_is_stopped_while_the_generator_is_the_limit() -> None:
    seen = course()
    for index in range(3):
        seen.add(second(index, failed=10, dropped=5))
    assert seen.abort() is None
    assert seen.conclude(Ending(elapsed_s=3.0)).exit_code is ExitCode.INVALID_MEASUREMENT

    for index in range(3, 100):  # few enough of so many
        seen.add(second(index, failed=10))
    stopped = seen.abort()
    assert stopped is not None
    assert stopped.second == 100  # not 2, where it had failed: the run was going on


def test_one_visit_is_not_stopped_by_thresholds() -> None:
    seen = course(solo=True)
    for index in range(3):
        seen.add(second(index, failed=10))
    assert seen.abort() is None


@pytest.mark.parametrize("failed", [0, 10])
def test_what_ends_well_was_stopped_by_nothing(failed: int) -> None:
    seen = course()
    seen.add(second(0, failed=failed))
    assert seen.conclude(Ending(elapsed_s=1.0)).aborted_by is None
