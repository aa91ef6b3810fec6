"""Targets that cannot be reached: refused, no answer to a SYN, reset at once."""

from pathlib import Path

from tests.faults.case import Case, assert_given_up_after, assert_invariants, load, run_case
from tests.faults.server import Target


def test_a_good_run_satisfies_what_every_case_must(good: Case) -> None:
    assert_invariants(good, exit_code=0, good=good)
    assert good.errors == {}
    assert good.count("vusers.completed") == good.started


def test_a_refusing_target_costs_no_arrival_its_time(faults: Target, good: Case, tmp_path: Path) -> None:
    phases = [{"duration": 5, "arrivalRate": 1000}]
    case = run_case(
        tmp_path, load(faults.refused, "/x", phases=phases, config={"thresholds": ["http.error_rate < 1%"]})
    )
    assert_invariants(case, exit_code=3, good=good)
    assert case.errors == {"ECONNREFUSED": case.started}
    assert case.count("arrivals.planned") == 5000
    assert case.starved or case.summaries["generator.lag"]["p99"] < 20 + case.stall_ms
    assert case.workers[0].cpu_s < 0.9 * case.elapsed_s  # it waits for the next arrival and does not spin


def test_a_black_hole_is_given_up_at_the_connect_timeout(faults: Target, good: Case, tmp_path: Path) -> None:
    config = {"http": {"connectTimeout": 1, "timeout": 20}}
    case = run_case(tmp_path, load(faults.black_hole, "/x", config=config))
    assert_invariants(case, exit_code=0, good=good)
    assert case.errors == {"ETIMEDOUT_CONNECT": case.started}
    assert_given_up_after(case, case.summaries["http.failure_time"], 1000)


def test_a_timeout_before_the_connect_timeout_is_one_of_the_request(faults: Target, good: Case, tmp_path: Path) -> None:
    config = {"http": {"connectTimeout": 20, "timeout": 1}}
    case = run_case(tmp_path, load(faults.black_hole, "/x", config=config))
    assert_invariants(case, exit_code=0, good=good)
    assert case.errors == {"ETIMEDOUT": case.started}
    assert "(still connecting)" in case.texts


def test_a_connection_that_is_reset_at_once_is_told_from_one_that_is_refused(
    faults: Target, good: Case, tmp_path: Path
) -> None:
    case = run_case(tmp_path, load(faults.reset_at_once, "/x"))
    assert_invariants(case, exit_code=0, good=good)
    # the reset may arrive when the request is already written: then it came before the response
    assert case.errors.keys() <= {"ECONNRESET_CONNECT", "ECONNRESET"}
    assert sum(case.errors.values()) == case.count("http.requests") == case.started
    assert case.count("http.retries") == 0


def test_a_target_that_speaks_first_breaks_the_protocol(faults: Target, good: Case, tmp_path: Path) -> None:
    case = run_case(tmp_path, load(faults.speaks_first, "/x"))
    assert_invariants(case, exit_code=0, good=good)
    assert case.errors == {"ERR_PROTOCOL": case.started}
