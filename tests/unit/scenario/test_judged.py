"""Warm-up phases are measured and not judged."""

import pytest

from loadkit.metrics.book import Book
from loadkit.metrics.recorder import Recorder
from loadkit.metrics.snapshot import Snapshot, merge_all
from loadkit.scenario.judged import active_s, has_warmup, judged_part, phase_spans
from loadkit.scenario.judging import judge
from loadkit.slo.evaluate import Status
from loadkit.units import NS_PER_S
from tests.unit.scenario.test_compile import plan_of

WARM = {"duration": 10, "arrivalRate": 1, "warmup": True}
LOAD = {"duration": 20, "arrivalRate": 1}


def run_of(*phases: tuple[int, int]) -> Snapshot:
    """A run in which each phase made so many requests, of which so many failed; a failed one fails a check, too."""
    recorder = Recorder()
    book: Book = recorder.book("scenario 0")
    made = []
    for index, (requests, failed) in enumerate(phases):
        recorder.begin_phase(index, recorder.origin_ns + index)
        book.count("http.requests", "/", by=requests)
        book.count("http.responses", "/", by=requests - failed)
        book.count("checks.ok", "/", by=requests - failed)
        book.count("checks.failed", "/", by=failed)
        recorder.count("arrivals.due", by=requests)
        made.append(recorder.snapshot(index * NS_PER_S, (index + 1) * NS_PER_S))
    return merge_all(made)


def test_thresholds_and_checks_are_judged_without_the_warm_up() -> None:
    thresholds = ["http.error_rate < 1%", "http.requests == 100", "http.request_rate == 10/s"]
    plan = plan_of({"phases": [WARM, {**LOAD, "duration": 10}], "thresholds": thresholds})
    summary = run_of((50, 50), (100, 0))
    summary.end_ns = 20 * NS_PER_S
    _, verdicts = judge(plan, summary, judged_part(plan, summary), lost=0)
    assert [verdict.status for verdict in verdicts] == [Status.PASS] * 4
    _, verdicts = judge(plan, summary, summary, lost=0)
    assert [verdict.status for verdict in verdicts] == [Status.FAIL] * 4


def test_the_generator_answers_for_its_warm_up_as_well() -> None:
    plan = plan_of({"phases": [WARM, LOAD]})
    summary = run_of((100, 0), (100, 0))
    summary.counters["arrivals.dropped.generator", ""] = 50
    measurement, _ = judge(plan, summary, judged_part(plan, summary), lost=0)
    assert measurement.status.value == "invalid"


def test_without_warm_up_the_whole_run_is_judged() -> None:
    plan, summary = plan_of({"phases": [LOAD]}), run_of((10, 0))
    assert not has_warmup(plan)
    assert judged_part(plan, summary) is summary


def test_what_is_judged_is_the_merge_of_the_other_phases() -> None:
    plan = plan_of({"phases": [WARM, LOAD, {**LOAD, "warmup": True}, LOAD]})
    summary = run_of((1, 0), (10, 0), (100, 0), (1000, 3))
    judged = judged_part(plan, summary)
    assert judged.count("http.requests") == 1010
    assert judged.count("arrivals.due") == 1010
    assert judged.select(phase=3).count("checks.failed") == 3
    assert judged.select(phase=2).count("http.requests") == 0
    assert summary.count("http.requests") == 1111


@pytest.mark.parametrize(
    ("phases", "end_s", "judged_s", "whole_s"),
    [
        ([{"pause": 4}, {**LOAD, "duration": 6}], 10, 6, 6),
        ([WARM, LOAD], 30, 20, 30),
        ([WARM, LOAD], 33, 23, 33),  # virtual users at work after the last phase
        ([WARM, LOAD], 14, 4, 14),  # stopped early
        ([WARM, LOAD], 7, 0, 7),
        ([WARM, {"pause": 5}, LOAD], 35, 20, 35),
        ([LOAD, {"pause": 5}, LOAD], 45, 45, 45),
        ([LOAD, {**WARM, "duration": 3}, LOAD], 43, 40, 43),
        ([LOAD, WARM], 32, 20, 32),  # the last phase keeps what comes after it
    ],
)
def test_rates_are_taken_over_the_time_that_is_judged(
    phases: list[object], end_s: int, judged_s: float, whole_s: float
) -> None:
    plan = plan_of({"phases": phases})
    assert active_s(plan, end_s * NS_PER_S) == judged_s
    assert active_s(plan, end_s * NS_PER_S, warmup=True) == whole_s


def test_a_phase_that_was_never_reached_lasts_no_time() -> None:
    plan = plan_of({"phases": [WARM, LOAD]})
    assert phase_spans(plan, 4 * NS_PER_S) == {0: (0, 4 * NS_PER_S), 1: (4 * NS_PER_S, 4 * NS_PER_S)}
