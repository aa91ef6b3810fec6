"""Targets that let one wait: silent, stuck in the middle, one byte a second, too slow for the rate."""

from pathlib import Path

from tests.faults.case import Case, assert_given_up_after, assert_invariants, load, mixed, run_case
from tests.faults.server import Target

HANGS = ("/hang", "/hang-in-head", "/hang-in-body")
KB = 1000


def test_a_hanging_target_is_given_up_at_the_timeout_and_its_users_are_freed(
    faults: Target, good: Case, tmp_path: Path
) -> None:
    case = run_case(tmp_path, mixed(faults.http, {path: path for path in HANGS}, arrivals=100, http={"timeout": 2}))
    assert_invariants(case, exit_code=0, good=good)
    assert case.outcomes == {path: {"ETIMEDOUT"} for path in HANGS}
    assert_given_up_after(case, case.summaries["http.failure_time"], 2000)
    assert case.count("vusers.failed") == case.started
    assert case.elapsed_s < 30  # nobody waited for the graceful stop


def test_a_byte_a_second_does_not_prolong_the_timeout_and_costs_little(
    faults: Target, good: Case, tmp_path: Path
) -> None:
    paths = ("/slow-loris", "/slow-loris-body")
    case = run_case(tmp_path, mixed(faults.http, {path: path for path in paths}, arrivals=1000, http={"timeout": 5}))
    assert_invariants(case, exit_code=0, good=good, rss_growth=1000 * 64 * KB)
    assert case.outcomes == {path: {"ETIMEDOUT"} for path in paths}
    assert_given_up_after(case, case.summaries["http.failure_time"], 5000)


def test_a_target_slower_than_the_rate_meets_the_cap_on_users_and_not_our_memory(
    faults: Target, good: Case, tmp_path: Path
) -> None:
    """A thousand arrivals a second where a hundred users can be served: ten times too many."""
    most = 100
    phases = [{"duration": 6, "arrivalRate": 1000, "maxVusers": most}]
    case = run_case(tmp_path, load(faults.http, "/slow?ms=1000", phases=phases))
    assert_invariants(case, exit_code=0, good=good, rss_growth=most * 100 * KB)
    started, dropped = case.count("arrivals.started"), case.count("arrivals.dropped.max_vusers")
    assert case.count("arrivals.planned") == 6000
    assert most * 4 <= started <= most * 6
    assert dropped == case.count("vusers.skipped") == 6000 - started - case.count("arrivals.dropped.generator")
    assert case.errors == {}
