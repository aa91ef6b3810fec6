"""Targets that cannot be reached."""

from pathlib import Path

from tests.faults.case import Case, assert_invariants, load, run_case
from tests.faults.server import Target


def test_a_good_run_satisfies_what_every_case_must(good: Case) -> None:
    assert_invariants(good, exit_code=0, good=good)
    assert good.errors == {}
    assert good.count("vusers.completed") == 200


def test_a_refusing_target_costs_no_arrival_its_time(faults: Target, good: Case, tmp_path: Path) -> None:
    phases = [{"duration": 5, "arrivalRate": 1000}]
    case = run_case(
        tmp_path, load(faults.refused, "/x", phases=phases, config={"thresholds": ["http.error_rate < 1%"]})
    )
    assert_invariants(case, exit_code=3, good=good)
    assert case.errors == {"ECONNREFUSED": 5000}
    assert case.count("arrivals.started") == case.count("vusers.failed") == 5000
    assert case.summaries["generator.lag"]["p99"] < 20 + case.stall_ms
    assert case.workers[0].cpu_s < 0.9 * case.elapsed_s  # it waits for the next arrival and does not spin
